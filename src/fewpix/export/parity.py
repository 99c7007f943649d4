"""Whether an exported file gives the embeddings of its weights, in every runtime that is installed."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fewpix.errors import WeightsError
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.optional import installed

TOLERANCE = 1e-4
"""The largest difference of a number of a normalised embedding that counts as the same."""

Features = NDArray[np.float32]


def probe_crops(seed: int = 0) -> list[Crop]:
    """12 synthetic crops of 8 to 112 px, smooth, noisy, black and white: parity needs no faces."""
    rng = np.random.default_rng(seed)
    crops: list[Crop] = []
    for side in (8, 12, 16, 24, 32, 112):
        coarse = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
        crops.append(np.asarray(smooth, dtype=np.uint8))
    crops += [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for side in (8, 16, 24, 32)]
    crops += [np.full((24, 24, 3), value, dtype=np.uint8) for value in (0, 255)]
    return crops


def check_parity(model: nn.Module, card: Card, data: bytes) -> dict[str, float]:
    """Compare normalised embeddings of `probe_crops` with torch's.

    Args:
        model: the student in eval mode.
        card: its card.
        data: the exported ONNX model.

    Returns:
        The largest absolute difference by runtime: onnxruntime, and OpenVINO where it is installed.

    Raises:
        WeightsError: one is above `TOLERANCE`.
    """
    faces = card.preprocess.apply(probe_crops())
    with torch.inference_mode():
        expected = _normalised(model(torch.from_numpy(faces)).numpy())
    runtimes: dict[str, Callable[[bytes, Features], Features]] = {"onnxruntime": _onnxruntime}
    if installed("openvino"):
        runtimes["openvino"] = _openvino
    found = {}
    for name, run in runtimes.items():
        found[name] = float(np.abs(_normalised(run(data, faces)) - expected).max())
        if not found[name] <= TOLERANCE:
            raise WeightsError(
                f"the exported model differs from torch by {found[name]:.1e} in {name}, "
                f"more than {TOLERANCE:.0e}; nothing was written",
                fix="report it with the weights' hash",
            )
    return found


def _onnxruntime(data: bytes, faces: Features) -> Features:
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {session.get_inputs()[0].name: faces})[0], dtype=np.float32)


def _openvino(data: bytes, faces: Features) -> Features:
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled([faces])[0], dtype=np.float32)


def _normalised(features: Features) -> Features:
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(norms, 1e-12), dtype=np.float32)
