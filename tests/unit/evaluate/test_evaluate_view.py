"""How pictures come to an encoder: squares, never enlarged; made small by name and seed; mirrored."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fewpix.degrade.degradation import Degradation
from fewpix.errors import ConfigError, ImageError
from fewpix.evaluate.view import Look, aligned, embed_crops, fitted
from fewpix.image.resize import resize_square
from grey_encoder import Grey
from made_outcomes import noise


@pytest.mark.parametrize(("height", "width"), [(10, 13), (13, 10), (9, 21), (9, 4), (12, 12)])
def test_padding_repeats_the_border_on_both_sides(height: int, width: int) -> None:
    image = noise(height, width)
    square = fitted("pad")(image, "")
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    assert square.shape == (side, side, 3)
    assert np.array_equal(square[top : top + height, left : left + width], image)
    for y in range(side):
        for x in range(side):
            expected = image[np.clip(y - top, 0, height - 1), np.clip(x - left, 0, width - 1)]
            assert np.array_equal(square[y, x], expected)


def test_stretching_resizes_the_shorter_side_only() -> None:
    image = noise(10, 16)
    square = fitted("stretch")(image, "")
    assert np.array_equal(square, cv2.resize(image, (16, 16), interpolation=cv2.INTER_CUBIC))
    flat = np.repeat(noise(1, 16), 10, axis=0)
    assert np.array_equal(fitted("stretch")(flat, ""), np.repeat(flat[:1], 16, axis=0))


def test_a_square_stays_what_it_is() -> None:
    square = noise(7, 7)
    for fit in ("pad", "stretch"):
        assert fitted(fit)(square, "") is square
    with pytest.raises(ImageError, match="here is 7x7 px, not an aligned crop of 112x112 px"):
        aligned(square, "here")
    with pytest.raises(ImageError, match="there is 7x7 px, not an aligned crop"):
        Look(fit="aligned").apply(square, "a.jpg", "there")


@pytest.mark.parametrize("family", ["area", "jpeg20", "noise"])
def test_only_larger_pictures_get_smaller(family: str) -> None:
    how = Degradation(family, 3)
    look = Look(12, "pad", how)
    small, kept = look.apply(noise(9, 11), "a.jpg")
    assert kept
    assert np.array_equal(small, fitted("pad")(noise(9, 11), ""))
    for height, width in ((12, 12), (8, 12), (40, 30)):
        crop, kept = look.apply(noise(height, width), "a.jpg")
        assert not kept
        assert np.array_equal(crop, how.apply(fitted("pad")(noise(height, width), ""), "a.jpg", 12))
    crop, kept = Look().apply(noise(30, 40), "a.jpg")
    assert crop.shape == (40, 40, 3)
    assert not kept


def test_area_is_what_the_protocol_says() -> None:
    crop = noise(112, 112)
    for size in (8, 12, 24):
        small = Degradation().apply(crop, "S00/S00_0001.png", size)
        assert np.array_equal(small, cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA))
        assert np.array_equal(small, resize_square(crop, size))


def test_a_random_family_depends_on_the_picture_and_the_seed_only() -> None:
    crop = noise(112, 112)
    one = Degradation("noise", 1).apply(crop, "a", 16)
    assert np.array_equal(one, Degradation("noise", 1).apply(crop, "a", 16))
    assert not np.array_equal(one, Degradation("noise", 1).apply(crop, "b", 16))
    assert not np.array_equal(one, Degradation("noise", 2).apply(crop, "a", 16))


def test_the_mirrored_picture_is_added() -> None:
    crop = noise(30, 30)
    both = Grey().embed([crop])[0] + Grey().embed([crop[:, ::-1]])[0]
    encoder = Grey()
    row = embed_crops(encoder, [crop], flip=True)[0]
    assert row == pytest.approx(both / np.linalg.norm(both), abs=1e-6)
    assert np.array_equal(encoder.crops[1], crop[:, ::-1])


def test_mirrored_embeddings_that_cancel_out_leave_the_plain_one() -> None:
    class Odd(Grey):
        def embed(self, crops: object) -> np.ndarray:
            self.crops += [np.empty((1, 1, 3), np.uint8)]
            return np.eye(1, 16, dtype=np.float32) * (1 if len(self.crops) == 1 else -1)

    assert embed_crops(Odd(), [noise(9, 9)], flip=True)[0].tolist() == np.eye(1, 16)[0].tolist()


def test_unknown_ways_are_refused() -> None:
    for fit in ("cut", "crop"):
        with pytest.raises(ConfigError, match=f"fit: there is no way '{fit}'"):
            fitted(fit)
        with pytest.raises(ConfigError, match=f"fit: there is no way '{fit}'"):
            Look(fit=fit)
    for size in (7, 113, 200):
        with pytest.raises(ConfigError, match=f"size: {size} px is out of range"):
            Look(size)
    with pytest.raises(ConfigError, match="unknown degradation family 'fog'"):
        Degradation("fog")
