from __future__ import annotations

import numpy as np
import pytest

from fewpix.degrade.draws import Choice, Draw, Fixed, Uniform, parse_draw
from fewpix.errors import ConfigError


class Given:
    """A generator whose next number is given: the edges of [0, 1) are where mistakes hide."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


BELOW_ONE = float(np.nextafter(1, 0))


def draw(kind: Draw, u: float, integer: bool = False) -> object:
    return kind.sample(Given(u), integer)  # type: ignore[arg-type]


def test_fixed_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    assert Fixed("area").sample(rng) == "area"
    assert rng.bit_generator.state == before


def test_uniform_reaches_its_ends_and_the_middle() -> None:
    assert draw(Uniform(-2, 6), 0) == -2
    assert draw(Uniform(-2, 6), 0.5) == 2
    assert draw(Uniform(-2, 6), BELOW_ONE) == pytest.approx(6)
    assert draw(Uniform(0.25, 4, log=True), 0.5) == pytest.approx(1)
    assert draw(Uniform(3, 3), 0.7) == 3


def test_whole_numbers_are_equally_likely_and_never_beyond_the_end() -> None:
    assert draw(Uniform(8, 11), 0, integer=True) == 8
    assert draw(Uniform(8, 11), BELOW_ONE, integer=True) == 11
    rng = np.random.default_rng(0)
    counts = np.bincount([int(Uniform(8, 11).sample(rng, True)) - 8 for _ in range(8000)])
    assert counts.shape == (4,)
    assert np.abs(counts / 8000 - 0.25).max() < 0.02
    assert all(isinstance(Uniform(8, 11).sample(rng, True), int) for _ in range(5))


def test_choice_follows_its_weights() -> None:
    kind = Choice((8, 16, 24), (1, 2, 1))
    assert [draw(kind, u) for u in (0, 0.2499, 0.25, 0.7499, 0.75, BELOW_ONE)] == [8, 8, 16, 16, 24, 24]
    even = Choice(("a", "b"))
    assert [draw(even, u) for u in (0, 0.4999, 0.5, BELOW_ONE)] == ["a", "a", "b", "b"]


@pytest.mark.parametrize("weights", [(0, 1, 0), (0.1,) * 9 + (0,), (0, 0, 1e-300), (1e300, 1e-300, 0)])
def test_a_value_of_weight_zero_is_never_drawn(weights: tuple[float, ...]) -> None:
    kind = Choice(tuple(range(len(weights))), weights)
    for u in (0.0, 0.3, 0.5, 0.9, BELOW_ONE):
        value = draw(kind, u)
        assert isinstance(value, int)
        assert weights[value] > 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Uniform(2, 1),
        lambda: Uniform(0, 1, log=True),
        lambda: Uniform(float("nan"), 1),
        lambda: Uniform(0, float("inf")),
        lambda: Uniform(True, 2),
        lambda: Choice(()),
        lambda: Choice((1, 2), (1,)),
        lambda: Choice((1, 2), (0, 0)),
        lambda: Choice((1, 2), (2, -1)),
        lambda: Choice((1, 2), (float("nan"), 1)),
    ],
)
def test_a_distribution_that_makes_no_sense_is_refused(make: object) -> None:
    with pytest.raises(ConfigError):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    "kind, data, text",
    [
        (Fixed(40), 40, "40"),
        (Fixed(0.5), 0.5, "0.5"),
        (Fixed("area"), "area", "area"),
        (Uniform(30, 95), {"uniform": [30, 95]}, "30..95"),
        (Uniform(0.7, 1.5, log=True), {"log_uniform": [0.7, 1.5]}, "0.7..1.5 log"),
        (Choice((8, 16)), {"choice": [8, 16]}, "8/16"),
        (Choice(("area", "bicubic"), (8, 1)), {"choice": ["area", "bicubic"], "weights": [8, 1]},
         "area(×8)/bicubic(×1)"),
    ],
)  # fmt: skip
def test_json_and_words(kind: Draw, data: object, text: str) -> None:
    assert kind.to_json() == data
    assert parse_draw(data, "x") == kind
    assert str(kind) == text


@pytest.mark.parametrize(
    "data, message",
    [
        (None, "q: None is neither"),
        (True, "q: True is neither"),
        ([1, 2], "neither"),
        (float("nan"), "not a finite number"),
        ({}, "q: needs one key"),
        ({"uniform": [1, 2], "choice": [1]}, "q: "),
        ({"uniform": [1, 2], "weights": [1, 1]}, "unknown key 'weights'"),
        ({"normal": [0, 1]}, "unknown key 'normal'"),
        ({"uniform": [1]}, "q: uniform needs two numbers, not 1"),
        ({"uniform": "ab"}, "q.uniform: 'ab' is not a list"),
        ({"uniform": 3}, "q.uniform: 3 is not a list"),
        ({"uniform": [2, 1]}, "q: a range must go up"),
        ({"uniform": ["a", 1]}, "q: uniform: 'a' is not a finite number"),
        ({"choice": []}, "q: a choice needs at least one value"),
        ({"choice": [True]}, "q: choice: True is not a finite number"),
        ({"choice": [1, 2], "weights": ["x", 1]}, "q: weights: 'x' is not a finite number"),
    ],
)
def test_data_that_is_no_distribution_is_refused_with_the_key(data: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_draw(data, "q")
    assert message in str(caught.value)
