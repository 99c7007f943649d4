"""The parts of the benchmarks about quality whose answers are known."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fewpix.errors import InputError
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.image.align import TEMPLATE
from project import ROOT


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch):
    """Imports a script of `benchmarks/`."""

    def load(name: str) -> ModuleType:
        sys.modules.pop(name, None)
        return importlib.import_module(name)

    return load


def test_a_face_is_enlarged_as_it_is_said(bench) -> None:
    enlarged = bench("benchmarks.lib.enlarged")
    face = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    made = enlarged.Enlargement(8, 112, "nearest").picture(face, np.random.default_rng(0))
    assert made.shape == (112, 112, 3)
    blocks = made.reshape(8, 14, 8, 14, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()  # 14 equal pixels for each of the small picture
    assert (
        np.abs(blocks[:, 0, :, 0].astype(float) - face.reshape(8, 14, 8, 14, 3).mean(axis=(1, 3))).max() < 1
    )
    same = enlarged.Enlargement(112, 112).picture(face, np.random.default_rng(0))
    np.testing.assert_array_equal(same, face)
    np.testing.assert_array_equal(enlarged.cut(face, 112), face)
    np.testing.assert_allclose(enlarged.exact_points(112), TEMPLATE)
    noisy = enlarged.Enlargement(112, 112, noise=5.0).picture(
        np.full((112, 112, 3), 128, np.uint8), np.random.default_rng(0)
    )
    assert np.std(noisy.astype(float)) == pytest.approx(5, rel=0.05)


def test_a_benchmark_writes_its_result_or_says_why_not(
    bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lib, out = bench("benchmarks.lib.run"), tmp_path / "result.json"
    run, payload = lib.run, {"question": "which size?", "figures": [{"size": 8}, {"size": 12}]}
    assert run(out, lambda: payload, lib.each(lambda row: f"{row['size']} px")) == 0
    assert json.loads(out.read_text()) == payload
    assert out.with_suffix(".run.json").is_file()
    assert capsys.readouterr().out == "8 px\n12 px\n"

    def fails() -> dict[str, object]:
        raise InputError("no such shard")

    assert run(tmp_path / "other.json", fails, str) == InputError("").exit_code
    assert "error: no such shard" in capsys.readouterr().err
    assert not (tmp_path / "other.json").exists()
    assert run(tmp_path / "result.txt", lambda: pytest.fail("measured for nothing"), str) != 0


@pytest.mark.needs("torch")  # the split of the faces is that of a training run
def test_what_a_poor_entry_costs(bench) -> None:
    """Four people; the poor photograph of the first is missed, that of the second matches everybody."""
    costs = bench("benchmarks.gallery.poor_enrolment").costs
    sharp = np.full((4, 4), 0.1, np.float32)
    np.fill_diagonal(sharp, 0.8)
    poor = sharp.copy()
    poor[0, 0] = 0.0
    poor[[0, 2, 3], 1] = 0.5
    strangers = ~np.eye(4, dtype=bool)
    found = costs(sharp, poor, strangers, Clusters.of(np.arange(4)), 0)
    assert found["rank1"] == 0.75
    assert found["rank1_change"]["mean"] == -0.25
    assert found["false_match_rate"] == 0.25  # all of one entry of four
    assert found["false_match_change"]["mean"] == 0.25
    assert found["false_match_change"]["ci95"][0] <= 0.25 <= found["false_match_change"]["ci95"][1]


@pytest.mark.needs("torch")  # the split of the faces is that of a training run
def test_noise_of_landmarks_is_in_pixels_of_the_template(bench) -> None:
    noise = bench("benchmarks.detection.landmark_noise")
    points = np.zeros((5, 2))
    rng = np.random.default_rng(0)
    moves = np.array([noise.moved(points, 3.0, 28, rng) for _ in range(2000)])
    assert moves.std() == pytest.approx(3.0 * 28 / 112, rel=0.03)
    small = [np.random.default_rng(1).integers(0, 256, (12, 12, 3), dtype=np.uint8)]
    exact = noise.views(small, 0.0, 28, False, [0])
    assert [len(crops) for crops in exact] == [1]
    moved = noise.views(small, 0.0, 28, True, [0])
    assert len(moved) == noise.VIEWS
    np.testing.assert_array_equal(moved[0][0], exact[0][0])  # the first view is the landmarks as they are
    assert (moved[1][0] != moved[0][0]).any()


@pytest.mark.needs("torch")  # the split of the faces is that of a training run
def test_a_split_is_found_out_once(bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time it is read, and another teacher has another."""
    from fewpix.data.cache import TeacherCache
    from fewpix.data.faces import FaceSet
    from fewpix.train.material import Split
    from fewpix.train.recipe import parse_recipe

    pool_module = bench("benchmarks.lib.pool")
    calls = []

    def split(recipe, faces, cache, embed, progress) -> Split:
        calls.append(cache.model)
        return Split(np.array([0]), np.array([1]), np.eye(2, dtype=np.float32), np.array([0, 1]))

    monkeypatch.setattr(pool_module, "split_faces", split)
    text = (ROOT / "recipes" / "any-teacher.toml").read_text(encoding="utf-8")
    recipe = parse_recipe(text, "any-teacher.toml")

    class Teacher:
        embed = None

    for model in ("a", "a", "b"):
        cache = TeacherCache(tmp_path / "teacher.db", model, 2)
        faces = FaceSet(("x", "y"), ("", ""), (b"1", b"2"))
        found = pool_module.held_out(pool_module.TrainingPool(recipe, faces, Teacher(), cache))
        assert found.scored.tolist() == [1]
        np.testing.assert_array_equal(found.teacher, [[0.0, 1.0]])
        assert found.component.tolist() == [1]
    assert calls == ["a", "b"]


