"""Distillation as a library call, and its parts: batches, the split, the score."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.data.cache import TeacherCache
from fewpix.data.faces import FaceSet
from fewpix.data.sampling import Sampler
from fewpix.data.views import make_views
from fewpix.degrade import PRESETS, per_item_rng
from fewpix.errors import ConfigError, ImageError
from fewpix.train.recipe import parse_recipe

pytestmark = [pytest.mark.needs("samples"), pytest.mark.usefixtures("one_thread")]

torch = pytest.importorskip("torch")

from distil_made import CARD, DIM, RECIPE, Teacher, lines, maker, pool  # noqa: E402  (torch may not be installed)
from fewpix.models.weights import load_weights  # noqa: E402
from fewpix.models.zoo import architecture  # noqa: E402
from fewpix.train.batches import BatchMaker  # noqa: E402
from fewpix.train.distil import Progress, distil  # noqa: E402
from fewpix.train.heldout import SIZES, Agreement, HeldOut  # noqa: E402
from fewpix.train.material import count_people, prepare  # noqa: E402


def test_a_run_from_faces_to_weights(tmp_path: Path) -> None:
    teacher, told = Teacher(), list[Progress]()
    result = distil(
        *(parse_recipe(RECIPE, "x"), pool(), tmp_path / "run"),
        teacher_embed=teacher,
        teacher_card=CARD,
        on_progress=told.append,
        cache=tmp_path / "cache.db",
        terms="tests",
    )
    assert teacher.seen == 24 + 18 + 9  # all plain faces for the split; mirror images; mixes
    stages = [now.stage for now in told]
    assert stages == sorted(stages)  # "teacher" before "train"
    assert [(now.done, now.total) for now in told if now.stage == "train"] == [(n, 7) for n in range(1, 8)]
    assert set(told[-1].values) == {"cosine", "infonce", "crrcd", "total", "gradient", "lr"}
    assert told[-1].agreement == result.agreement
    assert [(line["kind"], line["step"]) for line in lines(tmp_path / "run")] == [
        *(("start", 0), ("step", 2), ("held out", 3), ("step", 4), ("step", 6), ("held out", 6)),
        *(("step", 7), ("held out", 7)),
    ]
    assert result.steps == 7
    tensors, card = load_weights(result.weights)
    assert card == result.card
    assert (card.name, card.arch, card.space, card.terms) == ("run", "lr24-tiny", CARD.space, "tests")
    assert card.preprocess == architecture("lr24-tiny").preprocess
    assert tensors["head.fc.weight"].shape == (DIM, 144)
    assert result.agreement is not None
    assert result.agreement.faces == 6
    assert json.loads(json.dumps(result.to_json()))["held_out"] == result.agreement.to_json()
    assert str(result).startswith(f"run ({card.sha256[:12]}), 7 steps: ")
    assert "held out (6 faces)" in str(result)


def test_faces_of_other_sources_are_not_looked_at_and_varied_ones_are_embedded(tmp_path: Path) -> None:
    teacher, own = Teacher(), pool().of_sources(("cam",))
    recipe = parse_recipe(RECIPE.replace("mixes = 9", 'sources = ["cam"]\nvaried = 11\nmixes = 3'), "x")
    result = distil(
        *(recipe, pool(), tmp_path / "run"),
        teacher_embed=teacher,
        teacher_card=CARD,
        cache=tmp_path / "cache.db",
    )
    assert 0 < len(own) < len(pool())
    assert result.card.provenance["faces_sha256"] == own.sha256 != pool().sha256
    assert result.agreement is not None
    mirrored = len(own) - result.agreement.faces
    assert teacher.seen == len(own) + mirrored + 3 + 11


def test_an_interrupted_run_ends_as_the_whole_one(tmp_path: Path) -> None:
    """Whatever the step; also between the last checkpoint and the weights."""
    recipe, teacher = parse_recipe(RECIPE, "x"), Teacher()

    def run(out: str, stop_at: int = 0) -> None:
        def interrupt(now: Progress) -> None:
            if now.stage == "train" and now.done == stop_at:
                raise KeyboardInterrupt

        torch.manual_seed(stop_at + len(out))  # what the process drew before must not matter
        distil(
            *(recipe, pool(), tmp_path / out),
            teacher_embed=teacher,
            teacher_card=CARD,
            on_progress=interrupt,
            cache=tmp_path / "cache.db",
        )

    run("whole")
    asked = teacher.seen
    for stop_at in range(1, 8):
        out = f"run{stop_at}"
        with pytest.raises(KeyboardInterrupt):
            run(out, stop_at)
        assert not (tmp_path / out / "run.safetensors").exists()
        run(out)
        for name in ("run.safetensors", "journal.jsonl"):
            assert (tmp_path / out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), stop_at
    assert teacher.seen == asked


def test_a_run_with_a_stop_is_the_beginning_of_the_whole_one(tmp_path: Path) -> None:
    """The schedule is that of all steps, so that the learning rate is still high where it ends."""
    common = {"teacher_embed": Teacher(), "teacher_card": CARD, "cache": tmp_path / "cache.db"}
    whole = distil(parse_recipe(RECIPE, "x"), pool(), tmp_path / "whole", **common)  # type: ignore[arg-type]
    recipe = parse_recipe(RECIPE.replace("steps = 7", "steps = 7\nstop = 6"), "x")
    part = distil(recipe, pool(), tmp_path / "part", **common)  # type: ignore[arg-type]
    assert (whole.steps, part.steps) == (7, 6)
    assert lines(tmp_path / "part")[1:] == lines(tmp_path / "whole")[1:6]


def test_a_run_is_finished_where_its_last_checkpoint_is(tmp_path: Path) -> None:
    """As a run that stops there, weights and all, but for the recipe that its card names."""
    recipe, out = parse_recipe(RECIPE, "x"), tmp_path / "run"
    common = {"teacher_embed": Teacher(), "teacher_card": CARD, "cache": tmp_path / "cache.db"}
    with pytest.raises(ConfigError, match=r"no checkpoint in .*run to finish \(train first\)"):
        distil(recipe, pool(), out, finish=True, **common)  # type: ignore[arg-type]

    def interrupt(now: Progress) -> None:
        if now.stage == "train" and now.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        distil(recipe, pool(), out, on_progress=interrupt, **common)  # type: ignore[arg-type]
    done = distil(recipe, pool(), out, finish=True, **common)  # type: ignore[arg-type]
    assert done.steps == 3
    stopped = parse_recipe(RECIPE.replace("steps = 7", "steps = 7\nstop = 3"), "x")
    other = distil(stopped, pool(), tmp_path / "stopped", **common)  # type: ignore[arg-type]
    assert done.card.sha256 == other.card.sha256
    assert done.agreement == other.agreement
    assert done.card.provenance["steps"] == 3
    assert distil(recipe, pool(), out, **common).steps == 7  # type: ignore[arg-type]


def test_a_run_anew_forgets_the_checkpoint_at_once(tmp_path: Path) -> None:
    recipe = parse_recipe(RECIPE, "x")
    common = {"teacher_embed": Teacher(), "teacher_card": CARD, "cache": tmp_path / "cache.db"}
    distil(recipe, pool(), tmp_path / "run", **common)  # type: ignore[arg-type]

    def interrupt(now: Progress) -> None:
        if now.stage == "train":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        distil(recipe, pool(), tmp_path / "run", resume=False, on_progress=interrupt, **common)  # type: ignore[arg-type]
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()
    assert [line["step"] for line in lines(tmp_path / "run")] == [0]


def test_what_does_not_fit_is_found_before_the_teacher_is_asked(tmp_path: Path) -> None:
    teacher = Teacher()
    for old, new, says in (
        ("batch = 5", "batch = 40", r"run\.batch is 40, but an epoch has only 33 faces"),
        ("mixes = 9", "mixes = 9\nweights = { utk = 1.0 }", r"data\.weights: no face has the source 'utk'"),
        ("mixes = 9", 'holdout_sources = ["utk"]', r"data\.holdout_sources: .*'utk'.*sources: cam, wild"),
        (
            "mixes = 9",
            'sources = ["utk"]',
            r"data\.sources: no face has the source 'utk'.*sources: cam, wild",
        ),
        (
            "mixes = 9",
            'sources = ["cam"]\nweights = { wild = 0.0 }',
            r"data\.weights: no face has the source 'wild'.*sources: cam\b",
        ),
        ("infonce = {}", "magic = {}", "unknown term 'magic'"),
        ("[run]", '[degrade]\nchain = "none"\n[run]', "no chain 'none'"),
    ):
        recipe = parse_recipe(RECIPE.replace(old, new), "x")
        with pytest.raises(ConfigError, match=says):
            distil(recipe, pool(), tmp_path / "out", teacher_embed=teacher, teacher_card=CARD)
    assert teacher.seen == 0
    assert not (tmp_path / "out").exists()


# The material


def test_faces_held_out_are_never_learnt_from(tmp_path: Path) -> None:
    store, teacher = TeacherCache(tmp_path / "c.db", CARD.sha256, DIM), Teacher()
    recipe = parse_recipe(RECIPE, "x")
    made = prepare(recipe, pool(), store, teacher, lambda done, total: None)
    learnt = {view.first for view in made.views.items} | {view.second for view in made.views.items}
    assert len(made.held_out) == 6
    assert not learnt & set(made.held_out.tolist())
    assert learnt | set(made.held_out.tolist()) == {-1, *range(24)}
    np.testing.assert_array_equal(made.held_teacher, Teacher()([pool().crop(int(n)) for n in made.held_out]))
    np.testing.assert_array_equal(
        made.teacher, Teacher()([made.views.render(n) for n in range(len(made.views))])
    )
    again = prepare(recipe, pool(), store, teacher, lambda done, total: None)
    assert again.views.items == made.views.items
    np.testing.assert_array_equal(again.held_out, made.held_out)


def test_a_run_holds_out_what_the_weights_that_it_starts_from_never_saw(tmp_path: Path) -> None:
    def run(text: str, name: str) -> Path:
        return distil(
            *(parse_recipe(text, "x"), pool(), tmp_path / name),
            teacher_embed=Teacher(),
            teacher_card=CARD,
            cache=tmp_path / "cache.db",
        ).weights

    first = run(RECIPE, "first")
    further = RECIPE.replace('arch = "lr24-tiny"', f'arch = "lr24-tiny"\ninit = "{first.as_posix()}"')
    assert further != RECIPE
    again = run(further.replace("[run]", "[run]\nseed = 3").replace("[data]", "[data]\nsplit = 0"), "again")
    assert parse_recipe(RECIPE, "x").split == 0
    assert again.is_file()
    with pytest.raises(
        ConfigError, match=r"run was trained on faces that this run holds out .*data.split = 0"
    ):
        run(further.replace("[run]", "[run]\nseed = 3"), "other")
    assert not (tmp_path / "other" / "journal.jsonl").exists()


def test_a_view_and_its_mirror_image_are_one_face_and_a_mix_is_nobody(tmp_path: Path) -> None:
    store = TeacherCache(tmp_path / "c.db", CARD.sha256, DIM)
    made = prepare(parse_recipe(RECIPE, "x"), pool(), store, Teacher(), lambda done, total: None)
    keys = made.keys.tolist()
    whole = [n for n, view in enumerate(made.views.items) if view.second < 0]
    assert [keys[n] for n in whole] == [made.views.items[n].first for n in whole]
    mixed = [keys[n] for n in range(len(keys)) if n not in whole]
    assert len(set(mixed)) == 9
    assert min(mixed) >= 24


def test_faces_of_some_sources_may_be_scored_alone(tmp_path: Path) -> None:
    store = TeacherCache(tmp_path / "c.db", CARD.sha256, DIM)
    recipe = parse_recipe(RECIPE.replace("mixes = 9", 'holdout_sources = ["cam"]'), "x")
    made = prepare(recipe, pool(), store, Teacher(), lambda done, total: None)
    learnt = {view.first for view in made.views.items}
    assert 0 < len(made.held_out) < 6
    assert {pool().sources[n] for n in made.held_out} == {"cam"}
    assert len(learnt) == 18  # the others are held out all the same


def test_without_a_holdout_nothing_is_split(tmp_path: Path) -> None:
    store = TeacherCache(tmp_path / "c.db", CARD.sha256, DIM)
    recipe = parse_recipe(RECIPE.replace("holdout = 0.25", "holdout = 0.0"), "x")
    made = prepare(recipe, pool(), store, Teacher(), lambda done, total: None)
    assert made.held_out.shape == (0,)
    assert made.held_teacher.shape == (0, DIM)
    assert {view.first for view in made.views.items if view.second < 0} == set(range(24))


def test_labels_are_those_of_folders_and_clusters(tmp_path: Path) -> None:
    """A face and its mirror image are one person, a mix is nobody, and no cluster has a face held out."""
    store = TeacherCache(tmp_path / "c.db", CARD.sha256, DIM)
    plain = pool()
    people = FaceSet(tuple(f"{n % 5}/{n:03d}" for n in range(24)), plain.sources, plain.data)
    for kind, expected in (("folders", lambda face: face % 5), ("clusters", None)):
        recipe = parse_recipe(RECIPE.replace("mixes = 9", f'mixes = 9\npeople = "{kind}"\nclusters = 3'), "x")
        made = prepare(recipe, people, store, Teacher(), lambda done, total: None)
        assert made.labels is not None
        by_face: dict[int, set[int]] = {}
        for view, label in zip(made.views.items, made.labels.tolist(), strict=True):
            if view.second >= 0:
                assert label == -1
            else:
                by_face.setdefault(view.first, set()).add(label)
        assert all(len(labels) == 1 for labels in by_face.values())
        if expected:
            assert all(labels == {expected(face)} for face, labels in by_face.items())
        assert set().union(*by_face.values()) == set(range(count_people(recipe, people)))
        again = prepare(recipe, people, store, Teacher(), lambda done, total: None)
        np.testing.assert_array_equal(again.labels, made.labels)
    unknown = prepare(parse_recipe(RECIPE, "x"), people, store, Teacher(), lambda done, total: None)
    assert unknown.labels is None


def test_a_run_with_labels_resumes_as_one_without(tmp_path: Path) -> None:
    """Margins by folders, two of a person together; and the weights differ from those without labels."""
    plain = pool()
    people = FaceSet(tuple(f"{n % 5}/{n:03d}" for n in range(24)), plain.sources, plain.data)
    text = RECIPE.replace("infonce = {}", "infonce = {}\narcface = { scale = 8.0 }")
    text = text.replace("batch = 5", "batch = 6")
    text = text.replace("mixes = 9", 'mixes = 9\npeople = "folders"\nper_person = 2')
    common = {"teacher_embed": Teacher(), "teacher_card": CARD, "cache": tmp_path / "cache.db"}

    def run(out: str, stop_at: int = 0, recipe: str = text) -> Path:
        def interrupt(now: Progress) -> None:
            if now.stage == "train" and now.done == stop_at:
                raise KeyboardInterrupt

        found = parse_recipe(recipe, "x")
        return distil(found, people, tmp_path / out, on_progress=interrupt, **common).weights  # type: ignore[arg-type]

    whole = run("whole")
    assert "arcface" in lines(tmp_path / "whole")[1]
    with pytest.raises(KeyboardInterrupt):
        run("part", 5)
    assert run("part").read_bytes() == whole.read_bytes()


def test_labels_that_cannot_be_had_are_found_before_the_teacher_is_asked(tmp_path: Path) -> None:
    teacher = Teacher()
    for new, says in (
        ('people = "folders"', r"data\.people: 000 lies in no folder"),
        ('people = "clusters"', r"data\.clusters is 2000, but there are 24 faces"),
        ("per_person = 2", r"data\.per_person is 2, which does not divide run\.batch \(5\)"),
        ('people = "names"', r"'data\.people'"),
    ):
        with pytest.raises(ConfigError, match=says):
            distil(
                *(parse_recipe(RECIPE.replace("mixes = 9", new), "x"), pool(), tmp_path / "out"),
                teacher_embed=teacher,
                teacher_card=CARD,
            )
    assert teacher.seen == 0


# The batches


def test_a_batch_is_a_pure_function_of_seed_and_step() -> None:
    one, other = maker(pool()), maker(pool())
    for step in (3, 0, 17):
        a, b = one.make(step), other.make(step)
        np.testing.assert_array_equal(a.views, b.views)
        np.testing.assert_array_equal(a.pixels, b.pixels)
    assert a.pixels.shape == (6, 3, 24, 24)
    assert a.pixels.dtype == np.uint8
    assert not np.array_equal(maker(pool(), seed=1).make(17).pixels, a.pixels)


def test_a_batch_is_what_its_parts_make() -> None:
    made = maker(pool())
    found = made.make(2)
    np.testing.assert_array_equal(found.views, made.sampler.batch(2))
    for slot in (0, 5):
        crop = made.views.render(int(found.views[slot]))
        low = PRESETS["train"].apply(crop, per_item_rng(0, 1, 2, slot))
        assert 8 <= low.shape[0] <= 32
        np.testing.assert_array_equal(found.pixels[slot], made.preprocess.pixels([low])[0])


def test_a_view_is_degraded_anew_each_time_it_is_drawn() -> None:
    faces = FaceSet(("a",), ("",), pool().data[:1])
    views = make_views(faces, np.arange(1), {"": 8.0}, flip=False, rng=np.random.default_rng(0))
    preprocess = architecture("lr24-tiny").preprocess
    made = BatchMaker(views, Sampler(views.weights, 8, 0), PRESETS["train"], preprocess, 0)
    pictures = {pixels.tobytes() for step in range(3) for pixels in made.make(step).pixels}
    assert len(pictures) > 18  # now and then two draws happen to be the plain face at one size


def test_a_stream_is_the_batches_in_order() -> None:
    made = maker(pool())
    found = list(made.stream(4, 9))
    assert [batch.step for batch in found] == [4, 5, 6, 7, 8]
    for batch in found:
        np.testing.assert_array_equal(batch.pixels, made.make(batch.step).pixels)
    assert list(made.stream(3, 3)) == []


def test_a_picture_that_is_none_ends_the_stream_with_its_own_error() -> None:
    faces = FaceSet(tuple("abcdefgh"), ("",) * 8, (*pool().data[:7], b"no picture"))
    with pytest.raises(ImageError, match="h"):
        list(maker(faces).stream(0, 9))


# The score


def test_a_perfect_student_scores_one() -> None:
    crops = [pool().crop(n) for n in range(12)]
    teacher = Teacher()(crops)
    scorer = HeldOut(crops, teacher, architecture("lr24-tiny").preprocess)
    perfect = scorer.score(lambda faces: torch.from_numpy(teacher))
    assert perfect == Agreement(12, dict.fromkeys(SIZES, 1.0), dict.fromkeys(SIZES, 1.0))
    assert perfect.to_json()["cosine"] == dict.fromkeys(map(str, SIZES), 1.0)
    assert str(perfect).startswith("held out (12 faces), cosine/rank-1: 8 px 1.000/100 %, 12 px ")


def test_the_score_is_the_mean_cosine_and_how_often_the_nearest_face_is_right() -> None:
    crops = [pool().crop(n) for n in range(4)]
    teacher = np.eye(4, DIM, dtype=np.float32)
    rows = torch.zeros(4, DIM)
    rows[0, 0] = 1.0  # right
    rows[1, 1], rows[1, 0] = 0.6, 0.8  # nearer to the first face
    rows[2, 2], rows[2, 5] = 0.28, 0.96  # far, but nearest to its own
    rows[3, 0] = -1.0  # nearest to another
    seen = []

    def embed(faces: torch.Tensor) -> torch.Tensor:
        seen.append(faces)
        return rows

    found = HeldOut(crops, teacher, architecture("lr24-tiny").preprocess).score(embed)
    assert found.cosine == dict.fromkeys(SIZES, 0.47)
    assert found.rank1 == dict.fromkeys(SIZES, 0.5)
    assert {tuple(faces.shape) for faces in seen} == {(4, 3, 24, 24)}
    area = cv2.resize(crops[1], (8, 8), interpolation=cv2.INTER_AREA)  # the protocol of the evaluation
    expected = architecture("lr24-tiny").preprocess.apply([np.asarray(area, dtype=np.uint8)])
    np.testing.assert_array_equal(seen[0][1:2].numpy(), expected)


def test_sizes_beyond_the_faces_are_left_out() -> None:
    crops = [np.asarray(cv2.resize(pool().crop(n), (20, 20)), dtype=np.uint8) for n in range(3)]
    scorer = HeldOut(crops, Teacher()(crops), architecture("lr24-tiny").preprocess)
    assert list(scorer.score(lambda faces: torch.from_numpy(Teacher()(crops))).cosine) == [8, 12, 16]
