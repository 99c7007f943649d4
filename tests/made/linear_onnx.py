"""A tiny ONNX encoder: the mean colour times a matrix. Its weights lie in the file, or in one beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DIM, SIDE = 128, 112


def weights(seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(3, DIM) float32."""
    return np.random.default_rng(seed).normal(size=(3, DIM)).astype(np.float32)


def linear(matrix: np.ndarray[Any, np.dtype[np.float32]], before: Sequence[onnx.NodeProto] = ()) -> Any:
    """The model; `before` makes "z" out of its input "x"."""
    side: list[Any] = ["b", 3, SIDE, SIDE]
    graph = helper.make_graph(
        [
            *before,
            helper.make_node("GlobalAveragePool", ["z" if before else "x"], ["p"]),
            helper.make_node("Flatten", ["p"], ["f"]),
            helper.make_node("MatMul", ["f", "W"], ["y"]),
        ],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, side)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", DIM])],
        [numpy_helper.from_array(matrix, "W")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def write_card(path: Path, **more: object) -> Path:
    """The card beside a model."""
    side = {"side": SIDE, "color": "rgb", "mean": [0, 0, 0], "std": [1, 1, 1]}
    card = {"name": "linear", "dim": DIM, "preprocess": side, "terms": "none", **more}
    path.with_name(path.name + ".json").write_text(json.dumps(card))
    return path


def write_single(path: Path, seed: int = 0) -> Path:
    """With all weights in one file."""
    onnx.save(linear(weights(seed)), str(path))
    return write_card(path)


def write_split(path: Path, seed: int = 0, location: str = "w.bin") -> Path:
    """With its weights in a file beside it."""
    onnx.save(
        linear(weights(seed)), str(path), save_as_external_data=True, location=location, size_threshold=16
    )
    return write_card(path)
