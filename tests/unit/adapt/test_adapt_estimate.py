"""Estimating a state: the moments are those that the layers will really see."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fewpix.adapt.apply import adapted, fold, norm_layers
from fewpix.adapt.estimate import estimate, follow
from fewpix.adapt.estimate.moments import Moments
from fewpix.adapt.stats import NormState
from fewpix.errors import ConfigError, GuardError
from tiny_student import inputs, layer_inputs, orl_crops, shifted, tiny_student

pytestmark = pytest.mark.needs("samples", "torch")

COMMON = {"model_sha256": "d" * 64, "source": "test"}


def faces(count: int = 96, *, dark: bool = True) -> Tensor:
    crops = orl_crops()[::4][:count]
    return inputs(tiny_student()[1], shifted(crops) if dark else crops)


def source_student(arch: str = "lr24-tiny") -> nn.Module:
    """A student whose own statistics are those of clean ORL faces, as after training on them."""
    model, card = tiny_student(arch)
    return fold(model, estimate(model, inputs(card, orl_crops()[1::4]), mode="batch", final=True, **COMMON))


def misfit(model: nn.Module, state: NormState, x: Tensor) -> float:
    """How far, in standard deviations, what the layers really see lies from what the state says of it."""
    with adapted(model, state):
        seen = layer_inputs(model, x)
    errors = [
        np.abs(seen[name].mean(0) - layer.mean) / np.sqrt(layer.var + 1e-5)
        + np.abs(np.sqrt(seen[name].var(0) / (layer.var + 1e-5)) - 1)
        for name, layer in state.layers.items()
    ]
    return float(np.mean(np.concatenate(errors)))


@pytest.mark.parametrize(
    "options", [{"mode": "batch"}, {"weight": 0.3}, {"prior_faces": 64}, {"weight": 1.0}]
)
def test_the_moments_are_those_that_the_layers_see_under_the_state(options: dict[str, object]):
    model = source_student()
    state = estimate(model, faces(), final=True, **options, **COMMON)
    assert len(state.layers) == 7
    assert misfit(model, state, faces()) < 1e-3
    assert all(layer.count == state.count == 96 for layer in state.layers.values())


def test_the_naive_estimate_is_wrong_behind_the_first_layer():
    model = source_student("lr24-s")
    found = {
        order: estimate(model, faces(), order=order, mode="batch", **COMMON)
        for order in ("sequential", "naive")
    }
    first = next(iter(found["naive"].layers))
    assert np.array_equal(found["naive"].layers[first].mean, found["sequential"].layers[first].mean)
    assert misfit(model, found["sequential"], faces()) < 1e-3
    assert misfit(model, found["naive"], faces()) > 1


def test_under_a_sequential_batch_state_every_layer_gives_normal_output():
    model = source_student()
    with adapted(model, estimate(model, faces(), mode="batch", final=True, **COMMON)):
        for name, values in layer_inputs(model, faces()).items():
            layer = model.get_submodule(name)
            scaled = (values - layer.running_mean.numpy()) / np.sqrt(layer.running_var.numpy() + layer.eps)
            np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-4, err_msg=name)
            np.testing.assert_allclose(scaled.var(0), 1, atol=2e-2, err_msg=name)


def test_orders_agree_exactly_where_they_should():
    model = source_student()
    both = [
        estimate(model, faces(), order=order, mode="batch", **COMMON)
        for order in ("sequential", "batch-upstream")
    ]
    assert both[0].id == both[1].id
    mixed = [
        estimate(model, faces(), order=order, weight=0.5, **COMMON)
        for order in ("sequential", "batch-upstream")
    ]
    assert mixed[0].id != mixed[1].id
    kept = [estimate(model, faces(), order=order, weight=1.0, **COMMON) for order in ("sequential", "naive")]
    assert misfit(model, kept[0], faces()) < 1e-3
    assert misfit(model, kept[1], faces()) < 1e-3


@pytest.mark.parametrize("order", ["sequential", "batch-upstream"])
def test_layer_after_layer_in_chunks_gives_the_same_as_all_at_once(order: str):
    model = source_student()
    whole = estimate(model, faces(), order=order, weight=0.4, **COMMON)
    chunked = estimate(model, faces(), order=order, weight=0.4, memory_mb=0, **COMMON)
    for name in whole.layers:
        np.testing.assert_allclose(chunked.layers[name].mean, whole.layers[name].mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(chunked.layers[name].var, whole.layers[name].var, rtol=1e-5, atol=1e-6)


def test_the_order_of_the_faces_does_not_matter():
    model = source_student()
    turned = [estimate(model, x, **COMMON) for x in (faces(), faces().flip(0))]
    for name, layer in turned[0].layers.items():
        np.testing.assert_allclose(turned[1].layers[name].mean, layer.mean, rtol=1e-4, atol=1e-6)


def test_the_source_is_worth_so_many_faces():
    model = source_student()
    assert estimate(model, faces(64), prior_faces=192, **COMMON).weight == pytest.approx(0.75)
    assert estimate(model, faces(64), prior_faces=0, **COMMON).weight == 0
    assert estimate(model, faces(64), mode="batch", **COMMON).weight == 0


def test_alpha_is_a_weight_whatever_the_number_of_faces():
    model = source_student()
    states = [estimate(model, faces(count), weight=0.1, **COMMON) for count in (32, 64)]
    assert [(state.mode, state.weight) for state in states] == [("alpha", 0.1)] * 2
    prior = estimate(model, faces(64), prior_faces=64, **COMMON)
    assert estimate(model, faces(64), mode="alpha", weight=0.5, **COMMON).id == prior.id


def test_the_source_changes_not_a_bit():
    model, x = source_student(), faces()
    state = estimate(model, x[:3], mode="source", **COMMON)
    assert (state.mode, state.weight, len(state.layers), state.count) == ("source", 1.0, 0, 3)
    before = model(x)
    with adapted(model, state):
        assert torch.equal(model(x), before)
    assert torch.equal(fold(model, state)(x), before)


@pytest.mark.parametrize("final", [False, True])
def test_one_face_moves_the_statistics_by_one_part_in_257(final: bool):
    """The change that the mixture may make at most, worked out by hand; and the output stays close."""
    model, x = source_student(), faces()
    state = estimate(model, x[:1], final=final, minimum=1, **COMMON)
    assert state.weight == 256 / 257
    assert state.count == 1
    share = 1 / 257
    source = {name: layer for name, layer in norm_layers(model).items() if name in state.layers}
    assert ("head.bn" in source) == final
    for name, layer in norm_layers(fold(model, state)).items():
        if name not in source:
            continue
        moved = source[name].running_mean + share * (
            torch.tensor(np.array(state.layers[name].mean)).float() - source[name].running_mean
        )
        torch.testing.assert_close(layer.running_mean, moved, rtol=1e-5, atol=1e-6)
        assert (layer.running_var >= (1 - share) * source[name].running_var * (1 - 1e-6)).all()
    with torch.no_grad():
        before = torch.nn.functional.normalize(model(x), dim=1)
        after = torch.nn.functional.normalize(fold(model, state)(x), dim=1)
    assert torch.isfinite(after).all()
    cosine = (before * after).sum(1)
    assert float(cosine.min()) > 0.97
    assert float(cosine.mean()) > 0.99


def test_one_face_alone_is_no_batch():
    for options in ({"mode": "batch"}, {"weight": 0.0}, {"prior_faces": 0}):
        with pytest.raises(GuardError, match="one face alone"):
            estimate(source_student(), faces(1), minimum=1, **options, **COMMON)


def test_the_last_layer_and_single_layers_are_a_choice():
    model = source_student()
    names = {name for name, item in model.named_modules() if isinstance(item, nn.BatchNorm2d)}
    assert set(estimate(model, faces(), **COMMON).layers) == names
    assert set(estimate(model, faces(), final=True, **COMMON).layers) == names | {"head.bn"}
    assert set(estimate(model, faces(), layers=["stages.0.0.bn"], **COMMON).layers) == {"stages.0.0.bn"}
    assert set(estimate(model, faces(), layers=["head.bn"], **COMMON).layers) == {"head.bn"}
    some = {"stages.1.0.bn", "stages.2.0.bn"}
    assert set(estimate(model, faces(), layers=["stages.[12].0.bn", "head.*"], **COMMON).layers) == some
    patterns = ["stages.2.*", "head.*"]
    assert set(estimate(model, faces(), layers=patterns, final=True, **COMMON).layers) == {
        "stages.2.0.bn",
        "head.bn",
    }
    assert "head.bn" in follow(model, faces(), layers=["stages.*", "head.bn"], **COMMON).layers


def test_the_layers_are_found_whatever_the_student_looks_like():
    """Separable convolutions, names of another kind, a layer that is never reached, no BatchNorm1d."""

    class Other(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.BatchNorm2d(4)
            self.late = nn.BatchNorm2d(6)
            self.early = nn.ModuleDict({"norm": nn.BatchNorm2d(3)})
            self.depth = nn.Conv2d(3, 3, 3, 1, 1, groups=3)
            self.point = nn.Conv2d(3, 6, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.late(self.point(self.depth(self.early["norm"](x)))).mean((2, 3))

    torch.manual_seed(0)
    model = Other().eval()
    state = estimate(model, faces(), mode="batch", **COMMON)
    assert list(state.layers) == ["early.norm", "late"]
    assert misfit(model, state, faces()) < 1e-3
    assert list(estimate(model, faces(), layers=["*norm"], **COMMON).layers) == ["early.norm"]
    with pytest.raises(ConfigError, match="no BatchNorm layer 'unused'"):
        estimate(model, faces(), layers=["unused"], **COMMON)


def test_the_model_is_as_before():
    model = source_student().train()
    model.get_submodule("head").eval()
    before = {name: (value, value.clone()) for name, value in model.named_buffers()}
    modes = [item.training for item in model.modules()]
    for options in ({}, {"order": "naive"}, {"memory_mb": 0}):
        estimate(model, faces(), **options, **COMMON)
    with pytest.raises(RuntimeError):
        estimate(model, faces()[:, :2], **COMMON)
    for name, value in model.named_buffers():
        assert value is before[name][0]
        assert torch.equal(value, before[name][1])
    assert [item.training for item in model.modules()] == modes
    assert not any(item._forward_pre_hooks for item in model.modules())


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"order": "random"}, "order"),
        ({"mode": "ema"}, "mode"),
        ({"mode": "batch", "weight": 0.5}, "batch"),
        ({"weight": 0.5, "prior_faces": 5}, "not both"),
        ({"weight": 1.5}, "weight"),
        ({"prior_faces": -1}, "prior_faces"),
        ({"layers": ["nowhere.bn"]}, "nowhere.bn"),
        ({"layers": ["nowhere.*"]}, r"nowhere\.\*"),
        ({"layers": ["head.*"]}, "no BatchNorm layer is left"),
        ({"layers": []}, "no BatchNorm layer is left"),
        ({"mode": "alpha"}, "alpha"),
        ({"mode": "alpha", "prior_faces": 5}, "alpha"),
        ({"mode": "prior", "weight": 0.5}, "alpha"),
        ({"mode": "source", "weight": 1.0}, "source"),
        ({"layers": "head.bn"}, "layers"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], named: str):
    with pytest.raises(ConfigError, match=named):
        estimate(source_student(), faces(), **options, **COMMON)


def test_a_layer_that_is_used_twice_is_refused():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, 1, 1)
            self.bn = nn.BatchNorm2d(3)

        def forward(self, x: Tensor) -> Tensor:
            return self.bn(self.conv(self.bn(x)))

    with pytest.raises(ConfigError, match="'bn' is used twice"):
        estimate(Twice(), faces(), **COMMON)


def test_the_guard_stands_before_the_estimate():
    with pytest.raises(GuardError, match="31 faces are too few"):
        estimate(source_student(), faces(31), **COMMON)
    with pytest.raises(GuardError, match="only 1 of 64 faces"):
        estimate(source_student(), faces(1).expand(64, -1, -1, -1), **COMMON)
    assert estimate(source_student(), faces(8), minimum=8, **COMMON).count == 8


def test_moments_keep_their_digits_far_from_zero():
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(150, 3, 4, 4)) * 1e-3 + np.array([1e4, -2e3, 0]).reshape(1, 3, 1, 1)).astype(
        np.float32
    )
    moments = Moments()
    for piece in np.split(values, [1, 70, 140]):
        moments.add(torch.from_numpy(piece))
    result = moments.result()
    wide = values.astype(np.float64)
    np.testing.assert_allclose(result.mean, wide.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(result.var, wide.var((0, 2, 3)), rtol=1e-9)
    assert result.count == 150
