"""A student as an ONNX graph, written by walking its torch.fx trace.

torch's own exporters fold, rename or share what must keep its name here (the new one also needs another
package); a student is a dozen kinds of operation, so writing the graph is shorter than repairing one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from fewpix.errors import WeightsError
from fewpix.export.ops import ARITY, FUNCTIONS, MODULES, OPSET, Sheet
from fewpix.models.card import METADATA_KEY, Card
from fewpix.models.weights import digest

if TYPE_CHECKING:
    import onnx

INPUT, OUTPUT = "faces", "embeddings"


class _Tracer(fx.Tracer):
    """Stops at torch's own modules, and looks into those made of them."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in MODULES or super().is_leaf_module(m, module_qualified_name)


def to_onnx(model: nn.Module, card: Card) -> onnx.ModelProto:
    """Write the model as ONNX: "faces" (batch, 3, side, side) to "embeddings" (batch, dim), float32.

    Initialisers are named as in the state_dict and hold the same numbers (float16 for kernels and matrices,
    with a Cast to float32 behind); BatchNormalization nodes are named by their module's path. The card is the
    metadata `fewpix`. Embeddings are not normalised in the graph.

    Args:
        model: a student in eval mode; its kernels and matrices hold float16 values, as `load_weights` gives
            them.
        card: its card; `sha256` is compared with what was written.

    Raises:
        WeightsError: the architecture holds an operation that export does not know, or the weights are not
            those that the card names.
    """
    import numpy as np
    from onnx import TensorProto, checker, helper, numpy_helper

    if model.training:
        raise WeightsError("the model is in training mode", fix="call model.eval() before exporting")
    sheet, side = Sheet(), card.preprocess.side
    try:
        sheet.node("Identity", [walk(model, side, sheet)], OUTPUT)
    except NotImplementedError as error:
        raise WeightsError(
            f"the architecture {card.arch} cannot be exported: {error}",
            fix="add the operation to export/ops.py",
        ) from error
    found = digest({name: value.astype(np.float32) for name, value in sheet.weights.items()})
    if found != card.sha256:
        raise WeightsError(
            f"the model's weights hash to {found[:12]} as ONNX, its card says {card.sha256[:12]}",
            fix="export a weights file written by `fewpix distil`",
        )
    graph = helper.make_graph(
        sheet.nodes,
        card.name,
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", 3, side, side])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", card.space.dim])],
        [numpy_helper.from_array(value, name) for name, value in sheet.weights.items()],
    )
    proto = helper.make_model(
        graph, producer_name="fewpix", ir_version=8, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    helper.set_model_props(proto, {METADATA_KEY: card.to_text()})
    checker.check_model(proto, full_check=True)
    return proto


def walk(model: nn.Module, side: int, sheet: Sheet) -> str:
    """Write every node of the trace to `sheet`; the name of the last one's output.

    Raises:
        NotImplementedError: an operation that export does not know.
    """
    try:
        traced = fx.GraphModule(model, _Tracer().trace(model))
    except (fx.proxy.TraceError, TypeError) as error:
        raise NotImplementedError(str(error)) from error
    device = next(model.parameters()).device
    with torch.no_grad():
        ShapeProp(traced).propagate(torch.zeros(2, 3, side, side, device=device))
    modules = dict(traced.named_modules())
    names: dict[fx.Node, str] = {}
    result = ""
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            result = INPUT
        elif node.op == "output":
            break
        elif node.op == "call_module":
            path, module = str(node.target), modules[node.target]
            if type(module) not in MODULES:
                raise NotImplementedError(f"{path} is a {type(module).__name__}")
            rank = len(node.args[0].meta["tensor_meta"].shape)
            result = MODULES[type(module)](sheet, module, path, names[node.args[0]], rank)
        else:
            result = _function(node, names, sheet)
        names[node] = result
    return result


def _function(node: fx.Node, names: dict[fx.Node, str], sheet: Sheet) -> str:
    """Write a function or tensor method between modules.

    Raises:
        NotImplementedError: it is not one of `FUNCTIONS`, or has arguments that the operator has not.
    """
    kind = FUNCTIONS.get(node.target, "")
    options = {key: value for key, value in node.kwargs.items() if key != "inplace"}
    inputs = [item for item in node.args if isinstance(item, fx.Node)]
    rest = [item for item in node.args if not isinstance(item, fx.Node)]
    if kind == "Flatten" and (rest == [1] or options == {"start_dim": 1}) and len(rest) + len(options) == 1:
        return sheet.node(kind, [names[inputs[0]]], f"{node.name}/{kind}", axis=1)
    if not kind or kind == "Flatten" or rest or options or len(inputs) != ARITY.get(kind, 1):
        what = getattr(node.target, "__name__", node.target)
        raise NotImplementedError(f"it calls {what} with {node.args} {node.kwargs or ''}".rstrip())
    return sheet.node(kind, [names[item] for item in inputs], f"{node.name}/{kind}")
