"""The score file of the UCCS watchlist by a detector and a model: faces found, each against every person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.detect import Face
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.embedding.embed import embed
from fewpix.evaluate.plan import check_space
from fewpix.evaluate.readers.uccs import Uccs
from fewpix.evaluate.readers.uccs_scores import ScoreRows, write_scores
from fewpix.evaluate.result.file import model_facts
from fewpix.evaluate.result.model import Model, UccsScores
from fewpix.evaluate.view import View, embed_each
from fewpix.image.codec import Image, read_image
from fewpix.progress import Parts, Told

LEAST = -1.0
"""The similarity of what has no embedding: the lowest cosine."""


Detect = Callable[[Image], Sequence[Face]]
"""Gives the faces of a picture (H, W, 3) uint8 BGR, box and points in its pixels."""


def score_uccs(
    data: Uccs,
    path: Path,
    probes: View,
    gallery: View,
    detect: Detect,
    *,
    shrink: float = 1.0,
    store: Path | None = None,
    advance: Told | None = None,
) -> UccsScores:
    """Find the faces of every picture, compare each with everybody, and write the score file.

    A person is enrolled as the mean of their pictures, which are aligned by the points of the list. Memory
    holds one picture at a time.

    Args:
        data: the benchmark.
        path: of the score file; an existing one is replaced when all is done.
        probes: who sees the faces found; its size makes them small after they are aligned.
        gallery: who sees the gallery.
        detect: finds faces, as `fewpix.detect.Detector.detect` does.
        shrink: above 0, to 1: whole pictures are made smaller by this factor before faces are looked for, and
            boxes are given in the pixels of the pictures as they were.
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
    check_space(probes.name, probes.encoder, gallery.name, gallery.encoder)
    parts = Parts(2, advance)
    everybody = np.ones(len(data.gallery), dtype=np.bool_)
    made = embed(data.gallery, {gallery: everybody}, fusion="mean", store=store, advance=parts.part())
    enrolled = made[gallery].rows
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
                rows, bare = _rows(image, name, probes, detect, enrolled, shrink)
                counts["detections"] += len(rows.images)
                counts["not_embedded"] += bare
                if rows.images:
                    yield rows
            if told is not None:
                told(number, len(data.images))

    write_scores(path, blocks(), people=len(data.gallery))
    look = probes.look
    return UccsScores(
        schema_name="uccs-scores-1",
        benchmark=data.inventory.kind,
        pictures=len(data.images),
        first_fault=faults[0] if faults else "",
        people=len(data.gallery),
        failed_people=int((~enrolled.any(axis=1)).sum()),
        model=probes.name,
        gallery_model=gallery.name,
        models={view.name: Model(**model_facts(view.encoder)) for view in (probes, gallery)},
        size=look.size,
        gallery_size=gallery.look.size,
        family=look.degradation.family,
        seed=look.degradation.seed,
        interpolation=look.degradation.interpolation,
        shrink=shrink,
        flip=probes.flip,
        coverage=data.inventory.coverage,
        lists_sha256=data.inventory.sha256,
        **counts,
    )


def _rows(
    image: Image,
    name: str,
    view: View,
    detect: Detect,
    enrolled: NDArray[np.float32],
    shrink: float,
) -> tuple[ScoreRows, int]:
    """One picture's faces, and how many of them could not be embedded."""
    width, height = image.shape[1], image.shape[0]
    if shrink < 1:
        small = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    across, down = width / image.shape[1], height / image.shape[0]
    faces = detect(image)
    boxes = np.array([face.box for face in faces], dtype=np.float64).reshape(-1, 4)
    similarities = np.full((len(faces), len(enrolled)), LEAST, dtype=np.float32)
    numbers, crops, encoders = [], [], []
    for n, face in enumerate(faces):
        try:
            crop, encoder, _ = view.look.cut(image, face.points, f"{name} {n}", view.encoder)
        except InputError:
            continue
        numbers.append(n)
        crops.append(crop)
        encoders.append(encoder)
    if crops:
        rows = embed_each(crops, encoders, flip=view.flip)
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
