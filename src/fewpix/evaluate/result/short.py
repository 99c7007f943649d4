"""`fewpix evaluate lfw`: one model at one size in a line, and as the few keys that scripts lean on."""

from __future__ import annotations

from typing import Any

from fewpix.evaluate.result.model import Result
from fewpix.evaluate.result.words import figure_words


class ShortForm:
    """What is printed of a result of LFW's pairs with one cell.

    Args:
        result: of one model at one size under one protocol.
    """

    def __init__(self, result: Result) -> None:
        self._result, self._cell = result, result.cells[0]

    def __str__(self) -> str:
        result, cell, how = self._result, self._cell, self._result.treatment
        said = f"LFW, {cell.model} at {cell.size} px, {how.protocols[0]}"
        said += ", flip" if how.flip else ""
        said += f", {how.family}" if how.family != "area" else ""
        figures = [figure_words(one) for one in cell.figures if one.measure in ("accuracy", "tar")]
        gap = ""
        if result.benchmark.left_out:
            coverage = 100 * result.benchmark.coverage
            gap = f"; {result.benchmark.left_out} pairs left out, coverage {coverage:.1f} %"
        return f"{said}: {', '.join(figures)}, {self._pairs} pairs{gap}"

    @property
    def _pairs(self) -> int:
        return sum(self._result.benchmark.comparisons.values())

    def to_json(self) -> dict[str, Any]:
        """The keys that docs/results.md fixes for scripts."""
        result, cell, how = self._result, self._cell, self._result.treatment
        model = result.models[cell.model]
        accuracy = cell.figure("accuracy")
        rates = [one for one in cell.figures if one.measure == "tar"]
        other = result.others.get(cell.model)
        return {
            "schema": "lfw-1",
            "model": cell.model,
            "model_sha256": model.sha256,
            "size": cell.size,
            "protocol": how.protocols[0],
            "flip": how.flip,
            "interpolation": how.interpolation,
            "n_pairs": self._pairs,
            "n_missing": result.benchmark.left_out,
            "coverage": result.benchmark.coverage,
            "accuracy": accuracy.value if accuracy else None,
            "accuracy_ci95": list(accuracy.ci95) if accuracy and accuracy.ci95 else None,
            "tar_at_far": {one.at: one.value for one in rates},
            "tar_at_far_ci95": {one.at: list(one.ci95) if one.ci95 else None for one in rates},
            "family": how.family,
            "state_id": model.state_id,
            "runtime": model.runtime,
            "side": model.side,
            "teacher_sha256": other.model.sha256 if other else "",
            "interval": result.bootstrap.how,
            "replicates": result.bootstrap.replicates,
            "seed": result.bootstrap.seed,
            "data_sha256": result.benchmark.data_sha256,
            "scores_sha256": result.scores_sha256,
        }
