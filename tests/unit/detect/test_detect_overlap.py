from __future__ import annotations

import numpy as np
import pytest

from fewpix.detect.overlap import iou, suppress


def rows(*boxes: tuple[float, float, float, float, float]) -> np.ndarray:
    """Boxes with a score as YuNet's rows; the points don't matter here."""
    out = np.zeros((len(boxes), 15), np.float32)
    for n, (x, y, width, height, score) in enumerate(boxes):
        out[n, :4], out[n, 14] = (x, y, width, height), score
    return out


def test_iou_is_exact() -> None:
    box = np.array([0, 0, 10, 10])
    others = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [10, 0, 10, 10], [2, 2, 5, 5], [-20, -20, 5, 5]])
    np.testing.assert_allclose(iou(box, others), [1, 50 / 150, 0, 25 / 100, 0], atol=1e-12)
    assert iou(box, np.zeros((0, 4))).shape == (0,)


def test_iou_of_boxes_without_area_is_zero() -> None:
    np.testing.assert_array_equal(iou(np.zeros(4), np.zeros((2, 4))), [0, 0])


def test_the_best_of_one_face_stays() -> None:
    same = rows((0, 0, 10, 10, 0.7), (1, 0, 10, 10, 0.9), (30, 0, 10, 10, 0.8))
    assert suppress(same) == [1, 2]


def test_neighbours_both_stay() -> None:
    """Two faces cheek to cheek overlap by less than 0.3."""
    assert suppress(rows((0, 0, 10, 12, 0.9), (6, 0, 10, 12, 0.8))) == [0, 1]


def test_a_part_of_a_face_is_no_second_face() -> None:
    assert suppress(rows((0, 0, 40, 40, 0.9), (5, 5, 8, 8, 0.8))) == [0]


def test_a_box_around_several_faces_gives_way_to_them() -> None:
    assert suppress(rows((0, 0, 60, 60, 0.7), (5, 5, 10, 10, 0.9), (40, 40, 10, 10, 0.8))) == [1, 2]


def test_the_order_of_the_rows_does_not_matter() -> None:
    found = rows((0, 0, 10, 10, 0.9), (2, 0, 10, 10, 0.9), (30, 5, 10, 10, 0.9), (30, 0, 10, 10, 0.9))
    kept = {tuple(found[n, :4]) for n in suppress(found)}
    assert kept == {(0, 0, 10, 10), (30, 0, 10, 10)}
    for order in np.random.default_rng(0).permuted(np.tile(np.arange(4), (10, 1)), axis=1):
        assert {tuple(found[order][n, :4]) for n in suppress(found[order])} == kept


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_suppress(count: int) -> None:
    assert suppress(rows(*[(0, 0, 5, 5, 0.5)] * count)) == list(range(count))
