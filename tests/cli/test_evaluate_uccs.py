"""`fewpix evaluate uccs` and `uccs-scores`: figures by hand, and a file made on real faces."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uccs_layout
from fewpix.evaluate.schema.parsed import parsed
from pixels_model import write_pixels_model

from fewpix.cli import main
from fewpix.evaluate.readers.uccs import read_lists
from fewpix.evaluate.readers.uccs_scores import ScoreRows, iter_scores, write_scores

SIDE = uccs_layout.SIDE

pytestmark = pytest.mark.needs("samples", "torch")


@pytest.fixture
def layout(tmp_path: Path) -> uccs_layout.Layout:
    return uccs_layout.lay_out(tmp_path / "uccs")


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pixels_model(tmp_path_factory.mktemp("models"))


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["evaluate", *map(str, words)])
    done = capsys.readouterr()
    return code, done.out, done.err


def result(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    code, out, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


ROWS = [
    # picture, detection score, x, y, similarities to persons 1 to 3
    ("aa.jpg", 0.9, 10, 12, (0.8, 0.1, 0.2)),  # person 1: found
    ("aa.jpg", 0.8, 60, 40, (0.3, 0.5, 0.1)),  # a stranger: an alarm at 0.5
    ("bb.jpg", 0.7, 11, 12, (0.6, 0.4, 0.1)),  # person 2, taken for person 1: found at rank 2 only
    ("cc.jpg", 0.6, 90, 60, (0.1, 0.1, 0.7)),  # no face there: an alarm at 0.7
    ("dd.jpg", 0.5, 10, 12, (0.1, 0.2, 0.65)),  # person 3: found
    ("dd.jpg", 0.4, 60, 40, (0.9, 0.2, 0.1)),  # excluded: counts neither way
]


def scores(path: Path, rows: list[Any] = ROWS) -> Path:
    names, sure, x, y, alike = zip(*rows, strict=True)
    boxes = np.column_stack((x, y, [SIDE] * len(rows), [SIDE] * len(rows))).astype(float)
    write_scores(path, [ScoreRows(names, np.array(sure), boxes, np.array(alike))], people=3)
    return path


def test_both_curves_by_hand(
    layout: uccs_layout.Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five faces count: persons 1, 2 and 3 once, and two strangers; four pictures."""
    shutil.rmtree(layout.folder / "validation_images")  # lists are enough
    path = scores(tmp_path / "scores.csv")
    words = ["uccs", layout.folder, path, "--ranks", "1,2", "--rates", "0.1,0.25,0.5,1"]
    found = result(capsys, *words)
    first, second = found["identification"]["1"], found["identification"]["2"]
    assert (first["wanted"], first["found"], first["alarms"]) == (3, 2, 2)
    # one alarm of four pictures lets pass from above 0.5: persons 1 (0.8) and 3 (0.65)
    assert first["rate"] == {"1e-1": None, "2.5e-1": 2 / 3, "5e-1": 2 / 3, "1e+0": 2 / 3}
    assert first["threshold"]["2.5e-1"] == 0.65
    assert first["per_image"]["2.5e-1"] == 0.25
    assert "4 pictures cannot show fewer than 0.25" in first["not_resolvable"]["1e-1"]
    # person 2 at 0.4 is below the alarm of 0.5, so two alarms must pass
    assert second["rate"] == {"1e-1": None, "2.5e-1": 2 / 3, "5e-1": 1.0, "1e+0": 1.0}
    low, high = first["rate_ci95"]["5e-1"]
    assert low <= 2 / 3 <= high
    detection = found["detection"]
    assert (detection["wanted"], detection["found"], detection["alarms"]) == (5, 4, 1)
    assert detection["rate"]["2.5e-1"] == 0.8
    assert (found["images"], found["images_without_detection"], found["detections"]) == (4, 0, 6)
    assert first["curve"]["per_image"] == sorted(first["curve"]["per_image"])
    code, text, _ = run(capsys, *words)
    assert code == 0
    assert "TPIR 66.7 % at FPIPI 2.5e-1" in text
    assert "DR 80.0 % at FDPI 2.5e-1" in text
    for n in (1, 2):
        assert run(capsys, *words, "--out", tmp_path / f"{n}.json")[0] == 0
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert str(tmp_path) not in (tmp_path / "1.json").read_text(encoding="utf-8")


@pytest.fixture
def photos(tmp_path: Path) -> uccs_layout.Layout:
    return uccs_layout.lay_out_photos(tmp_path / "photos")


