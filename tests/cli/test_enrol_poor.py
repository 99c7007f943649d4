"""`fewpix enrol` with photographs that are too poor to be compared with, made of real ones."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.cli import main
from fewpix.gallery import Gallery
from fewpix.identify.admission import REFUSED_BELOW
from fewpix.image.codec import Image, write_image
from fewpix.models.space import Space
from fewpix.models.teacher import SFACE_SHA256
from orl_scene import portrait

pytestmark = pytest.mark.needs("samples")

SPACE = Space(SFACE_SHA256, 128)


def enlarged(person: int, picture: int, pixels: float) -> Image:
    """The portrait, whose face has about 120 px, from one whose face has `pixels`."""
    image = portrait(person, picture)
    shrink = pixels / 120
    small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sharp photograph, one of a face of 12 px enlarged, and another sharp one."""
    folder = tmp_path_factory.mktemp("poor")
    write_image(folder / "1-sharp.png", portrait(0, 0))
    write_image(folder / "2-enlarged.png", enlarged(0, 1, 12))
    write_image(folder / "3-sharp.png", portrait(0, 2))
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["enrol", *(str(word) for word in words), "--name", "Ana", "--model", "teacher", "-q"])
    done = capsys.readouterr()
    return code, done.out, done.err


def qualities(gallery: Path) -> dict[str, float | None]:
    with Gallery.open(gallery, SPACE, write=False) as opened:
        return {Path(face.source).name: face.quality for face in opened.faces()}


def test_an_enlarged_face_is_refused_and_does_not_stop_the_others(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = tmp_path / "g.db"
    code, out, err = run(capsys, photos, "--gallery", gallery, "--json")
    assert code == 3
    assert err.startswith("error: 1 of 3 pictures was refused, the first: ")
    assert err.count("\n") == 1
    report = json.loads(out)
    (refused,) = report["refused"]
    assert Path(refused["path"]).name == "2-enlarged.png"
    for part in ("the face has the detail of a face of", f"at least {REFUSED_BELOW:.0f}", "--accept-poor"):
        assert part in refused["reason"]
    assert [Path(photo["path"]).name for photo in report["enrolled"]] == ["1-sharp.png", "3-sharp.png"]
    for photo in report["enrolled"]:
        assert photo["warnings"] == []
        assert 50 < photo["effective_pixels"] <= photo["pixels"]
        assert 0.5 < photo["quality"] <= photo["detector_score"] <= 1
        assert abs(photo["pose"]["yaw"]) < 30
    stored = qualities(gallery)
    assert stored.keys() == {"1-sharp.png", "3-sharp.png"}
    assert stored["1-sharp.png"] == pytest.approx(report["enrolled"][0]["quality"], abs=1e-4)


def test_it_is_taken_with_a_warning_when_that_is_wanted(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = tmp_path / "g.db"
    code, out, err = run(capsys, photos, "--gallery", gallery, "--accept-poor")
    assert (code, err) == (0, "")
    first, second, warning = out.splitlines()
    assert first == (f"3 photos of 1 person added; the gallery {gallery} has 3 photos of 1 person")
    assert second == "1 photo taken with a warning:"
    assert warning.startswith(f"  {photos / '2-enlarged.png'}: the face has the detail of a face of ")
    stored = qualities(gallery)
    poor, sharp = stored["2-enlarged.png"], stored["1-sharp.png"]
    assert poor is not None
    assert sharp is not None
    assert poor < 0.8 * sharp
    # Told again when the same photo is enrolled again; 12 px of the 18 that are enough, as estimated.
    _, out, _ = run(capsys, photos / "2-enlarged.png", "--gallery", gallery, "--accept-poor", "--json")
    (told,) = json.loads(out)["enrolled"]
    pose = [math.cos(math.radians(told["pose"][angle])) for angle in ("yaw", "pitch")]
    detail = told["effective_pixels"] / 18
    assert 12 / 18 <= detail < 0.8
    assert poor == pytest.approx(told["detector_score"] * detail * pose[0] * pose[1], abs=2e-3)


def test_a_single_poor_photograph_ends_with_its_own_reason_and_makes_nobody(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = tmp_path / "g.db"
    code, out, err = run(capsys, photos / "2-enlarged.png", "--gallery", gallery)
    assert code == 3
    assert err.startswith(f"error: {photos / '2-enlarged.png'}: the face has the detail of a face of ")
    assert "0 photos of 0 people" in out
    assert qualities(gallery) == {}
    # Refused photographs may be passed over, but where nobody is left, that is no success.
    code, _, err = run(capsys, photos / "2-enlarged.png", "--gallery", gallery, "--skip-bad")
    assert code == 3
    assert err.startswith("error: ")


def test_crops_are_held_to_the_same_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_image(tmp_path / "in" / "sharp.png", portrait(0, 0)[40:160, 50:170])
    write_image(tmp_path / "in" / "small.png", cv2.resize(portrait(0, 1)[40:160, 50:170], (12, 12)))
    words = (tmp_path / "in", "--crops", "--gallery", tmp_path / "g.db", "--json")
    code, out, _ = run(capsys, *words)
    report = json.loads(out)
    assert code == 3
    assert [Path(photo["path"]).name for photo in report["refused"]] == ["small.png"]
    assert "wide" not in report["refused"][0]["reason"]  # it has the pixels that its file has
    (taken,) = report["enrolled"]
    assert (taken["pose"], taken["detector_score"]) == (None, None)
    code, out, _ = run(capsys, *words, "--accept-poor")
    assert code == 0
    assert len(json.loads(out)["enrolled"]) == 2
