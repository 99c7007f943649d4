"""Relation terms: exact values, gradients, masks, slow references."""

import math

import pytest
import torch
from torch.nn import functional as F

from fewpix.losses.relation import RelationModule, contrastive_relation, row_kl


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=generator, dtype=torch.float64), dim=-1)


def mask(rows: int, columns: int, share: float, seed: int = 5) -> torch.Tensor:
    return torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed)) < share


def slow_row_kl(student, teacher, candidates, blocked, tau_s, tau_t):
    rows = []
    for i in range(len(student)):
        kept = [k for k in range(len(candidates)) if not blocked[i, k]]
        if not kept:
            continue
        goal = [math.exp(float(teacher[i] @ candidates[k]) / tau_t) for k in kept]
        row = [math.exp(float(student[i] @ candidates[k]) / tau_s) for k in kept]
        goal, row = [g / sum(goal) for g in goal], [r / sum(row) for r in row]
        rows.append(sum(g * math.log(g / r) for g, r in zip(goal, row, strict=True)))
    return sum(rows) / len(rows)


def slow_contrast(goal, relation, defined, temperature):
    positive, negative, pairs = 0.0, 0.0, 0
    for i in range(goal.shape[0]):
        for j in range(goal.shape[1]):
            if not defined[i, j]:
                continue
            pairs += 1
            for k in range(goal.shape[1]):
                if not defined[i, k]:
                    continue
                h = 1 / (1 + math.exp(-float(goal[i, j] @ relation[i, k]) / temperature))
                if k == j:
                    positive -= math.log(h)
                else:
                    negative -= math.log(1 - h)
    return (positive + negative) / pairs


def test_row_kl_is_zero_when_the_student_is_the_teacher():
    teacher, others = unit(4, 6), unit(9, 6, seed=1)
    assert row_kl(teacher, teacher, others, mask(4, 9, 0.2)).item() == pytest.approx(0, abs=1e-12)


def test_row_kl_is_exact_for_two_candidates():
    student = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    teacher = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    p = 1 / (1 + math.exp(-1 / 0.5))
    expected = p * math.log(p / (1 - p)) + (1 - p) * math.log((1 - p) / p)
    value = row_kl(student, teacher, torch.eye(2, dtype=torch.float64), mask(1, 2, 0), 0.5, 0.5)
    assert value.item() == pytest.approx(expected)


def test_row_kl_equals_the_slow_reference_and_leaves_out_rows_without_candidates():
    student, teacher, others = unit(6, 5), unit(6, 5, seed=1), unit(8, 5, seed=2)
    blocked = mask(6, 8, 0.3)
    blocked[2] = True
    value = row_kl(student, teacher, others, blocked, 0.2, 0.1).item()
    assert value == pytest.approx(slow_row_kl(student, teacher, others, blocked, 0.2, 0.1), rel=1e-9)


def test_row_kl_without_any_candidate_is_zero_with_a_gradient_of_zero():
    student = unit(3, 4).requires_grad_()
    value = row_kl(student, unit(3, 4, seed=1), unit(5, 4, seed=2), ~mask(3, 5, 0))
    value.backward()
    assert value.item() == 0
    assert torch.equal(student.grad, torch.zeros(3, 4, dtype=torch.float64))


def test_row_kl_sees_a_common_rotation_of_everything_as_nothing():
    student, teacher, others = unit(4, 5), unit(4, 5, seed=1), unit(7, 5, seed=2)
    rotation = torch.linalg.qr(unit(5, 5, seed=3)).Q
    value = row_kl(student, teacher, others, mask(4, 7, 0.2))
    turned = row_kl(student @ rotation, teacher @ rotation, others @ rotation, mask(4, 7, 0.2))
    assert turned.item() == pytest.approx(value.item(), rel=1e-9)


def test_row_kl_gradient_is_the_true_one_with_blocked_candidates():
    student = unit(3, 4).requires_grad_()
    blocked = mask(3, 6, 0.4)
    blocked[1] = True
    assert torch.autograd.gradcheck(
        lambda s: row_kl(s, unit(3, 4, seed=1), unit(6, 4, seed=2), blocked, 0.5, 0.5), (student,)
    )
    row_kl(student, unit(3, 4, seed=1), unit(6, 4, seed=2), blocked).backward()
    assert torch.isfinite(student.grad).all()


def test_the_relation_module_is_the_formula_applied_pair_by_pair():
    torch.manual_seed(0)
    module = RelationModule(5, 7).double()
    left, right = unit(3, 5), unit(4, 5, seed=1)
    found = module(left, right)
    for i in range(3):
        for j in range(4):
            pair = module.outer(F.relu(module.inner(left[i] - right[j])))
            assert torch.allclose(found[i, j], pair / pair.norm(), atol=1e-12)


def test_contrast_is_exact_for_two_opposite_relations():
    relation = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]]], dtype=torch.float64)
    value = contrastive_relation(relation, relation, ~mask(1, 2, 0), 0.5).item()
    assert value == pytest.approx(2 * math.log(1 + math.exp(-2)))


def test_contrast_equals_the_slow_reference_with_undefined_pairs():
    goal, relation = unit(4, 6, 3), unit(4, 6, 3, seed=1)
    defined = ~mask(4, 6, 0.3)
    value = contrastive_relation(goal, relation, defined, 0.2).item()
    assert value == pytest.approx(slow_contrast(goal, relation, defined, 0.2), rel=1e-9)


def test_contrast_with_nothing_defined_is_zero():
    assert contrastive_relation(unit(2, 2, 3), unit(2, 2, 3), mask(2, 2, 0), 0.2).item() == 0


def test_contrast_does_not_overflow_and_its_gradient_is_the_true_one():
    assert math.isfinite(contrastive_relation(unit(2, 4, 3), -unit(2, 4, 3), ~mask(2, 4, 0), 1e-3).item())
    goal, relation = unit(2, 4, 3).requires_grad_(), unit(2, 4, 3, seed=1).requires_grad_()
    defined = ~torch.eye(2, 4, dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda a, b: contrastive_relation(a, b, defined, 0.5), (goal, relation))
