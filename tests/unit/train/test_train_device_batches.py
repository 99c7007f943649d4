"""Batches degraded in torch, and runs that learn from them; here the device is the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fewpix.data.faces import FaceSet
from fewpix.data.views import make_views
from fewpix.errors import ConfigError, ImageError
from fewpix.image.codec import encode_image
from fewpix.train.recipe import parse_recipe

pytestmark = [pytest.mark.needs("samples"), pytest.mark.usefixtures("one_thread")]

torch = pytest.importorskip("torch")

from distil_made import CARD, RECIPE, Teacher, lines, maker, pool  # noqa: E402  (torch may not be installed)
from fewpix.models.weights import load_weights  # noqa: E402
from fewpix.train.device import degrades_there  # noqa: E402
from fewpix.train.device_batches import DeviceBatches, workers_for  # noqa: E402
from fewpix.train.distil import Progress, distil  # noqa: E402
from fewpix.train.pictures import Pictures  # noqa: E402

CPU = torch.device("cpu")


def sizes() -> FaceSet:
    """Faces of two sides."""
    plain = pool()
    small = [encode_image(plain.crop(n)[6:86, 6:86], ".png") for n in range(0, 24, 2)]
    data = [small[n // 2] if n % 2 == 0 else plain.data[n] for n in range(24)]
    return FaceSet(plain.keys, plain.sources, tuple(data))


def test_pictures_are_those_of_the_views() -> None:
    """Plain, mirrored and mixed ones, of two sides; a mirror image takes no memory."""
    faces = sizes()
    views = make_views(faces, np.arange(24), {}, mixes=9, rng=np.random.default_rng(0))
    made = Pictures(views, CPU)
    for n in range(len(views)):
        crop = views.render(n)
        assert made.sides[n] == crop.shape[0]
        np.testing.assert_array_equal(made.take(np.array([n]))[0].numpy(), crop.transpose(2, 0, 1))
    assert sum(len(held) for held in made._held.values()) == 24 + 9


def test_a_picture_that_is_none_is_found_at_once() -> None:
    faces = FaceSet(tuple("abcdefgh"), ("",) * 8, (*pool().data[:7], b"no picture"))
    with pytest.raises(ImageError, match="h"):
        DeviceBatches(maker(faces), CPU)


@pytest.mark.parametrize("faces", [pool, sizes])
def test_batches_are_those_of_the_host_but_for_rounding(faces: object) -> None:
    one = maker(faces())  # type: ignore[operator]
    std = np.array(one.preprocess.std, dtype=np.float32).reshape(1, 3, 1, 1)
    apart = []
    for step in range(6):
        made, expected = DeviceBatches(one, CPU).make(step), one.make(step)
        np.testing.assert_array_equal(made.views, expected.views)
        assert made.faces.shape == (6, 3, 24, 24)
        apart.append(np.abs(made.faces.numpy() - one.preprocess.scale(expected.pixels)) * std)
    assert np.mean(apart) < 0.3


def test_a_batch_is_a_pure_function_of_seed_and_step() -> None:
    one, other = DeviceBatches(maker(pool()), CPU), DeviceBatches(maker(pool()), CPU)
    for step in (3, 0, 17):
        assert torch.equal(one.make(step).faces, other.make(step).faces)
    assert not torch.equal(DeviceBatches(maker(pool(), seed=1), CPU).make(17).faces, one.make(17).faces)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_stream_is_the_batches_in_order_whoever_draws(workers: int) -> None:
    made = DeviceBatches(maker(pool()), CPU, workers)
    found = list(made.stream(4, 9))
    assert [batch.step for batch in found] == [4, 5, 6, 7, 8]
    for batch in found:
        assert torch.equal(batch.faces, made.make(batch.step).faces)
    if not workers:
        assert list(made.stream(3, 3)) == []


def test_processes_draw_beside_a_gpu_only() -> None:
    assert workers_for(CPU) == 0
    assert 1 <= workers_for(torch.device("cuda")) <= 8


def test_where_views_are_made() -> None:
    chosen = [
        degrades_there(where, device) for where in ("auto", "host", "device") for device in ("cpu", "cuda:1")
    ]
    assert chosen == [False, True, False, False, True, True]
    assert not degrades_there("auto", "mps")
    with pytest.raises(ConfigError, match="unknown place 'gpu'"):
        degrades_there("gpu", "cpu")


def test_a_run_on_the_device_resumes_and_makes_the_same_kind_of_weights(tmp_path: Path) -> None:
    """An interrupted one ends as the whole one, and beside the host's it differs by rounding only."""
    recipe = parse_recipe(RECIPE, "x")
    common = {"teacher_embed": Teacher(), "teacher_card": CARD, "cache": tmp_path / "cache.db"}

    def run(out: str, where: str, stop_at: int = 0) -> Path:
        def interrupt(now: Progress) -> None:
            if now.stage == "train" and now.done == stop_at:
                raise KeyboardInterrupt

        return distil(
            recipe, pool(), tmp_path / out, degrade_on=where, on_progress=interrupt, **common
        ).weights  # type: ignore[arg-type]

    whole, host = run("whole", "device"), run("host", "host")
    for stop_at in (5,):
        with pytest.raises(KeyboardInterrupt):
            run(f"part{stop_at}", "device", stop_at)
        assert run(f"part{stop_at}", "device").read_bytes() == whole.read_bytes()
    (tensors, card), (others, other) = load_weights(whole), load_weights(host)
    assert {name: value.shape for name, value in tensors.items()} == {
        name: value.shape for name, value in others.items()
    }
    assert (card.name, card.arch, card.space, card.preprocess) == (
        *(other.name, other.arch, other.space),
        other.preprocess,
    )
    assert lines(tmp_path / "whole")[0]["degraded"] == "in batches"
    assert "degraded" not in lines(tmp_path / "host")[0]
    for here, there in zip(lines(tmp_path / "whole")[1:], lines(tmp_path / "host")[1:], strict=True):
        if here["kind"] == "step":
            assert here["total"] == pytest.approx(there["total"], rel=0.1)


def test_a_student_learns_from_batches_of_the_device(tmp_path: Path) -> None:
    text = RECIPE.replace("steps = 7", "steps = 40").replace("batch = 5", "batch = 8")
    text = text.replace("[run]", '[degrade]\nchain = "train-photo"\n[run]').replace(
        "[optim]", "[optim]\nwarmup = 5\nlr = 3e-3"
    )
    distil(
        *(parse_recipe(text, "x"), pool(), tmp_path / "run"),
        teacher_embed=Teacher(),
        teacher_card=CARD,
        cache=tmp_path / "cache.db",
        degrade_on="device",
    )
    loss = [float(str(line["cosine"])) for line in lines(tmp_path / "run") if line["kind"] == "step"]
    assert np.mean(loss[-3:]) < 0.8 * np.mean(loss[:3])