def test_a_file_made_by_detector_and_model_finds_the_people(
    photos: uccs_layout.Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores.csv"
    made = result(capsys, "uccs-scores", photos.folder, path, "--model", "teacher", "--min-score", 0.6)
    assert (made["pictures"], made["detections"], made["people"]) == (4, 6, 3)
    assert (made["unreadable"], made["not_embedded"], made["failed_people"]) == (0, 0, 0)
    found = result(capsys, "uccs", photos.folder, path, "--rates", "0.25,1")
    assert found["detection"]["rate"]["2.5e-1"] == 1
    assert found["identification"]["1"]["rate"]["1e+0"] == 1
    rows = next(iter_scores(path, people=3))
    truth = dict.fromkeys(rows.images)
    assert list(truth) == ["aa.jpg", "bb.jpg", "cc.jpg", "dd.jpg"]
    # whole pictures at half their size: boxes stay in the pixels of the pictures as they were
    small = tmp_path / "small.csv"
    made = result(
        capsys, "uccs-scores", photos.folder, small, "--model", "teacher", "--shrink", 0.5, "--min-score", 0.6
    )
    assert made["shrink"] == 0.5
    half = next(iter_scores(small, people=3))
    assert len(half.boxes) == len(rows.boxes)
    for box, name in zip(half.boxes, half.images, strict=True):
        near = rows.boxes[np.array(rows.images) == name]
        assert np.abs(near - box).max(axis=1).min() < 12
    assert not (rows.similarities == half.similarities).all()


def test_failures_to_enrol_are_like_nobody(
    photos: uccs_layout.Layout, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (photos.folder / "gallery_images/0002").iterdir():
        path.write_bytes(b"")
    (photos.folder / "validation_images/bb.jpg").write_bytes(b"\xff\xd8\xff")
    path = tmp_path / "scores.csv"
    words = ["uccs-scores", photos.folder, path, "--model", pixels, "--gallery-model", "same", "--size", 12]
    files = ["--out", tmp_path / "made.json", "--report", tmp_path / "report"]
    made = result(capsys, *words, "--min-score", 0.6, *files)
    parsed(made)
    text = (tmp_path / "report/report.md").read_text(encoding="utf-8")
    assert "| people who failed to enrol, nobody is like them | 1 |" in text
    assert "| pictures that cannot be read | 1; the first: validation\\_images/bb.jpg" in text
    assert (tmp_path / "report/result.json").read_bytes() == (tmp_path / "made.json").read_bytes()
    assert (made["failed_people"], made["unreadable"]) == (1, 1)
    assert made["first_fault"].startswith("validation_images/bb.jpg")
    assert str(tmp_path) not in (tmp_path / "made.json").read_text(encoding="utf-8")
    rows = next(iter_scores(path, people=3))
    assert (rows.similarities[:, 1] == -1).all()
    assert (rows.similarities[:, 0] > -1).all()
    assert "bb.jpg" not in rows.images
    found = result(capsys, "uccs", photos.folder, path, "--rates", "1")
    assert found["images_without_detection"] == 1
    assert found["identification"]["10"]["wanted"] == 3
    (photos.folder / "validation_images/bb.jpg").unlink()
    code, _, err = run(capsys, *words)
    assert code == 3
    assert "1 of 10 pictures are missing" in err
    assert result(capsys, *words, "--allow-missing")["coverage"] == 0.9


def test_a_file_of_few_pictures_is_refused(
    layout: uccs_layout.Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scores(tmp_path / "scores.csv", ROWS[:2])
    code, out, err = run(capsys, "uccs", layout.folder, path)
    assert (code, out) == (3, "")
    assert "has no row of 3 of 4 pictures with a face, the first one bb.jpg" in err
    found = result(capsys, "uccs", layout.folder, path, "--allow-missing")
    assert found["images_without_detection"] == 3
    assert found["identification"]["1"]["wanted"] == 3


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda text: re.sub(r"0\.65\d*", "nan", text), "line 6, value 9: nan is not a finite number"),
        (lambda text: text + text.splitlines()[1] + "\n", "stand there twice, the first are 1 and 7"),
        (lambda text: text.replace("cc,", "zz,"), "'zz.jpg' is not a picture of the benchmark"),
        (lambda text: text.replace(",0003", ""), "line 1: expected"),
        (lambda text: text.replace("0.65", "0.65,1"), "line 6: 10 values instead of 9"),
        (lambda text: "", "line 1: expected"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_with_its_line(
    change: Any,
    match: str,
    layout: uccs_layout.Layout,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = scores(tmp_path / "scores.csv")
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    code, out, err = run(capsys, "uccs", layout.folder, path)
    assert (code, out, err.count("\n")) == (3, "", 2), err  # the first line says what is going on
    assert match in err.splitlines()[1]


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (["uccs", "{tmp}", "{file}"], 3, "it lacks gallery.csv, validation.csv"),
        (["uccs", "{uccs}", "{tmp}/no.csv"], 3, "cannot read"),
        (["uccs", "{uccs}", "{file}", "--ranks", "11"], 5, "ranks: 11 is out of range"),
        (["uccs", "{uccs}", "{file}", "--rates", "0"], 5, "rates: 0 is out of range"),
        (["uccs", "{uccs}", "{file}", "--iou", "0"], 3, "the overlap lies above 0"),
        (["uccs-scores", "{uccs}", "{file}", "--shrink", "2"], 5, "shrink: 2 is out of range"),
        (["uccs-scores", "{uccs}", "{file}", "--size", "4"], 5, "size: 4 px is out of range"),
        (["uccs-scores", "{uccs}", "{file}", "--min-score", "2"], 5, "min_score must be 0 to 1"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str],
    code: int,
    match: str,
    layout: uccs_layout.Layout,
    pixels: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = scores(tmp_path / "scores.csv")
    if words[0] == "uccs-scores":
        words = [*words, "--model", str(pixels), "--gallery-model", "same"]
    for name, place in (("{tmp}", tmp_path), ("{uccs}", layout.folder), ("{file}", file)):
        words = [word.replace(name, str(place)) for word in words]
    before = file.read_bytes()
    found, out, err = run(capsys, *words, "--json")
    assert (found, out, err.count("\n")) == (code, "", 1), err
    assert match in err
    assert file.read_bytes() == before
    assert len(read_lists(layout.folder).images) == 4
