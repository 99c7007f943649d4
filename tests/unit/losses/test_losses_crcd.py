"""CRCD: an exact value, a slow reference in loops, masks, gradients, invariances, Z."""

import math

import pytest
import torch
from torch.nn import functional as F

from fewpix.losses.crcd import CRCD, crcd, crcd_masks, crcd_scores
from fewpix.losses.sample import Sample


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=generator, dtype=torch.float64), dim=-1)


def pairs_blocked(batch: int, *pairs: tuple[int, int]) -> torch.Tensor:
    blocked = torch.eye(batch, dtype=torch.bool)
    for i, k in pairs:
        blocked[i, k] = blocked[k, i] = True
    return blocked


def slow_crcd(student, teacher, blocked, anchors, temperature, z):
    values = []
    for j in range(anchors):
        for i in range(len(student)):
            if i == j or blocked[j, i]:
                continue
            crossing = student[i] - teacher[j]
            crossing = crossing / crossing.norm()
            others = [
                k for k in range(len(student)) if k not in (i, j) and not blocked[i, k] and not blocked[j, k]
            ]
            score = {}
            for k in [i, *others]:
                within = teacher[k] - teacher[j]
                score[k] = math.exp(float(crossing @ within / within.norm()) / temperature)
            if others:
                noise = len(others) * z
                value = -math.log(score[i] / (score[i] + noise))
                value -= sum(math.log(noise / (score[k] + noise)) for k in others)
            else:
                value = 0.0
            values.append(value)
    return sum(values) / len(values)


def sample(batch: int = 5, dim: int = 4, blocked: torch.Tensor | None = None) -> Sample:
    teacher = unit(batch, dim, seed=1)
    blocked = pairs_blocked(batch) if blocked is None else blocked
    keys, norms = torch.arange(batch), torch.ones(batch, dtype=torch.float64)
    return Sample(unit(batch, dim), teacher, teacher, blocked, keys, norms, 0.5)


def test_three_faces_are_exact():
    """Anchor 0 in the origin: the small face 1 lies where 1 is, at a right angle to 2."""
    teacher = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    scores = crcd_scores(teacher, teacher, 1, 0.5)
    assert scores[0, 1].tolist() == pytest.approx([0, 2, 0])
    value = crcd(scores, pairs_blocked(3), torch.tensor(math.log(3.0))).item()
    e2 = math.exp(2)
    assert value == pytest.approx(-math.log(e2 / (e2 + 3)) - math.log(3 / (1 + 3)))


@pytest.mark.parametrize("anchors", [1, 3, 6])
def test_it_equals_the_slow_reference_with_blocked_pairs(anchors):
    student, teacher = unit(6, 4), unit(6, 4, seed=1)
    blocked = pairs_blocked(6, (0, 3), (1, 2), (4, 5))
    log_z = torch.tensor(0.7, dtype=torch.float64)
    value = crcd(crcd_scores(student, teacher, anchors, 0.2), blocked, log_z).item()
    expected = slow_crcd(student, teacher, blocked, anchors, 0.2, math.exp(0.7))
    assert value == pytest.approx(expected, rel=1e-10)


def test_gradients_are_the_true_ones_also_in_the_teacher():
    student, teacher = unit(4, 3).requires_grad_(), unit(4, 3, seed=1).requires_grad_()
    log_z = torch.tensor(0.5, dtype=torch.float64)

    def loss(s, t):
        return crcd(crcd_scores(s, t, 3, 0.5), pairs_blocked(4, (0, 1)), log_z)

    assert torch.autograd.gradcheck(loss, (student, teacher))


def test_order_and_a_common_rotation_do_not_matter():
    student, teacher, log_z = unit(6, 4), unit(6, 4, seed=1), torch.tensor(0.7)
    blocked = pairs_blocked(6, (0, 3), (1, 2))
    value = crcd(crcd_scores(student, teacher, 6, 0.2), blocked, log_z).item()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    turned = crcd(crcd_scores(student[order], teacher[order], 6, 0.2), blocked[order][:, order], log_z)
    assert turned.item() == pytest.approx(value, rel=1e-10)
    turn = torch.linalg.qr(unit(4, 4, seed=2)).Q
    assert crcd(crcd_scores(student @ turn, teacher @ turn, 6, 0.2), blocked, log_z).item() == pytest.approx(
        value, rel=1e-10
    )


def test_masks_say_who_has_a_relation_and_who_is_a_negative():
    defined, hidden = crcd_masks(pairs_blocked(4, (0, 1)), 2)
    assert defined.tolist() == [[False, False, True, True], [False, False, True, True]]
    assert (~hidden).nonzero().tolist() == [[0, 2, 3], [0, 3, 2], [1, 2, 3], [1, 3, 2]]


def test_a_face_has_no_relation_to_itself_also_where_nothing_is_blocked():
    nothing = torch.zeros(4, 4, dtype=torch.bool)
    for found, expected in zip(crcd_masks(nothing, 3), crcd_masks(pairs_blocked(4), 3), strict=True):
        assert torch.equal(found, expected)


def test_z_is_the_mean_score_of_the_first_batch_and_stays():
    term = CRCD(4, temperature=0.5, anchors=2).double()
    first = sample()
    scores = crcd_scores(first.student, first.teacher, 2, 0.5)
    kept = [
        math.exp(float(scores[j, i, k]))
        for j in range(2)
        for i in range(5)
        for k in range(5)
        if len({j, i, k}) == 3
    ]
    z = sum(kept) / len(kept)
    blocked = first.blocked
    assert term(first).item() == pytest.approx(
        slow_crcd(first.student, first.teacher, blocked, 2, 0.5, z), rel=1e-9
    )
    assert term.z.log_z.item() == pytest.approx(math.log(z))
    second = sample(6)
    expected = slow_crcd(second.student, second.teacher, second.blocked, 2, 0.5, z)
    assert term(second).item() == pytest.approx(expected, rel=1e-9)
    assert term.z.log_z.item() == pytest.approx(math.log(z))


@pytest.mark.parametrize("batch", [1, 2])
def test_without_a_third_face_there_is_nothing_to_contrast_and_z_waits(batch):
    term, seen = CRCD(4), sample(batch)
    student = seen.student.clone().requires_grad_()
    value = term(Sample(student, *[getattr(seen, name) for name in list(seen.__dataclass_fields__)[1:]]))
    value.backward()
    assert value.item() == 0
    assert torch.equal(student.grad, torch.zeros_like(student))
    assert math.isinf(term.z.log_z.item())


def test_a_small_face_on_its_anchor_gives_no_nan():
    teacher = unit(4, 3, seed=1).float()
    for student in (teacher[:1].repeat(4, 1), -teacher, teacher.flip(0)):
        moved = student.clone().requires_grad_()
        value = crcd(crcd_scores(moved, teacher, 4, 0.05), pairs_blocked(4), torch.tensor(0.0))
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(moved.grad).all()
