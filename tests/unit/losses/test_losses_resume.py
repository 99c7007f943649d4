"""Terms that remember and learn, in a run: labels reach them, and a checkpoint brings all of it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from fewpix.errors import ConfigError

torch = pytest.importorskip("torch")

from fewpix.losses.sample import Sample  # noqa: E402  (torch may not be installed)
from fewpix.models.zoo import build  # noqa: E402
from fewpix.train.check import check_names  # noqa: E402
from fewpix.train.checkpoint import load_checkpoint, save_checkpoint  # noqa: E402
from fewpix.train.step import Distiller  # noqa: E402
from training_steps import BATCH, DIM, IDENTITY, batch, everything, recipe  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

UNLABELLED = """
[objective.crd]
bank = 15
width = 4
[objective.crcd]
[objective.rkd]
weight = 0.1
[objective.crrcd]
width = 4
"""
LABELLED = """
[objective.arcface]
scale = 8.0
[objective.cosface]
[objective.adaface]
[objective.adadistill]
[objective.octuplet]
"""
LABELS = torch.tensor([0, 1, 0, 2, -1, 1])


def distiller(seed: int, terms: str, classes: int = 0) -> Distiller:
    torch.manual_seed(seed)
    return Distiller(build("lr24-tiny", DIM), recipe(terms), DIM, torch.device("cpu"), classes)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("labelled", [False, True], ids=["without labels", "with labels"])
def test_a_run_goes_on_from_its_checkpoint_to_the_last_bit(
    labelled: bool, steps: int, tmp_path: Path
) -> None:
    terms, classes, labels = (UNLABELLED + LABELLED, 3, LABELS) if labelled else (UNLABELLED, 0, None)
    first = distiller(0, terms, classes)
    for n in range(steps):
        first.train_step(*batch(n % 3), labels)
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, first, IDENTITY)
    told = [first.train_step(*batch(n % 3), labels) for n in range(steps, steps + 3)]

    second = distiller(1, terms, classes)
    load_checkpoint(path, second)
    assert [second.train_step(*batch(n % 3), labels) for n in range(steps, steps + 3)] == told
    expected = everything(first)
    assert set(everything(second)) == set(expected)
    for name, value in everything(second).items():
        assert torch.equal(value, expected[name]), name


def test_labels_make_people_of_faces_for_every_negative() -> None:
    made = distiller(0, UNLABELLED)
    seen: list[Sample] = []
    made.objective.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    for n in range(2):
        made.train_step(*batch(n), LABELS)
    same = (LABELS[:, None] == LABELS[None, :]) & (LABELS >= 0)[:, None]
    assert torch.equal(seen[0].blocked, same | torch.eye(BATCH, dtype=torch.bool))
    # Of the last batch's faces, kept in the queue, those of the anchor's person are blocked too.
    assert torch.equal(seen[1].blocked[:, BATCH:], same)
    assert torch.allclose(seen[0].norms.mean(), torch.tensor(DIM**0.5), atol=1)
    assert not seen[0].norms.requires_grad


def test_a_term_that_needs_labels_is_refused_before_the_run() -> None:
    check_names(recipe(LABELLED))  # the names are right; whether there are labels is another question
    with pytest.raises(ConfigError, match=r"objective\.arcface needs faces with labels"):
        distiller(0, LABELLED)
