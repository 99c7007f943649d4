"""The runtime of every install: onnxruntime on the CPU, or on CUDA where its GPU build is installed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fewpix.adapt.stats import NormState
from fewpix.embed.graph import graph_bytes
from fewpix.embed.int8 import whole_prelu
from fewpix.embed.prelu import fuses_prelu, spread_prelu
from fewpix.embed.protocol import FACES_PER_CALL, brief, in_batches
from fewpix.errors import ConfigError, UnavailableError, WeightsError
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.models.teacher import OnnxModel

MOST_AT_ONCE = 1024
"""Faces of a model with a fixed batch, which are all in memory."""


class OnnxRuntimeEncoder:
    """An ONNX encoder in onnxruntime.

    Args:
        model: the ONNX file and its card.
        device: "auto" (the CPU), "cpu", "cuda" or "cuda:1".
        state: the NormState to run under; None for the model's own statistics.
        batch: faces per call; a model with a fixed batch dimension overrides it.
        threads: 0 leaves it to onnxruntime (one per core).

    Raises:
        UnavailableError: the device is not here.
        WeightsError: the file is not its card's model, or the state belongs to another model.
    """

    runtime = "onnxruntime"

    def __init__(
        self,
        model: OnnxModel,
        *,
        device: str = "auto",
        state: NormState | None = None,
        batch: int = FACES_PER_CALL,
        threads: int = 0,
    ) -> None:
        import onnxruntime

        if batch < 1 or threads < 0:
            raise ConfigError(f"batch must be at least 1 and threads at least 0, not {batch} and {threads}")
        self.card: Card = model.card
        self.device = "cpu" if device == "auto" else device
        self.state_id = state.id if state else ""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = (
            3  # warnings about graph optimisation are nothing that a user could act on
        )
        data, where = graph_bytes(model, state), providers(self.device)
        try:
            if self.device == "cpu" and fuses_prelu():
                data = spread_prelu(whole_prelu(data) if self.card.int8 else data)
            self._session = onnxruntime.InferenceSession(data, options, providers=where)
        except Exception as error:  # onnxruntime's own family, and Python's at an odd graph
            raise WeightsError(f"onnxruntime cannot load {model}: {brief(error)}") from error
        if self.device.startswith("cuda") and self._session.get_providers()[0] != "CUDAExecutionProvider":
            raise UnavailableError(
                f"onnxruntime could not start on {self.device}",
                fix="check the CUDA libraries, or use --device cpu",
            )
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or not outputs:
            raise WeightsError(
                f"{model} has {len(inputs)} inputs and {len(outputs)} outputs, not one of each"
            )
        (node,) = inputs
        side = self.card.preprocess.side
        if len(node.shape) != 4 or any(
            isinstance(have, int) and have != want
            for have, want in zip(node.shape[1:], (3, side, side), strict=True)
        ):
            raise WeightsError(f"{model} takes {node.shape}, its card says (batch, 3, {side}, {side})")
        self._input = node.name
        self._output = outputs[0].name
        self._batch = node.shape[0] if isinstance(node.shape[0], int) and node.shape[0] > 0 else batch
        if self._batch > MOST_AT_ONCE:
            raise WeightsError(f"{model} takes {self._batch} faces at once", fix="export it for fewer")

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See `Encoder.embed`."""
        return in_batches(crops, self._forward, batch=self._batch, card=self.card)

    def _forward(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        features = self._session.run([self._output], {self._input: block})[0]
        return np.asarray(features, dtype=np.float32)


def providers(device: str) -> list[str | tuple[str, dict[str, str]]]:
    """Execution providers for "cpu", "cuda" or "cuda:1".

    Raises:
        UnavailableError: the device is none of these, or this build of onnxruntime cannot use it.
    """
    import onnxruntime

    kind, _, index = device.partition(":")
    if kind == "cpu" and not index:
        return ["CPUExecutionProvider"]
    if kind != "cuda" or (index and not index.isdigit()):
        raise UnavailableError(
            f"onnxruntime has no device '{device}'", fix="use --device cpu, or --runtime torch"
        )
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise UnavailableError(
            f"this onnxruntime cannot use '{device}'", fix="pip install onnxruntime-gpu, or use --device cpu"
        )
    return [("CUDAExecutionProvider", {"device_id": index or "0"}), "CPUExecutionProvider"]
