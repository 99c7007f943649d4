"""Every operation has an exact value that can be worked out by hand, and refuses what makes no sense."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.degrade import ops
from fewpix.errors import ConfigError, InputError
from fewpix.image.resize import Crop, resize_square


@pytest.fixture(scope="module")
def face() -> Crop:
    """A real face of 88 px in three different channels."""
    grey = load_orl().images[12][10:98, 2:90, 0]
    return np.ascontiguousarray(np.dstack([grey, 255 - grey, grey[::-1]]))


def spot(side: int = 9, value: int = 255) -> Crop:
    """One bright pixel in the middle of black."""
    out = np.zeros((side, side, 3), np.uint8)
    out[side // 2, side // 2] = value
    return out


def test_area_downscaling_is_the_mean_of_blocks() -> None:
    crop = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3) * 4
    blocks = crop.reshape(2, 2, 2, 2, 3).astype(float).mean(axis=(1, 3))
    np.testing.assert_array_equal(ops.downscale(crop, 2), np.rint(blocks))


def test_area_downscaling_is_the_evaluation_protocol(face: Crop) -> None:
    for side in (8, 12, 16, 24, 32):
        np.testing.assert_array_equal(ops.downscale(face, side), resize_square(face, side))


def test_bilinear_and_bicubic_read_only_the_nearest_pixels() -> None:
    """8 to 2 px: target centres lie at 1.5 and 5.5, so bilinear reads pixels 1, 2 and 5, 6 alone."""
    crop = np.zeros((8, 8, 3), np.uint8)
    crop[:, 1], crop[:, 2], crop[:, 0] = 100, 50, 255
    np.testing.assert_array_equal(ops.downscale(crop, 2, "bilinear")[:, :, 0], [[75, 0], [75, 0]])
    # Cubic (a = -0.75) halfway between pixels 1 and 2: weights -0.09375, 0.59375, 0.59375, -0.09375.
    expected = round(-0.09375 * 255 + 0.59375 * 150)
    np.testing.assert_array_equal(ops.downscale(crop, 2, "bicubic")[:, :, 0], [[expected, 0], [expected, 0]])


def test_downscaling_to_its_own_side_is_a_copy(face: Crop) -> None:
    out = ops.downscale(face, 88)
    np.testing.assert_array_equal(out, face)
    assert out is not face


def test_disc_kernel_by_hand() -> None:
    np.testing.assert_array_equal(ops.disc_kernel(0), [[1]])
    np.testing.assert_array_equal(ops.disc_kernel(0.5), [[1]])
    corner = 1.5 - math.sqrt(2)
    total = 1 + 4 * 0.5 + 4 * corner
    expected = np.array([[corner, 0.5, corner], [0.5, 1, 0.5], [corner, 0.5, corner]]) / total
    np.testing.assert_allclose(ops.disc_kernel(1), expected, atol=1e-7)


@pytest.mark.parametrize("radius", [0.6, 1.2, 2.0, 5.5, 9.3])
def test_disc_kernels_are_round_and_have_the_disc_s_spread(radius: float) -> None:
    kernel = ops.disc_kernel(radius)
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(kernel, kernel.T)
    np.testing.assert_array_equal(kernel, kernel[::-1])
    if (
        radius >= 2
    ):  # a uniform disc's variance along an axis is r^2/4; the soft edge and the grid add a little
        axis = np.arange(len(kernel)) - len(kernel) // 2
        assert (kernel.sum(axis=0) * axis**2).sum() == pytest.approx(radius**2 / 4, abs=0.25)
    assert len(kernel) == 2 * math.ceil(radius - 0.5) + 1


def test_line_kernel_by_hand() -> None:
    np.testing.assert_allclose(ops.line_kernel(0, 0), [[1]])
    flat = np.zeros((3, 3))
    flat[1] = [0.25, 0.5, 0.25]
    np.testing.assert_allclose(ops.line_kernel(2, 0), flat, atol=1e-7)
    np.testing.assert_allclose(ops.line_kernel(2, 90), flat.T, atol=1e-7)
    np.testing.assert_allclose(ops.line_kernel(1, 0)[1], [0, 1, 0], atol=1e-7)


def test_line_kernels_turn_anticlockwise_on_the_picture() -> None:
    """At 45 degrees the line rises to the right, so its ends are lower left and upper right."""
    kernel = ops.line_kernel(6, 45)
    assert kernel[0, -1] + kernel[1, -2] > 0.05
    assert kernel[0, 0] == kernel[-1, -1] == 0
    np.testing.assert_allclose(ops.line_kernel(6, 45), ops.line_kernel(6, 225), atol=1e-6)
    np.testing.assert_allclose(ops.line_kernel(6, -45), kernel[::-1], atol=1e-6)


@pytest.mark.parametrize("length, angle", [(3, 10), (7.5, 60), (20, 135)])
def test_line_kernels_have_the_line_s_length(length: float, angle: float) -> None:
    kernel = ops.line_kernel(length, angle)
    axis = np.arange(len(kernel)) - len(kernel) // 2
    along = axis[None, :] * math.cos(math.radians(angle)) - axis[:, None] * math.sin(math.radians(angle))
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    assert (kernel * along**2).sum() == pytest.approx(length**2 / 12, rel=0.25)


def test_blurs_spread_a_spot_as_their_kernels() -> None:
    for out, kernel in (
        (ops.defocus(spot(), 1.2), ops.disc_kernel(1.2)),
        (ops.motion_blur(spot(), 2, 0), ops.line_kernel(2, 0)),
    ):
        half = len(kernel) // 2
        np.testing.assert_allclose(
            out[4 - half : 5 + half, 4 - half : 5 + half, 1], kernel * 255, atol=0.5 + 1e-4
        )
        assert out.sum() == out[4 - half : 5 + half, 4 - half : 5 + half].sum()


def test_blurs_leave_even_surfaces_and_their_borders_alone() -> None:
    even = np.full((16, 16, 3), 77, np.uint8)
    np.testing.assert_array_equal(ops.defocus(even, 5), even)
    np.testing.assert_array_equal(ops.motion_blur(even, 9, 33), even)


def test_no_blur_is_a_copy(face: Crop) -> None:
    for out in (ops.defocus(face, 0), ops.motion_blur(face, 0, 10)):
        np.testing.assert_array_equal(out, face)
        assert out is not face


@pytest.mark.parametrize("level, read, shot", [(128, 5, 0.0), (128, 0, 0.1), (60, 3, 0.2)])
def test_noise_has_the_stated_variance_and_no_bias(level: int, read: float, shot: float) -> None:
    even = np.full((200, 200, 3), level, np.uint8)
    noise = ops.sensor_noise(even, np.random.default_rng(1), read, shot).astype(float) - level
    variance = read**2 + shot * level + 1 / 12  # rounding adds a twelfth
    assert noise.var() == pytest.approx(variance, rel=0.02)
    assert abs(noise.mean()) < 4 * math.sqrt(variance / noise.size)
    channels = np.corrcoef(noise.reshape(-1, 3).T)
    assert np.abs(channels - np.eye(3)).max() < 0.02
    assert abs(np.corrcoef(noise[:, :-1, 0].ravel(), noise[:, 1:, 0].ravel())[0, 1]) < 0.02


def test_noise_is_exactly_the_generator_s_numbers(face: Crop) -> None:
    z = np.random.default_rng(5).standard_normal(face.shape, dtype=np.float32)
    expected = np.clip(np.rint(face + z * np.sqrt(9 + 0.2 * face.astype(np.float32))), 0, 255)
    out = ops.sensor_noise(face, np.random.default_rng(5), 3, 0.2)
    assert np.abs(out - expected).max() <= 1  # the square root is rounded in float32
    assert (out == expected).mean() > 0.9999


def test_no_noise_is_none(face: Crop) -> None:
    np.testing.assert_array_equal(ops.sensor_noise(face, np.random.default_rng(0), 0, 0), face)


def test_jpeg_is_opencv_s_at_half_colour_resolution(face: Crop) -> None:
    half = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    data = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, 40, *half])[1]
    np.testing.assert_array_equal(ops.jpeg(face, 40), cv2.imdecode(data, cv2.IMREAD_COLOR))


def test_jpeg_loses_more_at_lower_quality(face: Crop) -> None:
    errors = [np.abs(ops.jpeg(face, q).astype(int) - face).mean() for q in (5, 30, 95)]
    assert errors[0] > errors[1] > errors[2] > 0
    even = np.full((8, 8, 3), 128, np.uint8)
    np.testing.assert_array_equal(ops.jpeg(even, 20), even)


def test_gamma_by_hand() -> None:
    crop = np.array([[[0, 64, 255]]], np.uint8)
    np.testing.assert_array_equal(ops.gamma(crop, 2)[0, 0], [0, round(64**2 / 255), 255])
    np.testing.assert_array_equal(ops.gamma(crop, 0.5)[0, 0], [0, round(math.sqrt(64 * 255)), 255])
    np.testing.assert_array_equal(ops.gamma(crop, 1), crop)


def test_contrast_by_hand() -> None:
    crop = np.array([[[0, 100, 255]]], np.uint8)
    np.testing.assert_array_equal(ops.contrast(crop, 1.2, -15)[0, 0], [0, 105, 255])
    np.testing.assert_array_equal(ops.contrast(crop, 0.3, 10)[0, 0], [10, 40, round(86.5)])
    np.testing.assert_array_equal(ops.contrast(crop, 0, 7)[0, 0], [7, 7, 7])


def test_grey_is_luma_in_all_channels() -> None:
    crop = np.array([[[255, 0, 0]]], np.uint8), np.array([[[0, 255, 0]]], np.uint8)
    np.testing.assert_array_equal(ops.grey(crop[0])[0, 0], [round(0.114 * 255)] * 3)
    np.testing.assert_array_equal(ops.grey(crop[1])[0, 0], [round(0.587 * 255)] * 3)
    even = np.full((3, 3, 3), 200, np.uint8)
    np.testing.assert_array_equal(ops.grey(even), even)


def test_shift_moves_right_and_down() -> None:
    out = ops.shift(spot(), 2, 1)
    assert np.argwhere(out[:, :, 0]).tolist() == [[5, 6]]
    np.testing.assert_array_equal(ops.shift(spot(), 0.5, 0)[4, 4:6, 0], [128, 128])


def test_shift_turns_anticlockwise_about_the_centre() -> None:
    crop = np.zeros((9, 9, 3), np.uint8)
    crop[4, 7] = 255  # to the right of the centre
    out = ops.shift(crop, 0, 0, angle=90)
    assert np.argwhere(out[:, :, 0] > 200).tolist() == [[1, 4]]  # above it


def test_shift_enlarges_about_the_centre() -> None:
    crop = np.zeros((9, 9, 3), np.uint8)
    crop[4, 5] = 255
    out = ops.shift(crop, 0, 0, scale=2)
    assert np.unravel_index(out[:, :, 0].argmax(), (9, 9)) == (4, 6)


def test_no_shift_is_a_copy(face: Crop) -> None:
    out = ops.shift(face, 0, 0)
    np.testing.assert_array_equal(out, face)
    assert out is not face


def test_shift_repeats_the_border() -> None:
    even = np.full((8, 8, 3), 90, np.uint8)
    np.testing.assert_array_equal(ops.shift(even, 5, -3, 0.9, 20), even)


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda c: ops.downscale(c, 0), "side"),
        (lambda c: ops.downscale(c, 8, "lanczos"), "interpolation"),
        (lambda c: ops.defocus(c, -1), "radius"),
        (lambda c: ops.defocus(c, NAN), "radius"),
        (lambda c: ops.motion_blur(c, INF, 0), "length"),
        (lambda c: ops.motion_blur(c, 1, NAN), "angle"),
        (lambda c: ops.sensor_noise(c, np.random.default_rng(0), -1, 0), "read"),
        (lambda c: ops.sensor_noise(c, np.random.default_rng(0), 0, NAN), "shot"),
        (lambda c: ops.jpeg(c, 0), "quality"),
        (lambda c: ops.jpeg(c, 101), "quality"),
        (lambda c: ops.gamma(c, 0), "g"),
        (lambda c: ops.contrast(c, -0.1, 0), "gain"),
        (lambda c: ops.contrast(c, 1, INF), "offset"),
        (lambda c: ops.shift(c, NAN, 0), "dx"),
        (lambda c: ops.shift(c, 0, INF), "dy"),
        (lambda c: ops.shift(c, 0, 0, 0), "scale"),
        (lambda c: ops.shift(c, 0, 0, 1, NAN), "angle"),
    ],
)
def test_a_parameter_out_of_range_is_named(call: object, name: str, face: Crop) -> None:
    with pytest.raises(ConfigError, match=f"^{name} = "):
        call(face)  # type: ignore[operator]


def test_a_crop_smaller_than_the_target_is_refused(face: Crop) -> None:
    with pytest.raises(InputError, match="88 px cannot be scaled down to 89 px"):
        ops.downscale(face, 89)


@pytest.mark.parametrize(
    "shape, dtype",
    [((8, 9, 3), "u1"), ((8, 8), "u1"), ((8, 8, 4), "u1"), ((8, 8, 3), "f4"), ((0, 0, 3), "u1")],
)
def test_what_is_no_crop_is_refused_by_every_operation(shape: tuple[int, ...], dtype: str) -> None:
    bad = np.zeros(shape, dtype)
    rng = np.random.default_rng(0)
    for call in (
        lambda: ops.downscale(bad, 1),
        lambda: ops.defocus(bad, 1),
        lambda: ops.motion_blur(bad, 1, 0),
        lambda: ops.sensor_noise(bad, rng, 1, 0),
        lambda: ops.jpeg(bad, 50),
        lambda: ops.gamma(bad, 1),
        lambda: ops.contrast(bad, 1, 0),
        lambda: ops.grey(bad),
        lambda: ops.shift(bad, 0, 0),
    ):
        with pytest.raises(InputError, match="a crop must be"):
            call()
