"""The faster gradients are the gradients."""

from __future__ import annotations

import copy

import pytest

pytestmark = pytest.mark.needs("torch")

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from fewpix.models.zoo import build  # noqa: E402
from fewpix.train.fast import quicken  # noqa: E402


def net() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 6, 1),
        nn.PReLU(6),
        nn.Conv2d(6, 6, 3, 2, 1, groups=6, bias=False),
        nn.PReLU(6),
    )
    with torch.no_grad():
        for layer, least in ((model[1], 0.1), (model[3], 0.0)):
            layer.weight.copy_(torch.tensor([least, 0.25, 0.5, 1.0, 1.5, -0.3]))
    return model


def gradients(model: nn.Module, x: Tensor, towards: Tensor) -> list[Tensor]:
    model.zero_grad()
    x = x.clone().requires_grad_()
    (model(x) * towards).sum().backward()
    assert x.grad is not None
    return [x.grad, *(value.grad for value in model.parameters() if value.grad is not None)]


@pytest.mark.parametrize("side", [8, 7])  # strides meet the border in two ways
@pytest.mark.parametrize("last", [True, False])  # memory formats
def test_gradients_are_those_of_torch(side: int, last: bool) -> None:
    plain = net().double()
    fast = quicken(copy.deepcopy(plain))
    x = torch.randn(3, 3, side, side, dtype=torch.float64)
    x = x.to(memory_format=torch.channels_last) if last else x
    towards = torch.randn(3, 6, -(-side // 2), -(-side // 2), dtype=torch.float64)
    wanted, found = gradients(plain, x, towards), gradients(fast, x, towards)
    assert len(found) == 6
    for one, other in zip(wanted, found, strict=True):
        torch.testing.assert_close(other, one)
        assert other.abs().max() > 0
    assert torch.equal(plain(x), fast(x))


def test_gradients_by_finite_differences() -> None:
    fast = quicken(net().double())
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    parameters = dict(fast.named_parameters())

    def run(x: Tensor, *values: Tensor) -> Tensor:
        out: Tensor = torch.func.functional_call(fast, dict(zip(parameters, values, strict=True)), (x,))
        return out

    assert torch.autograd.gradcheck(run, (x, *parameters.values()))


def test_in_bfloat16_they_differ_by_its_rounding_only() -> None:
    plain = net().to(memory_format=torch.channels_last)
    fast = quicken(copy.deepcopy(plain))
    x, towards = torch.randn(16, 3, 8, 8), torch.randn(16, 6, 4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        wanted, found = gradients(plain, x, towards), gradients(fast, x, towards)
    for one, other in zip(wanted, found, strict=True):
        assert other.dtype == torch.float32
        assert (other - one).norm() <= 0.01 * one.norm()


def test_small_slopes_are_as_exact_as_others() -> None:
    """In bfloat16, slope minus one would have nothing left of a small slope; SFace's are small."""
    plain = nn.PReLU(4).to(memory_format=torch.channels_last)
    with torch.no_grad():
        plain.weight.copy_(torch.tensor([0.02, -0.02, 0.005, 0.3]))
    x = -torch.rand(2, 4, 3, 3).bfloat16().to(memory_format=torch.channels_last)
    towards = torch.randn(2, 4, 3, 3).bfloat16()
    found = gradients(quicken(copy.deepcopy(plain)), x, towards)[0].float()
    exact = towards.float() * plain.weight.view(-1, 1, 1)
    assert ((found - exact).abs() <= 0.01 * exact.abs()).all()


def test_nothing_has_the_gradient_that_torch_gives_it() -> None:
    """A slope of 0 makes many exact zeros, on which the next PReLU has its kink."""
    plain = nn.PReLU(2, 0.25)
    fast = quicken(copy.deepcopy(plain))
    x, towards = torch.zeros(1, 2, 2, 2), torch.ones(1, 2, 2, 2)
    for one, other in zip(gradients(plain, x, towards), gradients(fast, x, towards), strict=True):
        assert torch.equal(one, other)


def test_only_those_layers_change_and_no_name_does() -> None:
    model = build("lr28-tiny", 16)
    names, kinds = list(model.state_dict()), [type(layer) for layer in model.modules()]
    quicken(model)
    assert list(model.state_dict()) == names
    changed = {
        before.__name__
        for before, layer in zip(kinds, model.modules(), strict=True)
        if type(layer) is not before
    }
    assert changed == {"PReLU", "Conv2d"}
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d):
            halving = layer.groups > 1 and layer.stride == (2, 2)
            assert (type(layer) is not nn.Conv2d) == halving, name


def test_one_slope_for_all_channels_stays_with_torch() -> None:
    model = quicken(nn.Sequential(nn.PReLU()))
    assert type(model[0]) is nn.PReLU  # type: ignore[index]
