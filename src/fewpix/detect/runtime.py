"""Which runtime the networks of detection run in: the faster one here, of those that give the same."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fewpix.models.comparison import Outcome, compared, obstacle
from fewpix.models.network import REPEATED, RUNTIMES, Network, open_network

TOLERANCE = 1e-3
"""The most that a number that a network gives may differ by between the two, of 1 plus its size."""

TIMED = 5
"""Passes of each, taking turns; the shortest counts, which other programs disturb least."""


@dataclass(frozen=True)
class Choice:
    """The runtime that "auto" takes.

    Args:
        runtime: "onnxruntime" or "openvino".
        why: in words.
    """

    runtime: str
    why: str


def chosen_network(data: bytes, runtime: str, threads: int, trial: Sequence[int], **options: int) -> Network:
    """Open a network of detection.

    Args:
        data: the ONNX file's bytes.
        runtime: "auto", "onnxruntime" or "openvino".
        threads: 0 leaves it to the runtime.
        trial: shape of an input to compare runtimes on.
        options: further ones of `open_network`.

    Raises:
        ConfigError: no such runtime.
        UnavailableError: it is not installed.
    """
    if runtime == "auto":
        runtime = faster(data, threads, trial).runtime
    return open_network(data, runtime, threads, **options)


def beside(runtime: str) -> str:
    """The runtime of detection beside encoders in this one: the same where detection has it, else "auto"."""
    return runtime if runtime in RUNTIMES else "auto"


def faster(data: bytes, threads: int, trial: Sequence[int]) -> Choice:
    """Choose the runtime for a network: both run once for this, and the user cache keeps what came out.

    Encoders take OpenVINO wherever it gives the same; the networks of detection are so small that it depends
    on the processor which is faster. Arguments as `chosen_network`.
    """
    why = obstacle()
    if why:
        return Choice("onnxruntime", why)
    key = hashlib.sha256(data + f"\n{threads} {tuple(trial)}".encode()).hexdigest()
    return _decide(compared(key, lambda: _compare(data, threads, trial)))


def _decide(known: Outcome) -> Choice:
    """The choice that a comparison comes to."""
    difference, times = known.get("difference"), (known.get("onnxruntime"), known.get("openvino"))
    if not isinstance(difference, float) or not all(isinstance(each, float) for each in times):
        return Choice("onnxruntime", f"OpenVINO cannot run it: {known.get('fault', '')}")
    if not difference <= TOLERANCE:  # also for NaN
        return Choice("onnxruntime", f"OpenVINO differs from it by {difference:.0e}")
    usual, other = (float(each) for each in times if isinstance(each, float))
    said = f"{1000 * usual:.1f} ms in onnxruntime, {1000 * other:.1f} in OpenVINO"
    return Choice("openvino" if other < usual else "onnxruntime", said)


def _compare(data: bytes, threads: int, trial: Sequence[int]) -> Outcome:
    """Run both on one input."""
    block = np.random.default_rng(0).uniform(0, 255, trial).astype(np.float32)
    usual = open_network(data, "onnxruntime", threads)
    expected = usual.run(block)
    try:
        other = open_network(data, "openvino", threads)
        for _ in range(REPEATED):  # until it has planned for this shape
            found = other.run(block)
    except Exception as error:  # OpenVINO's own, and Python's for want of memory
        return {"fault": " ".join(str(error).split())[:200]}
    apart = [np.abs(found[name] - value) / (1 + np.abs(value)) for name, value in expected.items()]
    times: dict[Network, float] = {usual: np.inf, other: np.inf}
    for _ in range(TIMED):
        for network in times:
            start = time.perf_counter()
            network.run(block)
            times[network] = min(times[network], time.perf_counter() - start)
    return {
        "difference": float(max(each.max() for each in apart)),
        "onnxruntime": times[usual],
        "openvino": times[other],
    }
