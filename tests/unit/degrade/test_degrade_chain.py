from __future__ import annotations

import doctest
import json
import tomllib

import cv2
import numpy as np
import pytest

import fewpix.degrade.chain
from fewpix.data.orl import load_orl
from fewpix.degrade import PRESETS, Chain, Choice, Uniform, ops, per_item_rng, step
from fewpix.errors import ConfigError, InputError


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return load_orl().images[30][10:98, 2:90].copy()


def test_the_steps_happen_in_order(face: np.ndarray) -> None:
    chain = Chain((step("defocus", radius=0.5), step("downscale", side=11), step("gamma", g=2), step("grey")))
    expected = ops.grey(ops.gamma(ops.downscale(ops.defocus(face, 4), 11), 2))
    np.testing.assert_array_equal(chain.apply(face, np.random.default_rng(0)), expected)


def test_the_order_counts(face: np.ndarray) -> None:
    first = Chain((step("gamma", g=2), step("contrast", gain=0.5, offset=30)))
    second = Chain(first.steps[::-1])
    rng = np.random.default_rng(0)
    assert (first.apply(face, rng) != second.apply(face, rng)).any()


def test_the_side_is_drawn_first_and_blur_follows_it(face: np.ndarray) -> None:
    chain = Chain((step("defocus", radius=1), step("downscale", side=Choice((11, 22, 44)))))
    for seed in range(12):
        side = (11, 22, 44)[int(np.random.default_rng(seed).random() * 3)]
        expected = ops.downscale(ops.defocus(face, 88 / side), side)
        np.testing.assert_array_equal(chain.apply(face, np.random.default_rng(seed)), expected)


def test_without_scaling_the_output_is_as_large_as_the_input(face: np.ndarray) -> None:
    chain = Chain((step("defocus", radius=2),))
    np.testing.assert_array_equal(chain.apply(face, np.random.default_rng(0)), ops.defocus(face, 2))


def test_a_step_happens_as_often_as_it_says(face: np.ndarray) -> None:
    small = face[:8, :8].copy()
    chain = Chain((step("contrast", p=0.3, gain=0, offset=7),))
    rng = np.random.default_rng(0)
    share = np.mean([(chain.apply(small, rng) == 7).all() for _ in range(3000)])
    assert share == pytest.approx(0.3, abs=0.03)
    never = Chain((step("contrast", p=0, gain=0, offset=7),))
    assert all((never.apply(small, rng) == small).all() for _ in range(50))


def test_a_place_has_one_lens_and_one_file_for_all_its_faces(face: np.ndarray) -> None:
    """Without shifts, and without noise, which is another one for every face, equal faces stay equal."""
    train = PRESETS["train"].at(16)
    quiet = Chain(tuple(s for s in train.steps if s.op not in ("shift", "sensor_noise")))
    happened, outputs = {s.op: 0 for s in train.steps}, set()
    for seed in range(300):
        rng = np.random.default_rng(seed)
        for s in train.place(rng).steps:
            happened[s.op] += 1
        place = quiet.place(rng)
        first, second = place.apply(face, rng), place.apply(face, rng)
        np.testing.assert_array_equal(first, second)
        outputs.add(first.tobytes())
    assert len(outputs) > 150
    for s in train.steps:
        expected = 300 * (1 if s.op in ("shift", "downscale") else s.p)
        assert abs(happened[s.op] - expected) <= 4 * (expected * (1 - expected / 300)) ** 0.5
    shifted = train.place(np.random.default_rng(1))
    assert dict(shifted.steps[0].draws) == dict(train.steps[0].draws)
    assert shifted.steps[0].p == train.steps[0].p == 0.5


def test_nothing_to_do_gives_a_copy(face: np.ndarray) -> None:
    out = Chain(()).apply(face, np.random.default_rng(0))
    np.testing.assert_array_equal(out, face)
    assert not np.shares_memory(out, face)


def test_a_batch_is_one_after_the_other(face: np.ndarray) -> None:
    crops = [face, face[:40, :40].copy(), face[40:, 40:].copy()]
    chain = PRESETS["train"]
    rng = np.random.default_rng(3)
    expected = [chain.apply(crop, rng) for crop in crops]
    for out, one in zip(chain.apply_batch(crops, np.random.default_rng(3)), expected, strict=True):
        np.testing.assert_array_equal(out, one)


def test_a_smaller_crop_or_none_is_refused(face: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="8 px cannot be scaled down to 16 px"):
        Chain((step("downscale", side=16),)).apply(face[:8, :8], rng)
    for bad in (face[:5], face.astype(float), face[:, :, 0]):
        with pytest.raises(InputError, match="a crop must be"):
            Chain(()).apply(bad, rng)


def test_the_number_of_threads_does_not_change_a_byte(face: np.ndarray) -> None:
    before = cv2.getNumThreads()
    out = []
    try:
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            out.append([PRESETS["train"].apply(face, per_item_rng(0, n)) for n in range(40)])
    finally:
        cv2.setNumThreads(before)
    for one, four in zip(*out, strict=True):
        np.testing.assert_array_equal(one, four)


def test_words_and_example() -> None:
    assert Chain((), name="x").describe() == "x: nothing"
    chain = Chain((step("downscale", side=8), step("jpeg", p=0.5, quality=20)), name="cctv")
    assert str(chain) == "cctv: downscale side 8 → jpeg [p 0.5] quality 20"
    example = doctest.testmod(fewpix.degrade.chain)
    assert example.attempted > 3
    assert example.failed == 0


def test_toml_says_the_same() -> None:
    text = """
    name = "cctv"
    steps = [
        { op = "motion_blur", p = 0.5, length = { uniform = [1.0, 2.5] }, angle = { uniform = [0, 180] } },
        { op = "downscale", side = { choice = [8, 16], weights = [2, 1] } },
        { op = "jpeg", quality = 30 },
    ]
    """
    chain = Chain(
        (
            step("motion_blur", p=0.5, length=Uniform(1, 2.5), angle=Uniform(0, 180)),
            step("downscale", side=Choice((8, 16), (2, 1))),
            step("jpeg", quality=30),
        ),
        name="cctv",
    )
    assert Chain.from_json(tomllib.loads(text)) == chain
    assert Chain.from_json(json.loads(json.dumps(chain.to_json()))) == chain


@pytest.mark.parametrize(
    "data, message",
    [
        ([], "a chain is a table"),
        ({"name": "x", "steps": [], "seed": 1}, "chain: unknown key 'seed'"),
        ({"name": 3, "steps": []}, "chain.name: 3 is not text"),
        ({"name": "x"}, "chain 'x': steps: None is not a list"),
        ({"name": "x", "steps": "jpeg"}, "is not a list"),
        (
            {"name": "x", "steps": [{"op": "grey"}, {"op": "jpeg", "quality": 0}]},
            "chain 'x' step 2: jpeg.quality",
        ),
        ({"steps": [{"op": "downscale", "side": 8}] * 2}, "chain 'custom' has 2 downscale steps"),
        ({"steps": [{"op": "downscale", "side": 8, "p": 0.5}]}, "downscale.p is 0.5, must be 1"),
    ],
)
def test_wrong_data_is_refused_with_the_key(data: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Chain.from_json(data)
    assert message in str(caught.value)
