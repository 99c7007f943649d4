"""A student learns from shards that are streamed: any part of a batch alone, any time, in any process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fewpix.data.cache import TeacherCache
from fewpix.data.shard_index import ShardIndex, index_shards
from fewpix.errors import ConfigError
from fewpix.train.recipe import Recipe, parse_recipe
from shards_made import write_tar

pytestmark = [pytest.mark.needs("samples"), pytest.mark.usefixtures("one_thread")]

torch = pytest.importorskip("torch")

from distil_made import CARD, DIM, Teacher, lines, pool  # noqa: E402  (torch may not be installed)
from fewpix.models.weights import load_weights  # noqa: E402
from fewpix.train.distil import DistilResult, distil  # noqa: E402
from fewpix.train.ranks import Ranks  # noqa: E402
from fewpix.train.streamed import StreamMaker, first_views, open_stream  # noqa: E402
from rank_processes import start  # noqa: E402

RECIPE = """
name = "run"
[model]
arch = "lr24-tiny"
[data]
holdout = 0
stream = 12
[objective]
cosine = { weight = 2.0 }
infonce = {}
crrcd = { anchors = 3, width = 4 }
[run]
steps = 7
batch = 6
queue = 12
log_every = 2
checkpoint_every = 3
"""


def recipe(*changes: tuple[str, str]) -> Recipe:
    text = RECIPE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_recipe(text, "x")


@pytest.fixture
def shards(tmp_path: Path) -> ShardIndex:
    """24 faces in three shards, of which one is damaged and one picture of another."""
    data = list(pool().data)
    data[5] = data[5][:100]
    for n in range(3):
        write_tar(
            tmp_path / "tars" / f"{n}.tar",
            [(f"{k:03d}.cam.png", data[k]) for k in range(8 * n, 8 * n + 8)],
        )
    torn = tmp_path / "tars" / "2.tar"
    torn.write_bytes(torn.read_bytes()[:-30_000])
    return index_shards(tmp_path / "tars")


def run(index: ShardIndex, out: Path, teacher: Teacher, of: Recipe | None = None) -> DistilResult:
    return distil(
        *(of or recipe(), index, out),
        teacher_embed=teacher,
        teacher_card=CARD,
        cache=out.parent / "cache.db",
        terms="tests",
    )


def test_a_run_from_shards_to_weights(shards: ShardIndex, tmp_path: Path) -> None:
    teacher = Teacher()
    done = run(shards, tmp_path / "run", teacher)
    assert (done.steps, done.agreement) == (7, None)
    assert 0 < teacher.seen <= 2 * len(shards), "each face once, and once mirrored"
    card = load_weights(done.weights)[1]
    assert card.provenance["faces"] == len(shards)
    assert card.provenance["faces_sha256"] == shards.sha256
    assert [(line["kind"], line["step"]) for line in lines(tmp_path / "run")] == [
        *(("start", 0), ("step", 2), ("step", 4), ("step", 6), ("step", 7)),
    ]
    damaged = {item.path for item in done.left_out.items if "damaged" in item.why}
    assert {"0.tar/005.cam.png", "2.tar"} <= damaged
    assert f"{len(done.left_out.items)} files passed over" in str(done.left_out)


def test_a_run_that_was_stopped_goes_on_with_the_faces_it_would_have_had(
    shards: ShardIndex, tmp_path: Path
) -> None:
    whole = run(shards, tmp_path / "whole", Teacher())
    for stop in (2, 5):
        stopped = recipe(("steps = 7", f"steps = 7\nstop = {stop}"))
        assert run(shards, tmp_path / f"{stop}", Teacher(), stopped).steps == stop
        # What a stopped run leaves is its checkpoint; as the checkpoint of the whole recipe it goes on.
        checkpoint = tmp_path / f"{stop}" / "checkpoint.safetensors"
        _as_of(checkpoint, stopped, recipe())
        done = run(shards, tmp_path / f"{stop}", Teacher())
        for name, tensor in load_weights(whole.weights)[0].items():
            np.testing.assert_array_equal(load_weights(done.weights)[0][name], tensor, err_msg=name)


def _as_of(checkpoint: Path, one: Recipe, other: Recipe) -> None:
    """The checkpoint of a recipe as that of another, whose digests are equally long."""
    body = checkpoint.read_bytes()
    assert body.count(one.sha256.encode()) == 1
    checkpoint.write_bytes(body.replace(one.sha256.encode(), other.sha256.encode()))


def test_a_part_is_a_part_of_the_same_batch(shards: ShardIndex, tmp_path: Path) -> None:
    store = TeacherCache(tmp_path / "cache.db", "a" * 64, DIM)

    def maker(part: slice) -> StreamMaker:
        return StreamMaker(recipe(), open_stream(recipe(), shards), store, Teacher(), part)

    whole = maker(slice(None)).make(9)
    parts = [maker(Ranks(rank, 3).part(6)).make(9) for rank in range(3)]
    for name in ("pixels", "teacher", "keys"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    assert [batch.step for batch in maker(slice(None)).stream(3, 6)] == [3, 4, 5]


def test_the_teacher_sees_what_the_student_sees_small(shards: ShardIndex, tmp_path: Path) -> None:
    store = TeacherCache(tmp_path / "cache.db", "a" * 64, DIM)
    stream = open_stream(recipe(), shards)
    batch = StreamMaker(recipe(), stream, store, Teacher()).make(0)
    plain = Teacher()([stream.take(lane, 0).crop for lane in range(6)])
    mirrored = Teacher()([stream.take(lane, 0).crop[:, ::-1] for lane in range(6)])
    same, flipped = (np.isclose(batch.teacher, rows).all(axis=1) for rows in (plain, mirrored))
    assert (same ^ flipped).all()
    assert same.any()
    assert flipped.any()
    unflipped = recipe(("stream = 12", "stream = 12\nflip = false"))
    batch = StreamMaker(unflipped, stream, store, Teacher()).make(0)
    np.testing.assert_allclose(batch.teacher, plain, atol=1e-6)


def test_a_transplant_is_fitted_to_the_first_faces(shards: ShardIndex) -> None:
    stream = open_stream(recipe(), shards)
    views = first_views(recipe(), stream, 12)
    assert len(views) == 2 * len(views.faces)
    assert 6 <= len(views.faces) <= 12
    np.testing.assert_array_equal(views.faces.crop(0), stream.take(0, 0).crop)


RUN = """
import json, torch
torch.set_num_threads(1)
from pathlib import Path
from distil_made import CARD, Teacher
from fewpix.data.shard_index import index_shards
from fewpix.train.distil import distil
from fewpix.train.ranks import joined
from fewpix.train.recipe import parse_recipe
with joined("cpu") as ranks:
    teacher = Teacher()
    recipe = parse_recipe(Path("recipe.toml").read_text(), "x")
    distil(recipe, index_shards("tars"), Path("COUNT"), teacher_embed=teacher, teacher_card=CARD, ranks=ranks,
           cache=Path("COUNT.db"), terms="tests")
    Path(f"COUNT-{ranks.rank}.json").write_text(json.dumps(teacher.seen))
