"""Export a student: from its safetensors weights to an ONNX file that is checked before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from fewpix.export.graph import to_onnx
from fewpix.export.parity import TOLERANCE, check_parity
from fewpix.files import PathLike, atomic, path_of
from fewpix.models.card import Card
from fewpix.models.zoo import load_student


@dataclass(frozen=True)
class ExportReport:
    """What was written and how exactly it agrees.

    Args:
        path: the ONNX file.
        model: the card's name.
        sha256: the digest of the weights, the same as in the safetensors file.
        bytes: size of the file.
        parity: largest difference of normalised embeddings from torch, by runtime; empty when not checked.
        tolerance: what `parity` had to stay below.
    """

    path: str
    model: str
    sha256: str
    bytes: int
    parity: Mapping[str, float]
    tolerance: float = TOLERANCE

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self) | {"parity": dict(self.parity)}

    def __str__(self) -> str:
        """Two lines for people."""
        size = f"{self.path}: {self.model} {self.sha256[:12]}, {self.bytes / 1e6:.2f} MB"
        if not self.parity:
            return f"{size}\nparity with torch was not checked"
        checked = ", ".join(f"{name} {value:.1e}" for name, value in self.parity.items())
        return f"{size}\nlargest difference from torch: {checked} (at most {self.tolerance:.0e})"


def export_onnx(weights: PathLike, target: PathLike, *, check: bool = True) -> ExportReport:
    """Write a student's weights as ONNX; kept only if every installed runtime gives the embeddings of torch.

    Args:
        weights: a `.safetensors` file of a student.
        target: the `.onnx` file to write, atomically.
        check: False leaves out the comparison.

    Raises:
        InputError: no such weights.
        StorageError: the target cannot be written.
        WeightsError: the weights are damaged, of an unknown architecture, or differ in a runtime by more than
            `TOLERANCE`; what was at `target` before is still there.
    """
    weights, target = path_of(weights), path_of(target)
    return export_model(*load_student(weights), target, check=check)


def export_model(model: nn.Module, card: Card, target: Path, *, check: bool = True) -> ExportReport:
    """As `export_onnx`, from a loaded student in eval mode and its card."""
    data = to_onnx(model, card).SerializeToString()
    parity = check_parity(model, card, data) if check else {}
    with atomic(target) as part:
        part.write_bytes(data)
    return ExportReport(str(target), card.name, card.sha256, len(data), parity)
