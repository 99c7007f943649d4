"""Instance terms: exact values, gradients, invariances, a slow reference."""

import math

import pytest
import torch
from torch.nn import functional as F

from fewpix.losses.instance import cosine, infonce


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=generator, dtype=torch.float64), dim=-1)


def none_blocked(rows: int, columns: int) -> torch.Tensor:
    return torch.zeros(rows, columns, dtype=torch.bool)


def slow_infonce(student, candidates, blocked, temperature):
    total = 0.0
    for i in range(len(student)):
        own = math.exp(float(student[i] @ candidates[i]) / temperature)
        rest = sum(
            math.exp(float(student[i] @ candidates[k]) / temperature)
            for k in range(len(candidates))
            if k != i and not blocked[i, k]
        )
        total -= math.log(own / (own + rest))
    return total / len(student)


def test_cosine_is_exact_at_known_angles():
    a = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    b = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert cosine(a, b).item() == pytest.approx((0 + 1 + 2) / 3)


def test_infonce_of_two_orthogonal_faces_is_exact():
    faces = torch.eye(2, dtype=torch.float64)
    expected = math.log(1 + math.exp(-1 / 0.5))
    assert infonce(faces, faces, none_blocked(2, 2), 0.5).item() == pytest.approx(expected)


def test_infonce_equals_the_slow_reference_with_a_queue_and_blocks():
    student, candidates = unit(6, 5), unit(11, 5, seed=1)
    blocked = torch.rand(6, 11, generator=torch.Generator().manual_seed(2)) < 0.3
    value = infonce(student, candidates, blocked, 0.07).item()
    assert value == pytest.approx(slow_infonce(student, candidates, blocked, 0.07), rel=1e-12)


def test_infonce_keeps_the_positive_even_when_it_is_blocked_and_leaves_the_mask_alone():
    student, candidates = unit(4, 5), unit(8, 5, seed=1)
    blocked = torch.eye(4, 8, dtype=torch.bool)
    before = blocked.clone()
    assert (
        infonce(student, candidates, blocked).item()
        == infonce(student, candidates, none_blocked(4, 8)).item()
    )
    assert torch.equal(blocked, before)


def test_infonce_is_zero_when_every_negative_is_blocked():
    student = unit(3, 4)
    assert infonce(student, unit(7, 4, seed=1), ~none_blocked(3, 7)).item() == 0


def test_a_batch_of_one_without_a_queue_has_nothing_to_contrast():
    assert infonce(unit(1, 4), unit(1, 4, seed=1), none_blocked(1, 1)).item() == 0


def test_infonce_does_not_depend_on_the_order_of_the_queue_or_of_the_batch():
    student, teacher, queue = unit(5, 6), unit(5, 6, seed=1), unit(9, 6, seed=2)
    value = infonce(student, torch.cat([teacher, queue]), none_blocked(5, 14))
    turned = infonce(student.flip(0), torch.cat([teacher.flip(0), queue.flip(0)]), none_blocked(5, 14))
    assert turned.item() == pytest.approx(value.item(), rel=1e-12)


@pytest.mark.parametrize("term", ["cosine", "infonce"])
def test_gradients_are_the_true_ones_and_inputs_are_left_alone(term):
    student, candidates = unit(3, 4).requires_grad_(), unit(5, 4, seed=1).requires_grad_()
    before = student.detach().clone(), candidates.detach().clone()

    def loss(a, b):
        return cosine(a, b[:3]) if term == "cosine" else infonce(a, b, none_blocked(3, 5), 0.5)

    assert torch.autograd.gradcheck(loss, (student, candidates))
    assert torch.equal(student.detach(), before[0])
    assert torch.equal(candidates.detach(), before[1])
