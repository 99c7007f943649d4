"""The aligner as an ONNX file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from fewpix.errors import WeightsError
from fewpix.export.graph import INPUT, walk
from fewpix.export.ops import OPSET, Sheet
from fewpix.files import atomic
from fewpix.models.aligner import OUTPUTS
from fewpix.models.aligner_file import KEY

MOST = 1_000_000
"""Bytes that the file may have."""


def export_aligner(net: nn.Module, card: Mapping[str, Any], target: Path) -> int:
    """Write an aligner: "faces" (batch, 3, side, side) to "errors" (batch, 6), float32.

    Args:
        net: in eval mode.
        card: what is known of it, as JSON values; `side` is that of its input in pixels.
        target: the `.onnx` file, written atomically.

    Returns:
        Its size in bytes.

    Raises:
        WeightsError: it is larger than `MOST`.
        StorageError: it cannot be written.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    sheet, side = Sheet(), int(card["side"])
    sheet.node("Identity", [walk(net, side, sheet)], "errors")
    graph = helper.make_graph(
        sheet.nodes,
        str(card["name"]),
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", 3, side, side])],
        [helper.make_tensor_value_info("errors", TensorProto.FLOAT, ["batch", OUTPUTS])],
        [numpy_helper.from_array(value, name) for name, value in sheet.weights.items()],
    )
    proto = helper.make_model(
        graph, producer_name="fewpix", ir_version=8, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    helper.set_model_props(proto, {KEY: json.dumps(dict(card), sort_keys=True)})
    checker.check_model(proto, full_check=True)
    data = proto.SerializeToString()
    if len(data) > MOST:
        raise WeightsError(f"the aligner has {len(data)} bytes, at most {MOST} are shipped", fix="narrow it")
    with atomic(target) as part:
        part.write_bytes(data)
    return len(data)
