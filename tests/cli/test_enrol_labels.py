"""`fewpix enrol` and `gallery check` where a name does not fit the face, with the real models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fewpix.cli import main
from fewpix.image.codec import write_image
from orl_scene import portrait

pytestmark = pytest.mark.needs("samples")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, two photos each, in a folder per person; and one of them mirrored and a little brighter."""
    place = tmp_path_factory.mktemp("labels")
    for person, name in ((0, "ana"), (1, "bo")):
        for n in range(2):
            write_image(place / "people" / name / f"{n}.png", portrait(person, n))
    changed = np.ascontiguousarray(cv2.convertScaleAbs(portrait(0, 0)[:, ::-1], alpha=1.05), dtype=np.uint8)
    write_image(place / "twin.png", changed)
    return place


@pytest.fixture
def gallery(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "g.db"
    report = result(capsys, path, "enrol", folder / "people", "--folder-per-person", "--model", "teacher")
    assert [photo["warnings"] for photo in report["enrolled"]] == [[]] * 4
    labels = result(capsys, path, "gallery", "check")["labels"]
    assert (labels["same"], labels["close"], labels["rated"]) == ([], [], True)
    assert [photo["doubt"] for photo in labels["least"]] == [None, None]
    return path


def result(capsys: pytest.CaptureFixture[str], gallery: Path, *words: object) -> Any:
    capsys.readouterr()
    assert main([*map(str, words), "--gallery", str(gallery), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def warnings(capsys: pytest.CaptureFixture[str], gallery: Path, *words: object) -> str:
    """Of one photo that is enrolled."""
    (photo,) = result(capsys, gallery, "enrol", *words, "--model", "teacher")["enrolled"]
    return ", and ".join(photo["warnings"])


def test_a_photograph_of_somebody_else_is_told_when_it_is_enrolled_and_afterwards(
    folder: Path, gallery: Path, capsys: pytest.CaptureFixture[str]
):
    photo = folder / "people" / "bo" / "0.png"
    assert warnings(capsys, gallery, photo, "--name", "ana") == (
        "the face is the same photograph as one of bo (cosine 1.000)"
    )
    assert main(["gallery", "check", "--gallery", str(gallery)]) == 0
    text = capsys.readouterr().out
    assert "doubt: photo 5 of ana and photo 3 of bo are the same photograph (cosine 1.000)" in text
    assert "look at these people" in text
    assert main(["enrol", str(photo), "--name", "ana", "--model", "teacher", "--gallery", str(gallery)]) == 0
    assert "taken with a warning" in capsys.readouterr().out  # again, as long as it is so


def test_another_photo_of_somebody_else_is_told(
    folder: Path, gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    photo = tmp_path / "new.png"
    write_image(photo, portrait(1, 2))
    assert warnings(capsys, gallery, photo, "--name", "ana").startswith("the face is closer to bo (0.")
    least = result(capsys, gallery, "gallery", "check")["labels"]["least"][0]
    assert (least["name"], least["face"], least["other"]) == ("ana", 5, "bo")
    assert least["doubt"].startswith("is closer to bo")


def test_somebody_who_is_enrolled_already_is_told_under_a_new_name(
    folder: Path, gallery: Path, capsys: pytest.CaptureFixture[str]
):
    told = warnings(capsys, gallery, folder / "twin.png", "--name", "twin")
    assert told.startswith("the face looks like ana (cosine 0.")
    (pair,) = result(capsys, gallery, "gallery", "check")["labels"]["close"]
    assert pair["names"] == ["ana", "twin"]


def test_a_photo_unlike_its_own_person_is_told(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    photo = tmp_path / "stranger.png"
    write_image(photo, portrait(2, 0))
    assert "is no more like the other photos of ana" in warnings(capsys, gallery, photo, "--name", "ana")
    (split,) = result(capsys, gallery, "gallery", "check")["labels"]["split"]
    assert (split["name"], split["groups"]) == ("ana", [[1, 2], [5]])


@pytest.mark.parametrize("kind", ["noise", "grey noise", "blurred", "stripes"])
def test_a_crop_without_a_face_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (112, 112, 3), dtype=np.uint8)
    if kind == "grey noise":
        picture = np.repeat(picture[..., :1], 3, axis=2)
    elif kind == "blurred":
        blurred = cv2.GaussianBlur(picture, (0, 0), 1.5)
        picture = np.asarray((blurred - blurred.min()) * (255 / np.ptp(blurred)), dtype=np.uint8)
    elif kind == "stripes":
        wave = 127 + 120 * np.sin(np.arange(112) * 0.9)
        picture = np.repeat(np.tile(wave.astype(np.uint8), (112, 1))[..., None], 3, axis=2)
    write_image(tmp_path / "x.png", picture)
    told = warnings(capsys, tmp_path / "g.db", tmp_path / "x.png", "--name", "x", "--crops", "--accept-poor")
    assert "the detector sees no face in this crop" in told


def test_a_crop_with_a_face_is_not(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for side in (112, 32):
        square = portrait(3, 0)[40:160, 50:170]
        small = np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        write_image(tmp_path / f"{side}.png", small)
        words = (tmp_path / f"{side}.png", "--name", f"p{side}", "--crops", "--accept-poor")
        assert "no face" not in warnings(capsys, tmp_path / f"{side}.db", *words)
