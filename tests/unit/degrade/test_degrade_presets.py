"""The shipped chains, the generator of one item, and the picture that shows a chain."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.degrade import FAMILIES, PRESETS, Chain, family, per_item_rng, sheet, step
from fewpix.degrade.draws import Fixed, Uniform
from fewpix.degrade.sheet import TILE
from fewpix.errors import ConfigError, InputError


@pytest.fixture(scope="module")
def faces() -> list[np.ndarray]:
    return [cv2.resize(load_orl().images[n][10:102], (112, 112)) for n in (0, 50, 100)]


def test_the_area_family_is_the_evaluation_protocol(faces: list[np.ndarray]) -> None:
    for size in (8, 12, 16, 24, 32):
        np.testing.assert_array_equal(
            family("area", size).apply(faces[0], np.random.default_rng(0)),
            cv2.resize(faces[0], (size, size), interpolation=cv2.INTER_AREA),
        )


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_does_what_it_is_called(name: str, faces: list[np.ndarray]) -> None:
    chain = family(name, 16)
    assert chain.name == f"{name}@16"
    out = chain.apply(faces[0], np.random.default_rng(0))
    plain = family("area", 16).apply(faces[0], np.random.default_rng(0))
    assert out.shape == (16, 16, 3)
    if name not in ("area", "grey"):  # the faces are grey already
        assert np.abs(out.astype(int) - plain).mean() > 1.5
    if name == "infrared":
        assert (out[..., 0] == out[..., 2]).all()
    if name == "dark":
        assert out.mean() == pytest.approx(0.3 * plain.mean(), rel=0.1)


def test_unknown_families_and_sizes_are_named() -> None:
    with pytest.raises(ConfigError, match=r"'rain'.*area, defocus"):
        family("rain", 16)
    with pytest.raises(ConfigError, match=r"downscale\.side: 4"):
        family("area", 4)


def strongest(chain: Chain, op: str, parameter: str, low: bool = False) -> float:
    kind = next(dict(s.draws)[parameter] for s in chain.steps if s.op == op)
    assert isinstance(kind, Fixed | Uniform)
    values = [float(value) for value in kind.support()]
    return min(values) if low else max(values)


@pytest.mark.parametrize(
    "name, op, parameter, low",
    [
        ("defocus", "defocus", "radius", False),
        ("motion", "motion_blur", "length", False),
        ("noise", "sensor_noise", "read", False),
        ("noise", "sensor_noise", "shot", False),
        ("jpeg20", "jpeg", "quality", True),
        ("dark", "contrast", "gain", True),
        ("gamma", "gamma", "g", False),
    ],
)
def test_test_families_lie_outside_the_training_mixture(
    name: str, op: str, parameter: str, low: bool
) -> None:
    tested, trained = (strongest(c, op, parameter, low) for c in (family(name, 16), PRESETS["train"]))
    assert tested < trained if low else tested > trained


def test_the_training_mixture_gives_all_its_sizes_and_different_views(faces: list[np.ndarray]) -> None:
    views = [PRESETS["train"].apply(faces[0], per_item_rng(7, n)) for n in range(300)]
    assert {view.shape[0] for view in views} == {8, 10, 12, 14, 16, 20, 24, 28, 32}
    small = [view.tobytes() for view in views if view.shape[0] == 16]
    assert len(set(small)) > 0.6 * len(small)


def test_presets_are_called_by_their_names() -> None:
    assert all(chain.name == name for name, chain in PRESETS.items())


def test_a_generator_per_item_depends_on_every_part() -> None:
    keys = [
        (0,),
        (1,),
        (0, 0),
        (0, 1),
        (1, 0),
        (0, 2**32),
        (2**32,),
        (0, 0, 0),
        (2**64 - 1, 5),
        (5, 2**64 - 1),
    ]
    first = {
        (seed, key): per_item_rng(seed, *key).random() for seed in (0, 1, 2**32, 2**64 - 1) for key in keys
    }
    assert len(set(first.values())) == len(first)
    assert per_item_rng(1, 2, 3).random() == per_item_rng(1, 2, 3).random()


def test_the_stream_is_the_same_on_every_platform_and_version() -> None:
    """A checkpoint resumes by these numbers, so they are pinned."""
    assert per_item_rng(0, 1, 2).integers(0, 1000, 5).tolist() == PINNED


PINNED: list[int] = [28, 831, 330, 494, 660]


@pytest.mark.parametrize("arguments", [(-1,), (2**64,), (0, -1), (0, 2**64)])
def test_numbers_out_of_range_are_refused(arguments: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="0 to 2"):
        per_item_rng(*arguments)


def test_numpy_integers_count_and_fractions_do_not() -> None:
    assert per_item_rng(0, np.int64(7)).random() == per_item_rng(0, 7).random()
    with pytest.raises(TypeError):
        per_item_rng(0, 1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        per_item_rng(0.5)  # type: ignore[arg-type]


def test_a_sheet_shows_before_and_after(faces: list[np.ndarray]) -> None:
    chain = Chain((step("downscale", side=8),))
    page = sheet(faces, np.random.default_rng(0), chain, columns=2)
    assert page.dtype == np.uint8
    pair, row = 2 * TILE + 2 + 10, TILE + 10
    assert page.shape == (2 * row + 10, 2 * pair + 10, 3)
    for n, face in enumerate(faces):
        y, x = 10 + n // 2 * row, 10 + n % 2 * pair
        np.testing.assert_array_equal(page[y : y + TILE, x : x + TILE], face)
        after = page[y : y + TILE, x + TILE + 2 : x + 2 * TILE + 2]
        # Each of the 8 x 8 pixels is shown as a block of 14 x 14.
        blocks = cv2.resize(face, (8, 8), interpolation=cv2.INTER_AREA).repeat(14, axis=0).repeat(14, axis=1)
        np.testing.assert_array_equal(after, blocks)
    assert (page[:10] == 255).all()
    assert (page[10 + row :, 10 + pair :] == 255).all()


def test_a_sheet_is_no_wider_than_its_faces_and_takes_any_size(faces: list[np.ndarray]) -> None:
    large = cv2.resize(faces[0], (300, 300), interpolation=cv2.INTER_CUBIC)
    page = sheet([large], np.random.default_rng(0), Chain(()), columns=9)
    assert page.shape == (TILE + 20, 2 * TILE + 2 + 20, 3)


def test_an_empty_sheet_is_refused(faces: list[np.ndarray]) -> None:
    with pytest.raises(InputError, match="at least one crop"):
        sheet([], np.random.default_rng(0), Chain(()), columns=2)
    with pytest.raises(ConfigError, match="columns must be at least 1"):
        sheet(faces, np.random.default_rng(0), Chain(()), columns=0)
