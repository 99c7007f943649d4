"""The LFW table: several models at several sizes under both protocols, each compared with one baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.lfw import PROTOCOLS, Cell, measure
from fewpix.evaluate.pair_protocol import Teachers, teachers_of
from fewpix.evaluate.pair_record import PairRecord
from fewpix.evaluate.readers.lfw_folder import LfwFolder
from fewpix.evaluate.results import model_facts
from fewpix.evaluate.scores_file import digest, packed
from fewpix.evaluate.statistics.bootstrap import LEVEL, REPLICATES
from fewpix.evaluate.verification import Difference, paired_difference
from fewpix.progress import Advance

SCHEMA = "lfw-table-1"
"""What its JSON says of itself; `schema.lfw` has the keys."""


@dataclass(frozen=True, eq=False)
class LfwTable:
    """Every model at every size under every protocol, on the same pairs.

    Args:
        cells: in the order of protocols, sizes, models.
        differences: of each cell to the baseline's, in the order of `cells`; None for the baseline itself.
        models: by name what is known of each: sha256, runtime, state_id, input side.
        baseline: the model that the others are compared with.
        settings: all that decides the figures beside data and models.
        data: digest and counts of the data.
        names: of the pictures.
    """

    cells: tuple[Cell, ...]
    differences: tuple[Difference | None, ...]
    models: Mapping[str, Mapping[str, Any]]
    baseline: str
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    names: tuple[str, ...]

    def __str__(self) -> str:
        width = max(len(name) for name in self.models)
        lines = [f"LFW, {self.data['pairs']} pairs, accuracy in % (95 % interval)"]
        heading = None
        for cell, difference in zip(self.cells, self.differences, strict=True):
            if heading != (cell.protocol, cell.size):
                heading = (cell.protocol, cell.size)
                lines.append(f"{cell.protocol} at {cell.size} px")
            change = f"  {difference} to {self.baseline}" if difference else ""
            lines.append(f"  {cell.model:<{width}}  {cell.verification}{change}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """What goes into `results/lfw.json`."""
        figures = []
        for cell, difference in zip(self.cells, self.differences, strict=True):
            figures.append(
                {
                    "model": cell.model,
                    "size": cell.size,
                    "protocol": cell.protocol,
                    **cell.verification.to_json(),
                    "minus_baseline": difference.to_json() if difference else None,
                }
            )
        return {
            "schema": SCHEMA,
            "benchmark": "lfw",
            "data": dict(self.data),
            "models": {name: dict(facts) for name, facts in self.models.items()},
            "settings": {**self.settings, "baseline": self.baseline},
            "figures": figures,
            "scores_sha256": digest(self.scores_file),
        }

    @cached_property
    def scores_file(self) -> bytes:
        """The content of the file with every single score (see `scores_file`)."""
        scores = np.stack([cell.scores for cell in self.cells])
        return packed(PairRecord.of(self.cells[0].verification.pairs, self.names, scores).arrays())


def lfw_table(
    data: LfwFolder,
    models: Mapping[str, Encoder],
    teacher: Teachers,
    *,
    sizes: Sequence[int],
    protocols: Sequence[str] = PROTOCOLS,
    baseline: str = "teacher",
    degradation: Degradation | None = None,
    flip: bool = False,
    replicates: int = REPLICATES,
    seed: int = 0,
    advance: Advance | None = None,
) -> LfwTable:
    """Measure all models in one run over the pictures and compare each with the baseline, pair by pair.

    Args:
        data: the pairs.
        models: by name; `baseline` is one of them.
        teacher: sees the sharp faces of `hr-lr`, see `pair_protocol.Teachers`.
        sizes: sides in pixels.
        protocols: of `lfw.PROTOCOLS`.
        baseline: the model to compare with; the direct feed when it is the teacher.
        degradation: how faces get small; by area averaging when None.
        flip: add the mirrored picture's embedding, for every model and for the teacher.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
        advance: told after every batch of pictures.

    Raises:
        ConfigError: the baseline is not among the models, or see `lfw.measure`.
        SpaceError: see `lfw.measure`.
    """
    if baseline not in models:
        raise ConfigError(
            f"the baseline '{baseline}' is not among the models {', '.join(models)}", fix="add it to --models"
        )
    how = degradation or Degradation()
    scores = measure(
        data,
        models,
        teacher,
        sizes=sizes,
        protocols=protocols,
        degradation=how,
        flip=flip,
        replicates=replicates,
        seed=seed,
        advance=advance,
    )
    sharp = teachers_of(models, teacher)
    base = {(cell.protocol, cell.size): cell for cell in scores.cells if cell.model == baseline}
    differences = tuple(
        None
        if cell.model == baseline
        else paired_difference(
            cell.verification, base[cell.protocol, cell.size].verification, replicates=replicates, seed=seed
        )
        for cell in scores.cells
    )
    return LfwTable(
        cells=scores.cells,
        differences=differences,
        models={name: model_facts(encoder) for name, encoder in models.items()},
        baseline=baseline,
        settings={
            "sizes": list(sizes),
            "protocols": list(protocols),
            "flip": flip,
            "family": how.family,
            "interpolation": how.interpolation,
            "interval": f"{100 * LEVEL:g} %, percentile bootstrap over people",
            "replicates": replicates,
            "seed": seed,
            "teacher_sha256": ", ".join(dict.fromkeys(own.card.sha256 for own in sharp.values())),
        },
        data={
            "sha256": scores.data_sha256,
            "pairs": len(data.pairs),
            "missing": data.missing,
            "pictures": len(data.names),
        },
        names=data.names,
    )
