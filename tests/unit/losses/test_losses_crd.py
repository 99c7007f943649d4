"""CRD: the critic, Z, the bank, and the term against a slow one with dictionaries, step by step."""

import math

import pytest
import torch
from torch.nn import functional as F

from fewpix.errors import ConfigError
from fewpix.losses.bank import FaceBank
from fewpix.losses.crd import CRD
from fewpix.losses.nce import Partition, log_mean, nce
from fewpix.losses.sample import Sample


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(*shape, generator=generator, dtype=torch.float64), dim=-1)


def mask(rows: int, columns: int, share: float, seed: int = 5) -> torch.Tensor:
    return torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed)) < share


def slow_nce(positive, negative, blocked, z, defined):
    total, count = 0.0, 0
    for a in range(len(positive)):
        if not defined[a]:
            continue
        count += 1
        kept = [math.exp(float(u)) for u, b in zip(negative[a], blocked[a], strict=True) if not b]
        own, noise = math.exp(float(positive[a])), len(kept) * z
        total -= math.log(own / (own + noise))
        total -= sum(math.log(noise / (score + noise)) for score in kept)
    return total / count


def test_nce_of_one_pair_and_one_negative_is_exact():
    value = nce(
        torch.tensor([2.0]),
        torch.tensor([[0.0]]),
        torch.tensor([[False]]),
        torch.tensor(math.log(4.0)),
        torch.tensor([True]),
    )
    assert value.item() == pytest.approx(math.log(1 + 4 / math.exp(2)) + math.log(1 + 1 / 4))


def test_nce_is_repdistillers_ratio_whatever_the_number_of_images():
    """p = e^u / (n·Z), P = 1/n: p/(p + K·P), where n cancels."""
    positive, negative = 3 * unit(4, 4)[:, 0], 3 * unit(4, 9, seed=1)
    z, k = 0.8, 9
    for n in (10, 50_000):
        total = 0.0
        for a in range(4):
            p = math.exp(float(positive[a])) / (n * z)
            total -= math.log(p / (p + k / n))
            for u in negative[a]:
                total -= math.log((k / n) / (math.exp(float(u)) / (n * z) + k / n))
        none = torch.zeros(4, 9, dtype=torch.bool)
        value = nce(positive, negative, none, torch.tensor(math.log(z)), torch.ones(4, dtype=torch.bool))
        assert value.item() == pytest.approx(total / 4, rel=1e-6)


def test_nce_equals_the_slow_reference_with_blocked_and_undefined():
    positive, negative, blocked = 2 * unit(6, 2)[:, 0], 4 * unit(6, 8, seed=1), mask(6, 8, 0.4)
    blocked[3] = True
    defined = torch.tensor([True, True, False, True, True, True])
    log_z = torch.tensor(0.3, dtype=torch.float64)
    value = nce(positive, negative, blocked, log_z, defined).item()
    assert value == pytest.approx(slow_nce(positive, negative, blocked, math.exp(0.3), defined), rel=1e-10)


def test_nce_gradient_is_the_true_one_and_nothing_overflows():
    positive, negative, blocked = unit(4, 3)[:, 0].requires_grad_(), unit(4, 5, seed=1), mask(4, 5, 0.4)
    blocked[1] = True
    negative.requires_grad_()
    defined = torch.tensor([True, True, False, True])
    log_z = torch.tensor(0.3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda p, n: nce(p, n, blocked, log_z, defined), (positive, negative))
    for scale in (1e4, -1e4):
        far = (scale * positive.detach()).float().requires_grad_()
        value = nce(far, -scale * negative.detach().float(), blocked, log_z.float(), defined)
        value.backward()
        assert math.isfinite(value.item())
        assert torch.isfinite(far.grad).all()


def test_nce_without_negatives_or_without_anchors_is_zero_with_a_gradient_of_zero():
    for blocked, defined in ((True, True), (False, False)):
        positive = unit(3, 2)[:, 0].clone().requires_grad_()
        value = nce(
            positive,
            unit(3, 4),
            torch.full((3, 4), blocked),
            torch.tensor(0.0),
            torch.full((3,), defined),
        )
        value.backward()
        assert value.item() == 0
        assert torch.equal(positive.grad, torch.zeros(3, dtype=torch.float64))


def test_z_is_the_mean_score_of_the_first_batch_with_negatives_and_then_fixed():
    scores, kept = 5 * unit(3, 4), ~mask(3, 4, 0.5)
    expected = math.log(sum(math.exp(float(u)) for u in scores[kept]) / int(kept.sum()))
    assert log_mean(scores, kept).item() == pytest.approx(expected)
    z = Partition().double()
    assert z(scores, torch.ones(3, 4, dtype=torch.bool)).item() == 0
    assert z.eval()(scores, ~kept).item() == pytest.approx(expected)
    assert math.isinf(z.log_z.item())  # nothing is kept in eval mode
    assert z.train()(scores.requires_grad_(), ~kept).item() == pytest.approx(expected)
    assert z(2 * scores, ~kept).item() == pytest.approx(expected)
    assert not z(scores, ~kept).requires_grad


