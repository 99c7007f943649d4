"""A gallery of the people tested, a threshold measured on people not in it, and one picture searched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.degrade.degradation import Degradation
from fewpix.embed.protocol import Encoder
from fewpix.files import atomic
from fewpix.gallery.store import Gallery
from fewpix.identify.draw import draw
from fewpix.identify.faces import Finder
from fewpix.identify.pipeline import IdentifiedPicture, Identifier
from fewpix.image.codec import Image, encode_image
from fewpix.quickstart.faces import SampleFaces, Split
from fewpix.quickstart.scene import FACE_PIXELS, Verdict, compose, judge

STRANGERS = 2
"""How many people in the picture are not enrolled."""

FALSE_ALARMS = 0.01
"""Share of strangers' faces that the threshold lets be taken for somebody."""


@dataclass(frozen=True, eq=False)
class Identified:
    """What the search of the composed picture gave.

    Args:
        scene: the picture, (H, W, 3) uint8 BGR.
        annotated: the same with frames and names.
        verdicts: what became of each face in it.
        false: faces found where nobody was put.
        threshold: least cosine of a decision.
        basis: how many strangers' faces the threshold was measured on.
        gallery: the gallery file.
    """

    scene: Image
    annotated: Image
    verdicts: tuple[Verdict, ...]
    false: int
    threshold: float
    basis: int
    gallery: Path

    def __str__(self) -> str:
        counts = self.counts()
        parts = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
        return f"{len(self.verdicts)} small faces: {parts}"

    def counts(self) -> dict[str, int]:
        """How many faces had each outcome."""
        names = ("right", "wrong", "unknown", "rejected", "missed")
        return {name: sum(verdict.outcome == name for verdict in self.verdicts) for name in names}

    def to_json(self) -> dict[str, Any]:
        """Counts, threshold with its basis, and every face."""
        return {
            "outcomes": self.counts(),
            "found_where_nobody_is": self.false,
            "threshold": round(self.threshold, 4),
            "threshold_basis": f"{self.basis} faces of people who are not enrolled, {FALSE_ALARMS:.0%} pass",
            "faces": [verdict.to_json() for verdict in self.verdicts],
        }


def identify_scene(
    teacher: Encoder,
    encoder: Encoder,
    detector: Finder,
    faces: SampleFaces,
    split: Split,
    out: Path,
    seed: int,
) -> Identified:
    """Enrol the people tested, compose a picture with them and with strangers, and search it.

    Args:
        teacher: embeds the sharp faces that are enrolled.
        encoder: embeds the small faces; of the teacher's space.
        detector: finds them.
        faces: the sample faces.
        split: who is enrolled, who is a stranger.
        out: `gallery.db`, `scene.png` and `scene-identified.png` are written into it, anew.
        seed: of the composition.
    """
    path = out / "gallery.db"
    for leftover in (path, out / "gallery.db-wal", out / "gallery.db-shm"):
        leftover.unlink(missing_ok=True)
    members, known = cast(faces, split, seed)
    scene, placed = compose(faces, members, known, seed)
    with Gallery.open(path, teacher.card.space) as gallery:
        enrol(gallery, teacher, faces, split.gallery)
        others = [n for n in split.learn.tolist() if n not in members]
        threshold = measured_threshold(gallery, encoder, faces, others)
        found = Identifier(detector, encoder, gallery, top=3, threshold=threshold).identify(scene)
    annotated = draw(scene, IdentifiedPicture("scene.png", tuple(found), threshold))
    for name, image in (("scene.png", scene), ("scene-identified.png", annotated)):
        with atomic(out / name) as part:
            part.write_bytes(encode_image(image, ".png"))
    verdicts = judge(placed, found)
    used = {id(verdict.found) for verdict in verdicts if verdict.found is not None}
    false = sum(id(face) not in used for face in found)
    return Identified(scene, annotated, verdicts, false, threshold, len(others), path)


def cast(faces: SampleFaces, split: Split, seed: int) -> tuple[list[int], list[bool]]:
    """Who is in the picture: one probe each of most of its people, and one picture each of some strangers.

    Args:
        faces: the sample faces.
        split: probes are taken from those tested, strangers from those learnt from.
        seed: of the choice and of the order.

    Returns:
        Indices of the faces, and for each whether the person is enrolled.
    """
    rng = np.random.default_rng(seed)
    known = _one_each(faces, split.probes, len(FACE_PIXELS) - STRANGERS, rng)
    strangers = _one_each(faces, split.learn, STRANGERS, rng)
    both = [(n, True) for n in known] + [(n, False) for n in strangers]
    order = [both[int(n)] for n in rng.permutation(len(both))]
    return [n for n, _ in order], [is_known for _, is_known in order]


def enrol(gallery: Gallery, teacher: Encoder, faces: SampleFaces, members: NDArray[np.int64]) -> None:
    """Add sharp faces to the gallery under their people's names."""
    rows = teacher.embed([faces.crops[n] for n in members])
    for n, row in zip(members.tolist(), rows, strict=True):
        gallery.add(
            faces.names[n].partition("/")[0],
            row,
            pixels=float(faces.pixels[n]),
            encoder_sha256=teacher.card.sha256,
            state_id=teacher.state_id,
            source=f"ORL {faces.names[n]}",
        )


def measured_threshold(gallery: Gallery, encoder: Encoder, faces: SampleFaces, strangers: list[int]) -> float:
    """The cosine that one in a hundred small faces of strangers reaches with anybody enrolled.

    Args:
        gallery: without the strangers.
        encoder: the one that is going to search.
        faces: the sample faces.
        strangers: indices of faces of people who are not enrolled; made small to the sizes in the picture.
    """
    degradation = Degradation()
    small = [
        degradation.apply(faces.crops[n], faces.names[n], FACE_PIXELS[place % len(FACE_PIXELS)])
        for place, n in enumerate(strangers)
    ]
    best = [found[0].score for found in gallery.search(encoder.embed(small), 1, templates=True)]
    return float(np.quantile(best, 1 - FALSE_ALARMS))


def _one_each(
    faces: SampleFaces, members: NDArray[np.int64], count: int, rng: np.random.Generator
) -> list[int]:
    """One picture each of `count` people."""
    people = rng.permutation(np.unique(faces.people[members]))[:count]
    return [int(rng.choice(members[faces.people[members] == person])) for person in people]
