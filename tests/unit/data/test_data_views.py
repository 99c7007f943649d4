"""Views: what each shows, what it is called, and how often it is drawn."""

from __future__ import annotations

from functools import cache
from math import cos, hypot, radians, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewpix.data.faces import FaceSet
from fewpix.data.orl import load_orl
from fewpix.data.varied import Variation
from fewpix.data.views import View, Views, ellipse, make_views, seam
from fewpix.errors import ConfigError
from fewpix.image.codec import encode_image

pytestmark = pytest.mark.needs("samples")

SOURCES = ("celeba", "utk", "wild", "utk", "celeba", "wild", "utk", "celeba")


@cache
def pool() -> FaceSet:
    """Eight people; the last face is the first one under another name."""
    orl = load_orl()
    data = [encode_image(orl.images[10 * n][12:104], ".png") for n in range(7)]
    return FaceSet(tuple(f"{n:03d}" for n in range(8)), SOURCES, (*data, data[0]))


def views(mixes: int = 0, seed: int = 0, **more: object) -> Views:
    rng = np.random.default_rng(seed)
    return make_views(pool(), np.arange(8), {}, mixes=mixes, rng=rng, **more)  # type: ignore[arg-type]


def test_every_face_and_its_mirror_image_share_a_weight() -> None:
    weights = {"celeba": 2.0, "utk": 0.5}
    made = make_views(pool(), np.array([1, 2, 4]), weights, rng=np.random.default_rng(0))
    assert made.items == (View(1), View(2), View(4), View(1, True), View(2, True), View(4, True))
    assert made.weights.tolist() == [0.25, 0.5, 1.0, 0.25, 0.5, 1.0]
    plain = make_views(pool(), np.array([1, 2, 4]), weights, flip=False, rng=np.random.default_rng(0))
    assert (plain.items, plain.weights.tolist()) == ((View(1), View(2), View(4)), [0.5, 1.0, 2.0])
    assert len(made) == 6


def test_a_source_of_weight_0_takes_part_in_mixes_only() -> None:
    made = make_views(
        *(pool(), np.arange(8), {"utk": 0.0}),
        mixes=200,
        mix_weight=0.25,
        chips=("utk",),
        rng=np.random.default_rng(0),
    )
    whole = [view for view in made.items if view.second < 0]
    assert {view.first for view in whole} == {0, 2, 4, 5, 7}
    mixed = made.items[len(whole) :]
    assert len(mixed) == 200
    assert made.weights[len(whole) :].tolist() == [0.25] * 200
    assert {view.first for view in mixed} == {0, 2, 4, 5, 7}  # a chip is never the frame
    assert {view.second for view in mixed} == set(range(8))
    assert all(view.first != view.second for view in mixed)
    for view in mixed:
        assert view.inner == (SOURCES[view.second] == "utk")
    assert 0.3 < np.mean([view.flip for view in mixed]) < 0.7


def test_more_mixes_begin_with_the_same_ones() -> None:
    """So that a cache of teacher embeddings serves a longer run too."""
    few, many = views(mixes=30, chips=("utk",)), views(mixes=50, chips=("utk",))
    assert many.items[: len(few)] == few.items
    assert many.keys[: len(few)] == few.keys
    assert views(mixes=30, seed=1, chips=("utk",)).items != few.items


def test_mixes_are_not_mirrored_where_nothing_is() -> None:
    assert not any(view.flip for view in views(mixes=40, flip=False).items)


def test_keys_are_equal_where_pictures_are_and_only_there() -> None:
    members = np.arange(7)  # no face twice: mixed with itself it would be the same picture at every seam
    made = make_views(pool(), members, {}, mixes=60, chips=("utk",), rng=np.random.default_rng(0))
    pictures = [made.render(n).tobytes() for n in range(len(made))]
    assert len(set(pictures)) == len(set(made.keys)) == len(made) == 74
    whole = views()
    for n in range(len(whole)):
        same = [whole.render(n).tobytes() == whole.render(m).tobytes() for m in range(len(whole))]
        assert same == [whole.keys[n] == key for key in whole.keys]
    assert whole.keys[0] == whole.keys[7] != whole.keys[8]


