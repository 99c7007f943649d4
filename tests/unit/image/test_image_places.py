"""One convention for places: centres of pixels at whole numbers, everywhere from the detector to the crop."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.detect import Detector, Face
from fewpix.detect.aligner import Aligner
from fewpix.detect.tiles import tiles
from fewpix.detect.yunet import installed_yunet
from fewpix.identify.cropping import SIDE, cut_photo
from fewpix.image.align import TEMPLATE, TEMPLATE_SIDE, align, similarity
from fewpix.image.codec import decode_image, encode_image, read_image
from fewpix.image.places import resized
from fewpix.image.window import CENTRE, WINDOW, cut_window

FACES = load_orl().images
SWAPPED = [1, 0, 2, 4, 3]
"""A mirrored face's points in the order of the template."""


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(installed_yunet(0.15, threads=1), aligner=Aligner(threads=1))


def pictures() -> list[np.ndarray]:
    return [
        np.ascontiguousarray(cv2.copyMakeBorder(FACES[n], 24, 24, 34, 34, cv2.BORDER_REPLICATE))
        for n in range(0, 120, 10)
    ]


def points(detector: Detector, image: np.ndarray) -> np.ndarray:
    found = detector.detect(image)
    assert found
    return max(found, key=lambda face: face.pixels).points.astype(np.float64)


def dots(places: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A picture with a smooth dot at each place, whose centre of mass is that place exactly."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    total = np.zeros(shape)
    for px, py in places:
        total = np.maximum(total, np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 2.0**2)))
    return np.repeat(np.rint(255 * total).astype(np.uint8)[:, :, None], 3, axis=2)


def centre_near(image: np.ndarray, place: np.ndarray, reach: int) -> np.ndarray:
    x0, y0 = np.rint(place).astype(int) - reach
    part = image[y0 : y0 + 2 * reach + 1, x0 : x0 + 2 * reach + 1, 0].astype(np.float64)
    y, x = np.mgrid[: part.shape[0], : part.shape[1]]
    return np.array([(x * part).sum(), (y * part).sum()]) / part.sum() + [x0, y0]


@pytest.mark.parametrize("side", [112, 224, 56])
@pytest.mark.parametrize("size", [112.0, 150.3, 230.0])
@pytest.mark.parametrize("angle", [0.0, 17.0])
def test_a_synthetic_face_is_aligned_to_a_twentieth_of_a_pixel(side: int, size: float, angle: float) -> None:
    """The dots of a synthetic face lie where the template has them: 0.05 px of 112."""
    turn = size / TEMPLATE_SIDE * np.exp(1j * np.radians(angle))
    places = turn * (TEMPLATE[:, 0] + 1j * TEMPLATE[:, 1]) + (90.37 + 41.81j)
    given = np.stack([places.real, places.imag], axis=1)
    ratio = side / TEMPLATE_SIDE
    wide = 2.0 * size / TEMPLATE_SIDE
    y, x = np.mgrid[:420, :420].astype(np.float64)
    total = np.zeros((420, 420))
    for px, py in given:
        total = np.maximum(total, np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * wide**2)))
    image = np.repeat(np.rint(255 * total).astype(np.uint8)[:, :, None], 3, axis=2)
    crop = align(image, given, side)
    for place in resized(TEMPLATE, ratio).astype(np.float64):
        off = centre_near(crop, place, round(9 * ratio)) - place
        assert np.abs(off).max() / ratio < 0.05


def test_resized_is_what_opencv_does_to_a_picture() -> None:
    places = np.array([[20.3, 31.6], [44.0, 12.5]])
    image = dots(places, (64, 64))
    for factor, method in ((2.0, cv2.INTER_LINEAR), (3.0, cv2.INTER_CUBIC), (0.5, cv2.INTER_AREA)):
        other = cv2.resize(image, None, fx=factor, fy=factor, interpolation=method)
        for place in resized(places, factor).astype(np.float64):
            assert np.abs(centre_near(other, place, round(8 * factor)) - place).max() < 0.05 * max(1, factor)
    np.testing.assert_allclose(resized(places, 2.0), 2 * places + 0.5, atol=1e-5)
    np.testing.assert_allclose(resized(resized(places, (2.0, 3.0)), (0.5, 1 / 3)), places, atol=1e-4)


def test_twice_the_picture_has_its_places_at_twice_and_a_half() -> None:
    """The network sees the same of both, so what differs is how places are counted."""
    network, aligner = installed_yunet(0.15, threads=1), Aligner(threads=1)
    whole, half = (Detector(network, scales=(scale,), aligner=aligner) for scale in (1.0, 0.5))
    off = []
    for image in pictures():
        double = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        off.append(points(half, np.asarray(double, np.uint8)) - resized(points(whole, image), 2.0))
    # In pixels of the larger picture; counting from edges would leave 0.5 in both directions.
    assert np.abs(np.median(np.concatenate(off), axis=0)).max() < 0.1


