from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewpix.detect.tiles import MARGIN, OVERLAP, TILE, spans, tiles


@given(st.integers(1, 20_000), st.integers(2, 2_000), st.data())
def test_spans_cover_overlap_and_fit(length: int, size: int, data: st.DataObject) -> None:
    shared = data.draw(st.integers(0, size - 1))
    found = spans(length, size, shared)
    assert found[0][0] == 0
    assert found[-1][1] == length
    assert all(0 < end - start <= size for start, end in found)
    assert all(start < after for (start, _), (after, _) in pairwise(found))
    assert all(end - after >= shared for (_, end), (after, _) in pairwise(found))


def test_a_picture_that_fits_is_one_tile_without_cuts() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    (tile,) = tiles(image, 1.0)
    assert tile.image.shape == image.shape
    assert tile.cuts == (False, False, False, False)
    (double,) = tiles(image, 2.0)
    assert double.image.shape == (400, 600, 3)
    assert double.scale == (2.0, 2.0)


def test_tiles_of_a_large_picture_are_bounded_and_know_their_place() -> None:
    image = np.random.default_rng(0).integers(0, 255, (700, 1000, 3), np.uint8)
    found = list(tiles(image, 3.0))
    assert len(found) == 6
    seen = np.zeros(image.shape[:2], int)
    for tile in found:
        assert max(tile.image.shape[:2]) <= TILE
        x, y = tile.origin
        wide, high = tile.image.shape[1] / tile.scale[0], tile.image.shape[0] / tile.scale[1]
        seen[y : y + round(high), x : x + round(wide)] += 1
        assert tile.cuts == (x > 0, y > 0, x + wide < 1000, y + high < 700)
        # Pixel centres of the middle: a scaled pixel shows the picture's pixel that it lies on.
        u, v = tile.image.shape[1] // 2 // 3 * 3 + 1, tile.image.shape[0] // 2 // 3 * 3 + 1
        np.testing.assert_array_equal(tile.image[v, u], image[y + v // 3, x + u // 3])
    assert seen.min() == 1


def test_neighbours_share_at_least_the_overlap() -> None:
    found = list(tiles(np.zeros((100, 5000, 3), np.uint8), 1.0))
    ends = [(tile.origin[0], tile.origin[0] + tile.image.shape[1]) for tile in found]
    assert all(end - start >= OVERLAP for (_, end), (start, _) in pairwise(ends))


def test_rows_come_back_in_picture_pixels() -> None:
    tile = list(tiles(np.zeros((700, 1000, 3), np.uint8), 3.0))[-1]
    row = np.arange(15, dtype=np.float32)[None] * 3
    row[0, 14] = 0.9
    (back,) = tile.in_picture(row)
    x, y = tile.origin
    np.testing.assert_allclose(back[:4], [x, y + 1, 2, 3], atol=1e-4)
    np.testing.assert_allclose(
        back[4:14].reshape(5, 2), [(x + n - 1 / 3, y + n + 1 - 1 / 3) for n in range(4, 14, 2)], atol=1e-4
    )
    assert back[14] == np.float32(0.9)
    assert row[0, 0] == 0
    assert row[0, 4] == 12


@pytest.mark.parametrize("side", [0, 1, 2, 3])
def test_a_box_at_a_cut_is_dropped_and_one_at_the_border_of_the_picture_stays(side: int) -> None:
    middle = next(
        tile for tile in tiles(np.zeros((4000, 4000, 3), np.uint8), 1.0) if tile.cuts == (True,) * 4
    )
    high, wide = middle.image.shape[:2]
    row = np.zeros((1, 15), np.float32)
    near = MARGIN - 1
    row[0, :4] = [
        (near, 400, 80, 90),
        (400, near, 80, 90),
        (wide - 80 - near, 400, 80, 90),
        (400, high - 90 - near, 80, 90),
    ][side]
    assert len(middle.whole(row)) == 0
    (whole,) = tiles(np.zeros((high, wide, 3), np.uint8), 1.0)
    assert len(whole.whole(row)) == 1
    row[0, :4] = (400, 400, 80, 90)
    assert len(middle.whole(row)) == 1