def test_a_key_names_content_and_not_names() -> None:
    renamed = FaceSet(tuple(f"x{n}" for n in range(8)), SOURCES, pool().data)
    for view in views(mixes=5).items:
        assert view.key(renamed) == view.key(pool())


@pytest.mark.parametrize(
    "view",
    [
        View(0),
        View(2, second=5, angle=30, offset=0.1, softness=0.2),
        View(4, second=1, softness=0.2, inner=True),
    ],
)
def test_a_mirrored_view_is_the_mirror_image_of_the_view(view: View) -> None:
    mirrored = View(view.first, True, view.second, view.angle, view.offset, view.softness, view.inner)
    picture = mirrored.render(pool())
    np.testing.assert_array_equal(picture, view.render(pool())[:, ::-1])
    assert picture.flags.c_contiguous
    assert not np.array_equal(picture, view.render(pool()))


def test_a_mix_shows_each_face_on_its_side_of_the_seam() -> None:
    one, other = pool().crop(0), pool().crop(2)
    mixed = View(0, second=2, angle=0, offset=0, softness=0.2).render(pool())
    np.testing.assert_array_equal(
        mixed[:, :36], one[:, :36]
    )  # the seam is 0.2 · 92 px wide, 46 in the middle
    np.testing.assert_array_equal(mixed[:, 56:], other[:, 56:])
    middle = mixed[:, 40:52].astype(int)
    low, high = np.minimum(one, other)[:, 40:52], np.maximum(one, other)[:, 40:52]
    assert ((middle >= low.astype(int) - 1) & (middle <= high.astype(int) + 1)).all()


def test_an_inner_mix_keeps_the_frame() -> None:
    one, other = pool().crop(0), pool().crop(1)
    mixed = View(0, second=1, softness=0.1, inner=True).render(pool())
    np.testing.assert_array_equal(mixed[:8], one[:8])
    np.testing.assert_array_equal(mixed[:, :4], one[:, :4])
    np.testing.assert_array_equal(mixed[50:70, 36:56], other[50:70, 36:56])


def test_the_second_face_is_brought_to_the_size_of_the_first() -> None:
    small = encode_image(load_orl().images[50][32:82, 21:71], ".png")
    faces = FaceSet(("a", "b"), ("", ""), (pool().data[0], small))
    assert View(0, second=1, softness=0.5).render(faces).shape == (92, 92, 3)
    assert View(1, second=0, softness=0.5).render(faces).shape == (50, 50, 3)


def test_exact_values_of_a_seam() -> None:
    row = np.array([0.125, 0.375, 0.625, 0.875], dtype=np.float32)
    np.testing.assert_array_equal(seam(4, 0, 0, 1.0), np.tile(row, (4, 1)))
    np.testing.assert_allclose(seam(4, 90, 0, 1.0), np.tile(row[:, None], (1, 4)), atol=1e-7)
    np.testing.assert_allclose(seam(4, 180, 0, 1.0), np.tile(row[::-1], (4, 1)), atol=1e-7)
    np.testing.assert_array_equal(seam(4, 0, 0.25, 0.0), np.tile([0, 0, 0, 1], (4, 1)))
    np.testing.assert_array_equal(seam(4, 0, 0.0, 0.0), np.tile([0, 0, 1, 1], (4, 1)))
    np.testing.assert_allclose(seam(4, 45, 0, 2.0)[3, 3], 0.375 * 2**0.5 / 2 + 0.5)
    assert seam(5, 123, 0, 0.3)[2, 2] == 0.5  # half and half in the middle of an odd side
    assert seam(4, 0, 0, 1.0).dtype == np.float32


@given(
    st.integers(1, 40), st.floats(0, 360), st.floats(-0.15, 0.15), st.sampled_from([0.2, 0.5, 1.0]), st.data()
)
def test_a_seam_at_any_pixel(
    side: int, angle: float, offset: float, softness: float, data: st.DataObject
) -> None:
    row, column = (data.draw(st.integers(0, side - 1)) for _ in range(2))
    x, y = ((n + 0.5) / side - 0.5 for n in (column, row))
    along = x * cos(radians(angle)) + y * sin(radians(angle)) - offset
    expected = min(1.0, max(0.0, along / softness + 0.5))
    assert seam(side, angle, offset, softness)[row, column] == pytest.approx(expected, abs=1e-5)


