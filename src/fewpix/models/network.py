"""A network of ONNX bytes on the CPU, in onnxruntime or OpenVINO: the same arrays in and out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError
from fewpix.optional import require

if TYPE_CHECKING:
    import openvino
    from onnxruntime import InferenceSession

RUNTIMES = ("onnxruntime", "openvino")

REPEATED = 6
"""So often a shape must come before OpenVINO plans the network for it alone: that takes as long as some tens
of pictures, and runs a quarter faster from then on."""

PLANS = 24
"""Shapes that have a plan of their own; all others share one."""

Arrays = dict[str, NDArray[np.float32]]


class Network(Protocol):
    """What runs. Several threads may use one at the same time.

    Attributes:
        runtime: "onnxruntime" or "openvino".
        shape: of the input; None for a side that is free.
        outputs: their names.
    """

    @property
    def runtime(self) -> str: ...  # noqa: D102

    @property
    def shape(self) -> tuple[int | None, ...]: ...  # noqa: D102

    @property
    def outputs(self) -> tuple[str, ...]: ...  # noqa: D102

    def run(self, block: NDArray[np.float32]) -> Arrays:
        """The outputs by name; errors are the runtime's own."""
        ...


def open_network(
    data: bytes, runtime: str, threads: int = 0, *, streams: int = 1, plans: int = PLANS
) -> Network:
    """A network with one input. What it raises for bytes that are none is the runtime's own.

    Args:
        data: the ONNX file's bytes.
        runtime: one of `RUNTIMES`.
        threads: of one pass; 0 leaves it to the runtime (one per core).
        streams: how many passes are to run at the same time, each in a thread of the caller's.
        plans: most shapes that OpenVINO plans for, each alone.

    Raises:
        ConfigError: no such runtime.
        UnavailableError: it is not installed.
    """
    if runtime == "openvino":
        require("openvino")
        return OpenVinoNetwork(data, threads, streams, plans)
    if runtime != "onnxruntime":
        raise ConfigError(f"unknown runtime '{runtime}'", fix=f"one of {', '.join(RUNTIMES)}")
    return OnnxRuntimeNetwork(data, threads)


class OnnxRuntimeNetwork:
    """A network in onnxruntime. Arguments as `open_network`."""

    runtime = "onnxruntime"

    def __init__(self, data: bytes, threads: int = 0) -> None:
        self._session = _session(data, threads)
        (node,) = self._session.get_inputs()
        self._input = node.name
        self.shape = tuple(side if isinstance(side, int) else None for side in node.shape)
        self.outputs = tuple(each.name for each in self._session.get_outputs())

    def run(self, block: NDArray[np.float32]) -> Arrays:
        """See `Network.run`."""
        found = self._session.run(self.outputs, {self._input: block})
        return {name: np.asarray(value) for name, value in zip(self.outputs, found, strict=True)}


class OpenVinoNetwork:
    """A network in OpenVINO, calculating in float32. Arguments as `open_network`."""

    runtime = "openvino"

    def __init__(self, data: bytes, threads: int = 0, streams: int = 1, plans: int = PLANS) -> None:
        import openvino

        self._core, self._settings = openvino.Core(), openvino_settings(threads * streams)
        if streams > 1:
            self._settings["NUM_STREAMS"] = str(streams)
        self._most = plans
        self._graph = self._core.read_model(data)
        (node,) = self._graph.inputs
        self.shape = tuple(None if side.is_dynamic else side.get_length() for side in node.partial_shape)
        self.outputs = tuple(each.get_any_name() for each in self._graph.outputs)
        self._any_shape = _Plan(self._core.compile_model(self._graph, "CPU", self._settings))
        self._seen: Counter[tuple[int, ...]] = Counter()
        self._plans: dict[tuple[int, ...], _Plan] = {}

    def run(self, block: NDArray[np.float32]) -> Arrays:
        """See `Network.run`."""
        plan = self._plans.get(block.shape) or self._plan_for(block.shape)
        return dict(zip(self.outputs, plan.run(block), strict=True))

    def _plan_for(self, shape: tuple[int, ...]) -> _Plan:
        """One for this shape alone where it came often enough, and else the one for all."""
        self._seen[shape] += 1
        if self._seen[shape] < REPEATED or len(self._plans) >= self._most:
            if len(self._seen) > 100 * PLANS:  # pictures of ever other sizes
                self._seen.clear()
            return self._any_shape
        graph = self._graph.clone()
        graph.reshape(list(shape))
        plan = _Plan(self._core.compile_model(graph, "CPU", self._settings))
        return self._plans.setdefault(shape, plan)


class _Plan:
    """A compiled network; every thread that runs it has a request of its own."""

    def __init__(self, compiled: openvino.CompiledModel) -> None:
        self._compiled = compiled
        self._idle: list[Any] = []

    def run(self, block: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        found = request.infer([block])
        values = [np.array(found[n], dtype=np.float32) for n in range(len(self._compiled.outputs))]
        self._idle.append(request)
        return values


def openvino_settings(threads: int) -> dict[str, str]:
    """How fewpix has OpenVINO run; 0 threads leave their number to it."""
    # On CPUs with bfloat16 or float16 units OpenVINO would use them, and no other runtime would agree.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    if threads:
        settings["INFERENCE_NUM_THREADS"] = str(threads)
    return settings


def _session(data: bytes, threads: int) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait for the next layer sleep; spinning takes cores from whatever else runs there.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # warnings are nothing that a user could act on
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
