"""The bytes of an ONNX encoder as a runtime gets them: checked against the card, under a NormState."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fewpix.adapt.stats import NormState, mix
from fewpix.errors import WeightsError
from fewpix.models.card import Card
from fewpix.models.onnx_file import parsed
from fewpix.models.teacher import OnnxModel
from fewpix.models.weights import Tensors, digest

if TYPE_CHECKING:
    import onnx

STUDENT_FIX = "copy it again, or write it anew with `fewpix export`"


def graph_bytes(model: OnnxModel, state: NormState | None = None) -> bytes:
    """Read the file; a student's weights must be those of its card; a state replaces BatchNorm statistics.

    A foreign encoder (`arch` "onnx") is passed on as it is: its card was made from the file itself.

    Args:
        model: the file and its card.
        state: the NormState to run under, or None.

    Returns:
        A serialised ONNX model.

    Raises:
        InputError: the file cannot be read.
        WeightsError: its weights are not those of the card, or the state belongs to another model.
    """
    check_state(model.card, state)
    data = model.read()
    if model.card.arch == "onnx" and state is None:
        return data
    proto = parsed(data, model.path)
    if model.card.arch != "onnx":
        found = digest(initialisers(proto))
        if found != model.card.sha256:
            raise WeightsError(
                f"{model} is damaged: its weights hash to {found[:12]}, "
                f"its card says {model.card.sha256[:12]}",
                fix=STUDENT_FIX,
            )
    if state is None:
        return data
    replace_statistics(proto, state)
    return bytes(proto.SerializeToString())


def check_state(card: Card, state: NormState | None) -> None:
    """A state goes into the model that it was estimated for and into no other.

    Raises:
        WeightsError: it belongs to another model, or the model takes none.
    """
    if state is not None and card.int8:
        raise WeightsError(
            f"{card.name} takes no state: in int8 its BatchNorms are part of its kernels",
            fix="use the student that it was made of",
        )
    if state is not None and state.model_sha256 != card.sha256:
        raise WeightsError(
            f"the state {state.id} was estimated for the model {state.model_sha256[:12]}, "
            f"not for {card.name} {card.sha256[:12]}",
            fix="run `fewpix adapt` with this model",
        )


def initialisers(proto: onnx.ModelProto) -> Tensors:
    """The weights of an exported student: float32 by name, float16 and whole numbers widened."""
    from onnx import numpy_helper

    return {
        item.name: np.asarray(numpy_helper.to_array(item), dtype=np.float32)
        for item in proto.graph.initializer
    }


def replace_statistics(proto: onnx.ModelProto, state: NormState) -> None:
    """Write the mixed statistics of `state` over `<layer>.running_mean` and `<layer>.running_var`, in place.

    Raises:
        WeightsError: the model has no such layer, or of another width.
    """
    from onnx import numpy_helper

    by_name = {item.name: item for item in proto.graph.initializer}
    for name, layer in state.layers.items():
        pair = [by_name.get(f"{name}.{kind}") for kind in ("running_mean", "running_var")]
        if any(item is None or list(item.dims) != list(layer.mean.shape) for item in pair):
            raise WeightsError(f"the state {state.id} has a layer '{name}' that the model has not")
        source = [numpy_helper.to_array(item) for item in pair if item is not None]
        mixed = mix(source[0], source[1], layer, state.weight)
        for item, value in zip(pair, mixed, strict=True):
            assert item is not None
            item.CopyFrom(numpy_helper.from_array(value.astype(np.float32), item.name))
