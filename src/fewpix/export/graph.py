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
from fewpix.export.ops import FUNCTIONS, MODULES, OPSET, Sheet
from fewpix.models.card import METADATA_KEY, Card
from fewpix.models.weights import digest

if TYPE_CHECKING:
    import onnx

INPUT, OUTPUT = "faces", "embeddings"


class _Tracer(fx.Tracer):
    """Stops at the modules that ONNX has an operator for, and looks into all others."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in MODULES


def to_onnx(model: nn.Module, card: Card) -> onnx.ModelProto:
    """Write the model as ONNX: input "faces" (batch, 3, side, side), output "embeddings" (batch, dim),
    float32.

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

    sheet = Sheet()
    result = _walk(model, card, sheet)
    sheet.node("Identity", [result], OUTPUT)
    found = digest({name: value.astype(np.float32) for name, value in sheet.weights.items()})
    if found != card.sha256:
        raise WeightsError(
            f"the model's weights hash to {found[:12]} as ONNX, its card says {card.sha256[:12]}",
            fix="export a weights file written by `fewpix distil`",
        )
    side = card.preprocess.side
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


def _walk(model: nn.Module, card: Card, sheet: Sheet) -> str:
    """Write every node of the trace to `sheet`; the name of the last one's output."""
    if model.training:
        raise WeightsError("the model is in training mode", fix="call model.eval() before exporting")
    try:
        traced = fx.GraphModule(model, _Tracer().trace(model))
    except (fx.proxy.TraceError, TypeError) as error:
        raise WeightsError(f"the architecture {card.arch} cannot be exported: {error}") from error
    device = next(model.parameters()).device
    with torch.no_grad():
        ShapeProp(traced).propagate(
            torch.zeros(2, 3, card.preprocess.side, card.preprocess.side, device=device)
        )
    modules = dict(traced.named_modules())
    names: dict[fx.Node, str] = {}
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            names[node] = INPUT
        elif node.op == "output":
            return names[node.args[0]]
        elif node.op == "call_module":
            module = modules[node.target]
            rank = len(node.args[0].meta["tensor_meta"].shape)
            try:
                names[node] = MODULES[type(module)](
                    sheet, module, str(node.target), names[node.args[0]], rank
                )
            except NotImplementedError as error:
                raise WeightsError(f"the architecture {card.arch} cannot be exported: {error}") from error
        else:
            names[node] = _function(node, names, card, sheet)
    raise WeightsError(f"the architecture {card.arch} has no output")


def _function(node: fx.Node, names: dict[fx.Node, str], card: Card, sheet: Sheet) -> str:
    """Write a function or tensor method between modules."""
    kind = FUNCTIONS.get(node.target)
    tensors = [item for item in node.args if isinstance(item, fx.Node)]
    rest = [item for item in node.args if not isinstance(item, fx.Node)]
    options = {key: value for key, value in node.kwargs.items() if key not in ("inplace", "start_dim")}
    start = node.kwargs.get("start_dim", rest[0] if rest else 0)
    known: bool = not rest and not options and len(tensors) == (2 if kind in ("Add", "Mul") else 1)
    if kind == "Flatten":
        known = len(tensors) == 1 and bool(start == 1) and len(rest) <= 1 and not options
    if kind is None or not known:
        what = getattr(node.target, "__name__", node.target)
        raise WeightsError(
            f"the architecture {card.arch} cannot be exported: it calls {what}({node.args}, {node.kwargs})"
        )
    attributes = {"axis": 1} if kind == "Flatten" else {}
    return sheet.node(kind, [names[item] for item in tensors], f"{node.name}/{kind}", **attributes)
