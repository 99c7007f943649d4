"""Reading an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fewpix.errors import WeightsError

if TYPE_CHECKING:
    import onnx


def read_onnx(path: Path, *, external: bool = True) -> onnx.ModelProto:
    """The model in a file.

    Args:
        path: the file.
        external: whether weights that lie in files beside it are read too.

    Raises:
        WeightsError: the file is not an ONNX model.
    """
    import onnx

    try:
        return onnx.load(str(path), load_external_data=external)
    except Exception as error:  # protobuf raises its own family of errors
        raise WeightsError(f"{path} is not an ONNX model: {error}", fix="name an .onnx file") from error


def weights_beside(path: Path) -> list[Path]:
    """Where the weights lie that an ONNX file names and does not hold; empty for what is no ONNX file."""
    try:
        model = read_onnx(path, external=False)
    except WeightsError:
        return []
    names = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return [path.parent / name for name in sorted(names)]
