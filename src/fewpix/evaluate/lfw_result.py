"""`fewpix evaluate lfw`: one model at one size under one protocol, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fewpix.embed.protocol import Encoder
from fewpix.evaluate.bootstrap import REPLICATES
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.lfw import measure
from fewpix.evaluate.lfw_folder import LfwFolder
from fewpix.evaluate.verification import Verification
from fewpix.evaluate.views import Advance


@dataclass(frozen=True, eq=False)
class LfwResult:
    """`fewpix evaluate lfw`: one model, one size, one protocol. Figures are 0 to 1.

    Args:
        model: its name; a file's name without its folder.
        model_sha256: from its card.
        state_id: of the NormState it ran under, "" for none.
        size: side of the small faces in pixels.
        protocol: `hr-lr` or `lr-lr`.
        flip: whether mirrored pictures were added.
        family: of the degradation.
        interpolation: how pictures were resampled.
        n_missing: pairs left out because a picture is missing; all figures are over the others.
        data_sha256: over pairs and pictures.
        verification: the figures.
    """

    model: str
    model_sha256: str
    state_id: str
    size: int
    protocol: str
    flip: bool
    family: str
    interpolation: str
    n_missing: int
    data_sha256: str
    verification: Verification

    @property
    def coverage(self) -> float:
        """Share of the list's pairs that were scored."""
        scored = len(self.verification.pairs)
        return scored / (scored + self.n_missing)

    def __str__(self) -> str:
        how = f"{self.model} at {self.size} px, {self.protocol}" + (", flip" if self.flip else "")
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
            "model": self.model,
            "model_sha256": self.model_sha256,
            "size": self.size,
            "protocol": self.protocol,
            "flip": self.flip,
            "interpolation": self.interpolation,
            **self.verification.to_json(),
            "n_missing": self.n_missing,
            "coverage": self.coverage,
            "family": self.family,
            "state_id": self.state_id,
            "data_sha256": self.data_sha256,
        }


def evaluate_lfw(
    data: LfwFolder,
    model: str,
    encoder: Encoder,
    teacher: Encoder | None,
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
        model=model,
        model_sha256=encoder.card.sha256,
        state_id=encoder.state_id,
        size=size,
        protocol=protocol,
        flip=flip,
        family=how.family,
        interpolation=how.interpolation,
        n_missing=data.missing,
        data_sha256=scores.data_sha256,
        verification=scores.cells[0].verification,
    )
