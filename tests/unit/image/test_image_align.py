"""The similarity against a plain implementation, and the crop against a supersampled reference."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.data.orl import load_orl
from fewpix.errors import InputError
from fewpix.image.align import TEMPLATE, align, pixels
from fewpix.image.codec import Image

Points = NDArray[np.float64]


def moved(points: Points, scale: float, degrees: float, dx: float, dy: float) -> Points:
    c, s = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    return points @ np.array([[c, s], [-s, c]]) + [dx, dy]


def umeyama(source: Points, target: Points) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Umeyama 1991, equations 39 to 42, with the determinant rule that forbids reflections."""
    source_mean, target_mean = source.mean(0), target.mean(0)
    a, b = source - source_mean, target - target_mean
    u, values, vt = np.linalg.svd(b.T @ a / len(a))
    sign = np.diag([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ sign @ vt
    scale = float(np.trace(np.diag(values) @ sign) / a.var(0).sum())
    return scale, rotation, target_mean - scale * rotation @ source_mean


@pytest.fixture(scope="module")
def picture() -> Image:
    """A real, detailed picture of 920 x 1120 px: a hundred faces, in three different channels."""
    faces = [image[:, :, 0] for image in load_orl().images[:100]]
    sheet = np.vstack([np.hstack(faces[n : n + 10]) for n in range(0, 100, 10)])
    return np.ascontiguousarray(np.dstack([sheet, sheet[::-1], sheet[:, ::-1]]))


def test_pixels_of_the_template_itself_is_112() -> None:
    assert pixels(TEMPLATE) == pytest.approx(112, abs=1e-9)


@pytest.mark.parametrize("scale", [0.05, 1 / 7, 1.0, 3.5])
@pytest.mark.parametrize("degrees", [0, 30, 180, -91])
def test_pixels_follow_the_size_alone(scale: float, degrees: float) -> None:
    assert pixels(moved(TEMPLATE, scale, degrees, 40, -9)) == pytest.approx(112 * scale, rel=1e-9)


def test_pixels_equal_umeyamas_scale_for_noisy_points() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        points = moved(TEMPLATE, 0.4, rng.uniform(-40, 40), 100, 50) + rng.normal(0, 2.5, (5, 2))
        assert pixels(points) == pytest.approx(112 / umeyama(points, TEMPLATE)[0], rel=1e-9)


def test_the_template_in_place_gives_the_picture_back(picture: Image) -> None:
    np.testing.assert_array_equal(align(picture, TEMPLATE, 112), picture[:112, :112])


@pytest.mark.parametrize("side", [56, 28, 16, 8])
def test_a_whole_number_shrink_is_the_area_average(picture: Image, side: int) -> None:
    """So a crop made straight from a photograph equals the protocol's, which goes over 112 px."""
    expected = cv2.resize(picture[:112, :112], (side, side), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(align(picture, TEMPLATE, side), expected)


@pytest.mark.parametrize("scale, degrees", [(1.5, 0), (2.3, 12), (5.1, -35), (8.0, 3)])
@pytest.mark.parametrize("side", [112, 24, 8])
def test_shrinking_is_antialiased(picture: Image, scale: float, degrees: float, side: int) -> None:
    points = moved(TEMPLATE, scale, degrees, 150, 200) - moved(
        np.full((1, 2), 56.0), scale - 1, degrees, 0, 0
    )
    rate, rotation, shift = umeyama(points, TEMPLATE)
    dense = 1120 if side == 112 else 960  # a whole multiple of the side, denser than the picture
    grow = dense / 112
    matrix = np.hstack([rate * grow * rotation, ((shift + 0.5) * grow - 0.5)[:, None]])
    fine = cv2.warpAffine(
        picture.astype(np.float32),
        matrix,
        (dense, dense),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    reference = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)
    ours = np.sqrt(np.mean((align(picture, points, side) - reference) ** 2))
    assert ours < 2.5
    if scale * 112 / side > 2:
        shrink = side / 112
        matrix = np.hstack([rate * shrink * rotation, ((shift + 0.5) * shrink - 0.5)[:, None]])
        direct = cv2.warpAffine(picture, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
        assert ours < 0.25 * np.sqrt(np.mean((direct - reference) ** 2))


def test_a_turned_face_comes_out_upright() -> None:
    """Real landmarks: the eyes end where the template has them, whatever the picture's rotation."""
    face = np.zeros((300, 300, 3), np.uint8)
    points = moved(TEMPLATE, 1.5, 77, 160, 20)
    for n, (x, y) in enumerate(points):
        cv2.circle(
            face, (round(float(x)), round(float(y))), 3, [(255, 0, 0), (0, 255, 0), (0, 0, 255)][n % 3], -1
        )
    crop = align(face, points, 112)
    for n, (x, y) in enumerate(TEMPLATE):
        channel = (0, 1, 2)[n % 3]
        assert crop[round(float(y)), round(float(x)), channel] > 200


def test_enlarging_is_bicubic(picture: Image) -> None:
    points = moved(TEMPLATE, 0.25, 0, 0, 0)  # 28 px of face
    crop = align(picture, points, 112)
    # The template starts half a pixel before its first centre; points scale about the corner of pixel 0.
    matrix = np.array([[4.0, 0, 0], [0, 4.0, 0]])
    expected = cv2.warpAffine(
        picture, matrix, (112, 112), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    np.testing.assert_array_equal(crop, expected)


def test_outside_the_picture_its_border_is_repeated() -> None:
    image = np.full((60, 60, 3), (10, 20, 30), np.uint8)
    assert (align(image, moved(TEMPLATE, 2, 20, -90, -90), 24) == (10, 20, 30)).all()


def test_the_picture_and_the_points_are_not_written_to(picture: Image) -> None:
    points = moved(TEMPLATE, 3, 10, 100, 100)
    image, given = picture.copy(), points.copy()
    image.setflags(write=False)
    points.setflags(write=False)
    align(image, points, 24)
    np.testing.assert_array_equal(image, picture)
    np.testing.assert_array_equal(points, given)


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((5, 2)),
        np.full((5, 2), 1234.567),
        np.full((5, 2), np.nan),
        TEMPLATE * [1, np.inf],
        TEMPLATE[:4],
        TEMPLATE.ravel(),
        np.zeros((0, 2)),
    ],
)
def test_points_that_are_no_face_are_refused(points: Points, picture: Image) -> None:
    with pytest.raises(InputError):
        pixels(points)
    with pytest.raises(InputError):
        align(picture, points, 24)


def test_swapped_sides_are_refused_and_named() -> None:
    """The mistake people make: left and right as seen by the viewer."""
    with pytest.raises(InputError, match="the person's own sides"):
        pixels(TEMPLATE[[1, 0, 2, 4, 3]])


def test_no_picture_and_no_side_are_refused(picture: Image) -> None:
    for bad in (picture[:, :, 0], picture.astype(np.float32), picture[:0]):
        with pytest.raises(InputError, match="uint8 BGR"):
            align(bad, TEMPLATE, 24)
    with pytest.raises(InputError, match="at least 1"):
        align(picture, TEMPLATE, 0)


def test_absurd_points_cost_no_memory(picture: Image) -> None:
    """A face of a million pixels would ask for an intermediate of terabytes; it is capped at 4096."""
    assert align(picture, TEMPLATE * 1e4, 24).shape == (24, 24, 3)
    assert align(picture, TEMPLATE * 1e-4, 24).shape == (24, 24, 3)


def test_the_template_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        TEMPLATE[0, 0] = 0
