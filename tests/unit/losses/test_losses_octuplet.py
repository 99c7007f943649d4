"""Octuplet: exact values, a slow reference in loops, true gradients, what takes no part."""

import math

import pytest
import torch
from torch.nn import functional as F

from fewpix.losses.octuplet import octuplet

LABELS = torch.tensor([0, 0, 1, 2, 1, 0, -1])


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=generator, dtype=torch.float64), dim=-1)


def slow_octuplet(high, low, labels, margin):
    total = 0.0
    for anchors, others in ((high, high), (high, low), (low, high), (low, low)):
        values = []
        for i in range(len(labels)):
            positive, negative = [], []
            for j in range(len(labels)):
                if i == j or min(labels[i], labels[j]) < 0:
                    continue
                gap = math.sqrt(float(((anchors[i] - others[j]) ** 2).sum()))
                (positive if labels[i] == labels[j] else negative).append(gap)
            if positive and negative:
                values.append(max(0.0, max(positive) - min(negative) + margin))
        total += sum(values) / len(values)
    return total


def test_two_people_on_a_square_are_exact():
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [1.0, 2.0]], dtype=torch.float64)
    labels = torch.tensor([0, 0, 1, 1])
    assert octuplet(corners, corners, labels, 0.5).item() == 0
    assert octuplet(corners, corners, labels, 1.5).item() == pytest.approx(4 * (1 - 2 + 1.5))
    # In the cross terms the low-resolution view of another person lies on the anchor itself.
    swapped = octuplet(corners, corners[[2, 3, 0, 1]], labels, 0.5).item()
    assert swapped == pytest.approx(2 * (math.sqrt(5) - 0 + 0.5))


@pytest.mark.parametrize("margin", [0.1, 0.5, 1.5])
def test_it_equals_the_slow_reference(margin):
    high, low = unit(7, 4), unit(7, 4, seed=1)
    expected = slow_octuplet(high, low, LABELS, margin)
    assert octuplet(high, low, LABELS, margin).item() == pytest.approx(expected, rel=1e-12)


def test_gradients_are_the_true_ones_in_both_resolutions():
    high, low = unit(7, 3).requires_grad_(), unit(7, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: octuplet(a, b, LABELS, 0.5), (high, low))
    octuplet(high, low, LABELS, 0.5).backward()
    assert high.grad.abs().sum() > 0
    assert low.grad.abs().sum() > 0
    assert torch.equal(low.grad[6], torch.zeros(3, dtype=torch.float64))  # nobody knows who that is


def test_order_and_a_common_rotation_do_not_matter():
    high, low = unit(7, 4), unit(7, 4, seed=1)
    value = octuplet(high, low, LABELS).item()
    order = torch.tensor([6, 2, 0, 5, 1, 4, 3])
    assert octuplet(high[order], low[order], LABELS[order]).item() == pytest.approx(value, rel=1e-12)
    turn = torch.linalg.qr(unit(4, 4, seed=2)).Q
    assert octuplet(high @ turn, low @ turn, LABELS).item() == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("labels", [[0], [0, 1, 2], [0, 0, 0], [-1, -1, -1]])
def test_without_partners_or_opponents_it_is_zero_with_a_gradient_of_zero(labels):
    low = unit(len(labels), 4).requires_grad_()
    value = octuplet(unit(len(labels), 4, seed=1), low, torch.tensor(labels))
    value.backward()
    assert value.item() == 0
    assert torch.equal(low.grad, torch.zeros_like(low))


def test_coinciding_and_opposite_faces_give_no_nan():
    high = unit(1, 4).float().repeat(4, 1)
    for low in (high, -high):
        moved = low.clone().requires_grad_()
        value = octuplet(high, moved, torch.tensor([0, 0, 1, 1]))
        value.backward()
        assert value.item() == pytest.approx(4 * 0.5)
        assert torch.isfinite(moved.grad).all()
