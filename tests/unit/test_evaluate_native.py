"""Native pictures become squares in one of two stated ways, and are never enlarged."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from fewpix.evaluate.native import Look, read_native

from fewpix.errors import ConfigError
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.view import fitted
from fewpix.image.codec import write_image


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(10, 13), (13, 10), (9, 21), (12, 12)])
def test_pad_repeats_the_border_on_both_sides(height: int, width: int) -> None:
    image = picture(height, width)
    square = fitted("pad")(image, "")
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    assert square.shape == (side, side, 3)
    assert np.array_equal(square[top : top + height, left : left + width], image)
    for y in range(side):
        for x in range(side):
            expected = image[np.clip(y - top, 0, height - 1), np.clip(x - left, 0, width - 1)]
            assert np.array_equal(square[y, x], expected)


def test_stretch_resizes_the_shorter_side_only() -> None:
    image = picture(10, 16)
    square = fitted("stretch")(image, "")
    assert np.array_equal(square, cv2.resize(image, (16, 16), interpolation=cv2.INTER_CUBIC))
    flat = np.repeat(picture(1, 16), 10, axis=0)
    assert np.array_equal(fitted("stretch")(flat, ""), np.repeat(flat[:1], 16, axis=0))


def test_only_larger_pictures_get_smaller() -> None:
    look = Look(12, "pad", Degradation("jpeg20", 3))
    small, kept = look.apply(picture(9, 11), "a.jpg")
    assert kept
    assert np.array_equal(small, fitted("pad")(picture(9, 11), ""))
    for height, width in ((12, 12), (8, 12), (40, 30)):
        crop, kept = look.apply(picture(height, width), "a.jpg")
        assert not kept
        assert np.array_equal(
            crop, Degradation("jpeg20", 3).apply(fitted("pad")(picture(height, width), ""), "a.jpg", 12)
        )
    crop, kept = Look().apply(picture(30, 40), "a.jpg")
    assert crop.shape == (40, 40, 3)
    assert not kept


def test_what_cannot_be_embedded_says_why(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", picture(8, 30))
    write_image(tmp_path / "flat.png", picture(7, 30))
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    good, flat, bad, no = (read_native(tmp_path, name) for name in ("a.png", "flat.png", "bad.jpg", "no.png"))
    assert (good.size, good.fault) == ((30, 8), "")
    assert (flat.size, flat.fault) == ((30, 7), "flat.png is 30x7 px, below 8 px")
    assert bad.size == no.size == (0, 0)
    assert bad.fault == "bad.jpg is cut off: its end is missing"
    assert no.fault == "cannot read no.png: No such file or directory"
    assert no.sha256 == bytes(32) != bad.sha256


def test_unknown_ways_are_refused() -> None:
    with pytest.raises(ConfigError, match="fit: there is no way 'crop'"):
        Look(fit="crop")
    with pytest.raises(ConfigError, match="size: 200 px"):
        Look(200)
