"""The shipped aligner: an ONNX file with a card of its own, checked before it is run."""

from __future__ import annotations

from pathlib import Path

from fewpix.errors import WeightsError
from fewpix.foreign import json_of

ALIGNER = Path(__file__).parent.parent / "weights" / "aligner.onnx"

KEY = "fewpix_aligner"
"""Of the card in the file's metadata."""


def read_aligner(data: bytes) -> tuple[int, bytes]:
    """The side of the network's input in pixels, and the model as a runtime takes it.

    Args:
        data: of the ONNX file.

    Raises:
        WeightsError: it is not an aligner.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(data)
        card = json_of({entry.key: entry.value for entry in model.metadata_props}[KEY])
        return int(card["side"]), data
    except Exception as error:  # protobuf raises its own family of errors
        raise WeightsError(f"this is not an aligner: {error}", fix="install fewpix again") from error
