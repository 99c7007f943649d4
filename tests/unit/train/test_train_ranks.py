"""Several processes learn what one would: the same weights after one step and five, and the same run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fewpix.data.sampling import Sampler
from fewpix.data.views import make_views
from fewpix.degrade import PRESETS
from fewpix.errors import ConfigError

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402  (torch may not be installed)

from distil_made import lines, pool  # noqa: E402
from fewpix.models.weights import load_weights  # noqa: E402
from fewpix.models.zoo import architecture  # noqa: E402
from fewpix.train.batches import BatchMaker  # noqa: E402
from fewpix.train.ranks import ALONE, Ranks, joined, share_statistics  # noqa: E402
from rank_processes import start  # noqa: E402
from ranks_made import learnt  # noqa: E402

pytestmark = [pytest.mark.needs("samples"), pytest.mark.usefixtures("one_thread")]


LEARN = """
import torch
torch.set_num_threads(1)
import fewpix.train.step
from fewpix.train.ranks import joined
from ranks_made import learnt
with joined("cpu") as ranks:
    for steps in (1, 5):
        torch.save(learnt(ranks, steps), f"{steps}-{ranks.rank}.pt")
    fewpix.train.step.share_statistics = lambda model, ranks: model
    torch.save(learnt(ranks, 1), f"apart-{ranks.rank}.pt")
"""


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_from_the_whole_batch(tmp_path: Path) -> None:
    start(2, "-c", LEARN, folder=tmp_path)

    def read(name: str) -> dict[str, Tensor]:
        tensors: dict[str, Tensor] = torch.load(tmp_path / f"{name}.pt", weights_only=True)
        return tensors

    def off(tensors: dict[str, Tensor], name: str, like: dict[str, Tensor]) -> float:
        scale = float(like[name].abs().max())
        return float((tensors[name] - like[name]).double().abs().max()) / (scale or 1.0)

    for steps in (1, 5):
        alone, (first, second) = learnt(ALONE, steps), (read(f"{steps}-{rank}") for rank in (0, 1))
        assert first.keys() == alone.keys()
        assert max(off(first, name, alone) for name in alone) <= 1e-5
        assert all(torch.equal(first[name], second[name]) for name in first)
    # The comparison can fail: with the statistics of each half alone the weights are others.
    alone = learnt(ALONE, 1)
    assert max(off(read("apart-0"), name, alone) for name in alone) > 1e-3


def test_a_part_is_a_part_of_the_same_batch() -> None:
    faces = pool()
    views = make_views(faces, np.arange(len(faces)), {}, mixes=5, rng=np.random.default_rng(0))
    preprocess = architecture("lr24-tiny").preprocess

    def maker(part: slice) -> BatchMaker:
        return BatchMaker(views, Sampler(views.weights, 6, 0), PRESETS["train"], preprocess, 0, part)

    whole = maker(slice(None)).make(4)
    parts = [maker(Ranks(rank, 3).part(6)).make(4) for rank in range(3)]
    np.testing.assert_array_equal(np.concatenate([part.pixels for part in parts]), whole.pixels)
    assert all((part.views == whole.views).all() for part in parts)


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    assert Ranks(1, 2).part(8) == slice(4, 8)
    with pytest.raises(ConfigError, match=r"run.batch is 7, which 2 processes cannot share .*multiple of 2"):
        Ranks(0, 2).part(7)


def test_alone_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.BatchNorm2d(3)
    assert type(share_statistics(model, ALONE)) is nn.BatchNorm2d
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined("mps") as ranks:
        assert ranks == ALONE
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="cannot train on mps"), joined("mps"):
        pass


RUN = """
import sys, torch
torch.set_num_threads(1)
from pathlib import Path
from distil_made import CARD, RECIPE, Teacher, pool
from fewpix.train.distil import distil
from fewpix.train.ranks import joined
from fewpix.train.recipe import parse_recipe
with joined("cpu") as ranks:
    teacher = Teacher()
    for stop in (4, 7):
        text = RECIPE.replace("batch = 5", "batch = 6").replace("steps = 7", f"steps = 7\\nstop = {stop}")
        recipe = parse_recipe(text, "x")
        out = Path("run" if stop == 7 else "half")
        done = distil(recipe, pool(), out, teacher_embed=teacher, teacher_card=CARD, ranks=ranks,
                      cache=Path("cache.db"), terms="tests")
        assert done.steps == stop
    assert teacher.seen == (51 if ranks.first else 0)  # the others read what the first one asked for
"""


@pytest.mark.slow
def test_a_run_of_two_processes_is_written_once(tmp_path: Path) -> None:
    start(2, "-c", RUN, folder=tmp_path)
    start(
        1,
        "-c",
        RUN.replace('"run"', '"alone"').replace('"half"', '"quarter"').replace("51", "0"),
        folder=tmp_path,
    )
    assert [(row["kind"], row["step"]) for row in lines(tmp_path / "run")] == [
        (row["kind"], row["step"]) for row in lines(tmp_path / "alone")
    ]
    both, alone = (load_weights(tmp_path / name / "run.safetensors")[0] for name in ("run", "alone"))
    for name, tensor in alone.items():
        np.testing.assert_allclose(both[name], tensor, rtol=2e-3, atol=2e-4, err_msg=name)
