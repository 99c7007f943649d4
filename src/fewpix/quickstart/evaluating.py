"""Closed-set identification of people never trained on: a sharp gallery by the teacher, small probes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.adapt.stats import NormState
from fewpix.degrade.degradation import Degradation
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.identification import identify
from fewpix.quickstart.faces import Advance, SampleFaces, Split
from fewpix.quickstart.results import CONTENDERS, Cell, Table

REPLICATES = 1000
"""Of the bootstrap."""


def evaluate(
    teacher: Encoder,
    students: dict[str, str],
    states: dict[tuple[str, int], NormState],
    faces: SampleFaces,
    split: Split,
    sizes: tuple[int, ...],
    advance: Advance,
) -> Table:
    """Search every probe at every size by every contender.

    Args:
        teacher: embeds the gallery, and the probes of the direct feed.
        students: name to model, as `open_encoder` takes it.
        states: a FaceBN state per student and size.
        faces: the aligned faces.
        split: which are enrolled, which searched for.
        sizes: of the probes in pixels.
        advance: told after every cell.
    """
    gallery = teacher.embed([faces.crops[n] for n in split.gallery])
    people = faces.people[split.gallery]
    degradation = Degradation()
    cells: list[Cell] = []
    for size in sizes:
        probes = [degradation.apply(faces.crops[n], faces.names[n], size) for n in split.probes]
        for contender in CONTENDERS:
            name = contender.key.removesuffix("+facebn")
            encoder = teacher
            if name in students:
                state = states[name, size] if contender.adapted else None
                encoder = open_encoder(students[name], state=state)
            embedded = encoder.embed(probes)
            cells.append(cell(contender.key, size, embedded, faces.people[split.probes], gallery, people))
            advance(len(cells), len(sizes) * len(CONTENDERS), f"{size} px, {contender.title}")
    return Table(tuple(cells), sizes)


def cell(
    contender: str,
    size: int,
    probes: NDArray[np.float32],
    probe_people: NDArray[np.int64],
    gallery: NDArray[np.float32],
    gallery_people: NDArray[np.int64],
) -> Cell:
    """The figures of one contender at one size, with the scores behind them.

    Args:
        contender: a key of `CONTENDERS`.
        size: of the probes in pixels.
        probes: (N, D).
        probe_people: (N,).
        gallery: (M, D), one or more rows per person.
        gallery_people: (M,).
    """
    found = identify(probes, probe_people, gallery, gallery_people, replicates=REPLICATES)
    people = np.unique(gallery_people)
    rows = probes @ gallery.T
    scores = np.stack([rows[:, gallery_people == person].max(axis=1) for person in people], axis=1)
    return Cell(contender, size, found, scores, probe_people[:, None] == people[None, :])
