"""One network in onnxruntime and in OpenVINO: the same arrays, in several threads, in shapes that repeat."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fewpix.errors import ConfigError
from fewpix.models.aligner_file import ALIGNER
from fewpix.models.network import PLANS, REPEATED, OpenVinoNetwork, open_network

DATA = ALIGNER.read_bytes()


def block(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, 3, 32, 32)).astype(np.float32)


def test_onnxruntime_tells_the_shape_and_the_outputs() -> None:
    network = open_network(DATA, "onnxruntime", 1)
    assert (network.runtime, network.outputs) == ("onnxruntime", ("errors",))
    assert network.shape == (None, 3, 32, 32)
    assert network.run(block(3))["errors"].shape == (3, 6)


@pytest.mark.needs("openvino")
@pytest.mark.parametrize("plans", [0, PLANS])
def test_openvino_gives_the_same_before_and_after_it_planned_for_a_shape(plans: int) -> None:
    usual, other = open_network(DATA, "onnxruntime", 1), open_network(DATA, "openvino", 1, plans=plans)
    assert (other.runtime, other.outputs, other.shape) == ("openvino", usual.outputs, usual.shape)
    for seed in range(REPEATED + 2):
        expected = usual.run(block(4, seed))["errors"]
        np.testing.assert_allclose(other.run(block(4, seed))["errors"], expected, atol=2e-4)
    assert isinstance(other, OpenVinoNetwork)
    assert len(other._plans) == (plans > 0)


@pytest.mark.needs("openvino")
def test_no_more_shapes_are_planned_for_than_allowed() -> None:
    network = OpenVinoNetwork(DATA, 1, plans=2)
    for count in (1, 2, 3):
        for _ in range(REPEATED + 1):
            network.run(block(count))
    assert len(network._plans) == 2


@pytest.mark.parametrize(
    "runtime", ["onnxruntime", pytest.param("openvino", marks=pytest.mark.needs("openvino"))]
)
def test_several_threads_get_what_one_gets(runtime: str) -> None:
    network = open_network(DATA, runtime, 1, streams=2)
    blocks = [block(1 + seed % 3, seed) for seed in range(24)]
    alone = [network.run(each)["errors"].copy() for each in blocks]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: network.run(each)["errors"], blocks))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-4)


def test_another_runtime_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown runtime 'torch'"):
        open_network(DATA, "torch")