"""


@pytest.mark.slow
def test_two_processes_learn_from_a_stream_what_one_learns(shards: ShardIndex, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    for count in (2, 1):
        start(count, "-c", RUN.replace("COUNT", str(count)), folder=tmp_path)
    both, alone = (load_weights(tmp_path / name / "run.safetensors")[0] for name in ("2", "1"))
    for name, tensor in alone.items():
        np.testing.assert_allclose(both[name], tensor, rtol=2e-3, atol=2e-4, err_msg=name)
    seen = [json.loads((tmp_path / f"{name}.json").read_text()) for name in ("2-0", "2-1", "1-0")]
    assert min(seen) > 0, "each process asks about its own part"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("mixes", "3"), ("varied", "3"), ("people", '"clusters"'), ("per_person", "2")),
        *(("weights", "{ cam = 2.0 }"), ("chips", '["cam"]'), ("sources", '["cam"]'), ("holdout", "0.1")),
    ],
)
def test_what_needs_all_faces_at_hand_is_refused(shards: ShardIndex, key: str, value: str) -> None:
    before = "holdout = 0" if key == "holdout" else "stream = 12"
    after = "" if key == "holdout" else f"{before}\n"
    text = RECIPE.replace(before, f"{after}{key} = {value}")
    with pytest.raises(ConfigError, match=f"data.{key} needs all faces at hand"):
        run(shards, Path("nowhere"), Teacher(), parse_recipe(text, "x"))


def test_a_set_is_no_stream_and_shards_are_no_set(shards: ShardIndex, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"data.stream is 0"):
        run(shards, tmp_path / "x", Teacher(), recipe(("stream = 12", "stream = 0")))
    with pytest.raises(ConfigError, match=r"data.stream: a set of faces"):
        distil(recipe(), pool(), tmp_path / "x", teacher_embed=Teacher(), teacher_card=CARD)
    with pytest.raises(ConfigError, match="made small on the host"):
        distil(recipe(), shards, tmp_path, teacher_embed=Teacher(), teacher_card=CARD, degrade_on="device")
    labelled = recipe(("infonce = {}", "infonce = {}\narcface = {}"))
    with pytest.raises(ConfigError, match="label"):
        run(shards, tmp_path / "x", Teacher(), labelled)


def test_a_recipe_without_a_stream_keeps_its_hash() -> None:
    """Weights and runs from before are recognised by it."""
    assert recipe(("stream = 12\n", "")).sha256 == recipe(("stream = 12", "stream = 0")).sha256
    assert recipe().sha256 != recipe(("stream = 12", "stream = 13")).sha256
