"""Training the aligner: views whose truth is true, and runs that resume bit for bit."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from project import ROOT

pytest.importorskip("torch")

import torch

from fewpix.data.faces import FaceSet, load_faces
from fewpix.degrade import PRESETS, per_item_rng, step
from fewpix.degrade.chain import Chain
from fewpix.degrade.photograph import Spread, photograph
from fewpix.detect.aligner import corrected
from fewpix.errors import ConfigError
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.window import CENTRE, WINDOW, cut_window
from fewpix.train.aligner import held_out_faces, train_aligner
from fewpix.train.aligner_recipe import AlignerRecipe, load_aligner_recipe
from fewpix.train.aligner_views import AlignerViews
from orl_files import face_file

PLAIN = Chain((step("downscale", side=16),), name="plain")


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    folder = tmp_path_factory.mktemp("faces")
    for person in range(24):
        (folder / f"{person}.png").write_bytes(face_file(person, 0, ".png", TEMPLATE_SIDE))
    return load_faces([folder])


def tiny(**run: int) -> AlignerRecipe:
    return AlignerRecipe.model_validate(
        {
            "name": "tiny",
            "data": {"holdout": 0.0},
            "model": {"side": 16, "widths": (4, 6, 6, 8), "hidden": 8},
            "run": {"steps": 6, "batch": 8, "checkpoint_every": 2, "evaluate_every": 6, **run},
        }
    )


def test_a_photograph_says_where_its_face_is(faces: FaceSet) -> None:
    """Cut out by what it says, the face is the face that went in."""
    crop = cv2.resize(faces.crop(0), (TEMPLATE_SIDE,) * 2, interpolation=cv2.INTER_AREA)
    canvas = cv2.copyMakeBorder(crop, *(TEMPLATE_SIDE // 2,) * 4, cv2.BORDER_REFLECT)
    for n in range(5):
        picture, place = photograph(canvas, 60.0, PLAIN, per_item_rng(0, n))
        got = cut_window(picture, place, 52).astype(np.float64)
        want = cut_window(crop, (1.0, 0.0), 52).astype(np.float64)
        blurred = cv2.GaussianBlur(want, (0, 0), 0.6)
        (dx, dy), _ = cv2.phaseCorrelate(blurred[..., 0], got[..., 0])
        assert max(abs(dx), abs(dy)) * WINDOW / 52 < 0.35
        assert np.abs(got - blurred).mean() < 12


def test_the_truth_of_a_view_puts_it_right(faces: FaceSet) -> None:
    """What the view's truth says is what `corrected` undoes: after it the windows of one face agree."""
    crop = cv2.resize(faces.crop(3), (TEMPLATE_SIDE,) * 2, interpolation=cv2.INTER_AREA)
    want = cut_window(crop, (1.0, 0.0), 52).astype(np.float64)
    spread = Spread(move=200.0)
    for n in range(6):
        turn, move = spread.draw(40.0, per_item_rng(1, n))
        there = turn * CENTRE + move - CENTRE
        outputs = np.array([10 * (turn.real - 1), 10 * turn.imag, there.real / 8, there.imag / 8, 0.0, 0.0])
        back = corrected((turn, move), outputs)
        np.testing.assert_allclose(back, (1.0, 0.0), atol=1e-9)
        got = cut_window(crop, back, 52).astype(np.float64)
        assert np.abs(got - want).max() <= 1


def test_a_view_is_a_function_of_its_generator(faces: FaceSet) -> None:
    views = AlignerViews(faces, np.arange(len(faces)), PRESETS["train-photo"], (8.0, 40.0), Spread(), 32, 0.5)
    pixels, truth = views.make(0, 7, 24)
    again = views.make(0, 7, 24)
    np.testing.assert_array_equal(pixels, again[0])
    np.testing.assert_array_equal(truth, again[1])
    assert pixels.shape == (24, 32, 32, 3)
    gone = np.isnan(truth[:, 0])
    assert 4 < gone.sum() < 20
    assert np.isnan(truth[gone]).all()


def test_a_run_resumes_bit_for_bit(faces: FaceSet, tmp_path: Path) -> None:
    whole, score = train_aligner(tiny(), faces, tmp_path / "whole")
    assert score is None
    stopped = 0

    def stop(done: int, total: int, note: str) -> None:
        nonlocal stopped
        stopped = done
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_aligner(tiny(), faces, tmp_path / "parts", on_progress=stop)
    assert stopped == 3
    parts, _ = train_aligner(tiny(), faces, tmp_path / "parts")
    for name, value in whole.tensors().items():
        assert torch.equal(value, parts.tensors()[name]), name
    with pytest.raises(ConfigError, match="another recipe"):
        train_aligner(tiny(seed=1), faces, tmp_path / "parts")


def test_the_shipped_recipe_is_sound_and_its_held_out_faces_are_apart() -> None:
    recipe = load_aligner_recipe(ROOT / "recipes" / "aligner.toml")
    held = held_out_faces(recipe, 1000)
    assert len(held) == 30
    assert len(set(held.tolist())) == 30
    with pytest.raises(ConfigError, match="chain"):
        train_aligner(
            recipe.model_copy(update={"data": recipe.data.model_copy(update={"chain": "none"})}),
            None,  # type: ignore[arg-type]
            Path("nowhere"),
        )
