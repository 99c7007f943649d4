"""Margins: exact values at known angles, slow references with arc cosines, true gradients, the edges."""

import math
from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from fewpix.losses.centres import moved_centres
from fewpix.losses.margins import adaface, arcface, cosface, norm_quality, turned
from fewpix.losses.people import AdaFace

LABELS = torch.tensor([2, 0, -1, 1])
QUALITY = torch.tensor([-1.0, 0.4, 0.0, 1.0], dtype=torch.float64)


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=generator, dtype=torch.float64), dim=-1)


def cosines_of(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def slow(cosines, labels, own, scale):
    """Cross-entropy with own(cos, i) in the place of the own person's cosine."""
    values = []
    for i, label in enumerate(labels.tolist()):
        if label < 0:
            continue
        row = [math.exp(scale * float(c)) for c in cosines[i]]
        row[label] = math.exp(scale * own(float(cosines[i, label]), i))
        values.append(-math.log(row[label] / sum(row)))
    return sum(values) / len(values)


def slow_arc(c: float, margin: float) -> float:
    theta = math.acos(c)
    return math.cos(theta + margin) if theta + margin <= math.pi else c - margin * math.sin(margin)


def slow_ada(c: float, margin: float, quality: float) -> float:
    theta = min(max(math.acos(c) - margin * quality, 0.0), math.pi)
    return math.cos(theta) - margin * (1 + quality)


LOSSES = {
    "arcface": lambda c, labels, scale: arcface(c, labels, 0.5, scale),
    "cosface": lambda c, labels, scale: cosface(c, labels, 0.35, scale),
    "adaface": lambda c, labels, scale: adaface(c, labels, QUALITY[: len(c)].to(c.dtype), 0.4, scale),
}
OWN = {
    "arcface": lambda c, i: slow_arc(c, 0.5),
    "cosface": lambda c, i: c - 0.35,
    "adaface": lambda c, i: slow_ada(c, 0.4, float(QUALITY[i])),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("seed", range(3))
def test_each_equals_the_slow_reference_and_leaves_its_inputs_alone(name, seed):
    cosines = unit(4, 6, seed=seed) @ unit(3, 6, seed=seed + 10).T
    before = cosines.clone()
    value = LOSSES[name](cosines, LABELS, 8.0).item()
    assert value == pytest.approx(slow(cosines, LABELS, OWN[name], 8.0), rel=1e-10)
    assert torch.equal(cosines, before)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_the_true_ones_on_both_sides_of_every_edge(name):
    """Own cosines near 1, in the middle, past π − m, and near −1; the rest of the row in between."""
    for own in (0.999, 0.95, 0.3, -0.85, -0.95, -0.999):
        cosines = cosines_of([0.1, -0.3, own], [own, 0.5, 0.2], [0.1, 0.2, 0.3], [0.4, own, -0.5])
        assert torch.autograd.gradcheck(lambda c: LOSSES[name](c, LABELS, 4.0), (cosines.requires_grad_(),))


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_through_the_embeddings_are_the_true_ones(name):
    raw, people = unit(4, 5).requires_grad_(), unit(3, 5, seed=1).requires_grad_()

    def loss(x, w):
        return LOSSES[name](F.normalize(x, dim=1) @ F.normalize(w, dim=1).T, LABELS, 8.0)

    assert torch.autograd.gradcheck(loss, (raw, people))


def test_arcface_is_exact_for_a_face_on_its_person_and_one_at_a_right_angle():
    value = arcface(cosines_of([1.0, 0.0]), torch.tensor([0]), 0.5, 4.0).item()
    assert value == pytest.approx(math.log(1 + math.exp(4 * (0 - math.cos(0.5)))))
    value = arcface(cosines_of([0.0, 0.0]), torch.tensor([0]), 0.5, 4.0).item()
    assert value == pytest.approx(math.log(1 + math.exp(4 * math.sin(0.5))))


def test_cosface_is_exact():
    value = cosface(cosines_of([0.6, 0.2]), torch.tensor([0]), 0.35, 4.0).item()
    assert value == pytest.approx(math.log(1 + math.exp(4 * (0.2 - 0.25))))


@pytest.mark.parametrize(
    ("quality", "own"),
    [(-1.0, math.cos(math.pi / 2 + 0.4)), (0.0, 0 - 0.4), (1.0, math.cos(math.pi / 2 - 0.4) - 0.8)],
)
def test_adaface_is_arcface_for_poor_pictures_cosface_for_middling_ones(quality, own):
    value = adaface(cosines_of([0.0, 0.1]), torch.tensor([0]), torch.tensor([quality]).double(), 0.4, 4.0)
    assert value.item() == pytest.approx(math.log(1 + math.exp(4 * (0.1 - own))))


def test_the_own_cosine_of_arcface_always_falls_with_the_angle():
    angles = torch.linspace(0, math.pi, 2001, dtype=torch.float64)
    rows = torch.stack([angles.cos(), torch.zeros_like(angles)], dim=1)
    values = [arcface(row[None], torch.tensor([0]), 0.5, 1.0).item() for row in rows]
    assert all(b > a for a, b in pairwise(values))
    past = angles > math.pi - 0.5
    step = math.cos(0.5) + 0.5 * math.sin(0.5) - 1
    first = int(past.nonzero()[0])
    own = [-math.log(math.expm1(values[n])) for n in (first - 1, first)]
    assert own[0] - own[1] == pytest.approx(step, abs=2e-3)
    assert step == pytest.approx(0.117, abs=1e-3)


def test_turned_is_the_cosine_of_the_sum_held_in_its_range():
    cosines = unit(200, 3)[:, 0]
    for angle in (-0.7, -0.1, 0.0, 0.3, 2.0):
        found = turned(cosines, torch.full_like(cosines, angle))
        for c, value in zip(cosines.tolist(), found.tolist(), strict=True):
            assert value == pytest.approx(math.cos(min(max(math.acos(c) + angle, 0), math.pi)), abs=1e-12)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_identical_and_opposite_vectors_have_finite_values_and_gradients(name, dtype):
    people = unit(3, 5).to(dtype)
    for sign in (1, -1):
        raw = (sign * people[[2, 0, 0, 1]]).clone().requires_grad_()
        quality = LOSSES[name](F.normalize(raw, dim=1) @ people.T, LABELS, 64.0)
        quality.backward()
        assert torch.isfinite(quality)
        assert torch.isfinite(raw.grad).all()
        assert raw.grad.norm(dim=1).max() <= 64 * 2
    beyond = torch.tensor([[1.0000001, -1.0000001, 0.0]] * 4).to(dtype).requires_grad_()
    LOSSES[name](beyond, torch.tensor([0, 1, -1, 2]), 64.0).backward()
    assert torch.isfinite(beyond.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_faces_without_a_label_take_no_part(name):
    cosines = unit(4, 3).requires_grad_()
    LOSSES[name](cosines, LABELS, 8.0).backward()
    assert torch.equal(cosines.grad[2], torch.zeros(3, dtype=torch.float64))
    cosines.grad = None
    value = LOSSES[name](cosines, torch.full((4,), -1), 8.0)
    value.backward()
    assert value.item() == 0
    assert torch.equal(cosines.grad, torch.zeros(4, 3, dtype=torch.float64))


@pytest.mark.parametrize("name", ["arcface", "cosface"])
def test_order_of_faces_and_of_people_does_not_matter(name):
    cosines = unit(4, 3)
    value = LOSSES[name](cosines, LABELS, 8.0).item()
    order = torch.tensor([3, 1, 0, 2])
    assert LOSSES[name](cosines[order], LABELS[order], 8.0).item() == pytest.approx(value, rel=1e-12)
    names = torch.tensor([1, 2, 0])  # person p is called names[p] now
    renamed = torch.where(LABELS >= 0, names[LABELS.clamp(min=0)], -1)
    assert LOSSES[name](cosines[:, names.argsort()], renamed, 8.0).item() == pytest.approx(value, rel=1e-12)


def test_quality_is_exact_clipped_and_without_gradient():
    norms = torch.tensor([10.0, 13.0, 40.0, 0.0], requires_grad=True)
    found = norm_quality(norms, torch.tensor(10.0), torch.tensor(2.0), 0.333)
    assert found.tolist() == pytest.approx([0, 0.333 * 3 / 2.001, 1, -1])
    assert not found.requires_grad
    assert torch.isfinite(norm_quality(norms, torch.tensor(10.0), torch.tensor(0.0))).all()


def test_adaface_follows_the_norms_of_the_batches_and_one_face_teaches_it_no_deviation():
    from types import SimpleNamespace

    torch.manual_seed(0)
    term = AdaFace(5, 3, rate=0.5).double()
    norms = torch.tensor([8.0, 10.0, 12.0, 14.0], dtype=torch.float64)
    seen = SimpleNamespace(student=unit(4, 5), norms=norms, labels_for=lambda name: LABELS)
    term(seen)
    assert term.mean.item() == pytest.approx(0.5 * 20 + 0.5 * 11)
    deviation = math.sqrt((9 + 1 + 1 + 9) / 3)
    assert term.deviation.item() == pytest.approx(0.5 * 100 + 0.5 * deviation)
    state = {name: value.clone() for name, value in term.state_dict().items()}
    term(SimpleNamespace(student=unit(1, 5), norms=norms[:1], labels_for=lambda name: LABELS[:1]))
    term.eval()(seen)
    assert all(torch.equal(value, state[name]) for name, value in term.state_dict().items())


def test_centres_move_as_a_slow_loop_moves_them():
    centres, student, teacher = 0.7 * unit(4, 5), unit(6, 5, seed=1), unit(6, 5, seed=2)
    centres[3] = 0
    student = F.normalize(student + 2 * teacher, dim=1)  # near the teacher, so that something is kept
    student[0] = -teacher[0]
    labels = torch.tensor([0, 1, 1, -1, 3, 1])
    expected = centres.clone()
    for person in range(4):
        moved = []
        for i in range(6):
            if labels[i] != person:
                continue
            length = float(centres[person].norm())
            typical = float(centres[person] @ teacher[i]) / length if length else 0.0
            kept = float(student[i] @ teacher[i]) * min(max(typical, 1e-6), 1)
            kept = min(max(kept, 1e-6), 1)
            moved.append(kept * centres[person] + (1 - kept) * teacher[i])
        if moved:
            expected[person] = torch.stack(moved).mean(dim=0)
    before = centres.clone()
    found = moved_centres(centres, student, teacher, labels)
    assert torch.allclose(found, expected, atol=1e-12)
    assert torch.equal(centres, before)
    assert torch.allclose(found[3], teacher[4], atol=2e-6)  # first seen: the embedding as it is
    assert torch.equal(found[2], centres[2])  # not in the batch
    order = torch.tensor([5, 4, 3, 2, 1, 0])
    turned_round = moved_centres(centres, student[order], teacher[order], labels[order])
    assert torch.allclose(turned_round, found, atol=1e-12)


def test_centres_turn_with_the_space_and_stay_where_nobody_has_a_label():
    centres, student, teacher = unit(3, 5), unit(4, 5, seed=1), unit(4, 5, seed=2)
    turn = torch.linalg.qr(unit(5, 5, seed=3)).Q
    found = moved_centres(centres, student, teacher, LABELS)
    turned_round = moved_centres(centres @ turn, student @ turn, teacher @ turn, LABELS)
    assert torch.allclose(turned_round, found @ turn, atol=1e-12)
    assert torch.equal(moved_centres(centres, student, teacher, torch.full((4,), -1)), centres)
