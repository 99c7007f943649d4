from __future__ import annotations

import inspect

import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.degrade import Choice, Fixed, Step, Uniform, ops, step
from fewpix.degrade.step import OPERATIONS
from fewpix.errors import ConfigError


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return load_orl().images[30][10:98, 2:90].copy()


def test_every_parameter_of_every_operation_can_be_set_and_nothing_else() -> None:
    for name, (function, parameters) in OPERATIONS.items():
        signature = inspect.signature(function).parameters
        assert list(parameters) == [key for key in signature if key not in ("crop", "rng")], name
        for key, parameter in parameters.items():
            given = signature[key].default
            assert parameter.default == (None if given is inspect.Parameter.empty else given), (name, key)


def test_defaults_are_filled_in_and_the_order_is_the_operation_s() -> None:
    full = Step("shift", (("dy", Fixed(1)), ("dx", Fixed(2))))
    assert [name for name, _ in full.draws] == ["dx", "dy", "scale", "angle"]
    assert full == step("shift", dx=2, dy=1, scale=1.0, angle=0)
    assert hash(full) == hash(step("shift", dy=1, dx=2))


def test_lengths_are_in_pixels_of_the_output(face: np.ndarray) -> None:
    """A blur of 1.5 px in an 11 px image is one of 12 px in the 88 px crop that it is made from."""
    rng = np.random.default_rng(0)
    blur = step("defocus", radius=1.5)
    np.testing.assert_array_equal(
        blur.run(face, blur.sample(rng), rng, output_side=11), ops.defocus(face, 12)
    )
    motion = step("motion_blur", length=2, angle=30)
    np.testing.assert_array_equal(
        motion.run(face, motion.sample(rng), rng, output_side=22), ops.motion_blur(face, 8, 30)
    )


def test_jitter_is_in_pixels_of_the_template(face: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    move = step("shift", dx=14, dy=-7, angle=3)
    out = move.run(face, move.sample(rng), rng, output_side=16)
    np.testing.assert_array_equal(out, ops.shift(face, 14 * 88 / 112, -7 * 88 / 112, 1.0, 3))


def test_whole_numbers_written_with_a_point_are_whole(face: np.ndarray) -> None:
    """JSON and TOML may say 16.0."""
    rng = np.random.default_rng(0)
    shrink = Step.from_json({"op": "downscale", "side": {"choice": [16.0]}})
    assert shrink.run(face, shrink.sample(rng), rng, output_side=16).shape == (16, 16, 3)
    assert isinstance(step("jpeg", quality=40.0).sample(rng)["quality"], int)


def test_words() -> None:
    assert str(step("jpeg", p=0.3, quality=Uniform(30, 95))) == "jpeg [p 0.3] quality 30..95"
    assert str(step("grey")) == "grey"
    assert str(step("defocus", radius=1.5)) == "defocus radius 1.5 output px"
    assert str(step("shift", dx=Uniform(-2, 2), dy=0)) == "shift dx -2..2 template px, dy 0 template px"
    assert str(step("downscale", side=Choice((8, 16)))) == "downscale side 8/16"
    assert (
        str(step("downscale", side=8, interpolation="bicubic")) == "downscale side 8, interpolation bicubic"
    )


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: step("rotate"), "unknown operation 'rotate'"),
        (lambda: step("jpeg"), "jpeg: parameter 'quality' is missing"),
        (lambda: step("jpeg", quality=40, q=1), "jpeg: unknown parameter 'q'"),
        (lambda: step("jpeg", quality=0), "jpeg.quality: 0 is outside 1 to 100"),
        (lambda: step("jpeg", quality=40.5), "jpeg.quality: 40.5 is not a whole number"),
        (lambda: step("jpeg", quality=Uniform(0, 50)), "jpeg.quality: 0 is outside"),
        (lambda: step("jpeg", quality=Choice((40, 101))), "jpeg.quality: 101 is outside"),
        (lambda: step("jpeg", quality="low"), "jpeg.quality: 'low' is not a finite number"),
        (lambda: step("jpeg", quality=True), "jpeg.quality: True is not a finite number"),
        (lambda: step("gamma", g=float("nan")), "gamma.g: nan is not a finite number"),
        (lambda: step("downscale", side=7), "downscale.side: 7 is outside 8 to 1024"),
        (lambda: step("downscale", side=8, interpolation="cubic"), "'cubic' is not one of area, bilinear"),
        (lambda: step("downscale", side=8, interpolation=1), "1 is not one of area"),
        (lambda: step("grey", p=1.5), "grey.p: 1.5 is not a probability"),
        (lambda: step("grey", p=float("nan")), "grey.p: nan is not a probability"),
        (lambda: step("grey", p=True), "grey.p: True is not a probability"),
        (lambda: Step("grey", (), "often"), "grey.p: 'often' is not a probability"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_step_is_refused_with_its_key(make: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()  # type: ignore[operator]
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "data, message",
    [
        ("jpeg", "step 2: needs a table with a key 'op'"),
        ({"quality": 3}, "step 2: needs a table with a key 'op'"),
        ({"op": 3}, "step 2: needs a table with a key 'op'"),
        ({"op": "jpg", "quality": 3}, "step 2: unknown operation 'jpg'"),
        ({"op": "jpeg", "quality": 3, "colour": {"weird": 1}}, "step 2: jpeg: unknown parameter 'colour'"),
        ({"op": "jpeg", "quality": None}, "step 2: jpeg.quality: None is neither"),
        ({"op": "jpeg", "quality": 30, "p": "x"}, "step 2: jpeg.p: 'x' is not a probability"),
        ({"op": "jpeg", "quality": 30, "p": None}, "step 2: jpeg.p: None is not a probability"),
    ],
)
def test_wrong_data_is_refused_with_place_and_key(data: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Step.from_json(data, "step 2")
    assert message in str(caught.value)
