"""The objective and the queue: what is summed, what is blocked, what comes first goes first."""

import copy
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from fewpix.errors import ConfigError
from fewpix.losses.instance import cosine, infonce
from fewpix.losses.objective import TERMS, Objective
from fewpix.losses.queue import TeacherQueue, blocked_candidates
from fewpix.losses.relation import contrastive_relation
from fewpix.losses.sample import Sample, people_of

LABELLED = ("arcface", "cosface", "adaface", "adadistill", "octuplet")
PEOPLE = 4


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def sample(batch: int = 6, queue: int = 5, dim: int = 8) -> Sample:
    student, teacher = unit(batch, dim), unit(batch, dim, seed=1)
    candidates = torch.cat([teacher, unit(queue, dim, seed=2)])
    return Sample(
        student,
        teacher,
        candidates,
        torch.eye(batch, batch + queue, dtype=torch.bool),
        torch.arange(batch),
        torch.linspace(8, 12, batch),
        0.9,
        torch.tensor([0, 1, 0, 2, -1, 1])[:batch],
    )


def made(name: str, classes: int = PEOPLE) -> Objective:
    torch.manual_seed(0)
    return Objective({name: (1.0, {})}, 8, classes)


def test_the_total_is_the_weighted_sum_of_the_named_terms():
    objective = Objective({"cosine": (2.0, {}), "infonce": (0.5, {"temperature": 0.2})}, 8)
    seen = sample()
    values = objective(seen)
    expected = cosine(seen.student, seen.teacher), infonce(seen.student, seen.candidates, seen.blocked, 0.2)
    assert values["cosine"].item() == pytest.approx(expected[0].item())
    assert values["infonce"].item() == pytest.approx(expected[1].item())
    assert values["total"].item() == pytest.approx(2 * expected[0].item() + 0.5 * expected[1].item())


@pytest.mark.parametrize("name", TERMS)
def test_every_term_reaches_the_student_with_a_finite_gradient_also_in_a_batch_of_one(name):
    for batch in (1, 6):
        seen = sample(batch)
        student = seen.student.clone().requires_grad_()
        made(name)(replace(seen, student=student))["total"].backward()
        assert torch.isfinite(student.grad).all()
        if batch > 1:
            assert student.grad.abs().sum() > 0


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("case", ["teacher", "opposite", "one point", "one face"])
def test_no_term_breaks_at_identical_and_opposite_vectors(name, case):
    seen = sample()
    if case == "one face":  # six views of it, all alike
        teacher = seen.teacher[:1].repeat(6, 1)
        blocked = torch.zeros(6, 11, dtype=torch.bool)
        blocked[:, :6] = True
        candidates = torch.cat([teacher, seen.candidates[6:]])
        keys, labels = torch.zeros(6, dtype=torch.int64), torch.zeros(6, dtype=torch.int64)
        seen = replace(
            seen, teacher=teacher, candidates=candidates, blocked=blocked, keys=keys, labels=labels
        )
    student = {"opposite": -seen.teacher, "one point": seen.student[:1].repeat(6, 1)}.get(case, seen.teacher)
    student = student.clone().requires_grad_()
    objective = made(name)
    for _ in range(2):  # what a term remembers from the first is in the second
        student.grad = None
        value = objective(replace(seen, student=student))["total"]
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(student.grad).all()


@pytest.mark.parametrize("name", TERMS)
def test_the_order_of_the_batch_does_not_matter_to_any_term(name):
    seen, order = sample(), torch.tensor([3, 0, 5, 1, 4, 2])
    moved = Sample(
        seen.student[order],
        seen.teacher[order],
        torch.cat([seen.teacher[order], seen.candidates[6:]]),
        seen.blocked,
        seen.keys[order],
        seen.norms[order],
        seen.same,
        seen.labels[order],
    )
    one = made(name)
    other = copy.deepcopy(one)
    for _ in range(2):
        assert other(moved)["total"].item() == pytest.approx(one(seen)["total"].item(), rel=1e-5)


@pytest.mark.parametrize("name", ["cosine", "infonce", "row-kl", "crcd", "rkd", "adadistill", "octuplet"])
def test_a_common_rotation_of_the_space_does_not_matter_to_terms_that_learn_nothing(name):
    seen = sample()
    turn = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(5))).Q
    moved = replace(
        seen,
        student=seen.student @ turn,
        teacher=seen.teacher @ turn,
        candidates=seen.candidates @ turn,
    )
    assert made(name)(moved)["total"].item() == pytest.approx(made(name)(seen)["total"].item(), rel=1e-4)


