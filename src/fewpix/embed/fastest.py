"""Which runtime "auto" takes for an ONNX model: OpenVINO where it gives what onnxruntime gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fewpix.errors import FewpixError
from fewpix.image.resize import Crop
from fewpix.models.comparison import Outcome, compared, obstacle
from fewpix.models.teacher import OnnxModel

TOLERANCE = 1e-4
"""The most that a number of a unit embedding may differ by between the two; 1e-6 is usual."""

TOLERANCE_INT8 = 0.05
"""Likewise in int8, where each runtime rounds in its own places: the cosine between the two is 0.996 and more
(results/speed/int8.json has what either is from float32)."""

_SIDES = (8, 12, 16, 24, 32, 48, 80, 112)


@dataclass(frozen=True)
class Choice:
    """The runtime that "auto" takes.

    Args:
        runtime: "onnxruntime" or "openvino".
        why: in words.
        difference: the most that a number of an embedding differs by between the two; None where they were
            not compared.
    """

    runtime: str
    why: str
    difference: float | None = None


def fastest(model: OnnxModel, device: str = "auto") -> Choice:
    """Choose the runtime for a model.

    Both embed a few fixed pictures when a model is opened for the first time; the outcome is kept in the
    user cache, by the model's digest and the versions of both.

    Args:
        model: the ONNX file and its card.
        device: as in `open_encoder`.
    """
    why = obstacle(device)
    return (
        Choice("onnxruntime", why)
        if why
        else _decide(
            compared(model.card.sha256, lambda: _compare(model)),
            TOLERANCE_INT8 if model.card.int8 else TOLERANCE,
        )
    )


def _decide(known: Outcome, tolerance: float = TOLERANCE) -> Choice:
    """The choice that a comparison comes to."""
    difference = known.get("difference")
    if not isinstance(difference, float):
        return Choice("onnxruntime", f"OpenVINO cannot run it: {known.get('fault', '')}")
    if not difference <= tolerance:  # also for NaN
        return Choice("onnxruntime", f"OpenVINO differs from it by {difference:.0e}", difference)
    return Choice("openvino", f"differs from onnxruntime by {difference:.0e} at most", difference)


def _compare(model: OnnxModel) -> Outcome:
    """Embed pictures by both; onnxruntime first, so that a model that it cannot run goes no further."""
    from fewpix.embed.onnxruntime import OnnxRuntimeEncoder
    from fewpix.embed.openvino import OpenVinoEncoder

    try:
        crops = _pictures()
        rows = OnnxRuntimeEncoder(model).embed(crops)
        found = OpenVinoEncoder(model).embed(crops)
    except (FewpixError, ImportError, RuntimeError, MemoryError) as error:
        return {"fault": " ".join(str(error).split())[:200]}
    return {"difference": float(np.abs(rows - found).max())}


def _pictures() -> list[Crop]:
    """A few fixed pictures of several sizes."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for side in _SIDES]
