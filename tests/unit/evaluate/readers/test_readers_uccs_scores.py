"""Score files of the UCCS challenge, in and out, and a whole evaluation on real pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.errors import InputError, StorageError
from fewpix.evaluate.matching import detected, identified, match, most_similar
from fewpix.evaluate.readers.uccs import read
from fewpix.evaluate.readers.uccs_scores import ScoreRows, iter_scores, read_scores, write_scores
from fewpix.evaluate.tasks.detections import thresholds_at
from uccs_layout import SIDE, lay_out

IMAGES = ("validation_images/aa.jpg", "validation_images/bb.jpg")


def rows(count: int = 3, people: int = 4, seed: int = 0) -> ScoreRows:
    rng = np.random.default_rng(seed)
    return ScoreRows(
        tuple(("aa.jpg", "bb.jpg")[n % 2] for n in range(count)),
        rng.random(count),
        rng.random((count, 4)) * 100,
        rng.uniform(-1, 1, (count, people)),
    )


def written(path: Path, made: ScoreRows) -> Path:
    write_scores(path, [made], people=made.similarities.shape[1])
    return path


def test_a_file_has_the_challenges_form(tmp_path: Path) -> None:
    made = ScoreRows(("aa.jpg",), np.array([0.5]), np.array([[1.0, 2.5, 3, 4]]), np.array([[0.25, -1.0]]))
    text = written(tmp_path / "scores.txt", made).read_text(encoding="utf-8")
    header = "FILE,DETECTION_SCORE,BB_X,BB_Y,BB_WIDTH,BB_HEIGHT,0001,0002"
    assert text == f"{header}\naa,0.5,1.0,2.5,3.0,4.0,0.25,-1\n"


def test_a_row_has_1006_values(tmp_path: Path) -> None:
    path = written(tmp_path / "scores.txt", rows(2, 1000))
    assert [line.count(",") + 1 for line in path.read_text(encoding="utf-8").splitlines()] == [1006] * 3
    assert path.read_text(encoding="utf-8").splitlines()[0].endswith(",0999,1000")
    assert next(iter_scores(path)).similarities.shape == (2, 1000)


@pytest.mark.parametrize("block", [1, 2, 5, 100])
def test_what_was_written_is_read_bit_for_bit_in_blocks_of_any_size(tmp_path: Path, block: int) -> None:
    made = rows(11)
    path = tmp_path / "scores.txt"
    halves = [
        ScoreRows(made.images[a:b], made.scores[a:b], made.boxes[a:b], made.similarities[a:b])
        for a, b in ((0, 4), (4, 4), (4, 11))
    ]
    assert write_scores(path, iter(halves), people=4) == 11
    found = list(iter_scores(path, people=4, block=block))
    assert max(len(part.images) for part in found) <= block
    assert sum((part.images for part in found), ()) == made.images
    assert (np.concatenate([part.scores for part in found]) == made.scores).all()
    assert (np.concatenate([part.boxes for part in found]) == made.boxes).all()
    assert (np.concatenate([part.similarities for part in found]) == made.similarities).all()


def test_single_precision_is_given_back_from_nine_digits(tmp_path: Path) -> None:
    made = rows(20, 50)
    single = made.similarities.astype(np.float32)
    path = written(tmp_path / "scores.txt", ScoreRows(made.images, made.scores, made.boxes, single))
    (found,) = iter_scores(path, people=50)
    assert (found.similarities.astype(np.float32) == single).all()
    longest = max(len(value) for value in path.read_text(encoding="utf-8").split("\n")[1].split(",")[6:])
    assert longest <= len("-1.23456789e-05")


@pytest.mark.parametrize("block", [3, 100])
def test_reading_keeps_the_best_people_of_each_row(tmp_path: Path, block: int) -> None:
    made = rows(10, 40)
    path = written(tmp_path / "scores.txt", made)
    detections, (people, similarity) = read_scores(path, IMAGES, people=40, block=block)
    assert detections.image.tolist() == [0, 1] * 5
    assert (detections.boxes == made.boxes).all()
    assert (detections.scores == made.scores).all()
    expected = most_similar(made.similarities)
    assert similarity.shape == (10, 11)
    assert (people == expected[0]).all()
    assert (similarity == expected[1]).all()


def test_a_file_without_rows_and_one_with_blank_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "scores.txt", rows(0))
    detections, (people, _) = read_scores(path, IMAGES, people=4)
    assert (len(detections), people.shape) == (0, (0, 4))
    written(path, rows(2))
    path.write_text(path.read_text(encoding="utf-8").replace("\n", "\n\n"), encoding="utf-8")
    assert len(read_scores(path, IMAGES, people=4)[0]) == 2


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("FILE,", "NAME,", "line 1: expected FILE,DETECTION_SCORE"),
        (",0004", "", "10 names; found 9"),
        ("0003,0004", "0004,0003", "not stand in the order 1 to 4"),
        ("bb,", "bb,0.1,", "line 3: 11 values instead of 10"),
        ("bb,", "bb", "line 3: 9 values instead of 10"),
        ("bb,", "bb,x", "line 3, value 2: 'x0"),
        ("bb,", "bb,nan,1,1,1,1,1,1,1,1\nbb,", "line 3, value 2: nan is not a finite"),
        ("bb,", "bb,1,1,1,1,1,1,1,inf,1\nbb,", "line 3, value 9: inf is not a finite"),
        ("bb,", "bb,1,1,1,1,1,1,1,,1\nbb,", "line 3, value 9: '' is not a number"),
        ("bb,", "bb,1,0,0,-3,4,1,1,1,1\nbb,", "line 3: a box of -3 by 4 px"),
        ("bb,", "cc,", "detection 2: 'cc.jpg' is not a picture of the benchmark"),
        ("bb,", "bb.jpg,", "write names without .jpg"),
        ("bb,", "../bb,", "not a picture of the benchmark"),
    ],
)
def test_a_malformed_file_is_refused_by_its_line(tmp_path: Path, old: str, new: str, match: str) -> None:
    path = written(tmp_path / "scores.txt", rows(3))
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    for block in (1, 100):
        with pytest.raises(InputError, match=match):
            read_scores(path, IMAGES, people=4, block=block)


def test_what_is_no_score_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.txt"
    with pytest.raises(InputError, match="cannot read"):
        read_scores(path, IMAGES)
    path.write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(InputError, match="not a score file in UTF-8"):
        read_scores(path, IMAGES)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="line 1: expected"):
        read_scores(path, IMAGES)
    written(path, rows(3))
    with pytest.raises(InputError, match="two pictures have one name"):
        read_scores(path, ("a/aa.jpg", "b/aa.jpg"), people=4)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path / "scores.txt", rows(2))
    before = path.read_bytes()
    good = rows(2)

    def blocks(bad: ScoreRows) -> Iterator[ScoreRows]:
        yield good
        yield bad

    for images, scores, boxes, similarities, match_ in (
        (
            good.images,
            good.scores,
            good.boxes,
            good.similarities * np.nan,
            r"detection 3 \(aa.jpg\) has a value",
        ),
        (good.images, good.scores, good.boxes, good.similarities * np.inf, "detection 3"),
        (good.images, good.scores, -good.boxes, good.similarities, "or a box"),
        (("aa", "bb"), good.scores, good.boxes, good.similarities, "'aa' is not the name of a picture"),
        (("a,a.jpg", "bb.jpg"), good.scores, good.boxes, good.similarities, "not the name of a picture"),
        (("a/a.jpg", "bb.jpg"), good.scores, good.boxes, good.similarities, "not the name of a picture"),
        (good.images, good.scores, good.boxes, good.similarities[:, :3], "2 detections with"),
    ):
        with pytest.raises(InputError, match=match_):
            write_scores(path, blocks(ScoreRows(images, scores, boxes, similarities)), people=4)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StorageError):
        write_scores(path / "below", [good], people=4)


@pytest.mark.needs("samples")
def test_a_whole_evaluation_on_pictures(tmp_path: Path) -> None:
    """Crops of the listed boxes, compared by grey values; one false box is added, one face is missed."""
    lay_out(tmp_path)
    uccs = read(tmp_path)

    def grey(picture: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        values = cv2.resize(picture, (SIDE, SIDE)).astype(np.float64).ravel()
        values -= values.mean()
        return np.asarray(values / max(float(np.linalg.norm(values)), 1e-9))

    pictures = [cv2.imread(str(tmp_path / name)) for name in uccs.gallery.pictures.names]
    people = uccs.gallery.people[uccs.gallery.item]
    enrolled = np.stack(
        [
            np.mean([grey(p) for p, who in zip(pictures, people, strict=True) if who == n], 0)
            for n in (1, 2, 3)
        ]
    )
    enrolled /= np.linalg.norm(enrolled, axis=1, keepdims=True)
    found = [(int(i), box) for i, box in zip(uccs.faces.image, uccs.faces.boxes, strict=True)][1:]
    found.append((1, np.array([80.0, 60, 20, 20])))
    similarities = []
    for image, box in found:
        x, y, wide, high = (int(side) for side in box)
        picture = cv2.imread(str(tmp_path / uccs.images[image]))
        similarities.append(enrolled @ grey(picture[y : y + high, x : x + wide]))
    made = ScoreRows(
        tuple(uccs.images[image].rpartition("/")[2] for image, _ in found),
        np.linspace(0.9, 0.4, len(found)),
        np.stack([box for _, box in found]),
        np.array(similarities),
    )
    path = tmp_path / "scores.txt"
    write_scores(path, [made], people=3)

    detections, candidates = read_scores(path, uccs.images, people=3)
    face_of = match(uccs.faces, detections)
    assert face_of.tolist() == [1, 2, 3, 4, 5, -1]
    at, alarms = detected(uccs.faces, detections, face_of)
    # five faces count, four of them were found; the misdetection scores lowest
    assert ((at > alarms.max()).mean(), len(at), len(alarms)) == (0.8, 5, 1)
    assert thresholds_at((0.25,), at, alarms, 4)[0.25] == pytest.approx(0.4)
    at, alarms = identified(uccs.faces, candidates, face_of)
    # known: person 1 in aa (missed), 2 in bb, 3 in dd; the second face of dd is excluded
    assert (len(at), len(alarms)) == (3, 3)
    own = [(similarities[1], 2), (similarities[3], 3)]
    right = [float(row[who - 1]) for row, who in own if row.argmax() == who - 1]
    assert sorted(at[np.isfinite(at)].tolist()) == sorted(right)
    assert (at >= thresholds_at((3,), at, alarms, 4)[3]).mean() == len(right) / 3
