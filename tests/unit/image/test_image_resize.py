from __future__ import annotations

import cv2
import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.image.resize import Crop, resize_square


@pytest.fixture(scope="module")
def crop() -> Crop:
    return load_orl().images[3][:80, 6:86].copy()


def test_down_is_area_averaging(crop: Crop) -> None:
    blocks = crop.reshape(10, 8, 10, 8, 3).astype(np.float64).mean(axis=(1, 3))
    assert np.abs(resize_square(crop, 10) - blocks).max() <= 0.5 + 1e-9


def test_up_is_bicubic(crop: Crop) -> None:
    np.testing.assert_array_equal(
        resize_square(crop, 112), cv2.resize(crop, (112, 112), interpolation=cv2.INTER_CUBIC)
    )


def test_what_fits_already_stays_as_it_is(crop: Crop) -> None:
    assert resize_square(crop, 80) is crop


def test_one_pixel_is_the_mean(crop: Crop) -> None:
    assert np.abs(resize_square(crop, 1)[0, 0] - crop.mean(axis=(0, 1))).max() <= 0.5 + 1e-9
