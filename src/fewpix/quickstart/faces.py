"""The sample faces, aligned, and who is for learning and who for testing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.data.faces import FaceSet
from fewpix.data.orl import load_orl
from fewpix.errors import ConfigError
from fewpix.identify.faces import Finder, Found
from fewpix.image.align import TEMPLATE_SIDE, align
from fewpix.image.codec import Image, encode_image
from fewpix.image.resize import Crop
from fewpix.progress import Told

Advance = Told
"""Told how far a step is: done, total, a few words, and the stage where a step has several."""


@dataclass(frozen=True, eq=False)
class SampleFaces:
    """Aligned faces.

    Args:
        pictures: the pictures they were cut out of.
        crops: (112, 112, 3) uint8 BGR each.
        people: (N,) int64.
        names: as the files are called, `s1/1`.
        pixels: (N,) how many pixels each face has in its picture.
        points: (N, 5, 2) landmarks in the picture.
        skipped: names of the pictures in which no face was found.
    """

    pictures: tuple[Image, ...]
    crops: tuple[Crop, ...]
    people: NDArray[np.int64]
    names: tuple[str, ...]
    pixels: NDArray[np.float64]
    points: NDArray[np.float64]
    skipped: tuple[str, ...]

    def face_set(self, members: NDArray[np.int64]) -> FaceSet:
        """Some of the faces as training takes them; losslessly encoded, without their people."""
        chosen = sorted(members.tolist(), key=lambda n: self.names[n])
        return FaceSet(
            tuple(self.names[n] for n in chosen),
            ("orl",) * len(chosen),
            tuple(encode_image(self.crops[n], ".png") for n in chosen),
        )


@dataclass(frozen=True, eq=False)
class Split:
    """Indices into `SampleFaces`; no person is in both halves, no picture in two parts.

    Args:
        learn: pictures of the people to learn from.
        gallery: of the people to test on: enrolled, sharp.
        adapt: of the people to test on: unlabelled, for FaceBN.
        probes: of the people to test on: searched for.
    """

    learn: NDArray[np.int64]
    gallery: NDArray[np.int64]
    adapt: NDArray[np.int64]
    probes: NDArray[np.int64]


def align_samples(detector: Finder, advance: Advance) -> SampleFaces:
    """Find the face in each ORL picture and cut it out at 112 px.

    Raises:
        UnavailableError: the pictures are not installed.
    """
    orl = load_orl()
    kept: list[int] = []
    faces: list[Found] = []
    for n, image in enumerate(orl.images):
        found = detector.detect(image)
        if found:
            kept.append(n)
            faces.append(max(found, key=lambda face: face.pixels))  # the head fills these pictures
        advance(n + 1, len(orl.images), "")
    return SampleFaces(
        pictures=tuple(orl.images[n] for n in kept),
        crops=tuple(
            align(orl.images[n], face.points, TEMPLATE_SIDE) for n, face in zip(kept, faces, strict=True)
        ),
        people=orl.people[kept],
        names=tuple(orl.names[n] for n in kept),
        pixels=np.array([face.pixels for face in faces]),
        points=np.array([face.points for face in faces], dtype=np.float64),
        skipped=tuple(name for n, name in enumerate(orl.names) if n not in set(kept)),
    )


def split(people: NDArray[np.int64], *, learn: int, gallery: int, adapt: int, seed: int) -> Split:
    """Draw the people to learn from; of everybody else the pictures to enrol, to adapt on, and to search for.

    Args:
        people: (N,) whose picture each is.
        learn: how many people to learn from.
        gallery: pictures per tested person that are enrolled.
        adapt: pictures per tested person that FaceBN sees, without knowing whose they are.
        seed: of the draws.

    Raises:
        ConfigError: somebody would be left without a picture to search for, or nobody to test on.
    """
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.unique(people))
    parts: dict[str, list[int]] = {"gallery": [], "adapt": [], "probes": []}
    if not 0 < learn < len(names) - 1:
        raise ConfigError(
            f"of {len(names)} people {learn} cannot be for learning", fix="leave two to test on"
        )
    for person in names[learn:]:
        own = rng.permutation(np.flatnonzero(people == person)).tolist()
        if len(own) <= gallery + adapt:
            raise ConfigError(f"person {person} has {len(own)} pictures, none of them left to search for")
        parts["gallery"] += own[:gallery]
        parts["adapt"] += own[gallery : gallery + adapt]
        parts["probes"] += own[gallery + adapt :]
    chosen = {key: np.array(sorted(value), dtype=np.int64) for key, value in parts.items()}
    return Split(learn=np.flatnonzero(np.isin(people, names[:learn])), **chosen)