@pytest.mark.parametrize("name", TERMS)
def test_no_term_writes_to_its_inputs(name):
    seen = sample()
    before = [getattr(seen, field).clone() for field in ("student", "teacher", "candidates", "blocked")]
    made(name)(seen)
    after = [getattr(seen, field) for field in ("student", "teacher", "candidates", "blocked")]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("name", TERMS)
def test_terms_that_need_labels_say_so_at_once_and_the_others_do_without(name):
    if name not in LABELLED:
        unlabelled = replace(sample(), labels=None)
        assert torch.isfinite(made(name, classes=0)(unlabelled)["total"])
        return
    with pytest.raises(ConfigError, match=rf"objective\.{name} needs faces with labels.*without labels"):
        made(name, classes=0)
    with pytest.raises(ConfigError, match=rf"objective\.{name} needs faces with labels"):
        made(name)(replace(sample(), labels=None))


def test_people_are_told_apart_by_label_and_else_by_face():
    keys = torch.tensor([5, 6, 7, 5])
    assert torch.equal(people_of(keys, None), keys)
    people = people_of(keys, torch.tensor([5, 5, -1, -1])).tolist()
    assert people[0] == people[1] == 5
    assert len(set(people[1:])) == 3
    assert all(person < -1 for person in people[2:])


def test_crrcd_looks_at_its_anchors_only_and_masks_a_face_against_itself():
    torch.manual_seed(0)
    term = TERMS["crrcd"](8, anchors=2, width=4)
    seen = sample()
    goal, relation = term.within(seen.teacher[:2], seen.teacher), term.across(seen.teacher[:2], seen.student)
    defined = ~torch.eye(2, 6, dtype=torch.bool)
    expected = contrastive_relation(goal, relation, defined, 0.1) / 6
    assert term(seen).item() == pytest.approx(expected.item())


@pytest.mark.parametrize(
    ("terms", "word"),
    [
        ({}, "no term"),
        ({"magface": (1.0, {})}, "magface"),
        ({"infonce": (1.0, {"tau": 1})}, "tau"),
        ({"cosine": (1.0, {"temperature": 1})}, "options: weight"),
        ({"arcface": (1.0, {"classes": 7})}, "classes"),
        ({"crd": (1.0, {"bank": 2.5})}, "objective.crd.bank must be a whole number above 0"),
        ({"crd": (1.0, {"momentum": 1.5})}, "objective.crd.momentum must be below 1"),
    ],
)
def test_a_wrong_objective_is_named(terms, word):
    with pytest.raises(ConfigError, match=word):
        Objective(terms, 8)


def test_the_queue_forgets_the_oldest_first():
    queue = TeacherQueue(3, 2)
    assert len(queue.contents()[0]) == 0
    for n in range(5):
        queue.push(torch.full((1, 2), float(n)), torch.tensor([n]))
    vectors, keys = queue.contents()
    assert sorted(keys.tolist()) == [2, 3, 4]
    assert sorted(vectors[:, 0].tolist()) == [2.0, 3.0, 4.0]


def test_a_batch_larger_than_the_queue_leaves_its_last_faces():
    queue = TeacherQueue(3, 1)
    queue.push(torch.arange(5.0)[:, None], torch.arange(5))
    assert sorted(queue.contents()[1].tolist()) == [2, 3, 4]
    queue.push(torch.tensor([[9.0]]), torch.tensor([9]))
    assert sorted(queue.contents()[1].tolist()) == [3, 4, 9]


def test_a_queue_of_size_zero_holds_nothing():
    queue = TeacherQueue(0, 2)
    queue.push(torch.zeros(4, 2), torch.arange(4))
    assert queue.contents()[0].shape == (0, 2)


def test_same_keys_and_near_duplicates_are_blocked():
    teacher = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    candidates = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6], [-1.0, 0.0]])
    found = blocked_candidates(teacher, torch.tensor([1, 2]), candidates, torch.tensor([1, 2, 3, 2]), 0.7)
    assert found.tolist() == [[True, False, True, False], [False, True, False, True]]
