"""What changed in a picture: a small thing that moves, not noise, not the light; and another scene."""

from __future__ import annotations

import numpy as np
import pytest

from fewpix.video.changes import Changes

HIGH, WIDE = 360, 640


def scene(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    import cv2

    coarse = rng.uniform(40, 200, (9, 16, 3)).astype(np.float32)
    return cv2.resize(coarse, (WIDE, HIGH), interpolation=cv2.INTER_CUBIC)


def picture(back: np.ndarray, *, gain: float = 1.0, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    noisy = back * gain + np.random.default_rng(seed).normal(0, 1, back.shape) * noise
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def test_the_first_frame_and_another_scene_are_cuts() -> None:
    changes = Changes()
    seen = [changes.see(picture(scene(n // 3)), 0.04 * n).cut for n in range(9)]
    assert seen == [True, False, False] * 3


def test_flat_frames_are_no_cuts_and_a_picture_after_black_is_one() -> None:
    changes, black = Changes(), np.zeros((HIGH, WIDE, 3), np.uint8)
    assert [changes.see(each, 0.1 * n).cut for n, each in enumerate((black, black, picture(scene())))] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("noise", [0.0, 4.0, 10.0])
def test_noise_and_light_are_no_motion(noise: float) -> None:
    changes = Changes()
    for n in range(8):
        seen = changes.see(picture(scene(), gain=1 - 0.04 * n, noise=noise, seed=n), 0.04 * n)
        assert seen.cut == (n == 0)
        assert seen.moved.mean() < 2e-3


@pytest.mark.parametrize("rate", [10, 25])
@pytest.mark.parametrize("noise", [0.0, 4.0])
def test_what_moves_shows_where_it_is(rate: int, noise: float) -> None:
    """A square of 10 px that is 40 grey levels darker, at a slow walk of 30 px a second."""
    changes = Changes()
    for n in range(rate):
        back = scene()
        x = 100 + round(30 * n / rate)
        back[200:210, x : x + 10] -= 40
        seen = changes.see(picture(back, noise=noise, seed=n), n / rate)
    places = np.argwhere(seen.moved) * 2
    assert len(places) >= 4
    assert np.abs(np.median(places[:, 0]) - 205) < 8
    assert np.abs(np.median(places[:, 1]) - x) < 20


def test_a_picture_keeps_its_pixels() -> None:
    image = picture(scene())
    before = image.copy()
    Changes().see(image, 0.0)
    np.testing.assert_array_equal(image, before)