def test_a_mirrored_picture_has_its_places_mirrored(detector: Detector) -> None:
    off = []
    for image in pictures():
        mirrored = points(detector, np.ascontiguousarray(image[:, ::-1]))[SWAPPED]
        off.append(points(detector, image)[:, 0] + mirrored[:, 0] - (image.shape[1] - 1))
    # Twice the bias: counting from edges would leave 1. What is left on purpose is `BIAS`, on both sides.
    assert abs(float(np.median(np.concatenate(off)))) < 1.0


@pytest.mark.parametrize("left, top", [(1, 0), (3, 5), (7, 11)])
def test_a_cut_moves_places_by_what_was_cut_off(left: int, top: int, detector: Detector) -> None:
    off = []
    for image in pictures()[:6]:
        cut = points(detector, np.ascontiguousarray(image[top:, left:])) + np.array([left, top])
        off.append(cut - points(detector, image))
    assert np.abs(np.median(np.concatenate(off), axis=0)).max() < 0.5


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5, 3.0])
def test_a_place_in_a_tile_is_told_in_the_picture(scale: float) -> None:
    place = np.array([61.4, 43.7])
    image = dots(place[None], (120, 140))
    (tile,) = tiles(image, scale)
    there = centre_near(tile.image, resized(place, scale).astype(np.float64), round(8 * scale))
    row = np.array([[4, 6, 10, 12, *np.tile(there, 5), 0.9]], np.float32)
    back = tile.in_picture(row)
    np.testing.assert_allclose(back[0, 4:14].reshape(5, 2), np.tile(place, (5, 1)), atol=0.05)
    np.testing.assert_allclose(back[0, :4] * np.tile(tile.scale, 2), row[0, :4], rtol=1e-6)


def test_the_window_shows_the_template_where_it_says() -> None:
    places = TEMPLATE + np.array([30.0, 12.0])
    image = dots(places, (160, 170))
    side = 104
    window = cut_window(image, similarity(places), side)
    expected = (TEMPLATE - (TEMPLATE_SIDE - WINDOW) / 2 + 0.5) * side / WINDOW - 0.5
    for place in expected:
        assert np.abs(centre_near(window, place, 6) - place).max() < 0.05
    assert abs(CENTRE - complex(*TEMPLATE.mean(axis=0))) < 1e-9


def test_a_box_counts_as_slices_do(detector: Detector) -> None:
    image = pictures()[0]
    face: Face = max(detector.detect(image), key=lambda face: face.pixels)
    double = np.asarray(cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
    larger = max(detector.detect(double), key=lambda face: face.pixels)
    np.testing.assert_allclose(np.array(larger.box), 2 * np.array(face.box), atol=0.12 * face.box[2])


def with_exif(png: bytes, value: int) -> bytes:
    """The PNG with a chunk that holds nothing but the orientation."""
    exif = b"MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, value, 0) + bytes(4)
    body = b"eXIf" + exif
    chunk = struct.pack(">I", len(exif)) + body + struct.pack(">I", zlib.crc32(body))
    return png[:33] + chunk + png[33:]  # behind the header


HELD = {
    2: lambda x, y, w, h: (w - 1 - x, y),
    3: lambda x, y, w, h: (w - 1 - x, h - 1 - y),
    4: lambda x, y, w, h: (x, h - 1 - y),
    5: lambda x, y, w, h: (y, x),
    6: lambda x, y, w, h: (h - 1 - y, x),
    7: lambda x, y, w, h: (h - 1 - y, w - 1 - x),
    8: lambda x, y, w, h: (y, w - 1 - x),
}
"""Where a place of a stored picture of w×h pixels is once it is upright, by its orientation."""


@pytest.mark.parametrize("value", HELD)
def test_places_in_a_picture_that_was_held_otherwise(value: int) -> None:
    """The centre of a pixel stays one: with half a pixel's error in a mirror image it would be one off."""
    stored, (x, y) = (70, 110), (31.0, 22.0)  # height and width; a place in it
    png = encode_image(dots(np.array([[x, y]]), stored), ".png")
    image = decode_image(with_exif(png, value), "x")
    assert image.shape[:2] == (stored if value < 5 else stored[::-1])
    expected = np.array(HELD[value](x, y, stored[1], stored[0]))
    np.testing.assert_allclose(centre_near(image, expected, 8), expected, atol=1e-3)


@pytest.mark.parametrize("value", [3, 6, 7])
def test_faces_in_a_picture_that_was_held_otherwise(value: int, detector: Detector, tmp_path: Path) -> None:
    """Boxes, points and crops are those of the upright picture."""
    picture = pictures()[0]
    turned = picture[::-1, ::-1] if value in (3, 7) else picture[:, ::-1]  # how the camera stored it
    stored = turned if value == 3 else turned.swapaxes(0, 1)
    image = decode_image(with_exif(encode_image(np.ascontiguousarray(stored), ".png"), value), "x")
    np.testing.assert_array_equal(image, picture)
    found, expected = detector.detect(image), detector.detect(picture)
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.box, other.box, atol=1e-3)
        np.testing.assert_allclose(one.points, other.points, atol=1e-3)
    cut = cut_photo(image, "x.png", "x", found, tmp_path)
    for face in cut.faces:
        np.testing.assert_array_equal(read_image(tmp_path / face.file), align(picture, face.points, SIDE))
