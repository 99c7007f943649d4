"""What `fewpix evaluate pairs` measured, and all that decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.benchmark import PairData
from fewpix.evaluate.compared import Compared
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.failures import Failures
from fewpix.evaluate.pair_figures import PairFigures
from fewpix.evaluate.pair_protocol import check_protocols
from fewpix.evaluate.pair_record import PairRecord
from fewpix.evaluate.scores_file import digest, packed
from fewpix.evaluate.square import FITS, fitted
from fewpix.evaluate.statistics.bootstrap import LEVEL

SCHEMA = "pairs-1"
"""What its JSON says of itself; `schema.pairs` has the keys."""


@dataclass(frozen=True)
class Treatment:
    """What happens to pictures before they go to a model.

    Args:
        protocol: of `pair_protocol.PROTOCOLS`.
        small: of `pair_protocol.SIDES`, the side of a pair that is small under `hr-lr`.
        degradation: how pictures get small.
        fit: of `square.FITS`.
        flip: whether the mirrored picture's embedding is added.
    """

    protocol: str = "native"
    small: str = "second"
    degradation: Degradation = field(default_factory=Degradation)
    fit: str = "pad"
    flip: bool = False

    def check(self, sizes: Sequence[int | None]) -> None:
        """Refuse what could not be measured, before pictures are read.

        Raises:
            ConfigError: an unknown protocol, side or fit, a size out of range, or one that does not fit the
                protocol.
        """
        fitted(self.fit)
        check_protocols((self.protocol,), sizes, self.small)


@dataclass(frozen=True, eq=False)
class PairCell:
    """One model at one size.

    Args:
        model: its name.
        size: side of the small pictures in pixels; None where pictures were left as they are.
        already_smaller: how many pictures were to be made small and had fewer pixels already; they stayed
            as they were.
        figures: what was measured.
        worst: pairs to look at.
        scores: (P,) float64, of all pairs.
    """

    model: str
    size: int | None
    already_smaller: int
    figures: PairFigures
    worst: Failures
    scores: NDArray[np.float64]

    @property
    def label(self) -> str:
        """The model, and the size if there is one."""
        return self.model + (f" at {self.size} px" if self.size else "")


@dataclass(frozen=True, eq=False)
class PairResult:
    """What `evaluate_pairs` measured.

    Args:
        data: the benchmark.
        treatment: of its pictures.
        cells: in the order of sizes and models.
        differences: of every other model to the first, in the same order.
        shapes: (S, 2) height and width of the pictures.
        models: by name what is known of each.
        teachers: the same of each model's teacher; empty where no picture went to one.
        data_sha256: over the benchmark's lists and the pictures used.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
    """

    data: PairData
    treatment: Treatment
    cells: tuple[PairCell, ...]
    differences: tuple[Compared, ...]
    shapes: NDArray[np.int64]
    models: Mapping[str, Mapping[str, Any]]
    teachers: Mapping[str, Mapping[str, Any]]
    data_sha256: str
    replicates: int
    seed: int

    @property
    def degraded(self) -> str | None:
        """Which side of a pair was made small: first, second, both, or None for neither."""
        if not self._sizes():
            return None
        return self.treatment.small if self.treatment.protocol == "hr-lr" else "both"

    @property
    def not_square(self) -> int:
        """How many pictures had to be made square."""
        return int((self.shapes[:, 0] != self.shapes[:, 1]).sum())

    def __str__(self) -> str:
        pairs, missing = self.data.pairs, self.data.missing
        same, folds = int(pairs.same.sum()), len(np.unique(pairs.folds))
        kinds = f"{same:,} pairs of one person and {len(pairs) - same:,} of two"
        what = f"{self.data.kind} ({self.data.variant})" if self.data.variant else self.data.kind
        lines = [
            f"{what}, {self.treatment.protocol}: {kinds}, {folds} fold{'s' if folds > 1 else ''}",
            f"coverage {100 * self.data.coverage:.1f} %"
            + (f", {missing:,} pairs left out for want of a picture" if missing else "")
            + f"; lists {self.data.inventory.sha256[:12]}"
            + ("" if self.data.inventory.complete else ", not as published"),
            self._pictures(),
            self._sides(),
        ]
        lines += [f"made small by {self.treatment.degradation.describe(size)}" for size in self._sizes()]
        for cell in self.cells:
            lines.append(cell.label)
            if cell.already_smaller:
                lines.append(f"  {cell.already_smaller:,} pictures were smaller already and stayed so")
            lines += [f"  {line}" for line in cell.figures.lines()]
        for one in self.differences:
            lines += one.lines()
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """What was measured and all that decides it."""
        treatment, inventory = self.treatment, self.data.inventory.to_json()
        del inventory["folder"]  # a place on this machine
        how = {
            "sides": self.degraded,
            "family": treatment.degradation.family,
            "seed": treatment.degradation.seed,
            "steps": {str(size): treatment.degradation.describe(size) for size in self._sizes()},
        }
        low, middle, high = self._span()
        return {
            "schema": SCHEMA,
            "benchmark": self.data.kind,
            "variant": self.data.variant,
            "protocol": treatment.protocol,
            "degraded": how if self.degraded else None,
            "interpolation": treatment.degradation.interpolation,
            "fit": treatment.fit,
            "flip": treatment.flip,
            "n_pairs": len(self.data.pairs),
            "n_same": int(self.data.pairs.same.sum()),
            "n_missing": self.data.missing,
            "coverage": self.data.coverage,
            "folds": len(np.unique(self.data.pairs.folds)),
            "pictures": {
                "used": len(self.shapes),
                "not_square": self.not_square,
                "side_px": {"smallest": low, "median": middle, "largest": high},
            },
            "inventory": inventory,
            "data_sha256": self.data_sha256,
            "models": {name: dict(facts) for name, facts in self.models.items()},
            "teachers": {name: dict(facts) for name, facts in self.teachers.items()} or None,
            "interval": f"{100 * LEVEL:g} %, percentile bootstrap over people",
            "replicates": self.replicates,
            "seed": self.seed,
            "figures": [
                {
                    "model": cell.model,
                    "size": cell.size,
                    "already_smaller": cell.already_smaller,
                    **cell.figures.to_json(),
                    "worst": cell.worst.to_json(),
                }
                for cell in self.cells
            ],
            "differences": [one.to_json() for one in self.differences],
            "scores_sha256": digest(self.scores_file),
        }

    @cached_property
    def scores_file(self) -> bytes:
        """The content of the file with every single score (see `scores_file`)."""
        names = tuple(self.data.pictures.names)
        return packed(
            PairRecord.of(self.data.pairs, names, np.stack([c.scores for c in self.cells])).arrays()
        )

    def _sizes(self) -> list[int]:
        """Those that pictures were made small to."""
        return list(dict.fromkeys(cell.size for cell in self.cells if cell.size is not None))

    def _span(self) -> tuple[int, float, int]:
        """The smallest, median and largest side of the pictures as squares."""
        sides = self.shapes.max(axis=1)
        return int(sides.min()), float(np.median(sides)), int(sides.max())

    def _pictures(self) -> str:
        low, middle, high = self._span()
        size = f"{low} px" if low == high else f"{low} to {high} px, median {middle:g}"
        square = (
            f"{self.not_square:,} not square, {self.treatment.fit}: {FITS[self.treatment.fit]}"
            if self.not_square
            else "all square"
        )
        return f"{len(self.shapes):,} pictures of {size}, {square}"

    def _sides(self) -> str:
        """Which picture goes where, and how it is resampled."""
        one, other = ("first", "second") if self.treatment.small == "first" else ("second", "first")
        tail = self.treatment.degradation.interpolation
        tail += "; mirrored pictures added" if self.treatment.flip else ""
        if self.treatment.protocol != "hr-lr":
            how = "made small" if self.degraded else "as they are"
            return f"both pictures {how}, to the model; {tail}"
        how = "made small" if self.degraded else "as it is"
        whom = (
            "the teacher" if len({facts["sha256"] for facts in self.teachers.values()}) < 2 else "its teacher"
        )
        return f"the {one} picture {how}, to the model; the {other} as it is, to {whom}; {tail}"
