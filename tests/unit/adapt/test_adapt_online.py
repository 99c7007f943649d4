"""A state that follows a stream: weights decay per face, each layer is measured behind moved ones."""

from __future__ import annotations

import numpy as np
import pytest
from torch import Tensor

from fewpix.adapt.apply import adapted, fold
from fewpix.adapt.estimate import estimate, follow
from fewpix.errors import ConfigError, GuardError, WeightsError
from tiny_student import inputs, layer_inputs, orl_crops, shifted, tiny_student

pytestmark = pytest.mark.needs("samples", "torch")

COMMON = {"model_sha256": "d" * 64, "source": "test"}


def faces(count: int = 96) -> Tensor:
    return inputs(tiny_student()[1], shifted(orl_crops()[::4][:count]))


def test_the_weight_of_the_source_decays_with_the_faces():
    model = tiny_student()[0]
    assert follow(model, faces(64), batch=32, momentum=0.2, **COMMON).weight == pytest.approx(0.8**2)
    assert follow(model, faces(80), batch=32, momentum=0.2, **COMMON).weight == pytest.approx(0.8**2.5)
    state = follow(model, faces(80), batch=32, momentum=0.2, **COMMON)
    assert state.mode == "ema"
    assert state.count == 80
    assert {layer.count for layer in state.layers.values()} == {80}


def test_one_batch_is_the_prior_estimate_of_the_same_weight():
    model = tiny_student()[0]
    online = follow(model, faces(64), batch=64, momentum=0.3, **COMMON)
    offline = estimate(model, faces(64), weight=0.7, **COMMON)
    for name, layer in offline.layers.items():
        np.testing.assert_allclose(online.layers[name].mean, layer.mean, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(online.layers[name].var, layer.var, rtol=1e-6, atol=1e-9)


def test_a_stream_cut_anywhere_between_batches_ends_the_same():
    model, x = tiny_student()[0], faces(96)
    whole = follow(model, x, batch=32, **COMMON)
    part = follow(model, x[:32], batch=32, **COMMON)
    first = part.id
    rest = follow(model, x[32:], batch=32, start=part, **COMMON)
    assert rest.id == whole.id
    assert rest.count == 96
    assert part.id == first


def test_statistics_in_use_follow_the_update_rule():
    """After the second batch a layer uses d x (before) + (1 - d) x (batch), as a mixture of distributions."""
    model, x = tiny_student()[0], faces(96)
    before = follow(model, x[:64], batch=64, momentum=0.25, **COMMON)
    after = follow(model, x[64:], batch=32, momentum=0.25, start=before, **COMMON)
    name = "stages.3.0.bn"
    old, new = (fold(model, state).get_submodule(name) for state in (before, after))
    with adapted(model, after):
        seen = layer_inputs(model, x[64:])[name]
    mean = 0.75 * old.running_mean.numpy() + 0.25 * seen.mean(0)
    apart = (old.running_mean.numpy() - seen.mean(0)) ** 2
    var = 0.75 * old.running_var.numpy() + 0.25 * seen.var(0) + 0.75 * 0.25 * apart
    np.testing.assert_allclose(new.running_mean.numpy(), mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(new.running_var.numpy(), var, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_long_stream_arrives_at_the_target():
    model, x = tiny_student()[0], faces(96)
    state = follow(model, x.repeat(40, 1, 1, 1), batch=96, momentum=0.3, **COMMON)
    assert state.weight < 1e-5
    target = estimate(model, x, mode="batch", **COMMON)
    for name, layer in target.layers.items():
        apart = np.abs(state.layers[name].mean - layer.mean) / np.sqrt(layer.var + 1e-5)
        assert apart.max() < 1e-2, name


def test_the_guard_counts_what_the_state_has_already_seen():
    model, x = tiny_student()[0], faces(64)
    with pytest.raises(GuardError, match="20 faces"):
        follow(model, x[:20], **COMMON)
    state = follow(model, x[:40], batch=40, **COMMON)
    assert follow(model, x[40:43], batch=40, start=state, **COMMON).count == 43


def test_wrong_options():
    model, x = tiny_student()[0], faces(64)
    for momentum in (0, 1, -0.5):
        with pytest.raises(ConfigError, match="momentum"):
            follow(model, x, momentum=momentum, **COMMON)
    state = follow(model, x, **COMMON)
    with pytest.raises(WeightsError, match="follows the model dddd"):
        follow(model, x, model_sha256="e" * 64, source="test", start=state)


def test_the_layers_of_the_start_stay():
    model, x = tiny_student()[0], faces(64)
    state = follow(model, x, final=True, layers=["head.bn"], **COMMON)
    assert set(follow(model, x, start=state, **COMMON).layers) == {"head.bn"}
