"""Feature maps, and the geometry under all terms: exact values, slow references, points that touch."""

import math

import pytest
import torch
from torch.nn import functional as F

from fewpix.errors import ConfigError
from fewpix.losses.feature import feature
from fewpix.losses.geometry import TOUCHING, directions, distances, unit
from fewpix.losses.groups import Groups


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slow_feature(student, teacher):
    total = 0.0
    for one, other in zip(student.flatten(1).tolist(), teacher.flatten(1).tolist(), strict=True):
        product = sum(a * b for a, b in zip(one, other, strict=True))
        lengths = math.sqrt(sum(a * a for a in one)) * math.sqrt(sum(b * b for b in other))
        total += 1 - product / lengths
    return total / len(student)


def test_feature_equals_the_slow_reference():
    student, teacher = normal(3, 4, 2, 2), normal(3, 4, 2, 2, seed=1)
    assert feature(student, teacher).item() == pytest.approx(slow_feature(student, teacher), rel=1e-12)


def test_feature_is_exact_for_equal_opposite_scaled_and_orthogonal_maps():
    student = normal(2, 3, 2, 2)
    assert feature(student, 7 * student).item() == pytest.approx(0, abs=1e-12)
    assert feature(student, -student).item() == pytest.approx(2)
    halves = torch.zeros(1, 2, 1, 1, dtype=torch.float64)
    halves[0, 0] = 1
    assert feature(halves, halves.flip(1)).item() == 1


def test_a_larger_map_of_the_teacher_is_averaged_down():
    student, teacher = normal(2, 3, 2, 2), normal(2, 3, 6, 4, seed=1)
    small = torch.zeros(2, 3, 2, 2, dtype=torch.float64)
    for y in range(2):
        for x in range(2):
            small[:, :, y, x] = teacher[:, :, 3 * y : 3 * y + 3, 2 * x : 2 * x + 2].mean(dim=(2, 3))
    assert feature(student, teacher).item() == pytest.approx(slow_feature(student, small), rel=1e-12)


def test_feature_gradient_is_the_true_one_also_through_the_averaging():
    student, teacher = normal(2, 2, 2, 2).requires_grad_(), normal(2, 2, 4, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(feature, (student, teacher))


def test_feature_of_dead_maps_has_no_gradient_and_no_nan():
    student = torch.zeros(2, 3, 2, 2, requires_grad=True)
    value = feature(student, torch.ones(2, 3, 2, 2))
    value.backward()
    assert value.item() == 1
    assert torch.equal(student.grad, torch.zeros(2, 3, 2, 2))


def test_feature_does_not_depend_on_the_batch_or_on_a_common_rotation_of_the_channels():
    student, teacher = normal(4, 5, 2, 2), normal(4, 5, 2, 2, seed=1)
    value = feature(student, teacher).item()
    assert feature(student.flip(0), teacher.flip(0)).item() == pytest.approx(value, rel=1e-12)
    assert feature(student[:1], teacher[:1]).item() == pytest.approx(
        slow_feature(student[:1], teacher[:1]), rel=1e-12
    )
    turn = torch.linalg.qr(normal(5, 5, seed=2)).Q
    turned = [torch.einsum("cd,bdhw->bchw", turn, maps) for maps in (student, teacher)]
    assert feature(*turned).item() == pytest.approx(value, rel=1e-12)


def test_maps_of_other_channels_are_refused():
    with pytest.raises(ConfigError, match=r"\(2, 3\) and \(2, 4\)"):
        feature(normal(2, 3, 2, 2), normal(2, 4, 2, 2))


def test_unit_is_normalisation_away_from_zero_and_nothing_at_it():
    rows = normal(5, 4)
    assert torch.allclose(unit(rows), F.normalize(rows, dim=1), atol=1e-15)
    assert torch.autograd.gradcheck(unit, (rows.requires_grad_(),))
    zero = torch.zeros(2, 3, requires_grad=True)
    unit(zero).sum().backward()
    assert torch.equal(zero.grad, torch.zeros(2, 3))


def test_distances_are_exact_for_close_points_and_have_no_gradient_where_they_coincide():
    points = F.normalize(torch.ones(30, 8), dim=1)  # more than 25 rows: where cdist would take products
    points[1] += 1e-5
    expected = (points[1].double() - points[0].double()).norm().item()
    assert distances(points, points)[0, 1].item() == pytest.approx(expected, rel=1e-4)
    same = torch.ones(3, 4, requires_grad=True)
    distances(same, same).sum().backward()
    assert torch.equal(same.grad, torch.zeros(3, 4))
    left, right = normal(3, 4).requires_grad_(), normal(5, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(distances, (left, right))
    assert distances(left, right)[1, 2].item() == pytest.approx((left[1] - right[2]).norm().item())


def test_directions_point_from_start_to_end_and_are_nothing_where_they_touch():
    start, end = normal(2, 3), normal(4, 3, seed=1)
    found = directions(start, end)
    for i in range(2):
        for j in range(4):
            gap = end[j] - start[i]
            assert torch.allclose(found[i, j], gap / gap.norm(), atol=1e-14)
    near = start.clone().requires_grad_()
    touching = directions(start, near + TOUCHING / 4)
    assert torch.equal(touching[0, 0], torch.zeros(3, dtype=torch.float64))
    touching[0, 0].sum().backward()
    assert torch.equal(near.grad, torch.zeros(2, 3, dtype=torch.float64))


def test_groups_gather_rows_by_number_in_any_order():
    numbers, rows = torch.tensor([7, 3, 7, 9]), normal(4, 2)
    groups = Groups(numbers)
    assert groups.numbers.tolist() == [3, 7, 9]
    assert torch.allclose(groups.mean(rows), torch.stack([rows[1], (rows[0] + rows[2]) / 2, rows[3]]))
    assert groups.first(torch.tensor([10, 11, 12, 13])).tolist() == [11, 10, 13]
    turned = Groups(numbers.flip(0)).mean(rows.flip(0))
    assert torch.allclose(turned, groups.mean(rows), atol=1e-15)