def test_exact_values_of_the_ellipse() -> None:
    share = ellipse(50, 0.3)
    assert share.shape == (50, 50)
    assert share.dtype == np.float32
    assert share[31, 24] == share[32, 25] == 1  # its centre, 0.14 below the middle
    narrow = ellipse(50, 0.1)
    assert narrow[0].max() == narrow[:, 0].max() == narrow[:, -1].max() == 0
    np.testing.assert_array_equal(share, share[:, ::-1])
    # Half on its edge: 0.37 to the side of the centre (column 43), 0.36 above it (rows 13 and 14) and below.
    for row, column in ((31, 43), (32, 43), (13, 24), (14, 25), (49, 24), (20, 40)):
        x, y = (column + 0.5) / 50 - 0.5, (row + 0.5) / 50 - 0.5
        expected = (1 - hypot(x / 0.37, (y - 0.14) / 0.36)) * 0.37 / 0.3 + 0.5
        assert share[row, column] == pytest.approx(expected, abs=1e-6)
    assert share[31, 43] == pytest.approx(0.4995, abs=1e-3)
    hard = ellipse(50, 0.0)
    assert set(np.unique(hard[:, [0, 24, 49]])) == {0, 1}


def test_varied_faces_are_of_faces_and_mixes_alike_and_each_is_another_picture() -> None:
    made = views(mixes=10, varied=40, warp=0.05, colour=0.3)
    varied = made.items[-40:]
    assert all(view.varied is not None and view.nobody for view in varied)
    assert {view.second >= 0 for view in varied} == {True, False}
    assert len(made) == 8 + 8 + 10 + 40
    assert len(set(made.keys[-40:])) == 40
    assert views(mixes=10, varied=40, warp=0.05, colour=0.3).keys == made.keys
    assert views(mixes=10).items == made.items[:-40]
    assert len({made.render(n).tobytes() for n in range(26, len(made))}) == 40


def test_a_variation_moves_points_by_no_more_than_it_says_and_keeps_grey_where_nothing_is_to_change() -> None:
    crop = np.zeros((64, 64, 3), dtype=np.uint8)
    crop[28:36, 28:36] = 255
    assert np.array_equal(Variation(3, 0.0, 0.0).apply(crop), crop)
    moved = Variation(3, 0.1, 0.0).apply(crop)
    assert not np.array_equal(moved, crop)
    rows, columns = np.nonzero(moved.max(axis=2) > 128)
    # the grid's shifts are spread by a cubic, which may overshoot them by a tenth
    reach = 1.1 * 0.1 * 64 + 1
    assert rows.min() >= 28 - reach
    assert rows.max() <= 35 + reach
    assert columns.min() >= 28 - reach
    assert columns.max() <= 35 + reach
    grey = np.full((16, 16, 3), 128, dtype=np.uint8)
    values = [Variation(seed, 0.0, 0.3).apply(grey)[8, 8].astype(int) for seed in range(20)]
    assert len({tuple(value) for value in values}) == 20
    assert all(60 < value.min() <= value.max() < 200 for value in values)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"source_weights": {"celeb": 1.0}}, "no face has the source 'celeb'.*celeba, utk, wild"),
        ({"chips": ("chip",)}, "no face has the source 'chip'"),
        ({"source_weights": dict.fromkeys(SOURCES, 0.0)}, "no face has a weight above 0"),
        (
            {"members": np.array([1, 3]), "chips": ("utk",), "mixes": 1},
            r"data\.mixes: there are not two faces",
        ),
        ({"members": np.array([0]), "mixes": 1}, r"data\.mixes: there are not two faces"),
    ],
)
def test_what_cannot_be_made_is_named(arguments: dict[str, object], says: str) -> None:
    given = {"members": np.arange(8), "source_weights": {}, "rng": np.random.default_rng(0)} | arguments
    with pytest.raises(ConfigError, match=says):
        make_views(pool(), **given)  # type: ignore[arg-type]