def bank_of(keys: list[int], bank: FaceBank, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    student, teacher = unit(len(keys), 3, seed=seed), unit(len(keys), 3, seed=seed + 100)
    numbers = torch.tensor(keys)
    bank.enter(numbers, numbers + 1000, student, teacher, unit(len(keys), 2, seed=seed + 200))
    return student, teacher


def test_the_bank_gives_each_face_one_row_and_the_oldest_row_to_a_new_one():
    bank = FaceBank(3, 3, 2).double()
    assert bank.find(torch.tensor([5, 6]))[1].tolist() == [False, False]
    bank_of([8, 5], bank)
    bank_of([5, 7], bank, seed=1)
    assert bank.filled == 3
    assert sorted(bank.keys.tolist()) == [5, 7, 8]
    bank_of([9], bank, seed=2)
    assert sorted(bank.keys.tolist()) == [7, 8, 9]  # 5 entered first: of one batch the lower number does
    places, found = bank.find(torch.tensor([8, 5, 9]))
    assert found.tolist() == [True, False, True]
    assert bank.keys[places[found]].tolist() == [8, 9]
    assert bank.people[places[found]].tolist() == [1008, 1009]


def test_a_batch_larger_than_the_bank_leaves_its_last_faces():
    bank = FaceBank(3, 3, 2).double()
    bank_of([1, 2, 3, 4, 5], bank)
    assert sorted(bank.keys.tolist()) == [3, 4, 5]
    assert bank.filled == 3
    bank_of([6], bank, seed=1)
    assert sorted(bank.keys.tolist()) == [4, 5, 6]


def test_a_face_seen_again_moves_its_row_by_momentum_and_two_views_by_their_mean():
    bank = FaceBank(4, 3, 2, momentum=0.25).double()
    old, _ = bank_of([1, 2], bank)
    new = unit(3, 3, seed=7)
    bank.update(torch.tensor([2, 9, 2]), new, new)
    mean = F.normalize((new[0] + new[2]) / 2, dim=0)
    moved = F.normalize(0.25 * old[1] + 0.75 * mean, dim=0)
    row = bank.find(torch.tensor([2]))[0]
    assert torch.allclose(bank.student[row][0], moved, atol=1e-12)
    assert torch.allclose(bank.student[bank.find(torch.tensor([1]))[0]][0], old[0], atol=1e-12)
    assert 9 not in bank.keys[: bank.filled]


class SlowCRD:
    """The same with dictionaries and exponentials."""

    def __init__(self, term: CRD) -> None:
        self.term, self.faces, self.z = term, {}, [None, None]

    def step(self, seen: Sample) -> float:
        term, size = self.term, len(self.term.bank.keys)
        student = F.normalize(term.project_student(seen.student), dim=1).detach()
        teacher = F.normalize(term.project_teacher(seen.teacher), dim=1).detach()
        keys = seen.keys.tolist()
        views = {key: [n for n, other in enumerate(keys) if other == key] for key in keys}
        mean = {
            key: [
                F.normalize(rows[views[key]].mean(dim=0), dim=0) for rows in (student, teacher, seen.teacher)
            ]
            for key in keys
        }
        for key in sorted(views):
            if key not in self.faces:
                person = int(seen.people[views[key][0]])
                self.faces[key] = [*mean[key], person]
        while len(self.faces) > size:
            del self.faces[next(iter(self.faces))]
        total = 0.0
        for side, (anchors, other) in enumerate(((student, teacher), (teacher, student))):
            scores, partners = [], []
            for i, key in enumerate(keys):
                own = self.faces[key][1 - side] if key in self.faces else other[i]
                partners.append(math.exp(float(anchors[i] @ own) / term.temperature))
                scores.append(
                    [
                        math.exp(float(anchors[i] @ row[1 - side]) / term.temperature)
                        for row in self.faces.values()
                        if row[3] != int(seen.people[i]) and float(seen.teacher[i] @ row[2]) < seen.same
                    ]
                )
            every = [score for row in scores for score in row]
            if self.z[side] is None and every:
                self.z[side] = sum(every) / len(every)
            for own, others in zip(partners, scores, strict=True):
                noise = len(others) * (self.z[side] or 1)
                total -= math.log(own / (own + noise)) if others else 0
                total -= sum(math.log(noise / (score + noise)) for score in others)
        for key in views:
            if key in self.faces:
                row = self.faces[key]
                for side in (0, 1):
                    row[side] = F.normalize(0.5 * row[side] + 0.5 * mean[key][side], dim=0)
        return total / len(keys)


def sample(keys: list[int], seed: int = 0, labels: list[int] | None = None, same: float = 0.6) -> Sample:
    batch, dim = len(keys), 5
    teacher = unit(batch, dim, seed=seed + 50)
    return Sample(
        unit(batch, dim, seed=seed),
        teacher,
        teacher,
        torch.eye(batch, dtype=torch.bool),
        torch.tensor(keys),
        torch.ones(batch, dtype=torch.float64),
        same,
        None if labels is None else torch.tensor(labels),
    )


def crd(**options: float) -> CRD:
    torch.manual_seed(0)
    return CRD(5, width=4, temperature=0.3, **options).double()


@pytest.mark.parametrize("size", [50, 5, 3])
@pytest.mark.parametrize("labelled", [False, True])
def test_the_term_equals_the_slow_one_over_steps(size, labelled):
    term = crd(bank=size)
    slow = SlowCRD(term)
    batches = [[4, 1, 2, 4], [1, 2, 3], [9, 8, 1, 7], [4, 4, 4], [5, 9, 6, 2]]
    for n, keys in enumerate(batches):
        labels = [-1 if key % 3 == 0 else key % 2 for key in keys] if labelled else None
        seen = sample(keys, seed=10 * n, labels=labels)
        expected = slow.step(seen)
        assert term(seen).item() == pytest.approx(expected, rel=1e-8)
    assert [z.log_z.exp().item() for z in (term.z_student, term.z_teacher)] == pytest.approx(slow.z, rel=1e-9)


def test_gradients_are_the_true_ones_in_the_student_and_the_projections():
    term = crd(bank=20)
    for n, keys in enumerate(([1, 2, 3], [4, 5, 1])):
        term(sample(keys, seed=n))
    term.eval()  # so that each call sees the same bank
    seen = sample([2, 1, 5], seed=3)  # all in the bank, whose rows are constants

    def loss(student, weight, bias):
        moved = Sample(student, *[getattr(seen, name) for name in list(seen.__dataclass_fields__)[1:]])
        return torch.func.functional_call(
            term, {"project_student.weight": weight, "project_teacher.bias": bias}, (moved,)
        )

    inputs = seen.student, term.project_student.weight.detach(), term.project_teacher.bias.detach()
    assert torch.autograd.gradcheck(loss, [value.clone().requires_grad_() for value in inputs])


def test_a_training_step_can_go_backward_after_the_bank_has_moved():
    term = crd(bank=10)
    for n in range(2):
        seen = sample([1, 2, 3], seed=n)
        student = seen.student.clone().requires_grad_()
        term(
            Sample(student, *[getattr(seen, name) for name in list(seen.__dataclass_fields__)[1:]])
        ).backward()
        assert student.grad.abs().sum() > 0
        assert torch.isfinite(student.grad).all()
        assert term.project_teacher.weight.grad.abs().sum() > 0


def test_eval_mode_remembers_nothing_and_order_does_not_matter():
    term = crd(bank=20)
    term(sample([1, 2, 3, 4]))
    term.eval()
    before = {name: value.clone() for name, value in term.state_dict().items()}
    seen = sample([3, 9, 9, 1], seed=4)
    value = term(seen).item()
    order = torch.tensor([2, 0, 3, 1])
    turned = Sample(
        seen.student[order],
        seen.teacher[order],
        seen.candidates[order],
        seen.blocked[order][:, order],
        seen.keys[order],
        seen.norms[order],
        seen.same,
    )
    assert term(turned).item() == pytest.approx(value, rel=1e-10)
    assert all(torch.equal(value, before[name]) for name, value in term.state_dict().items())


def test_a_batch_of_one_has_nothing_to_contrast_until_the_bank_has_others():
    term = crd(bank=20)
    assert term(sample([1])).item() == 0
    assert math.isinf(term.z_student.log_z.item())
    assert term(sample([2], seed=7, same=1.0)).item() > 0
    assert math.isfinite(term.z_student.log_z.item())


def test_the_state_is_buffers_of_fixed_shape():
    term = crd(bank=20)
    shapes = {name: value.shape for name, value in term.state_dict().items()}
    for n, keys in enumerate(([1, 2, 3], [4, 5, 1])):
        term(sample(keys, seed=n))
    assert {name: value.shape for name, value in term.state_dict().items()} == shapes
    copy = crd(bank=20)
    copy.load_state_dict(term.state_dict())
    seen = sample([2, 4, 6], seed=9)
    assert copy(seen).item() == term(seen).item()


def test_a_momentum_of_one_is_refused():
    with pytest.raises(ConfigError, match=r"objective\.crd\.momentum must be below 1"):
        CRD(5, momentum=1.0)
