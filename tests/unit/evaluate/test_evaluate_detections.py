"""A score file of UCCS judged by hand, made by a finder and a model, and two of them compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import uccs_layout
from fewpix.errors import ConfigError, InputError, SpaceError
from fewpix.evaluate.benchmark import Asked
from fewpix.evaluate.compare import Scores, compare
from fewpix.evaluate.readers.uccs import Uccs, read, read_lists
from fewpix.evaluate.readers.uccs_scores import ScoreRows, iter_scores, write_scores
from fewpix.evaluate.result.file import Run, write_result
from fewpix.evaluate.result.words import words
from fewpix.evaluate.run import Evaluation, evaluate_detections
from fewpix.evaluate.statistics.estimate import Draws
from fewpix.evaluate.tasks.detections import DetectionOutcomes, judge, thresholds_at
from fewpix.evaluate.tasks.score_file import score_uccs
from fewpix.evaluate.view import Look, View
from fewpix.image.align import align
from fewpix.image.codec import read_image
from grey_encoder import Grey
from made_outcomes import cell_of

pytestmark = pytest.mark.needs("samples", "torch")

SIDE, RATES = uccs_layout.SIDE, (0.1, 0.25, 0.5, 1.0)
ROWS = [
    # picture, detection score, x, y, similarities to persons 1 to 3
    ("aa.jpg", 0.9, 10, 12, (0.8, 0.1, 0.2)),  # person 1: found
    ("aa.jpg", 0.8, 60, 40, (0.3, 0.5, 0.1)),  # a stranger: an alarm at 0.5
    ("bb.jpg", 0.7, 11, 12, (0.6, 0.4, 0.1)),  # person 2, taken for person 1: found at rank 2 only
    ("cc.jpg", 0.6, 90, 60, (0.1, 0.1, 0.7)),  # no face there: an alarm at 0.7
    ("dd.jpg", 0.5, 10, 12, (0.1, 0.2, 0.65)),  # person 3: found
    ("dd.jpg", 0.4, 60, 40, (0.9, 0.2, 0.1)),  # excluded: counts neither way
]


@pytest.fixture
def layout(tmp_path: Path) -> uccs_layout.Layout:
    return uccs_layout.lay_out(tmp_path / "uccs")


def scores(path: Path, rows: list[tuple[str, float, int, int, tuple[float, ...]]] = ROWS) -> Path:
    names, sure, x, y, alike = zip(*rows, strict=True)
    boxes = np.column_stack((x, y, [SIDE] * len(rows), [SIDE] * len(rows))).astype(float)
    write_scores(path, [ScoreRows(names, np.array(sure), boxes, np.array(alike))], people=3)
    return path


def test_both_curves_by_hand(layout: uccs_layout.Layout, tmp_path: Path) -> None:
    """Five faces count: persons 1, 2 and 3 once, and two strangers; four pictures."""
    parts, counts = judge(read_lists(layout.folder), scores(tmp_path / "s.csv"), ranks=(1, 2), rates=RATES)
    assert list(parts) == ["detection", "rank 1", "rank 2"]
    assert counts == {"pictures": 4, "without_detection": 0, "detections": 6}
    detection, first, second = (cell_of(part) for part in parts.values())
    assert first.counts == {"wanted": 3, "found": 2, "alarms": 2}
    # one alarm of four pictures lets pass from above 0.5: persons 1 (0.8) and 3 (0.65)
    assert [(one.at, one.value) for one in first.figures] == [
        ("1e-1", None),
        ("2.5e-1", 2 / 3),
        ("5e-1", 2 / 3),
        ("1e+0", 2 / 3),
    ]
    assert first.figures[0].reason == "4 pictures cannot show fewer than 0.25 false alarms each"
    assert (first.figures[1].threshold, first.figures[1].detail) == (0.65, {"per_image": [0.25]})
    assert [one.value for one in second.figures] == [None, 2 / 3, 1.0, 1.0]
    low, high = second.figures[1].ci95 or (1, 0)
    assert low <= 2 / 3 <= high
    assert detection.counts == {"wanted": 5, "found": 4, "alarms": 1}
    assert detection.figures[1].value == 0.8
    assert first.curve is not None
    assert first.curve.x == sorted(first.curve.x)
    assert len(first.curve.threshold) == len(first.curve.y) == len(first.curve.x)
    assert (first.ranks, first.histogram) == (None, None)


def test_what_is_kept_is_read_again(layout: uccs_layout.Layout, tmp_path: Path) -> None:
    parts, _ = judge(read_lists(layout.folder), scores(tmp_path / "s.csv"), rates=RATES)
    for outcomes in parts.values():
        shared, own = outcomes.shared(), outcomes.own()
        back = DetectionOutcomes.read(shared, own, Asked())
        known = [one for one in cell_of(outcomes).figures if one.value is not None]
        for mine, other in zip(known, cell_of(back).figures, strict=True):
            assert (mine.at, mine.value, mine.ci95) == (other.at, other.value, other.ci95)
        assert (back.curve(), back.counts) == ([], {})
        with pytest.raises(InputError, match="do not fit one another"):
            DetectionOutcomes.read(shared, {**own, "at": np.zeros(99)}, Asked())
        with pytest.raises(InputError, match="lack the array 'thresholds'"):
            DetectionOutcomes.read(shared, {"at": own["at"], "rates": own["rates"]}, Asked())


def test_rates_and_ranks_out_of_range_are_refused(layout: uccs_layout.Layout, tmp_path: Path) -> None:
    data, path = read_lists(layout.folder), scores(tmp_path / "s.csv")
    for rank in (0, 11):
        with pytest.raises(ConfigError, match=f"ranks: {rank} is out of range"):
            judge(data, path, ranks=(rank,))
    for rate in (0.0, -1.0, float("inf")):
        with pytest.raises(ConfigError, match=r"rates: .* is out of range"):
            judge(data, path, rates=(rate,))


def test_a_file_of_few_pictures_is_refused_unless_they_may_be_missed(
    layout: uccs_layout.Layout, tmp_path: Path
) -> None:
    data, path = read_lists(layout.folder), scores(tmp_path / "s.csv", ROWS[:2])
    with pytest.raises(InputError, match=r"no row of 3 of 4 pictures with a face, the first one bb\.jpg"):
        judge(data, path)
    parts, counts = judge(data, path, allow_missing=True)
    assert counts["without_detection"] == 3
    assert parts["rank 1"].counts["wanted"] == 3


def run(data: Uccs, path: Path) -> Evaluation:
    return evaluate_detections(
        data, path, judge(data, path, ranks=(1, 2), rates=RATES), iou=0.5, draws=Draws(20)
    )


def test_two_files_are_compared_face_by_face(layout: uccs_layout.Layout, tmp_path: Path) -> None:
    data = read_lists(layout.folder)
    other = [*ROWS[:4], ("dd.jpg", 0.5, 10, 12, (0.7, 0.2, 0.1)), ROWS[5]]  # person 3 is lost
    sides = []
    for name, rows in (("full", ROWS), ("less", other)):
        made = run(data, scores(tmp_path / f"{name}.csv", rows))
        write_result(tmp_path / f"{name}.json", made.to_json(), Run(None, None, "", {}, {}, 0.0), made.scores)
        sides.append(Scores.read(tmp_path / f"{name}.json"))
    result = sides[0].result
    assert (result.task, result.models, result.treatment.iou) == ("detections", {}, 0.5)
    assert [(cell.model, cell.part) for cell in result.cells] == [
        ("full.csv", {"faces": part}) for part in ("detection", "rank 1", "rank 2")
    ]
    assert result.benchmark.comparisons == {"pictures": 4, "without_detection": 0, "detections": 6}
    assert sides[0].result.benchmark.data_sha256 != sides[1].result.benchmark.data_sha256
    found = compare(*sides, draws=Draws(20))
    differences = {one.part["faces"]: one for one in found.differences}
    assert (differences["rank 1"].model, differences["rank 1"].minus) == ("full.csv", "less.csv")
    change = next(one for one in differences["rank 1"].changes if one.at == "1e+0")
    assert change.difference == pytest.approx(1 / 3)
    assert change.mcnemar is not None
    assert change.mcnemar.model_dump() == {"only_first": 1, "only_second": 0, "p": 1.0}
    assert all(one.difference == 0 for one in differences["detection"].changes)
    assert "boxes match from an overlap (IoU) of 0.5 on" in words(result)
    with (layout.folder / "validation.csv").open("a", encoding="utf-8") as file:
        file.write(f"aa.jpg,900,-1,90,5,{SIDE},{SIDE}\n")
    third = run(read_lists(layout.folder), tmp_path / "full.csv")
    write_result(tmp_path / "third.json", third.to_json(), Run(None, None, "", {}, {}, 0.0), third.scores)
    with pytest.raises(InputError, match="differ in lists_sha256"):
        compare(sides[0], Scores.read(tmp_path / "third.json"))


# making a score file


@dataclass
class Found:
    box: tuple[float, float, float, float]
    points: NDArray[np.float32]
    score: float


POINTS = np.array([[8, 9], [16, 9], [12, 13], [9, 17], [15, 17]], dtype=np.float32)


class Finder:
    """Finds both places of a picture whatever its size, and one that is too small."""

    def detect(self, image: NDArray[np.uint8]) -> list[Found]:
        scale = image.shape[1] / 120
        found = []
        for place in uccs_layout.PLACES:
            points = (POINTS + np.float32(place)) * np.float32(scale)
            found.append(Found((*(scale * end for end in place), SIDE * scale, SIDE * scale), points, 0.9))
        tiny = Found((90, 60, 4, 4), POINTS * np.float32(0.2) + 60, 0.5)
        return [*found, tiny] if scale == 1 else found


def views(**more: Grey) -> tuple[View, View]:
    return View("m", more.get("model", Grey()), Look()), View("g", more.get("other", Grey()), Look())


def test_every_face_is_compared_with_everybody(layout: uccs_layout.Layout, tmp_path: Path) -> None:
    data, path = read(layout.folder), tmp_path / "made.csv"
    (layout.folder / "validation_images" / "bb.jpg").write_bytes(b"\xff\xd8\xff")
    for name in ("0002_0.png", "0002_1.png"):
        (layout.folder / "gallery_images/0002" / name).write_bytes(b"")
    told: list[tuple[object, ...]] = []
    made = score_uccs(data, path, *views(), Finder().detect, advance=lambda *given: told.append(given))  # type: ignore[arg-type]
    assert (made.pictures, made.unreadable, made.detections, made.not_embedded) == (4, 1, 9, 3)
    assert made.first_fault == "validation_images/bb.jpg is cut off: its end is missing"
    assert (made.people, made.failed_people, made.model, made.gallery_model) == (3, 1, "m", "g")
    assert told[-1] == (4, 4, "", "part 2 of 2")
    (rows,) = iter_scores(path, people=3)
    assert list(rows.images) == [name for name in ("aa.jpg", "cc.jpg", "dd.jpg") for _ in range(3)]
    assert (rows.similarities[:, 1] == -1).all()  # nobody is like who failed to enrol
    assert (rows.similarities[2::3] == -1).all()  # and what is too small is like nobody
    side = Grey().card.preprocess.side
    picture = read_image(layout.folder / "validation_images" / "aa.jpg")
    probe = Grey().embed([align(picture, POINTS + np.float32(uccs_layout.PLACES[0]), side)])[0]
    person = np.zeros(16)
    for number in range(2):
        crop = read_image(layout.folder / "gallery_images/0001" / f"0001_{number}.png")
        person += Grey().embed([align(crop, data.gallery.points[number], side)])[0]  # type: ignore[index]
    expected = float(probe @ (person / np.linalg.norm(person)))
    assert rows.similarities[0, 0] == pytest.approx(expected, abs=1e-5)
    lines = words(made).splitlines()
    assert lines[0] == "9 faces found in 4 pictures, 3 people"
    assert lines[1].startswith("  1 pictures cannot be read; the first: validation_images/bb.jpg")
    assert lines[2:] == [
        "  3 faces are below 8 px, and are like nobody",
        "  1 people failed to enrol: nobody is like them",
    ]


def test_pictures_made_smaller_give_boxes_in_their_own_pixels(
    layout: uccs_layout.Layout, tmp_path: Path
) -> None:
    data = read(layout.folder)
    made = score_uccs(data, tmp_path / "half.csv", *views(), Finder().detect, shrink=0.75)
    assert made.shrink == 0.75
    (rows,) = iter_scores(tmp_path / "half.csv", people=3)
    for box, place in zip(rows.boxes, [*uccs_layout.PLACES] * 4, strict=True):
        assert box == pytest.approx((*place, SIDE, SIDE), abs=1)


def test_the_gallery_is_kept_in_a_store(layout: uccs_layout.Layout, tmp_path: Path) -> None:
    data, files = read(layout.folder), []
    for count in (6, 0):
        other = Grey()
        score_uccs(data, tmp_path / "s.csv", *views(other=other), Finder().detect, store=tmp_path / "store")
        files.append((tmp_path / "s.csv").read_bytes())
        assert len(other.seen) == count
    assert files[0] == files[1]


def test_what_does_not_fit_is_refused(layout: uccs_layout.Layout, tmp_path: Path) -> None:
    data = read(layout.folder)
    for shrink in (0.0, 1.5):
        with pytest.raises(ConfigError, match=f"shrink: {shrink:g} is out of range"):
            score_uccs(data, tmp_path / "s.csv", *views(), Finder().detect, shrink=shrink)
    with pytest.raises(SpaceError, match="m writes into space"):
        score_uccs(data, tmp_path / "s.csv", *views(other=Grey(space="1" * 64)), Finder().detect)
    assert not (tmp_path / "s.csv").exists()


def test_a_rate_is_shown_where_one_alarm_is_as_few(layout: uccs_layout.Layout, tmp_path: Path) -> None:
    found = judge(read_lists(layout.folder), scores(tmp_path / "s.csv"))[0]["rank 1"]
    assert found.alarms is not None
    shown = thresholds_at((0.249, 0.25), found.at, found.alarms, 4)
    assert list(shown) == [0.25]
    assert (found.alarms >= shown[0.25]).sum() / 4 == 0.25
