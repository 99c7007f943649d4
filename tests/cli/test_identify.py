"""`fewpix identify` on scenes with ORL faces, with the real detector and teacher."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fewpix.cli import main
from fewpix.gallery import Gallery
from fewpix.image.codec import read_image, write_image
from fewpix.models.space import Space
from fewpix.models.teacher import SFACE_SHA256
from orl_scene import background, portrait, scene

pytestmark = pytest.mark.needs("samples")

PEOPLE = {"Ana": 0, "Bo": 1, "Cy": 2}
STRANGER = 7
# person, picture, width, corner; nobody's picture is one that was enrolled
PLACES = {
    "Ana": (0, 5, 60, (40, 60)),
    "Bo": (1, 6, 90, (250, 200)),
    "Cy": (2, 4, 46, (500, 90)),
    None: (STRANGER, 0, 80, (480, 300)),
}
THRESHOLD = 0.4  # lies between the scores of these faces; a fact about this test, not about the model


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("identify")
    for name, person in PEOPLE.items():
        for n in range(2):
            write_image(folder / "people" / name / f"{n}.png", portrait(person, n))
    words = ["enrol", str(folder / "people"), "--folder-per-person", "--gallery", str(folder / "g.db")]
    assert main([*words, "--model", "teacher", "-q"]) == 0
    return folder / "g.db"


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.png"
    write_image(path, scene(list(PLACES.values())))
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in ("identify", *words, "--model", "teacher")])
    done = capsys.readouterr()
    return code, done.out, done.err


def test_every_face_of_a_scene_gets_its_name(gallery: Path, photo: Path, capsys: pytest.CaptureFixture[str]):
    code, out, err = run(capsys, photo, "--gallery", gallery, "--threshold", THRESHOLD, "--json")
    assert (code, err) == (0, "")
    (line,) = out.splitlines()
    picture = json.loads(line)
    assert picture["path"] == photo.as_posix()
    assert len(picture["faces"]) == 4
    for name, (_, _, width, (left, top)) in PLACES.items():
        inside = [
            face
            for face in picture["faces"]
            if left < face["box"][0] + face["box"][2] / 2 < left + width
            and top < face["box"][1] + face["box"][3] / 2 < top + width * 112 / 92
        ]
        (face,) = inside
        assert face.keys() == {
            *("box", "pixels", "quality", "effective_pixels", "sharpness", "pose", "detector_score"),
            "alignment_error",
            *("candidates", "fpir", "fpir_kind", "fpir_range", "fpir_reason", "fpir_basis", "points"),
            *("decision", "verdict", "ambiguous", "tie", "reason", "fix", "matched_px"),
        }
        assert face["decision"] == name
        assert 0.6 <= face["detector_score"] <= 1
        assert 0 < face["quality"] <= face["detector_score"]
        assert 6 <= face["effective_pixels"] <= face["pixels"]
        assert abs(face["pose"]["yaw"]) < 45
        assert 0.6 * width < face["pixels"] < 1.5 * width
        assert len(face["candidates"]) == 3
        scores = [candidate["score"] for candidate in face["candidates"]]
        assert scores == sorted(scores, reverse=True)
        if name is not None:
            assert face["candidates"][0]["name"] == name


def test_without_a_threshold_or_a_calibration_nobody_is_named(
    gallery: Path,
    photo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("fewpix.identify.rule.SHIPPED", tmp_path / "absent.json")
    code, out, _ = run(capsys, photo, "--gallery", gallery, "--json", "--top", 1)
    assert code == 0
    faces = json.loads(out)["faces"]
    assert [face["decision"] for face in faces] == [None] * 4
    assert all(len(face["candidates"]) == 1 for face in faces)
    code, out, _ = run(capsys, photo, "--gallery", gallery)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == f"{photo.as_posix()}: 4 faces"
    assert lines[-1].startswith("nobody is named: there is no calibration (this install has no calibration)")
    assert " px at " in lines[1]
    assert all("   not decided: no threshold and no FPIR   [" in line for line in lines[1:5])
    assert "unknown" not in out
    code, out, _ = run(capsys, photo, "--gallery", gallery, "--threshold", THRESHOLD)
    assert out.count("unknown") == 1
    assert "nobody is named" not in out


def test_where_two_people_pass_neither_is_named_and_both_are_told(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """One photograph under two names, and one of the same person a little changed under a third."""
    changed = np.clip(portrait(0, 0)[:, ::-1] * 1.05, 0, 255).astype(np.uint8)
    for name, image in (("somebody", portrait(0, 0)), ("else", portrait(0, 0)), ("twin", changed)):
        write_image(tmp_path / "people" / name / "0.png", image)
    here = ("--gallery", tmp_path / "g.db")
    assert (
        main([str(word) for word in ("enrol", tmp_path / "people", "--folder-per-person", *here, "-q")]) == 0
    )
    code, out, _ = run(capsys, tmp_path / "people" / "else" / "0.png", *here, "--json", "--top", 1)
    (face,) = json.loads(out)["faces"]
    assert (code, face["decision"], face["verdict"]) == (0, None, "ambiguous")
    assert (face["ambiguous"], face["tie"]) == (["else", "somebody", "twin"], ["else", "somebody"])
    assert np.array(face["points"]).shape == (5, 2)
    code, out, err = run(capsys, tmp_path / "people" / "else" / "0.png", *here, "-v")
    assert "ambiguous: else, somebody, twin; tie: else, somebody; strangers score so in under 1 of " in out
    assert "3 people reach the threshold (" in out
    assert "faces were looked for at the scales 1" in err


def test_a_folder_gives_a_line_per_picture_and_annotated_pictures(
    gallery: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "in"
    write_image(folder / "a" / "scene.png", read_image(photo))
    write_image(folder / "b.jpg", portrait(1, 7))
    write_image(folder / "nobody.png", background(200, 300))
    words = (folder, "--gallery", gallery, "--draw", tmp_path / "out")
    code, out, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    pictures = [json.loads(line) for line in out.splitlines()]
    assert [Path(picture["path"]) for picture in pictures] == [
        folder / "a" / "scene.png",
        folder / "b.jpg",
        folder / "nobody.png",
    ]
    assert [len(picture["faces"]) for picture in pictures] == [4, 1, 0]
    assert sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")) == [
        "a/scene.png",
        "b.jpg",
        "nobody.png",
    ]
    drawn = read_image(tmp_path / "out" / "a" / "scene.png")
    assert drawn.shape[0] >= 480
    assert drawn.shape[1] > 640
    np.testing.assert_array_equal(read_image(tmp_path / "out" / "nobody.png"), background(200, 300))


def test_a_picture_is_never_drawn_over(
    gallery: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    before = photo.read_bytes()
    for words, message in (
        ((photo, "--draw", photo), "scene.png, which this command reads"),
        ((photo, "--draw", photo.parent), "holds the pictures that are read"),
        ((photo.parent, "--draw", photo.parent / "out"), "lies in the folder that is read"),
        ((photo.parent, "--draw", gallery), "g.db, which this command reads"),
    ):
        code, out, err = run(capsys, *words, "--gallery", gallery)
        assert (code, out) == (5, "")
        assert message in err
    assert photo.read_bytes() == before
    # a/b/b/x.png as drawn into a would be a/b/x.png
    for inner in ("x.png", "b/x.png"):
        write_image(tmp_path / "a" / "b" / inner, read_image(photo))
    one = (tmp_path / "a" / "b" / "x.png").read_bytes()
    code, out, err = run(capsys, tmp_path / "a" / "b", "--gallery", gallery, "--draw", tmp_path / "a")
    assert (code, out) == (5, "")
    assert "holds the pictures that are read" in err
    assert (tmp_path / "a" / "b" / "x.png").read_bytes() == one
    code, _, _ = run(capsys, photo, "--gallery", gallery, "--draw", tmp_path / "new" / "named.jpg")
    assert code == 0
    assert read_image(tmp_path / "new" / "named.jpg").shape[1] > 640


def test_crops_are_identified_without_a_detector(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_image(tmp_path / "crop.png", portrait(1, 5)[50:170, 50:170])
    code, out, _ = run(capsys, tmp_path / "crop.png", "--crops", "--gallery", gallery, "--json")
    assert code == 0
    picture = json.loads(out)
    (face,) = picture["faces"]
    assert (face["box"], face["pixels"], face["detector_score"]) == ([0, 0, 120, 120], 120, None)
    assert face["pose"] is None
    assert picture["scales"] is None


def test_a_budget_chooses_the_scales_and_they_are_told(
    gallery: Path, photo: Path, capsys: pytest.CaptureFixture[str]
):
    """Generous, the finest; a budget that nothing fits into still searches, and says so."""
    words = (photo, "--gallery", gallery, "--json", "--detect-budget")
    code, out, err = run(capsys, *words, 60_000)
    assert (code, err) == (0, "")
    fine = json.loads(out)
    assert len(fine["faces"]) == 4
    assert fine["scales"][-1] == 4
    code, out, err = run(capsys, *words, 0.001)
    assert code == 0
    coarse = json.loads(out)
    assert coarse["scales"] == [0.5]
    (line,) = err.splitlines()
    assert "px are searched at the scales" in line
    assert line.endswith("more than the budget of 0.001 ms")
    code, out, err = run(capsys, *words, 60_000, "-v")
    assert "px are searched at the scales" in err


def test_a_broken_picture_in_a_folder_does_not_stop_the_others(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "in"
    write_image(folder / "a.png", portrait(0, 5))
    (folder / "b.png").write_bytes(b"broken")
    write_image(folder / "c.png", portrait(1, 5))
    code, out, err = run(capsys, folder, "--gallery", gallery, "--json")
    assert code == 3
    assert [Path(json.loads(line)["path"]).name for line in out.splitlines()] == ["a.png", "c.png"]
    first, last = err.splitlines()
    assert "passed over" in first
    assert "b.png is not a JPEG" in first
    assert last.startswith("error: 1 of 3 pictures was refused, the first: ")
    code, out, err = run(capsys, folder, "--gallery", gallery, "--json", "--skip-bad", "-q")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 2


def test_bad_input_is_one_line_and_an_exit_code(
    gallery: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    other, empty = tmp_path / "other.db", tmp_path / "empty.db"
    Gallery.open(other, Space("b" * 64, 128)).close()
    Gallery.open(empty, Space(SFACE_SHA256, 128)).close()
    (tmp_path / "text.png").write_text("hello")
    here = ("--gallery", gallery)
    for words, expected, message in (
        ((photo, "--gallery", tmp_path / "none.db"), 3, "no gallery at"),
        ((photo, "--gallery", photo), 3, "is not a gallery"),
        ((photo, "--gallery", other), 7, Space("b" * 64, 128).fingerprint),
        ((photo, "--gallery", empty), 3, "nobody is enrolled in"),
        ((photo, "--gallery", "mysql://ana:secret@host/faces"), 9, "a gallery at mysql://"),
        ((tmp_path / "none.png", *here), 3, "there is no file or folder"),
        ((tmp_path / "text.png", *here), 3, "is not a JPEG"),
        ((tmp_path / "text.png", *here, "--skip-bad"), 3, "is not a JPEG"),
        ((photo, *here, "--threshold", "2"), 5, "the threshold must be a cosine"),
        ((photo, *here, "--detect-budget", "0"), 5, "a budget must be above 0"),
        ((photo, *here, "--crops", "--detect-budget", "9"), 5, "in crops no face is looked for"),
        ((photo, *here, "--top", "0"), 5, "candidates must be at least 1"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (expected, ""), (words, err)
        assert message in err
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        assert "secret" not in err
    assert not (tmp_path / "none.db").exists()


ON_A_TERMINAL = """
import sys
sys.modules["torch"] = None  # as if it were not installed
from fewpix.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo terminal")
def test_results_reach_a_file_while_the_bar_is_on_the_terminal_and_without_torch(
    gallery: Path, tmp_path: Path
):
    for n in range(2):
        write_image(tmp_path / "in" / f"{n}.png", portrait(n, 5))
    master, slave = os.openpty()
    with (tmp_path / "out.jsonl").open("wb") as out:
        words = ["identify", str(tmp_path / "in"), "--gallery", str(gallery), "--model", "teacher", "--json"]
        done = subprocess.run([sys.executable, "-c", ON_A_TERMINAL, *words], stdout=out, stderr=slave)
    shown = os.read(master, 100_000).decode(errors="replace")  # a slow machine fills the buffer
    os.close(slave)
    os.close(master)
    assert done.returncode == 0, shown
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["faces"][0]["candidates"][0]["name"] for line in lines] == ["Ana", "Bo"]
    assert "identifying" in shown
    assert "candidates" not in shown
