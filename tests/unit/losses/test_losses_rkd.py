"""RKD: exact values, a slow reference in loops, gradients, what must not matter, points that coincide."""

import math

import pytest
import torch
from torch.nn import functional as F

from fewpix.losses.rkd import RKD, rkd_angle, rkd_distance


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=generator, dtype=torch.float64), dim=-1)


def huber(x: float) -> float:
    return 0.5 * x * x if abs(x) < 1 else abs(x) - 0.5


def gap(points, i, j):
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(points[i].tolist(), points[j].tolist(), strict=True)))


def slow_distance(student, teacher):
    pairs = [(i, j) for i in range(len(student)) for j in range(len(student)) if i != j]
    mean_s = sum(gap(student, i, j) for i, j in pairs) / len(pairs)
    mean_t = sum(gap(teacher, i, j) for i, j in pairs) / len(pairs)
    return sum(huber(gap(student, i, j) / mean_s - gap(teacher, i, j) / mean_t) for i, j in pairs) / len(
        pairs
    )


def cosine_at(points, i, j, k):
    total = 0.0
    for a, b, c in zip(points[i].tolist(), points[j].tolist(), points[k].tolist(), strict=True):
        total += (a - b) * (c - b)
    return total / gap(points, i, j) / gap(points, k, j)


def slow_angle(student, teacher, anchors):
    values = []
    for j in range(min(anchors, len(student))):
        for i in range(len(student)):
            for k in range(len(student)):
                if len({i, j, k}) < 3 or gap(teacher, i, j) == 0 or gap(teacher, k, j) == 0:
                    continue
                values.append(huber(cosine_at(student, i, j, k) - cosine_at(teacher, i, j, k)))
    return sum(values) / len(values)


def test_distance_is_exact_on_a_line():
    student = torch.tensor([[0.0], [1.0], [2.0]], dtype=torch.float64)  # distances 1, 2, 1; mean 4/3
    teacher = torch.tensor([[0.0], [1.0], [5.0]], dtype=torch.float64)  # distances 1, 5, 4; mean 10/3
    gaps = [0.75 - 0.3, 1.5 - 1.5, 0.75 - 1.2]
    assert rkd_distance(student, teacher).item() == pytest.approx(sum(huber(g) for g in gaps) / 3)


def test_angle_is_exact_for_a_right_and_an_equilateral_triangle():
    right = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    equal = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(0.75)]], dtype=torch.float64)
    assert rkd_angle(right, equal, 1).item() == pytest.approx(huber(0 - 0.5))
    root = math.sqrt(0.5)
    expected = (huber(-0.5) + 2 * huber(root - 0.5)) / 3
    assert rkd_angle(right, equal, 3).item() == pytest.approx(expected)


@pytest.mark.parametrize("anchors", [1, 3, 9])
def test_both_equal_the_slow_reference(anchors):
    student, teacher = unit(6, 4), unit(6, 3, seed=1)  # the spaces need not have the same dimension
    assert rkd_distance(student, teacher).item() == pytest.approx(slow_distance(student, teacher), rel=1e-12)
    expected = slow_angle(student, teacher, anchors)
    assert rkd_angle(student, teacher, anchors).item() == pytest.approx(expected, rel=1e-12)


def test_triples_where_the_teacher_has_no_direction_are_left_out():
    student, teacher = unit(5, 4), unit(5, 4, seed=1)
    teacher[3] = teacher[1]
    assert rkd_angle(student, teacher, 5).item() == pytest.approx(slow_angle(student, teacher, 5), rel=1e-12)


@pytest.mark.parametrize("loss", [rkd_distance, lambda s, t: rkd_angle(s, t, 3)])
def test_gradients_are_the_true_ones(loss):
    student, teacher = unit(5, 3).requires_grad_(), unit(5, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(loss, (student, teacher))


@pytest.mark.parametrize("loss", [rkd_distance, lambda s, t: rkd_angle(s, t, 9)])
def test_order_scale_place_and_rotation_of_either_side_do_not_matter(loss):
    student, teacher = unit(6, 4), unit(6, 4, seed=1)
    value = loss(student, teacher).item()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    one, other = (torch.linalg.qr(unit(4, 4, seed=seed)).Q for seed in (2, 3))
    assert loss(student[order], teacher[order]).item() == pytest.approx(value, rel=1e-9)
    assert loss(student @ one, teacher @ other).item() == pytest.approx(value, rel=1e-9)
    assert loss(3 * student + 1, teacher / 2 - 5).item() == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("loss", [rkd_distance, lambda s, t: rkd_angle(s, t, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_coinciding_points_give_finite_values_and_gradients(loss, dtype):
    teacher = unit(4, 3, seed=1).to(dtype)
    for student in (
        torch.ones(4, 3),
        torch.tensor([[1.0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0]]),
        teacher[:1].repeat(4, 1),
    ):
        moved = student.to(dtype).clone().requires_grad_()
        for goal in (teacher, moved.detach(), -moved.detach()):
            moved.grad = None
            value = loss(moved, goal)
            value.backward()
            assert torch.isfinite(value)
            assert torch.isfinite(moved.grad).all()


def test_all_faces_at_one_point_count_as_distances_of_zero():
    teacher = unit(3, 4)
    scaled = [gap(teacher, i, j) for i in range(3) for j in range(3) if i != j]
    mean = sum(scaled) / 6
    expected = sum(huber(value / mean) for value in scaled) / 6
    assert rkd_distance(torch.ones(3, 4, dtype=torch.float64), teacher).item() == pytest.approx(expected)


def test_too_few_faces_for_a_pair_or_a_triple_are_zero_with_a_gradient_of_zero():
    for faces in (1, 2):
        student = unit(faces, 4).requires_grad_()
        value = rkd_angle(student, unit(faces, 4, seed=1), 3)
        value = value + (rkd_distance(student, unit(faces, 4, seed=1)) if faces == 1 else 0)
        value.backward()
        assert value.item() == 0
        assert torch.equal(student.grad, torch.zeros(faces, 4, dtype=torch.float64))


def test_the_term_weighs_both_and_looks_at_its_anchors():
    from types import SimpleNamespace

    student, teacher = unit(6, 4), unit(6, 4, seed=1)
    seen = SimpleNamespace(student=student, teacher=teacher)
    expected = 3 * rkd_distance(student, teacher) + 4 * rkd_angle(student, teacher, 2)
    assert RKD(4, distance=3.0, angle=4.0, anchors=2)(seen).item() == pytest.approx(expected.item())
