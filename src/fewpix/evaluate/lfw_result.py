"""`fewpix evaluate lfw`: one model at one size under one protocol, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fewpix.embed.protocol import Encoder
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.lfw import Cell, measure
from fewpix.evaluate.pair_protocol import Teachers, teachers_of
from fewpix.evaluate.pair_record import PairRecord
from fewpix.evaluate.readers.lfw_folder import LfwFolder
from fewpix.evaluate.results import model_facts
from fewpix.evaluate.scores_file import digest, packed
from fewpix.evaluate.statistics.bootstrap import LEVEL, REPLICATES
from fewpix.evaluate.verification import Verification
from fewpix.progress import Advance

SCHEMA = "lfw-1"
"""What its JSON says of itself; `schema.lfw` has the keys."""


@dataclass(frozen=True, eq=False)
class LfwResult:
    """`fewpix evaluate lfw`: one model, one size, one protocol. Figures are 0 to 1.

    Args:
        cell: the model, the size, the protocol and the figures.
        facts: what is known of the model.
        teacher_sha256: of the weights that saw the sharp faces; "" where there were none.
        names: of the pictures.
        flip: whether mirrored pictures were added.
        family: of the degradation.
        interpolation: how pictures were resampled.
        n_missing: pairs left out because a picture is missing; all figures are over the others.
        data_sha256: over pairs and pictures.
        replicates: of the bootstrap.
        seed: of the bootstrap, and of random families.
    """

    cell: Cell
    facts: Mapping[str, Any]
    teacher_sha256: str
    names: tuple[str, ...]
    flip: bool
    family: str
    interpolation: str
    n_missing: int
    data_sha256: str
    replicates: int
    seed: int

    @property
    def verification(self) -> Verification:
        """The figures."""
        return self.cell.verification

    @property
    def coverage(self) -> float:
        """Share of the list's pairs that were scored."""
        scored = len(self.verification.pairs)
        return scored / (scored + self.n_missing)

    def __str__(self) -> str:
        cell = self.cell
        how = f"{cell.model} at {cell.size} px, {cell.protocol}" + (", flip" if self.flip else "")
        if self.family != "area":
            how += f", {self.family}"
        gap = (
            f"; {self.n_missing} pairs left out, coverage {100 * self.coverage:.1f} %"
            if self.n_missing
            else ""
        )
        return f"LFW, {how}: {self.verification}{gap}"

    def to_json(self) -> dict[str, Any]:
        """The keys that `docs` fix for scripts, and the further ones that say what was measured."""
        return {
            "schema": SCHEMA,
            "model": self.cell.model,
            "model_sha256": self.facts["sha256"],
            "size": self.cell.size,
            "protocol": self.cell.protocol,
            "flip": self.flip,
            "interpolation": self.interpolation,
            **self.verification.to_json(),
            "n_missing": self.n_missing,
            "coverage": self.coverage,
            "family": self.family,
            "state_id": self.facts["state_id"],
            "runtime": self.facts["runtime"],
            "side": self.facts["side"],
            "teacher_sha256": self.teacher_sha256,
            "interval": f"{100 * LEVEL:g} %, percentile bootstrap over people",
            "replicates": self.replicates,
            "seed": self.seed,
            "data_sha256": self.data_sha256,
            "scores_sha256": digest(self.scores_file),
        }

    @cached_property
    def scores_file(self) -> bytes:
        """The content of the file with every single score (see `scores_file`)."""
        record = PairRecord.of(self.verification.pairs, self.names, np.stack([self.cell.scores]))
        return packed(record.arrays())


def evaluate_lfw(
    data: LfwFolder,
    model: str,
    encoder: Encoder,
    teacher: Teachers | None,
    *,
    size: int,
    protocol: str,
    degradation: Degradation | None = None,
    flip: bool = False,
    replicates: int = REPLICATES,
    seed: int = 0,
    advance: Advance | None = None,
) -> LfwResult:
    """One model at one size under one protocol; arguments and errors as for `measure`."""
    how = degradation or Degradation()
    scores = measure(
        data,
        {model: encoder},
        teacher,
        sizes=(size,),
        protocols=(protocol,),
        degradation=how,
        flip=flip,
        replicates=replicates,
        seed=seed,
        advance=advance,
    )
    return LfwResult(
        cell=scores.cells[0],
        facts=model_facts(encoder),
        teacher_sha256=""
        if teacher is None or protocol != "hr-lr"
        else teachers_of({model: encoder}, teacher)[model].card.sha256,
        names=data.names,
        flip=flip,
        family=how.family,
        interpolation=how.interpolation,
        n_missing=data.missing,
        data_sha256=scores.data_sha256,
        replicates=replicates,
        seed=seed,
    )
