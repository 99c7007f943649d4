"""The angles of a head that was turned by known ones, and what has none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.image.align import TEMPLATE
from fewpix.quality.pose import Pose, pose

NOSE = 0.4 * 35.24
"""Before the plane of the template, in its pixels."""


def turned(
    yaw: float, pitch: float, roll: float, scale: float = 1.0, noise: float = 0.0, seed: int = 0
) -> NDArray[np.float64]:
    """The template's points as a camera far away sees them after the head has turned."""
    solid = np.column_stack([TEMPLATE - TEMPLATE.mean(axis=0), [0, 0, NOSE, 0, 0]])
    a, b, c = np.radians([yaw, pitch, roll])
    across = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    down = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    flat = (solid @ across.T @ down.T)[:, :2]
    plane = np.array([[np.cos(c), -np.sin(c)], [np.sin(c), np.cos(c)]])
    moved = flat @ plane.T * scale + (100, 50)
    return np.asarray(moved + np.random.default_rng(seed).normal(0, noise, (5, 2)) * scale)


def test_the_template_looks_into_the_camera() -> None:
    found = pose(TEMPLATE)
    assert (found.yaw, found.pitch, found.roll) == pytest.approx((0, 0, 0), abs=1)


@pytest.mark.parametrize("angle", [-60, -40, -20, 10, 30, 50, 70])
def test_a_head_turned_to_one_side(angle: float) -> None:
    found = pose(turned(angle, 0, 0, scale=0.2))
    assert found.yaw == pytest.approx(angle, abs=1.5)
    assert (found.pitch, found.roll) == pytest.approx((0, 0), abs=3)


@pytest.mark.parametrize("angle", [-30, -15, 15, 30])
def test_a_head_that_nods(angle: float) -> None:
    found = pose(turned(0, angle, 0))
    assert found.pitch == pytest.approx(angle, abs=1.5)
    assert (found.yaw, found.roll) == pytest.approx((0, 0), abs=1.5)


@pytest.mark.parametrize("angle", [-170, -90, -30, 30, 90, 170])
def test_a_head_that_leans_keeps_its_other_angles(angle: float) -> None:
    found = pose(turned(35, 10, angle))
    assert found.roll == pytest.approx(angle, abs=8)  # turned and nodding, the plane's middle leans a little
    assert found.yaw == pytest.approx(35, abs=8)
    assert found.pitch == pytest.approx(10, abs=8)


def test_which_way_is_which() -> None:
    """The nose to the right edge, up, and the head leaning clockwise are above 0."""
    right, up = TEMPLATE.copy(), TEMPLATE.copy()
    right[2, 0] += 8
    up[2, 1] -= 8
    assert pose(right).yaw > 20
    assert pose(up).pitch > 20
    centred = TEMPLATE - 56
    clockwise = np.column_stack([-centred[:, 1], centred[:, 0]]) + 56  # as a picture turned by 90 degrees
    assert pose(clockwise).roll == pytest.approx(90, abs=1)


def test_landmarks_that_are_off_by_3_percent_move_the_yaw_by_15_degrees() -> None:
    """As its docstring says, of a face that looks into the camera."""
    angles = [pose(turned(0, 0, 0, noise=3.4, seed=n)).yaw for n in range(300)]
    assert 13 < np.std(angles) < 17
    assert abs(np.mean(angles)) < 3


def test_what_is_no_face_is_refused_and_what_is_hardly_one_has_an_angle() -> None:
    for points in (np.zeros((5, 2)), np.full((5, 2), np.nan), np.zeros((4, 2))):
        with pytest.raises(InputError):
            pose(points)
    profile = TEMPLATE.copy()
    profile[:, 0] = [50, 50, 70, 50, 50]  # both eyes behind one another
    assert pose(profile).yaw == pytest.approx(90, abs=1e-3)


def test_the_input_is_not_written_to_and_json_is_rounded() -> None:
    points = TEMPLATE.astype(np.float32)
    pose(points)
    np.testing.assert_array_equal(points, TEMPLATE.astype(np.float32))
    assert Pose(1.26, -0.04, 179.99).to_json() == {"yaw": 1.3, "pitch": 0.0, "roll": 180.0}
