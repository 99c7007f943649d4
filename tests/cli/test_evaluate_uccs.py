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
from evaluate_runs import printed, reasons, refused, result, run, value, values, written
from fewpix.evaluate.readers.uccs import read_lists
from fewpix.evaluate.readers.uccs_scores import iter_scores
from fewpix.evaluate.result.model import Cell, UccsScores
from fewpix.evaluate.result.read import parsed
from fewpix.evaluate.statistics.bootstrap import Clusters, mean_interval
from fewpix.evaluate.statistics.estimate import Draws, Mean
from fewpix.evaluate.tasks.detections import DetectionOutcomes
from pixels_model import write_pixels_model
from uccs_layout import ROWS, scores

pytestmark = pytest.mark.needs("samples", "torch")


@pytest.fixture
def layout(tmp_path: Path) -> uccs_layout.Layout:
    return uccs_layout.lay_out(tmp_path / "uccs")


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pixels_model(tmp_path_factory.mktemp("models"))


def judged(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Cell]:
    """The cells of `fewpix evaluate uccs` by the kind of faces."""
    return {cell.part["faces"]: cell for cell in result(capsys, "evaluate", "uccs", *words).cells}


def made(capsys: pytest.CaptureFixture[str], *words: object) -> UccsScores:
    """What `fewpix evaluate uccs-scores` says of the file that it makes."""
    found = parsed(json.loads(printed(capsys, "evaluate", "uccs-scores", *words, "--json")))
    assert isinstance(found, UccsScores)
    return found


