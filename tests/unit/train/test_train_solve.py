"""Least squares on feature maps, against layers whose answer is known."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.needs("torch")

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from fewpix.train.solve import (  # noqa: E402
    affine,
    coarsened,
    interpolation,
    principal,
    ridge,
    solve_depthwise,
    solve_pointwise,
)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_depthwise_layer_is_found_where_there_is_one(stride: int) -> None:
    torch.manual_seed(0)
    x, kernel, bias = torch.randn(70, 6, 9, 9), torch.randn(6, 1, 3, 3), torch.randn(6)
    target = F.conv2d(x, kernel, bias, stride, 1, 1, 6)
    found = solve_depthwise(x, target, stride)
    torch.testing.assert_close(found[0], kernel, atol=0.02, rtol=0)
    torch.testing.assert_close(found[1], bias, atol=0.02, rtol=0)


def test_a_pointwise_layer_is_found_where_there_is_one() -> None:
    torch.manual_seed(0)
    x, kernel, bias = torch.randn(70, 6, 5, 5), torch.randn(9, 6, 1, 1), torch.randn(9)
    found = solve_pointwise(x, F.conv2d(x, kernel, bias), torch.zeros(9, 6), torch.zeros(9))
    torch.testing.assert_close(found[0], kernel, atol=0.02, rtol=0)
    torch.testing.assert_close(found[1], bias, atol=0.02, rtol=0)


def test_without_data_a_pointwise_layer_is_the_one_it_is_drawn_towards() -> None:
    """So that channels which say nothing keep the teacher's weights."""
    torch.manual_seed(0)
    kernel, bias = torch.randn(9, 6), torch.randn(9)
    silent = torch.zeros(4, 6, 3, 3)
    found = solve_pointwise(silent, bias.view(1, 9, 1, 1).expand(4, 9, 3, 3), kernel, bias)
    torch.testing.assert_close(found[0].flatten(1), kernel)
    torch.testing.assert_close(found[1], bias)
    depth = torch.randn(6, 1, 3, 3)
    target = bias[:6].view(1, 6, 1, 1).expand(4, 6, 3, 3)
    for prior, wanted in (((depth, bias[:6]), depth), (None, torch.zeros(6, 1, 3, 3))):
        found = solve_depthwise(silent, target, 1, prior)
        torch.testing.assert_close(found[0], wanted)
        torch.testing.assert_close(found[1], bias[:6], atol=1e-2, rtol=0)


def test_halving_keeps_what_is_smooth() -> None:
    """Constants up to the border, slopes inside it; position n is position 2n of the finer map."""
    assert torch.allclose(coarsened(torch.full((2, 3, 7, 7), 5.0), 2), torch.full((2, 3, 4, 4), 5.0))
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    assert torch.allclose(coarsened(ramp, 2)[0, 0, 1, 1:], torch.tensor([2.0, 4.0, 6.0]))
    assert torch.equal(coarsened(ramp.bfloat16(), 1), ramp)


def test_interpolation_reads_between_positions() -> None:
    coarse = torch.tensor([10.0, 20.0, 40.0, 80.0])
    assert (interpolation(4, 7, 2) @ coarse).tolist() == [10, 15, 20, 30, 40, 60, 80]
    assert (interpolation(2, 4, 2) @ coarse[:2]).tolist() == [10, 15, 20, 20]  # nothing lies beyond
    assert torch.equal(interpolation(5, 5, 1), torch.eye(5))


def test_a_batchnorm_is_a_gain_and_a_shift() -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(5)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    for _ in range(3):
        norm(torch.randn(4, 5, 2, 2) * 3 + 1)
    x, (gain, shift) = torch.randn(2, 5, 3, 3), affine(norm)
    torch.testing.assert_close(norm.eval()(x), x * gain.view(-1, 1, 1) + shift.view(-1, 1, 1))


def test_principal_channels_serve_what_is_there() -> None:
    """Of x only two directions vary: two channels then suffice, whatever the maps say of the others."""
    torch.manual_seed(0)
    directions, rows = torch.randn(2, 6), torch.randn(9, 6)
    x = (torch.randn(200, 4, 2) @ directions).transpose(1, 2).reshape(200, 6, 2, 2)
    squeeze, factors = principal(rows, x, 2)
    assert (squeeze.shape, factors.shape) == ((2, 6), (9, 2))
    whole, short = (F.conv2d(x, m[:, :, None, None]) for m in (rows, factors @ squeeze))
    assert (short - whole).abs().max() < 0.02 * whole.std()
    squeeze, factors = principal(rows, torch.randn(500, 6, 2, 2), 6)
    torch.testing.assert_close(factors @ squeeze, rows, atol=1e-4, rtol=1e-4)


def test_a_ridge_goes_from_the_data_to_where_it_is_drawn() -> None:
    torch.manual_seed(0)
    inputs, weight, bias = torch.randn(300, 7) + 2, torch.randn(4, 7), torch.randn(4)
    wanted, start = inputs @ weight.T + bias, torch.randn(4, 7)
    near = ridge(inputs, wanted, start, 1e-6)
    torch.testing.assert_close(near[0], weight, atol=1e-3, rtol=0)
    torch.testing.assert_close(near[1], bias, atol=1e-2, rtol=0)
    far = ridge(inputs, wanted, start, 1e6)
    torch.testing.assert_close(far[0], start, atol=1e-3, rtol=0)
    torch.testing.assert_close(F.linear(inputs, *far).mean(0), wanted.mean(0))  # the mean is never drawn away
