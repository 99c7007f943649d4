"""A foreign encoder that costs nothing: 8x8 pixels as 192 numbers, with its card beside it."""

from __future__ import annotations

import json
from pathlib import Path


def write_pixels_model(folder: Path) -> Path:
    from onnx import TensorProto, helper, save

    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["y"])],
        "pixels",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 192])],
    )
    path = folder / "pixels.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    preprocess = {"side": 8, "color": "bgr", "mean": [110.0] * 3, "std": [50.0] * 3}
    path.with_name("pixels.onnx.json").write_text(json.dumps({"preprocess": preprocess, "dim": 192}))
    return path