@pytest.mark.needs("torch")  # the split of the faces is that of a training run
def test_a_face_is_matched_with_the_sharp_one_of_its_row(bench) -> None:
    """Of four held-out faces two are drawn; one is found, the other is taken for its neighbour."""
    from fewpix.data.faces import FaceSet

    module = bench("benchmarks.lib.pool")
    faces = FaceSet(("a", "b", "c", "d", "e"), ("",) * 5, (b"",) * 5)
    found = module.HeldOutFaces(faces, np.array([0, 2, 3, 4]), np.eye(4, dtype=np.float32), np.arange(4))
    assert found.some(9, seed=0).tolist() == [0, 1, 2, 3]
    assert found.some(2, seed=0).tolist() == sorted(np.random.default_rng(0).permutation(4)[:2])
    made = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.6, 0.8]], dtype=np.float32)
    cosine, right = found.matched(made, np.array([1, 2]))
    np.testing.assert_allclose(cosine, [1.0, 0.6], rtol=1e-6)
    assert right.tolist() == [1.0, 0.0]


@pytest.mark.needs("torch")  # the split of the faces is that of a training run
def test_faces_of_another_pool_are_unseen_where_no_recipe_names_their_source(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from fewpix.data.faces import FaceSet
    from fewpix.errors import InputError
    from fewpix.train.recipe import load_recipe

    module = bench("benchmarks.lib.pool")
    faces = FaceSet(("a", "b", "c", "d"), ("old", "new", "old", "new"), (b"1", b"2", b"3", b"4"))
    splits = []

    def held_out(pool) -> object:
        splits.append(pool.recipe)
        return module.HeldOutFaces(faces, np.array([1, 2, 3]), np.eye(3, dtype=np.float32), np.arange(3))

    def card(sha256: str, *sources: str) -> SimpleNamespace:
        recipe = load_recipe(module.SPLIT)
        data = recipe.data.model_copy(update={"holdout_sources": sources, "weights": {}})
        told = recipe.model_copy(update={"data": data}).model_dump(mode="json")
        return SimpleNamespace(name="any", provenance={"recipe": told, "faces_sha256": sha256})

    monkeypatch.setattr(module, "held_out", held_out)
    monkeypatch.setattr(module, "load_faces", lambda shards: faces)
    monkeypatch.setattr(module, "cache_dir", lambda: tmp_path)
    teacher = SimpleNamespace(card=SimpleNamespace(sha256="a" * 64, space=SimpleNamespace(dim=3)))
    found = module.held_out_from_all([card("other", "old")], [Path("x.tar")], teacher)
    assert found.scored.tolist() == [1, 3]
    np.testing.assert_array_equal(found.teacher, np.eye(3)[[0, 2]])
    (split,) = splits
    known = load_recipe(module.SPLIT)
    assert split.data == known.data.model_copy(update={"holdout_sources": ()})
    assert split.split == known.split
    own = module.held_out_from_all([card(faces.sha256, "new"), card("other", "old")], [Path("x")], teacher)
    assert own.scored.tolist() == [1, 3]
    assert splits[1].data.holdout_sources == ("new",)
    with pytest.raises(InputError, match="trained on faces of new, old"):
        module.held_out_from_all([card("other", "old", "new")], [Path("x.tar")], teacher)


@pytest.mark.needs("torch")  # the split of the faces is that of a training run
def test_what_all_students_of_a_pool_held_out(bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from fewpix.data.faces import FaceSet
    from fewpix.train.recipe import load_recipe

    module = bench("benchmarks.lib.pool")
    faces = FaceSet(("a", "b", "c", "d"), ("x",) * 4, (b"1", b"2", b"3", b"4"))

    def card(sha256: str, split: int) -> SimpleNamespace:
        recipe = load_recipe(module.SPLIT)
        told = recipe.model_copy(update={"data": recipe.data.model_copy(update={"split": split})})
        return SimpleNamespace(provenance={"recipe": told.model_dump(mode="json"), "faces_sha256": sha256})

    by_split = {0: [0, 1, 3], 1: [1, 2, 3]}
    monkeypatch.setattr(
        module, "held_out", lambda pool: SimpleNamespace(scored=np.array(by_split[pool.recipe.data.split]))
    )
    monkeypatch.setattr(module, "load_faces", lambda shards: faces)
    monkeypatch.setattr(module, "cache_dir", lambda: tmp_path)
    teacher = SimpleNamespace(card=SimpleNamespace(sha256="a" * 64, space=SimpleNamespace(dim=3)))

    def apart(*cards: SimpleNamespace) -> list[int]:
        return module.held_out_here(cards, faces, [Path("x.tar")], teacher).tolist()

    assert apart(card("other", 0)) == []
    assert apart(card(faces.sha256, 0), card("other", 1)) == [0, 1, 3]
    assert apart(card(faces.sha256, 0), card(faces.sha256, 1)) == [1, 3]
