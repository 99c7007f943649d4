"""What `fewpix evaluate template-pairs` measured, and all that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.benchmark import TemplatePairData
from fewpix.evaluate.compared import Compared
from fewpix.evaluate.pair_result import Treatment
from fewpix.evaluate.rates import RateFigures
from fewpix.evaluate.scores_file import digest, packed
from fewpix.evaluate.statistics.bootstrap import LEVEL
from fewpix.evaluate.statistics.replicates import both
from fewpix.evaluate.template_embedding import Seen, alignment
from fewpix.evaluate.template_pair_difference import template_pair_difference
from fewpix.evaluate.template_pair_record import THRESHOLDS, TemplatePairRecord
from fewpix.evaluate.templates import Fusing

SCHEMA = "template-pairs-1"
"""What its JSON says of itself; `schema.template_pairs` has the keys."""


@dataclass(frozen=True, eq=False)
class TemplatePairCell:
    """One model at one size.

    Args:
        model: its name.
        size: side of the small pictures in pixels; None where pictures were left as they are.
        seen: the templates that went to it.
        failed_pairs: pairs with a template that failed to enrol; they count as rejected.
        figures: what was measured.
        scores: (K,) of the pairs that `template_pair_record.kept` names; None where it names none.
    """

    model: str
    size: int | None
    seen: Seen
    failed_pairs: int
    figures: RateFigures
    scores: NDArray[np.float32] | None

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "model": self.model,
            "size": self.size,
            **self.seen.to_json(),
            "failed_pairs": self.failed_pairs,
            **self.figures.to_json(),
        }


@dataclass(frozen=True, eq=False)
class TemplatePairResult:
    """What `evaluate_template_pairs` measured.

    Args:
        data: the benchmark.
        treatment: of its pictures.
        fusion: how templates were made.
        cells: in the order of sizes and models.
        fars: the false accept rates reported.
        sharp: by the model's name its teacher's side; empty where no picture went to one.
        models: by name what is known of each.
        teachers: by the same names what is known of each model's teacher.
        data_sha256: over the benchmark's lists and the pictures used.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
    """

    data: TemplatePairData
    treatment: Treatment
    fusion: Fusing
    cells: tuple[TemplatePairCell, ...]
    fars: tuple[float, ...]
    sharp: Mapping[str, Seen]
    models: Mapping[str, Mapping[str, Any]]
    teachers: Mapping[str, Mapping[str, Any]]
    data_sha256: str
    replicates: int
    seed: int

    def __str__(self) -> str:
        pairs, inventory = self.data.pairs, self.data.inventory
        same = int(pairs.same.sum())
        lines = [
            f"{self.data.kind}, {self.treatment.protocol}: {same:,} pairs of templates of one person and "
            f"{len(pairs) - same:,} of two",
            f"coverage {100 * self.data.coverage:.1f} %"
            + (f", {pairs.missing:,} pairs left out for want of a picture" if pairs.missing else "")
            + f"; lists {inventory.sha256[:12]}"
            + ("" if inventory.complete else ", not as published"),
            self._sides(),
            f"fused: {self.fusion.words}; {alignment(self.data.pictures.points is not None)}",
            f"intervals: {THRESHOLDS[self._anew]}",
        ]
        lines += [f"made small by {self.treatment.degradation.describe(size)}" for size in self._sizes()]
        for name, seen in self.sharp.items():
            title = "teacher" if len(self.sharp) == 1 else f"teacher of {name}"
            lines += [title, *(f"  {line}" for line in seen.lines())]
        for cell in self.cells:
            lines.append(cell.model + (f" at {cell.size} px" if cell.size else ""))
            lines += [f"  {line}" for line in (*cell.seen.lines(), *cell.figures.lines(digits=2))]
        for one in self.differences:
            lines += one.lines()
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """What was measured and all that decides it; no path of this machine."""
        inventory = self.data.inventory.to_json()
        del inventory["folder"]
        how = self.treatment
        return {
            "schema": SCHEMA,
            "benchmark": self.data.kind,
            "protocol": how.protocol,
            "degraded": {
                "sides": self._small(),
                "family": how.degradation.family,
                "seed": how.degradation.seed,
                "steps": {str(size): how.degradation.describe(size) for size in self._sizes()},
            }
            if self._sizes()
            else None,
            "interpolation": how.degradation.interpolation,
            "alignment": alignment(self.data.pictures.points is not None),
            "fusion": self.fusion.words,
            "flip": how.flip,
            "n_pairs": len(self.data.pairs),
            "n_same": int(self.data.pairs.same.sum()),
            "n_missing": self.data.pairs.missing,
            "coverage": self.data.coverage,
            "inventory": inventory,
            "data_sha256": self.data_sha256,
            "models": {name: dict(facts) for name, facts in self.models.items()},
            "teachers": {
                name: {**facts, **self.sharp[name].to_json()} for name, facts in self.teachers.items()
            }
            or None,
            "interval": f"{100 * LEVEL:g} %, percentile bootstrap; {THRESHOLDS[self._anew]}",
            "replicates": self.replicates,
            "seed": self.seed,
            "figures": [cell.to_json() for cell in self.cells],
            "differences": [one.to_json() for one in self.differences],
            "scores_sha256": None if self.scores_file is None else digest(self.scores_file),
        }

    @cached_property
    def differences(self) -> tuple[Compared, ...]:
        """Of every other model to the first at each size; none where no scores are kept."""
        record, base = self._record, dict[int | None, int]()
        found = []
        for n, cell in enumerate(self.cells):
            first = base.setdefault(cell.size, n)
            if first == n or record is None:
                continue
            change = template_pair_difference(
                (record, n),
                (record, first),
                fars=self.fars,
                drawn=both(cell.figures.drawn, self.cells[first].figures.drawn),
                replicates=self.replicates,
                seed=self.seed,
            )
            found.append(Compared(cell.model, self.cells[first].model, cell.size, change))
        return tuple(found)

    @cached_property
    def scores_file(self) -> bytes | None:
        """The content of the file with the single scores; None where there are too many to be kept."""
        return None if self._record is None else packed(self._record.arrays())

    @cached_property
    def _record(self) -> TemplatePairRecord | None:
        scores = [cell.scores for cell in self.cells if cell.scores is not None]
        if not scores:
            return None
        thresholds = [[point.threshold for point in cell.figures.tars] for cell in self.cells]
        return TemplatePairRecord.of(
            self.data.pairs,
            np.array(self.fars, dtype=np.float64),
            np.array(thresholds, dtype=np.float64),  # None becomes NaN
            np.stack(scores),
        )

    @property
    def _anew(self) -> bool:
        return all(cell.figures.drawn is not None for cell in self.cells)

    def _sizes(self) -> list[int]:
        """Those that pictures were made small to."""
        return list(dict.fromkeys(cell.size for cell in self.cells if cell.size is not None))

    def _small(self) -> str:
        return self.treatment.small if self.treatment.protocol == "hr-lr" else "both"

    def _sides(self) -> str:
        """Which template goes where, and how its pictures are resampled."""
        tail = self.treatment.degradation.interpolation
        tail += "; mirrored pictures added" if self.treatment.flip else ""
        how = "made small" if self._sizes() else "as they are"
        if self.treatment.protocol != "hr-lr":
            return f"pictures of both templates {how}, to the model; {tail}"
        one, other = ("first", "second") if self.treatment.small == "first" else ("second", "first")
        return (
            f"pictures of the {one} template {how}, to the model; of the {other} as they are, to the teacher"
            f"; {tail}"
        )
