"""Checkpoints: everything comes back to the last bit, and what is no checkpoint of this run is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fewpix.errors import StorageError, WeightsError

torch = pytest.importorskip("torch")

from safetensors import safe_open  # noqa: E402  (torch may not be installed)
from safetensors.torch import save_file  # noqa: E402

from fewpix.models.zoo import build  # noqa: E402
from fewpix.train.checkpoint import (  # noqa: E402
    load_checkpoint,
    read_identity,
    save_checkpoint,
)
from fewpix.train.recipe import Recipe  # noqa: E402
from fewpix.train.step import Distiller  # noqa: E402
from training_steps import DIM, IDENTITY, batch, everything, recipe  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


TERMS = "[objective.crrcd]\nwidth = 4\n"


def distiller(seed: int, made: Recipe | None = None, arch: str = "lr24-tiny") -> Distiller:
    torch.manual_seed(seed)
    return Distiller(build(arch, DIM), made or recipe(TERMS), DIM, torch.device("cpu"))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_a_run_goes_on_from_its_checkpoint_to_the_last_bit(
    precision: str, steps: int, tmp_path: Path
) -> None:
    made = recipe(TERMS.replace("[obj", f"precision = '{precision}'\n[obj"))
    first = distiller(0, made)
    for n in range(steps):
        first.train_step(*batch(n))
    path = tmp_path / "new" / "checkpoint.safetensors"
    save_checkpoint(path, first, IDENTITY)
    drawn = torch.rand(3)
    told = [first.train_step(*batch(n)) for n in range(steps, steps + 3)]

    second = distiller(1, made)  # another random start, of which nothing may be left
    assert read_identity(path) == IDENTITY
    load_checkpoint(path, second)
    assert second.step == steps
    assert torch.equal(torch.rand(3), drawn)
    assert [second.train_step(*batch(n)) for n in range(steps, steps + 3)] == told
    expected = everything(first)
    assert set(everything(second)) == set(expected)
    for name, value in everything(second).items():
        assert torch.equal(value, expected[name]), name
    assert second.queue.added == first.queue.added == 6 * (steps + 3)


def test_the_file_holds_what_the_documents_say(tmp_path: Path) -> None:
    made = distiller(0)
    made.train_step(*batch(0))
    save_checkpoint(tmp_path / "c.safetensors", made, IDENTITY)
    with safe_open(str(tmp_path / "c.safetensors"), framework="pt") as file:
        facts, names = file.metadata(), set(file.keys())
        queue = file.get_tensor("queue.vectors")
    assert set(facts) == {"format", "step", "queue_added", "identity"}
    assert (facts["step"], facts["queue_added"], facts["format"]) == ("1", "6", "1")
    assert json.loads(facts["identity"])["threads"] == 2
    assert queue.shape == (15, DIM)
    parts = {name.split(".")[0] for name in names}
    assert parts == {"random", "student", "average", "objective", "optimiser", "queue"}
    assert {
        "student.head.bn.running_mean",
        "student.head.bn.num_batches_tracked",
        "optimiser.0.exp_avg",
    } <= names


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = distiller(0)
    made.train_step(*batch(0))
    save_checkpoint(tmp_path / "c.safetensors", made, IDENTITY)
    return tmp_path / "c.safetensors"


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (lambda: distiller(1, arch="lr24-s"), "student|Error"),
        (lambda: distiller(1, recipe()), "objective|Unexpected|Error"),
        (lambda: distiller(1, recipe(TERMS.replace("4", "8"))), "Error|size"),
        (lambda: distiller(1, recipe(TERMS, queue="64")), "size|shape|tensor"),
    ],
    ids=["another architecture", "no relation term", "a wider relation", "a longer queue"],
)
def test_a_checkpoint_of_another_run(other: object, says: str, path: Path) -> None:
    assert callable(other)
    with pytest.raises(WeightsError, match=rf"c\.safetensors does not fit the recipe: .*({says})") as caught:
        load_checkpoint(path, other())
    assert "\n" not in str(caught.value)


def test_what_is_no_checkpoint(path: Path) -> None:
    whole = path.read_bytes()
    for bad in (whole[:-1], whole[: len(whole) // 2], whole[:9], b"", b"hello" * 99):
        path.write_bytes(bad)
        with pytest.raises(
            WeightsError, match=r"c\.safetensors is not a checkpoint.*delete it to start anew"
        ):
            read_identity(path)
    path.unlink()
    with pytest.raises(WeightsError, match="is not a checkpoint"):
        read_identity(path)


def test_another_version_of_the_format_or_none(path: Path) -> None:
    identity = json.dumps({**IDENTITY.__dict__})
    for facts, says in (
        (None, "is not a checkpoint of this version"),
        ({"format": "2", "identity": identity}, "is not a checkpoint of this version"),
        ({"format": "1"}, "is not a checkpoint: 'identity'"),
        ({"format": "1", "identity": "{"}, "is not a checkpoint"),
        ({"format": "1", "identity": "{}"}, "is not a checkpoint"),
        ({"format": "1", "identity": identity[:-1] + ', "more": 1}'}, "is not a checkpoint"),
    ):
        save_file({"x": torch.zeros(1)}, str(path), facts)
        with pytest.raises(WeightsError, match=says):
            read_identity(path)


def test_a_tensor_that_is_missing_is_named(path: Path) -> None:
    with safe_open(str(path), framework="pt") as file:
        facts = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name in ("random", "queue.keys", "average.head.bn.bias", "student.head.fc.weight"):
        save_file({key: value for key, value in tensors.items() if key != name}, str(path), facts)
        with pytest.raises(WeightsError, match="does not fit the recipe"):
            load_checkpoint(path, distiller(1))
    save_file(tensors, str(path), {**facts, "step": "one"})
    with pytest.raises(WeightsError, match=r"does not fit the recipe.*one"):
        load_checkpoint(path, distiller(1))


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    save_checkpoint(path, distiller(3), replace(IDENTITY, threads=1))
    assert path.read_bytes() != whole
    with pytest.raises(StorageError, match="cannot write"):
        save_checkpoint(path / "x.safetensors", distiller(3), IDENTITY)
    assert [item.name for item in tmp_path.iterdir()] == ["c.safetensors"]
