"""The router: each face goes to the encoder that was measured to be better at its size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, SpaceError, WeightsError
from fewpix.image.resize import Crop

TABLE = Path(__file__).parent.parent / "weights" / "router.json"


class Router:
    """Two encoders of one space behind the face of one.

    The size of a crop is its side in pixels: a caller that cut a face of 12 source pixels passes a crop of 12
    px, not one blown up to 112.

    Args:
        teacher: for crops of `crossover` px and more.
        student: for smaller ones; a NormState is its business.
        crossover: in pixels.

    Raises:
        SpaceError: the two write into different spaces.
    """

    def __init__(self, teacher: Encoder, student: Encoder, crossover: float) -> None:
        if teacher.card.space != student.card.space:
            raise SpaceError(
                f"{student.card.name} writes into {student.card.space}, "
                f"{teacher.card.name} into {teacher.card.space}",
                fix="route between a teacher and a student that was distilled from it",
            )
        self.teacher = teacher
        self.student = student
        self.crossover = crossover
        self.runtime = student.runtime
        self.device = student.device
        self.state_id = student.state_id
        parts = {
            "student": student.card.sha256,
            "teacher": teacher.card.sha256,
            "crossover_px": crossover,
        }
        # `preprocess` is the teacher's, as that of the larger input; each encoder uses its own.
        self.card = replace(
            teacher.card,
            name="auto",
            arch="router",
            sha256=hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest(),
            terms=f"{student.card.name}: {student.card.terms}; {teacher.card.name}: {teacher.card.terms}",
            provenance=parts,
        )

    def encoder(self, pixels: float) -> Encoder:
        """The encoder for faces of this size, for what must be recorded with an embedding."""
        return self.student if pixels < self.crossover else self.teacher

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See `Encoder.embed`; each crop by the encoder for its side."""
        out = np.empty((len(crops), self.card.space.dim), dtype=np.float32)
        small = np.array([crop.shape[0] < self.crossover for crop in crops], dtype=bool)
        for encoder, chosen in ((self.student, small), (self.teacher, ~small)):
            indices: list[int] = np.flatnonzero(chosen).tolist()
            if indices:
                out[indices] = encoder.embed([crops[n] for n in indices])
        return out


def read_crossover(student: str, table: Path = TABLE) -> float:
    """The side in pixels from which on the teacher was measured to be better than this student.

    Args:
        student: the name of a shipped student.
        table: JSON with `crossover_px` by student and `source`, the result that it was read from.

    Raises:
        ConfigError: the table has no such student.
        WeightsError: the table is missing or damaged.
    """
    try:
        values = json.loads(table.read_text(encoding="utf-8"))["crossover_px"]
        known = {str(name): float(value) for name, value in values.items()}
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"{table} is not a table of crossovers: {error!r}", fix="install fewpix again"
        ) from error
    if student not in known:
        raise ConfigError(f"no crossover was measured for '{student}'", fix=f"measured: {', '.join(known)}")
    return known[student]
