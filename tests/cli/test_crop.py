"""`fewpix crop`: photographs become aligned crops with a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from fewpix.cli import main
from fewpix.image.align import align
from fewpix.image.codec import read_image, write_image
from orl_scene import portrait

pytestmark = pytest.mark.needs("samples")


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["crop", *(str(word) for word in words), "-q"])
    done = capsys.readouterr()
    return code, done.out, done.err


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "p"
    one, other = portrait(0, 0), portrait(1, 0)
    write_image(folder / "ana" / "1.png", one)
    pair = np.concatenate([one, other], axis=1)
    write_image(folder / "ben" / "2.png", pair)
    write_image(folder / "wall.png", np.full((120, 160, 3), 128, np.uint8))
    return folder


def test_every_face_becomes_a_crop_with_a_row(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "crops"
    code, text, err = run(capsys, photos, "--out", out)
    assert (code, err) == (0, "")
    assert text.splitlines()[0] == f"{out}: 3 crops of 3 photos"
    assert text.splitlines()[1:] == ["1 photo without a face:", f"  {photos}/wall.png"]
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png"))
    assert files == ["ana/1.png.0.png", "ben/2.png.0.png", "ben/2.png.1.png"]
    with (out / "crops.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["file"] for row in rows) == files
    for row in rows:
        crop = read_image(out / row["file"])
        assert crop.shape == (112, 112, 3)
        picture = read_image(Path(row["picture"]))
        names = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
        points = np.array([[float(row[f"{name}_{axis}"]) for axis in "xy"] for name in names])
        again = align(picture, points, 112)
        assert np.abs(again.astype(int) - crop).mean() < 1, "the points are those that it was aligned by"
        assert 0.5 < float(row["score"]) <= 1
        assert 0 < float(row["quality"]) <= 1
        assert 40 < float(row["pixels"]) < 140
        assert 0 <= float(row["x"]) < picture.shape[1]
    lines = [json.loads(line) for line in (out / "crops.jsonl").read_text().splitlines()]
    assert [(Path(line["path"]).name, line["found"]) for line in lines] == [
        ("1.png", 1),
        ("2.png", 2),
        ("wall.png", 0),
    ]


def test_a_run_goes_on_and_says_so(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "crops"
    assert run(capsys, photos, "--out", out)[0] == 0
    table, lines = (out / "crops.csv").read_bytes(), (out / "crops.jsonl").read_bytes()
    first = lines.splitlines(keepends=True)
    (out / "crops.jsonl").write_bytes(first[0] + first[1][:40])  # killed in the middle of a line
    (out / "crops.csv").unlink()
    code, text, _ = run(capsys, photos, "--out", out, "--resume", "--json")
    found = json.loads(text)
    assert (code, found["photos"], found["before"], found["crops"]) == (0, 3, 1, 3)
    assert found["without"] == [f"{photos}/wall.png"]
    assert ((out / "crops.csv").read_bytes(), (out / "crops.jsonl").read_bytes()) == (table, lines)
    code, _, err = run(capsys, photos, "--out", out, "--resume", "--side", 64)
    assert code == 5
    assert "side was 112, now 64" in err


def test_one_face_of_each_photo_at_another_side(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "crops"
    code, text, _ = run(capsys, photos, "--out", out, "--largest", "--side", 48, "--json")
    found = json.loads(text)
    assert (code, found["crops"], found["left_out"]) == (0, 2, 1)
    assert read_image(out / "ben" / "2.png.0.png").shape == (48, 48, 3)
    code, text, err = run(capsys, photos / "ana" / "1.png", "--out", tmp_path / "one", "--smallest", 1000)
    assert code == 4, "no crop is no success"
    assert "no face was cut out" in err
    assert "1 face left out" in text


def test_crops_never_get_among_other_files(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    for out, message in (
        (tmp_path / "full", "is not empty"),
        (photos, "among the photos"),
        (photos / "crops", "among the photos"),
        (photos / "wall.png", "is a file"),
    ):
        for more in ((), ("--resume",)):
            code, text, err = run(capsys, photos, "--out", out, *more)
            assert code in (3, 5)
            assert text == ""
            assert message in err
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == ["letter.txt"]


def test_a_photo_that_cannot_be_read_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_image(tmp_path / "p" / "a.png", portrait(0, 0))
    (tmp_path / "p" / "b.png").write_text("no picture")
    code, text, err = run(capsys, tmp_path / "p", "--out", tmp_path / "o")
    assert code == 3
    assert "1 crop of 2 photos" in text
    assert "b.png is not a JPEG" in err
    words = (tmp_path / "p", "--out", tmp_path / "o2", "--skip-bad")
    assert run(capsys, *words)[0] == 0