def test_both_curves_by_hand(
    layout: uccs_layout.Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(layout.folder / "validation_images")  # lists are enough
    path = scores(tmp_path / "scores.csv")
    words = ["evaluate", "uccs", layout.folder, path, "--ranks", "1,2", "--rates", "0.1,0.25,0.5,1"]
    found = result(capsys, *words)
    detection, first, second = found.cells
    assert [cell.part["faces"] for cell in found.cells] == ["detection", "rank 1", "rank 2"]
    assert {cell.model for cell in found.cells} == {"scores.csv"}
    assert first.counts == {"wanted": 3, "found": 2, "alarms": 2}
    # one alarm of four pictures lets pass from above 0.5: persons 1 (0.8) and 3 (0.65)
    assert values(first, "found") == {"1e-1": None, "2.5e-1": 2 / 3, "5e-1": 2 / 3, "1e+0": 2 / 3}
    at = first.figure("found", "2.5e-1")
    assert at is not None
    assert (at.threshold, at.detail) == (0.65, {"per_image": [0.25]})
    assert "4 pictures cannot show fewer than 0.25" in reasons(first, "found")["1e-1"]
    # person 2 at 0.4 is below the alarm of 0.5, so two alarms must pass
    assert values(second, "found") == {"1e-1": None, "2.5e-1": 2 / 3, "5e-1": 1.0, "1e+0": 1.0}
    value(first, "found", "5e-1")  # lies in its interval
    assert detection.counts == {"wanted": 5, "found": 4, "alarms": 1}
    assert value(detection, "found", "2.5e-1") == 0.8
    assert found.benchmark.comparisons == {"pictures": 4, "without_detection": 0, "detections": 6}
    assert (found.treatment.iou, found.models) == (0.5, {})
    assert first.curve is not None
    assert first.curve.x == sorted(first.curve.x)
    text = printed(capsys, *words)
    assert "\nscores.csv, detection\n  5 wanted, 4 found, 1 alarms\n" in text
    assert "found at 2.5e-1 false alarms a picture 80.0 %" in text
    for n in (1, 2):
        printed(capsys, *words, "--out", tmp_path / f"{n}.json")
    for kind in ("json", "scores.npz"):
        assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()
    assert str(tmp_path) not in (tmp_path / "1.json").read_text(encoding="utf-8")


def test_two_score_files_are_compared_face_by_face(
    layout: uccs_layout.Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "uccs", layout.folder]
    more = ["--ranks", "1", "--rates", "0.01,0.25", "--out"]
    # two strangers score so high that nobody is found with one alarm
    first, second = ("aa.jpg", 0.8, 60, 40, (0.3, 0.9, 0.1)), ("cc.jpg", 0.6, 90, 60, (0.1, 0.1, 0.95))
    loud = [ROWS[0], first, ROWS[2], second, *ROWS[4:]]
    for name, rows in (("a", ROWS), ("b", loud)):
        printed(capsys, *words, scores(tmp_path / f"{name}.csv", rows), *more, tmp_path / f"{name}.json")
    files = [tmp_path / "b.json", tmp_path / "a.json"]
    found = result(capsys, "compare", *files)
    parts = {one.part["faces"]: one for one in found.differences}
    assert list(parts) == ["detection", "rank 1"]
    sides = [{cell.part["faces"]: cell for cell in written(path).cells} for path in files]
    for faces, one in parts.items():
        assert (one.model, one.minus, one.size) == ("b.csv", "a.csv", None)
        (change,) = one.changes  # 1e-2 can be shown by neither
        assert (change.measure, change.at) == ("found", "2.5e-1")
        mine, theirs = (value(side[faces], "found", "2.5e-1") for side in sides)
        assert change.difference == pytest.approx(mine - theirs, abs=1e-6)
        assert change.mcnemar is not None
    assert parts["detection"].changes[0].difference == 0
    assert parts["rank 1"].changes[0].difference == pytest.approx(-2 / 3, abs=1e-6)
    printed(capsys, *words, tmp_path / "a.csv", "--iou", 0.4, *more, tmp_path / "loose.json")
    err = refused(capsys, 3, "compare", tmp_path / "a.json", tmp_path / "loose.json")
    assert "a.json and loose.json differ in iou: 0.5 and 0.4" in err
    other = shutil.copytree(layout.folder, tmp_path / "other")
    lines = (other / "validation.csv").read_text(encoding="utf-8").splitlines()
    (other / "validation.csv").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    printed(capsys, "evaluate", "uccs", other, tmp_path / "a.csv", *more, tmp_path / "fewer.json")
    err = refused(capsys, 3, "compare", tmp_path / "a.json", tmp_path / "fewer.json")
    assert "differ in lists_sha256" in err


def test_the_interval_of_a_face_by_face_difference() -> None:
    """Of the people of the gallery, resampled for both files together; thresholds are held."""
    rng = np.random.default_rng(3)
    people, sides = rng.integers(1, 30, 200), []
    for shift in (0.0, 0.3):
        at = np.where(rng.random(200) < 0.1, -np.inf, rng.normal(size=200) + shift)
        sides.append(DetectionOutcomes(at, people, 100, (0.01, 0.001), {"1e-2": 0.5}))
    (one, none), (other, _) = (side.wanted() for side in sides)
    assert (none.at, none.statistic) == ("1e-3", None)
    assert isinstance(one.statistic, Mean)
    assert isinstance(other.statistic, Mean)
    change, test = one.statistic.minus(other.statistic, Draws(300, 4))
    hits = [(side.at >= 0.5).astype(int) for side in sides]
    difference = hits[0] - hits[1]
    assert change.value == pytest.approx(difference.mean())
    assert change.ci95 == mean_interval(difference, Clusters.of(people), replicates=300, seed=4)
    assert test is not None
    assert test[:2] == ((difference > 0).sum(), (difference < 0).sum())


@pytest.fixture
def photos(tmp_path: Path) -> uccs_layout.Layout:
    return uccs_layout.lay_out_photos(tmp_path / "photos")


def test_a_file_made_by_detector_and_model_finds_the_people(
    photos: uccs_layout.Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores.csv"
    words = [photos.folder, path, "--model", "teacher", "--min-score", 0.6]
    said = made(capsys, *words)
    assert (said.pictures, said.detections, said.people) == (4, 6, 3)
    assert (said.unreadable, said.not_embedded, said.failed_people) == (0, 0, 0)
    found = judged(capsys, photos.folder, path, "--rates", "0.25,1")
    assert value(found["detection"], "found", "2.5e-1") == 1
    assert value(found["rank 1"], "found", "1e+0") == 1
    rows = next(iter_scores(path, people=3))
    truth = dict.fromkeys(rows.images)
    assert list(truth) == ["aa.jpg", "bb.jpg", "cc.jpg", "dd.jpg"]
    # whole pictures at half their size: boxes stay in the pixels of the pictures as they were
    small = tmp_path / "small.csv"
    words[1] = small
    assert made(capsys, *words, "--shrink", 0.5).shrink == 0.5
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
    words = [photos.folder, path, "--model", pixels, "--gallery-model", "same", "--size", 12]
    files = ["--out", tmp_path / "made.json", "--report", tmp_path / "report"]
    said = made(capsys, *words, "--min-score", 0.6, *files)
    text = (tmp_path / "report/report.md").read_text(encoding="utf-8")
    assert "| people who failed to enrol, nobody is like them | 1 |" in text
    assert "| pictures that cannot be read | 1; the first: validation\\_images/bb.jpg" in text
    assert (tmp_path / "report/result.json").read_bytes() == (tmp_path / "made.json").read_bytes()
    assert (said.failed_people, said.unreadable) == (1, 1)
    assert said.first_fault.startswith("validation_images/bb.jpg")
    assert str(tmp_path) not in (tmp_path / "made.json").read_text(encoding="utf-8")
    rows = next(iter_scores(path, people=3))
    assert (rows.similarities[:, 1] == -1).all()
    assert (rows.similarities[:, 0] > -1).all()
    assert "bb.jpg" not in rows.images
    found = result(capsys, "evaluate", "uccs", photos.folder, path, "--rates", "1")
    assert found.benchmark.comparisons["without_detection"] == 1
    assert found.cells[-1].part == {"faces": "rank 10"}
    assert found.cells[-1].counts["wanted"] == 3
    (photos.folder / "validation_images/bb.jpg").unlink()
    code, _, err = run(capsys, "evaluate", "uccs-scores", *words)
    assert code == 3
    assert "1 of 10 pictures are missing" in err
    assert made(capsys, *words, "--allow-missing").coverage == 0.9


def test_a_file_of_few_pictures_is_refused(
    layout: uccs_layout.Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scores(tmp_path / "scores.csv", ROWS[:2])
    words = ["evaluate", "uccs", layout.folder, path]
    err = refused(capsys, 3, *words, "--json")
    assert "has no row of 3 of 4 pictures with a face, the first one bb.jpg" in err
    found = result(capsys, *words, "--allow-missing")
    assert found.benchmark.comparisons["without_detection"] == 3
    assert found.cells[1].counts["wanted"] == 3


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
    code, out, err = run(capsys, "evaluate", "uccs", layout.folder, path)
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
    assert match in refused(capsys, code, "evaluate", *words, "--json")
    assert file.read_bytes() == before
    assert len(read_lists(layout.folder).images) == 4
