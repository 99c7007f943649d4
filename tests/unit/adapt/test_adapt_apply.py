"""Applying a state is reversible, also when the block raises; folding makes an ordinary model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fewpix.adapt.apply import adapted, fold, norm_layers
from fewpix.adapt.estimate import estimate
from fewpix.adapt.stats import LayerStats, NormState, mix
from fewpix.errors import WeightsError
from tiny_student import inputs, orl_crops, shifted, tiny_student

pytestmark = pytest.mark.needs("samples", "torch")


def make() -> tuple[torch.nn.Module, NormState, torch.Tensor]:
    model, card = tiny_student()
    x = inputs(card, shifted(orl_crops()[:48]))
    return model, estimate(model, x, model_sha256=card.sha256, source="test", weight=0.3), x


def foreign_state(layer: str, channels: int) -> NormState:
    stats = LayerStats(np.zeros(channels), np.ones(channels), 40)
    return NormState("d" * 64, "batch", 0.0, 40, "2026-01-01", "test", {layer: stats})


def test_buffers_are_the_very_same_afterwards():
    model, state, x = make()
    model.train()
    before = {name: (value, value.clone()) for name, value in model.named_buffers()}
    plain = model.eval()(x)
    model.train()

    def interrupted() -> None:
        with adapted(model, state) as inside:
            assert inside is model
            assert not model.training
            assert not torch.allclose(inside(x), plain)
            model.train()
            model(x)  # a mistake inside the block must not reach the source's statistics either
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert model.training
    for name, value in model.named_buffers():
        assert value is before[name][0]
        assert torch.equal(value, before[name][1])
    assert torch.equal(model.eval()(x), plain)


def test_inside_the_statistics_are_the_mixture():
    model, state, _ = make()
    source = {
        name: (item.running_mean.numpy().copy(), item.running_var.numpy().copy())
        for name, item in norm_layers(model).items()
    }
    with adapted(model, state):
        for name, item in norm_layers(model).items():
            expected = mix(*source[name], state.layers[name], 0.3) if name in state.layers else source[name]
            np.testing.assert_array_equal(item.running_mean.numpy(), expected[0].astype(np.float32))
            np.testing.assert_array_equal(item.running_var.numpy(), expected[1].astype(np.float32))


def test_folding_gives_the_same_outputs_and_leaves_the_original():
    model, state, x = make()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    folded = fold(model, state)
    with adapted(model, state):
        expected = model(x)
    assert torch.equal(folded(x), expected)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    for value in folded.parameters():
        value.data.zero_()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(fold(model, None)(x), model(x))


def test_a_state_of_weight_one_changes_nothing():
    model, state, x = make()
    kept = NormState(state.model_sha256, "prior", 1.0, state.count, state.date, state.source, state.layers)
    assert torch.equal(fold(model, kept)(x), model(x))


def test_an_output_under_a_state_does_not_depend_on_the_batch():
    model, state, x = make()
    with adapted(model, state), torch.no_grad():
        together = model(x)
        alone = torch.cat([model(row[None]) for row in x])
        turned = model(x.flip(0)).flip(0)
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(turned, together, rtol=1e-4, atol=1e-5)


def test_one_state_at_a_time():
    model, state, _ = make()
    with adapted(model, state):
        with pytest.raises(WeightsError, match="already under a state"), adapted(model, state):
            pass
        with pytest.raises(WeightsError, match="already under a state"):
            estimate(model, torch.randn(40, 3, 24, 24), model_sha256="d" * 64, source="test")
    with adapted(model, state):
        pass


@pytest.mark.parametrize(("layer", "channels"), [("nowhere.bn", 8), ("stages.0.0.bn", 9)])
def test_a_state_of_another_architecture_is_refused(layer: str, channels: int):
    model, _, x = make()
    before = model(x)
    with pytest.raises(WeightsError, match=layer), adapted(model, foreign_state(layer, channels)):
        pass
    with pytest.raises(WeightsError, match=layer):
        fold(model, foreign_state(layer, channels))
    assert torch.equal(model(x), before)
