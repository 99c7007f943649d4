"""The score file of the UCCS watchlist by a detector and a model: faces found, each against every person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.detect import Face
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.benchmark import TemplatePictures
from fewpix.evaluate.native import Eye, check_gallery_space
from fewpix.evaluate.readers.uccs import Uccs
from fewpix.evaluate.readers.uccs_scores import ScoreRows, write_scores
from fewpix.evaluate.results import model_facts
from fewpix.evaluate.template_embedding import embed_templates
from fewpix.evaluate.templates import FUSIONS
from fewpix.evaluate.views import embed_each
from fewpix.image.codec import Image, read_image
from fewpix.progress import Advance, Parts, Told

SCHEMA = "uccs-scores-1"
"""What its JSON says of itself; `schema.uccs` has the keys."""

LEAST = -1.0
"""The similarity of what has no embedding: the lowest cosine."""


class Finder(Protocol):
    """What finds faces; `fewpix.detect.Detector` does."""

    def detect(self, image: Image) -> Sequence[Face]:
        """Faces of a picture (H, W, 3) uint8 BGR, box and points in its pixels."""
        ...


@dataclass(frozen=True, eq=False)
class Scored:
    """What became of the pictures.

    Args:
        pictures: searched for faces.
        unreadable: pictures that could not be read: none of their faces is found.
        first_fault: why the first of them could not; "" where all could.
        detections: faces found.
        not_embedded: those of them that have fewer than 8 px, and are like nobody.
        people: in the gallery.
        failed_people: of whom no picture gave an embedding: nobody is like them.
        facts: of the two models, by name, and how they saw.
    """

    pictures: int
    unreadable: int
    first_fault: str
    detections: int
    not_embedded: int
    people: int
    failed_people: int
    facts: dict[str, Any]

    scores_file = None
    """There is none: the score file is what was made."""

    def __str__(self) -> str:
        lines = [f"{self.detections:,} faces found in {self.pictures:,} pictures, {self.people:,} people"]
        if self.unreadable:
            lines.append(f"  {self.unreadable:,} pictures cannot be read; the first: {self.first_fault}")
        if self.not_embedded:
            lines.append(f"  {self.not_embedded:,} faces are below 8 px, and are like nobody")
        if self.failed_people:
            lines.append(f"  {self.failed_people:,} people failed to enrol: nobody is like them")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        counts = {key: value for key, value in vars(self).items() if key != "facts"}
        return {"schema": SCHEMA, **counts, **self.facts}


def score_uccs(
    data: Uccs,
    path: Path,
    probes: Eye,
    gallery: Eye,
    detector: Finder,
    *,
    shrink: float = 1.0,
    flip: bool = False,
    store: Path | None = None,
    advance: Told | None = None,
) -> Scored:
    """Find the faces of every picture, compare each with everybody, and write the score file.

    A person is enrolled as the mean of their pictures, which are aligned by the points of the list. Memory
    holds one picture at a time.

    Args:
        data: the benchmark.
        path: of the score file; an existing one is replaced when all is done.
        probes: who sees the faces found; its size makes them small after they are aligned.
        gallery: who sees the gallery.
        detector: finds faces.
        shrink: above 0, to 1: whole pictures are made smaller by this factor before faces are looked for, and
            boxes are given in the pixels of the pictures as they were.
        flip: add the mirrored face's embedding, on both sides.
        store: a folder that keeps the gallery's embeddings.
        advance: told the number of pictures done and of all, those of the gallery first.

    Raises:
        ConfigError: `shrink` is out of range.
        SpaceError: the two sides would write into different spaces.
        InputError: nobody can be enrolled.
        StorageError: the file cannot be written.
    """
    if not 0 < shrink <= 1:
        raise ConfigError(f"shrink: {shrink:g} is out of range", fix="use a factor above 0, up to 1")
    check_gallery_space(probes.name, probes.encoder, gallery)
    parts = Parts(2, advance)
    enrolled = _enrol(data, gallery, flip, store, parts.part())
    told = parts.part()
    counts = {"unreadable": 0, "detections": 0, "not_embedded": 0}
    faults: list[str] = []

    def blocks() -> Iterator[ScoreRows]:
        for number, name in enumerate(data.images, start=1):
            try:
                image = read_image(data.inventory.folder / name)
            except InputError as error:
                counts["unreadable"] += 1
                faults.append(error.what.replace(f"{data.inventory.folder / name}", name))
            else:
                rows, bare = _rows(image, name, probes, detector, enrolled, shrink, flip)
                counts["detections"] += len(rows.images)
                counts["not_embedded"] += bare
                if rows.images:
                    yield rows
            if told is not None:
                told(number, len(data.images))

    write_scores(path, blocks(), people=data.people)
    return Scored(
        pictures=len(data.images),
        first_fault=faults[0] if faults else "",
        people=data.people,
        failed_people=int((~enrolled.any(axis=1)).sum()),
        facts=_facts(data, probes, gallery, shrink, flip),
        **counts,
    )


def _enrol(
    data: Uccs, eye: Eye, flip: bool, store: Path | None, advance: Advance | None
) -> NDArray[np.float32]:
    """(people, D) a row a person, person k in row k - 1; zero for one who failed."""
    people = data.gallery.people.astype(np.int64)
    pictures = TemplatePictures(
        data.inventory.folder,
        data.gallery.names,
        people,
        np.arange(len(people)),
        data.points.astype(np.float32),
    )
    ids = np.arange(1, data.people + 1)
    return embed_templates(pictures, ids, eye, FUSIONS["mean"], flip=flip, store=store, advance=advance).rows


def _rows(
    image: Image,
    name: str,
    eye: Eye,
    detector: Finder,
    enrolled: NDArray[np.float32],
    shrink: float,
    flip: bool,
) -> tuple[ScoreRows, int]:
    """One picture's faces, and how many of them could not be embedded."""
    width, height = image.shape[1], image.shape[0]
    if shrink < 1:
        small = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    across, down = width / image.shape[1], height / image.shape[0]
    faces = detector.detect(image)
    boxes = np.array([face.box for face in faces], dtype=np.float64).reshape(-1, 4)
    similarities = np.full((len(faces), len(enrolled)), LEAST, dtype=np.float32)
    numbers, crops, encoders = [], [], []
    for n, face in enumerate(faces):
        try:
            crop, encoder, _ = eye.look.cut(image, face.points, f"{name} {n}", eye.encoder)
        except InputError:
            continue
        numbers.append(n)
        crops.append(crop)
        encoders.append(encoder)
    if crops:
        rows = embed_each(crops, encoders, flip=flip)
        there = np.flatnonzero(enrolled.any(axis=1))
        similarities[np.ix_(np.array(numbers), there)] = rows @ enrolled[there].T
    return (
        ScoreRows(
            (name.rpartition("/")[2],) * len(faces),
            np.array([face.score for face in faces], dtype=np.float64),
            boxes * np.array([across, down, across, down]),
            similarities,
        ),
        len(faces) - len(numbers),
    )


def _facts(data: Uccs, probes: Eye, gallery: Eye, shrink: float, flip: bool) -> dict[str, Any]:
    """All that decides the file."""
    return {
        "benchmark": data.inventory.kind,
        "model": probes.name,
        "gallery_model": gallery.name,
        "models": {
            probes.name: model_facts(probes.encoder),
            gallery.name: model_facts(gallery.encoder),
        },
        "size": probes.look.size,
        "gallery_size": gallery.look.size,
        "family": probes.look.degradation.family,
        "seed": probes.look.degradation.seed,
        "interpolation": probes.look.degradation.interpolation,
        "shrink": shrink,
        "flip": flip,
        "coverage": data.inventory.coverage,
        "lists_sha256": data.inventory.sha256,
    }
