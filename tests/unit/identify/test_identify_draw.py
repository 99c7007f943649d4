"""Annotated pictures: faces stay uncovered, names are written in any script, any number of faces fits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fewpix.gallery import Candidate
from fewpix.identify import IdentifiedFace, IdentifiedPicture, decide
from fewpix.identify import draw as draw_faces
from fewpix.identify.draw import COLORS, enlargement
from fewpix.image.codec import Image
from fewpix.quality.assess import Quality


def face(box: tuple[float, float, float, float], name: str = "Ana", threshold: float | None = None):
    candidates = tuple(Candidate(f"{name}{n or ''}", 0.6 - n / 10) for n in range(5))
    return IdentifiedFace(box, box[2] * 1.2, Quality(12.0, 0.5), candidates, decide(candidates, threshold))


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def drawn(image: Image, *faces: IdentifiedFace, threshold: float | None = None) -> Image:
    return draw_faces(image, IdentifiedPicture("x.jpg", faces, threshold))


def test_the_picture_is_not_written_to_and_its_faces_are_not_covered():
    image = noise(720, 1280)
    before = image.copy()
    boxes = [(x * 60.0 + 40, 300.0, 12.0, 14.0) for x in range(5)]  # in a row: every line crosses the others
    out = drawn(image, *(face(box) for box in boxes))
    np.testing.assert_array_equal(image, before)
    assert out.shape[0] == 720
    assert out.shape[1] > 1280
    for x, y, w, h in boxes:
        area = np.s_[int(y) : int(y + h), int(x) : int(x + w)]
        np.testing.assert_array_equal(out[area], image[area])
    assert np.abs(out[:, :1280].astype(int) - image).any()  # frames and lines are there


def test_the_face_is_shown_enlarged_with_the_frame_in_the_same_color():
    image = np.full((720, 1280, 3), 90, np.uint8)
    image[100:112, 200:210] = (10, 200, 30)
    out = drawn(image, face((200, 100, 10, 12)))
    panel = out[:, 1280:]
    green = (np.abs(panel.astype(int) - (10, 200, 30)).max(axis=2) < 20).sum()
    assert green > 20 * 120  # 120 pixels in the picture
    for part in (out[80:140, 180:230], panel):
        assert (part == COLORS[0]).all(axis=2).any()


def test_a_thumbnail_is_enlarged_for_its_readers():
    out = drawn(noise(90, 120), face((10, 10, 20, 24)))
    assert out.shape[0] == 360  # by four


@pytest.mark.parametrize("count", [1, 5, 6, 17, 60])
def test_any_number_of_faces_fits(count: int):
    rng = np.random.default_rng(count)
    faces = [face((*rng.uniform(0, (600, 400)), 12, 14)) for _ in range(count)]
    out = drawn(noise(480, 640), *faces)
    wide = out.shape[1] - 640
    panels = [out[:, 640:]] if count < 6 else [out[:, : wide // 2], out[:, -wide // 2 :]]
    assert all((panel.max(axis=2) > 200).any() for panel in panels)
    frames = sum((out == color).all(axis=2).any() for color in COLORS)
    assert frames == min(count, len(COLORS))


def test_a_face_over_the_edge_and_one_larger_than_the_picture():
    image = noise(100, 100)
    out = drawn(image, face((-20, -10, 40, 50)), face((-500, -500, 2000, 2000)), face((95, 95, 0.4, 0.2)))
    assert out.shape[0] >= 400


def test_no_face_gives_a_copy():
    image = noise(50, 60)
    out = drawn(image)
    np.testing.assert_array_equal(out, image)
    assert not np.shares_memory(out, image)


def ink(name: str, threshold: float | None = None) -> Image:
    """The best candidate has a score of 0.6, the next one of 0.5."""
    return drawn(
        np.zeros((600, 800, 3), np.uint8), face((10, 10, 40, 50), name, threshold), threshold=threshold
    )


def test_names_in_other_scripts_are_written_and_are_not_question_marks():
    written = [ink(name) for name in ("Ana", "Müller", "Žižek", "Дмитрий", "李小龍", "김철수", "????", "")]
    for n, one in enumerate(written):
        for other in written[:n]:
            assert (one != other).any()


def test_a_long_name_ends_inside_the_panel():
    out, short = ink("Wolfeschlegelsteinhausenbergerdorff " * 5, 0.55), ink("A", 0.55)
    assert out.shape == short.shape
    assert (out[:, -4:] == short[:, -4:]).all()


def test_the_decision_is_told_apart_from_no_decision():
    undecided, unknown, named, several = ink("Ana"), ink("Ana", 0.9), ink("Ana", 0.55), ink("Ana", 0.1)
    assert (undecided != unknown).any()
    assert (unknown != named).any()
    assert (several != named).any()
    # Only what was decided is written in full brightness.
    assert cv2.inRange(undecided[:, 800:], (230, 230, 230), (245, 245, 245)).max() == 0
    assert cv2.inRange(named[:, 800:], (230, 230, 230), (245, 245, 245)).max() == 255


@pytest.mark.parametrize("height", [100, 200, 480])
def test_the_frame_lies_around_the_box_s_slice(height: int):
    """On a picture enlarged by 4, 3 and 1: as far from the box's first pixels as from its last ones."""
    image = np.full((height, 300, 3), 90, np.uint8)
    out = drawn(image, face((40, 30, 50, 40)))
    enlarged = enlargement(height)
    x0, y0, x1, y1 = (value * enlarged for value in (40, 30, 90, 70))
    # Above the middle, where the line to the panel begins.
    across = np.flatnonzero((out[y0 + 3, : x1 + 30] == COLORS[0]).all(axis=1))
    down = np.flatnonzero((out[: y1 + 30, x0 + 3] == COLORS[0]).all(axis=1))
    for found, first, end in ((across, x0, x1), (down, y0, y1)):
        before, after = found[found < first], found[found >= end]
        assert len(before) == len(after) > 0
        assert first - 1 - before.max() == after.min() - end > 0
        assert not ((found >= first) & (found < end)).any()
