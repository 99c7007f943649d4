"""The objective and the queue: what is summed, what is blocked, what comes first goes first."""

import pytest
import torch
from torch.nn import functional as F

from fewpix.errors import ConfigError
from fewpix.losses.instance import cosine, infonce
from fewpix.losses.objective import TERMS, Objective, Sample
from fewpix.losses.queue import TeacherQueue, blocked_candidates
from fewpix.losses.relation import contrastive_relation


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def sample(batch: int = 6, queue: int = 5, dim: int = 8) -> Sample:
    student, teacher = unit(batch, dim), unit(batch, dim, seed=1)
    candidates = torch.cat([teacher, unit(queue, dim, seed=2)])
    return Sample(student, teacher, candidates, torch.eye(batch, batch + queue, dtype=torch.bool))


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
        torch.manual_seed(0)
        loss = Objective({name: (1.0, {})}, 8)(Sample(student, seen.teacher, seen.candidates, seen.blocked))[
            "total"
        ]
        loss.backward()
        assert torch.isfinite(student.grad).all()
        if batch > 1:
            assert student.grad.abs().sum() > 0


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
    [({}, "no term"), ({"arcface": (1.0, {})}, "arcface"), ({"infonce": (1.0, {"tau": 1})}, "tau")],
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
