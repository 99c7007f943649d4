"""One step of training: who learns, who does not, what is averaged, and the same step done slowly."""

from __future__ import annotations

import copy
import math

import pytest

from fewpix.train.recipe import Recipe

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402  (torch may not be installed)
from torch.nn import functional as F  # noqa: E402

from fewpix.losses.objective import Sample  # noqa: E402
from fewpix.losses.relation import row_kl  # noqa: E402
from fewpix.models.zoo import build  # noqa: E402
from fewpix.train.schedule import ema_decay, lr_factor  # noqa: E402
from fewpix.train.step import Distiller  # noqa: E402
from training_steps import BATCH, DIM, batch, recipe  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


def distiller(made: Recipe | None = None) -> Distiller:
    torch.manual_seed(0)
    return Distiller(build("lr24-tiny", DIM), made or recipe(), DIM, torch.device("cpu"))


def test_a_step_is_the_one_that_a_slow_loop_makes() -> None:
    """Three steps against plain autograd, a plain AdamW, and an average kept by hand."""
    made = recipe()
    quick = distiller(made)
    slow = copy.deepcopy(quick.student)
    average = {name: value.clone() for name, value in slow.state_dict().items()}
    groups = [
        {"params": [p for p in slow.parameters() if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in slow.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, fused=False, foreach=False)
    queue: list[tuple[Tensor, int]] = []
    for n in range(3):
        faces, teacher, keys = batch(n)
        told = quick.train_step(faces, teacher, keys)

        student = F.normalize(slow(faces), dim=1)
        others = torch.stack([*teacher, *(vector for vector, _ in queue)])
        same = torch.zeros(BATCH, len(others), dtype=torch.bool)
        for i in range(BATCH):
            for k in range(len(others)):
                key = keys[k].item() if k < BATCH else queue[k - BATCH][1]
                same[i, k] = key == keys[i].item() or float(teacher[i] @ others[k]) >= 0.5
        cosine = sum(1 - student[i] @ teacher[i] for i in range(BATCH)) / BATCH
        infonce = torch.zeros(())
        for i in range(BATCH):
            kept = [k for k in range(len(others)) if k == i or not same[i, k]]
            infonce = (
                infonce - torch.log_softmax(student[i] @ others[kept].T / 0.1, dim=0)[kept.index(i)] / BATCH
            )
        relation = row_kl(student, teacher, others, same)
        total = 2 * cosine + infonce + 0.5 * relation
        optimiser.zero_grad()
        total.backward()
        norm = math.sqrt(sum(float(p.grad.square().sum()) for p in slow.parameters()))
        for p in slow.parameters():
            p.grad *= min(1.0, 1.5 / norm)
        for group in optimiser.param_groups:
            group["lr"] = 1e-2 * lr_factor(n, 10, 3)
        optimiser.step()
        queue = ([] if n == 0 else queue) + [(v, int(k)) for v, k in zip(teacher, keys, strict=True)]
        queue = queue if len(queue) <= 15 else queue[-15:]
        share = 1 - ema_decay(n, 0.5)
        for name, value in slow.state_dict().items():
            if value.is_floating_point():
                average[name] = average[name] * (1 - share) + value * share

        assert told["cosine"] == pytest.approx(cosine.item(), abs=1e-5)
        assert told["infonce"] == pytest.approx(infonce.item(), abs=1e-4)
        assert told["row-kl"] == pytest.approx(relation.item(), abs=1e-5)
        assert told["total"] == pytest.approx(total.item(), abs=1e-4)
        assert told["gradient"] == pytest.approx(norm, rel=1e-3)
        assert told["lr"] == 1e-2 * lr_factor(n, 10, 3)
    assert quick.step == 3
    for name, value in slow.state_dict().items():
        # A bias before a BatchNorm has no gradient but rounding, which Adam blows up to full steps.
        if not value.is_floating_point() or name in ("head.fc.bias", "head.bn.running_mean"):
            continue
        assert torch.allclose(quick.student.state_dict()[name], value, atol=2e-4), name
        assert torch.allclose(quick.average.state_dict()[name], average[name], atol=2e-4), name


def test_the_average_is_that_of_the_states_in_between() -> None:
    """To the last bit but rounding: BatchNorm statistics are averaged, counts are copied."""
    made = distiller()
    expected = {name: value.double() for name, value in made.student.state_dict().items()}
    for n in range(8):
        made.train_step(*batch(n))
        decay = min(0.5, (1 + n) / (10 + n))
        for name, value in made.student.state_dict().items():
            expected[name] = decay * expected[name] + (1 - decay) * value.double()
    for name, value in made.average.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(value.double(), expected[name], atol=1e-6), name
            assert "running_mean" in name or not torch.equal(value, made.student.state_dict()[name]), name
        else:
            assert int(value) == 8
    assert not any(module.training for module in made.average.modules())
    assert all(module.training for module in made.student.modules())


def test_the_teacher_and_the_negatives_learn_nothing() -> None:
    made = distiller(recipe("[objective.crrcd]\nanchors = 3\nwidth = 4"))
    seen: list[Sample] = []
    made.objective.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    for n in range(2):
        faces, teacher, keys = batch(n)
        teacher.requires_grad_()
        made.train_step(faces, teacher, keys)
        assert teacher.grad is None
    for sample in seen:
        assert sample.student.requires_grad
        assert not sample.teacher.requires_grad
        assert not sample.candidates.requires_grad
    assert [len(sample.candidates) for sample in seen] == [BATCH, 2 * BATCH]
    assert not made.queue.vectors.requires_grad
    assert not any(parameter.requires_grad for parameter in made.average.parameters())


def test_the_queue_grows_to_its_size_and_forgets_the_oldest() -> None:
    made = distiller()
    sizes = []
    for n in range(4):
        made.train_step(*batch(n))
        sizes.append(len(made.queue.contents()[0]))
    assert sizes == [6, 12, 15, 15]
    vectors, keys = made.queue.contents()
    assert sorted(keys.tolist()) == list(range(24 - 15, 24))
    for vector, key in zip(vectors, keys.tolist(), strict=True):
        assert torch.equal(vector, batch(key // BATCH)[1][key % BATCH])


def test_a_run_without_a_queue_learns_from_its_batch() -> None:
    made = distiller(recipe(queue="0"))
    assert math.isfinite(made.train_step(*batch(0))["total"])
    assert made.queue.contents()[0].shape == (0, DIM)


def test_only_kernels_and_matrices_decay() -> None:
    made = distiller(recipe("[objective.crrcd]\nwidth = 4"))
    decayed, free = made.optimiser.param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.1, 0.0)
    names = {id(p): name for part in (made.student, made.objective) for name, p in part.named_parameters()}
    of_decayed = {names[id(p)] for p in decayed["params"]}
    of_free = {names[id(p)] for p in free["params"]}
    assert len(decayed["params"]) + len(free["params"]) == len(names)
    assert of_decayed | of_free == set(names.values())
    assert all(
        name.endswith(("conv.weight", "fc.weight", "inner.weight", "outer.weight")) for name in of_decayed
    )
    assert {"head.bn.weight", "head.fc.bias", "stages.0.0.act.weight", "terms.crrcd.inner.bias"} <= {
        name.replace("within.", "") for name in of_free
    }


def test_relation_modules_learn_too() -> None:
    made = distiller(recipe("[objective.crrcd]\nwidth = 4"))
    before = copy.deepcopy(made.objective.state_dict())
    made.train_step(*batch(0))
    assert before
    for name, value in made.objective.state_dict().items():
        assert not torch.equal(value, before[name]), name


def test_the_gradient_is_clipped_and_told_as_it_was() -> None:
    made = distiller(recipe(clip="1e-3"))
    told = made.train_step(*batch(0))
    left = math.sqrt(
        sum(float(p.grad.square().sum()) for p in made.student.parameters() if p.grad is not None)
    )
    assert told["gradient"] > 1
    assert left == pytest.approx(1e-3, rel=1e-3)


def test_bfloat16_computes_narrow_and_keeps_wide() -> None:
    wide, narrow = distiller(), distiller(recipe("precision = 'bf16'\n"))
    one, other = wide.train_step(*batch(0)), narrow.train_step(*batch(0))
    assert one["cosine"] != other["cosine"]
    assert one["cosine"] == pytest.approx(other["cosine"], abs=0.05)
    assert {p.dtype for p in narrow.student.parameters()} == {torch.float32}
    assert {value.dtype for value in narrow.optimiser.state_dict()["state"][0].values()} == {torch.float32}


def test_embeddings_are_the_average_s_in_float32_and_of_unit_length() -> None:
    made = distiller(recipe("precision = 'bf16'\n"))
    for n in range(3):
        made.train_step(*batch(n))
    faces = torch.randn(300, 3, 24, 24, generator=torch.Generator().manual_seed(9))  # more than one part
    rows = made.embed(faces)
    assert rows.shape == (300, DIM)
    assert (rows.dtype, rows.requires_grad) == (torch.float32, False)
    assert torch.allclose(rows.norm(dim=1), torch.ones(300), atol=1e-6)
    with torch.no_grad():
        assert torch.allclose(rows, F.normalize(made.average(faces), dim=1), atol=1e-5)
    kept = copy.deepcopy(made.average.state_dict())
    made.embed(faces)
    assert all(torch.equal(value, kept[name]) for name, value in made.average.state_dict().items())
