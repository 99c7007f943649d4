"""OpenVINO on the CPU: the same ONNX bytes, faster than onnxruntime on Intel (results/speed/embed.json)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.adapt.stats import NormState
from fewpix.embed.graph import graph_bytes
from fewpix.embed.int8 import rounded_once
from fewpix.embed.protocol import FACES_PER_CALL, brief, in_batches
from fewpix.errors import ConfigError, FewpixError, UnavailableError, WeightsError
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.models.network import openvino_settings
from fewpix.models.teacher import OnnxModel


class OpenVinoEncoder:
    """An ONNX encoder in OpenVINO, calculating in float32.

    Args:
        model: the ONNX file and its card.
        device: "auto" or "cpu".
        state: the NormState to run under; None for the model's own statistics.
        batch: faces per call.
        threads: 0 leaves it to OpenVINO.

    Raises:
        UnavailableError: another device was asked for.
        WeightsError: the file is not its card's model, or the state belongs to another model.
    """

    runtime = "openvino"
    device = "cpu"

    def __init__(
        self,
        model: OnnxModel,
        *,
        device: str = "auto",
        state: NormState | None = None,
        batch: int = FACES_PER_CALL,
        threads: int = 0,
    ) -> None:
        import openvino

        if device not in ("auto", "cpu"):
            raise UnavailableError(
                f"fewpix runs OpenVINO on the CPU only, not on '{device}'", fix="use --device cpu"
            )
        if batch < 1 or threads < 0:
            raise ConfigError(f"batch must be at least 1 and threads at least 0, not {batch} and {threads}")
        self.card: Card = model.card
        self.state_id = state.id if state else ""
        self._batch = batch
        side = self.card.preprocess.side
        core = openvino.Core()
        try:
            data = graph_bytes(model, state)
            graph = core.read_model(rounded_once(data) if self.card.int8 else data)
            _check_input(graph, model)
            # A fixed shape is planned once; and every face is calculated by the same kernels in every batch.
            graph.reshape([batch, 3, side, side])
            self._request = core.compile_model(
                graph, "CPU", openvino_settings(threads)
            ).create_infer_request()
        except Exception as error:  # OpenVINO's own, and Python's for want of memory
            if isinstance(error, FewpixError):
                raise
            raise WeightsError(f"OpenVINO cannot load {model} as its card says: {brief(error)}") from error

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See `Encoder.embed`."""
        return in_batches(crops, self._forward, batch=self._batch, card=self.card)

    def _forward(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array(self._request.infer([block])[0], dtype=np.float32)


def _check_input(graph: Any, model: OnnxModel) -> None:
    """A model that says how large its input is must say what its card says: OpenVINO would stretch it.

    Raises:
        WeightsError: it says something else.
    """
    side = model.card.preprocess.side
    shape = graph.inputs[0].partial_shape
    if shape.rank.is_dynamic:
        return
    sizes = [None if size.is_dynamic else size.get_length() for size in shape]
    wanted = (3, side, side)
    if len(sizes) != 4 or any(have not in (None, want) for have, want in zip(sizes[1:], wanted, strict=True)):
        raise WeightsError(f"{model} takes {shape}, its card says (batch, 3, {side}, {side})")
