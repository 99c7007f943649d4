"""Foreign encoders that cost nothing: 8x8 pixels as 192 numbers, with a card beside each."""

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


def write_two_models(folder: Path) -> tuple[Path, Path]:
    """Two such encoders, of which one takes no account of the light; each writes into its own space."""
    import onnx

    first = write_pixels_model(folder)
    second = first.with_name("flat.onnx")
    other = onnx.load(first)
    other.doc_string = "another file of another hash"
    onnx.save(other, second)
    card = json.loads(first.with_name("pixels.onnx.json").read_text())
    card["preprocess"] |= {"mean": [20.0] * 3}
    (first.parent / "flat.onnx.json").write_text(json.dumps(card))
    return first, second
