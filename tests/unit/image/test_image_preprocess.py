from __future__ import annotations

import json

import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.errors import ConfigError, InputError
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop, resize_square

RGB = Preprocess(24, "rgb", (127.5, 127.5, 127.5), (128.0, 128.0, 128.0))


@pytest.fixture(scope="module")
def crops() -> list[Crop]:
    """Three real faces of 90, 24 and 8 px, with three different channels."""
    faces = [image[:90, :90].copy() for image in load_orl().images[:3]]
    for face in faces:
        face[:, :, 0] //= 2
        face[:, :, 2] = 255 - face[:, :, 2]
    return [faces[0], resize_square(faces[1], 24), resize_square(faces[2], 8)]


def test_pixels_are_resized_once_and_put_in_order(crops: list[Crop]) -> None:
    pixels = RGB.pixels(crops)
    assert pixels.shape == (3, 3, 24, 24)
    assert pixels.dtype == np.uint8
    for n, crop in enumerate(crops):
        for channel in range(3):
            np.testing.assert_array_equal(pixels[n, channel], resize_square(crop, 24)[:, :, 2 - channel])
    bgr = Preprocess(24, "bgr", RGB.mean, RGB.std).pixels(crops)
    np.testing.assert_array_equal(bgr, pixels[:, ::-1])


def test_scale_is_exact_per_channel() -> None:
    preprocess = Preprocess(1, "rgb", (1.0, 2.0, 3.0), (2.0, 4.0, 8.0))
    out = preprocess.apply([np.array([[[11, 10, 9]]], np.uint8)])  # B 11, G 10, R 9
    np.testing.assert_array_equal(out, np.array([4.0, 2.0, 1.0], np.float32).reshape(1, 3, 1, 1))
    assert out.dtype == np.float32


def test_apply_is_pixels_then_scale_and_writes_into_nothing(crops: list[Crop]) -> None:
    before = [crop.copy() for crop in crops]
    np.testing.assert_array_equal(RGB.apply(crops), RGB.scale(RGB.pixels(crops)))
    for crop, old in zip(crops, before, strict=True):
        np.testing.assert_array_equal(crop, old)


def test_no_crops_give_an_empty_batch() -> None:
    assert RGB.apply([]).shape == (0, 3, 24, 24)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((8, 9, 3), np.uint8),
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
    ],
)
def test_what_is_no_crop_is_named_by_its_place(bad: np.ndarray, crops: list[Crop]) -> None:
    with pytest.raises(InputError, match="crop 1 must be"):
        RGB.pixels([crops[0], bad])


def test_json_round_trip() -> None:
    assert Preprocess.from_json(json.loads(json.dumps(RGB.to_json()))) == RGB


@pytest.mark.parametrize(
    "change, message",
    [
        ({"side": 0}, "side must be from 1 to 2048"),
        ({"side": 24.0}, "whole number"),
        ({"side": True}, "whole number"),
        ({"color": "grey"}, "'rgb' or 'bgr'"),
        ({"std": [1, 0, 1]}, "std above 0"),
        ({"mean": [1, 2]}, "three numbers"),
        ({"mean": "abc"}, "lists of numbers"),
        ({"mean": None}, "lists of numbers"),
        ({"size": 3}, "unknown key 'size'"),
    ],
)
def test_a_wrong_card_is_refused_with_the_key(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Preprocess.from_json({**RGB.to_json(), **change})


def test_a_missing_key_is_named() -> None:
    data = RGB.to_json()
    del data["std"]
    with pytest.raises(ConfigError, match="missing key 'std'"):
        Preprocess.from_json(data)
