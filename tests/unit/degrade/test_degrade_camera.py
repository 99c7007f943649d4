"""What a camera's processing does has values that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fewpix.degrade import FAMILIES, PRESETS, camera, family, per_item_rng
from fewpix.degrade.presets import UNSEEN
from fewpix.errors import ConfigError, InputError
from fewpix.image.resize import Crop


def edge(low: int = 100, high: int = 160, side: int = 12) -> Crop:
    """Left half dark, right half bright."""
    out = np.full((side, side, 3), low, np.uint8)
    out[:, side // 2 :] = high
    return out


def test_sharpening_leaves_a_rim_on_both_sides_of_an_edge() -> None:
    row = camera.sharpen(edge(), amount=1.0, radius=1.0)[6, :, 0].astype(int)
    assert (row[:4] == 100).all()
    assert (row[8:] == 160).all()
    assert row[5] < 95
    assert row[6] > 165
    assert row[5] - 100 == 160 - row[6], "the rims are equal"


def test_sharpening_by_hand_and_its_limits() -> None:
    from fewpix.degrade.ops import defocus

    crop = edge()
    blurred = defocus(crop, 1.5).astype(int)
    expected = np.clip(crop + 2 * (crop.astype(int) - blurred), 0, 255)
    np.testing.assert_array_equal(camera.sharpen(crop, 2.0, 1.5), expected)
    np.testing.assert_array_equal(camera.sharpen(crop, 0.0, 1.5), crop)
    np.testing.assert_array_equal(camera.sharpen(crop, 3.0, 0.4), crop)
    assert camera.sharpen(edge(0, 255), 5.0, 2.0).dtype == np.uint8


def test_every_second_row_is_moved_by_whole_and_half_pixels() -> None:
    crop = np.tile(np.arange(0, 120, 10, dtype=np.uint8)[None, :, None], (12, 1, 3))
    out = camera.interlace(crop, 2)
    np.testing.assert_array_equal(out[0::2], crop[0::2])
    assert out[1, :, 0].tolist() == [0, 0, *range(0, 100, 10)]
    assert camera.interlace(crop, -0.5)[1, :, 0].tolist() == [*range(5, 115, 10), 110]
    np.testing.assert_array_equal(camera.interlace(crop, 0), crop)
    assert camera.interlace(crop, 99)[1].max() == 0, "beyond the border it is replicated"


def test_infrared_keeps_grey_grey_and_turns_red_bright_and_blue_dark() -> None:
    assert sum(camera.INFRARED) == pytest.approx(1)
    grey = np.full((8, 8, 3), 100, np.uint8)
    assert (camera.infrared(grey) == round(255 * (100 / 255) ** 0.7)).all()
    blue, red = np.zeros((2, 8, 8, 3), np.uint8)
    blue[..., 0], red[..., 2] = 200, 200
    assert camera.infrared(blue).max() == 0
    assert (camera.infrared(red) == round(255 * (170 / 255) ** 0.7)).all()
    out = camera.infrared(red)
    assert (out[..., 0] == out[..., 1]).all()
    assert (out[..., 1] == out[..., 2]).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda crop: camera.sharpen(crop, -1, 1),
        lambda crop: camera.sharpen(crop, float("nan"), 1),
        lambda crop: camera.sharpen(crop, 1, -1),
        lambda crop: camera.interlace(crop, float("inf")),
    ],
)
def test_what_makes_no_sense_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(ConfigError):
        call(edge())


@pytest.mark.parametrize("name", ["sharpen", "interlace", "infrared"])
def test_only_crops_are_taken_and_never_written_to(name: str) -> None:
    options = {"sharpen": (1.0, 1.0), "interlace": (1.0,), "infrared": ()}[name]
    function = getattr(camera, name)
    crop = edge()
    before = crop.copy()
    assert function(crop, *options) is not crop
    np.testing.assert_array_equal(crop, before)
    with pytest.raises(InputError):
        function(np.zeros((4, 5, 3), np.uint8), *options)
    with pytest.raises(InputError):
        function(np.zeros((4, 4, 3), np.float32), *options)


def test_unseen_families_hold_an_operation_that_no_training_mixture_has() -> None:
    trained = {s.op for name, chain in PRESETS.items() if name != "area" for s in chain.steps}
    for name in UNSEEN:
        before, after = FAMILIES[name]
        assert {s.op for s in (*before, *after)} - trained, name


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("size", [8, 24])
def test_every_family_works_at_every_size(name: str, size: int) -> None:
    face = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    chain = family(name, size)
    out = chain.apply(face, per_item_rng(0, 1))
    assert out.shape == (size, size, 3)
    np.testing.assert_array_equal(out, chain.apply(face, per_item_rng(0, 1)))
    assert type(chain).from_json(chain.to_json()) == chain
