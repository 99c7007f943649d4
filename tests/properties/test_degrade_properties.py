"""What holds for every chain that can be built, not only for the shipped ones."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fewpix.data.orl import load_orl
from fewpix.degrade import Chain, Choice, Draw, Fixed, Step, Uniform
from fewpix.degrade.step import OPERATIONS, Parameter

FACES = [image[10:98, 2:90].copy() for image in load_orl().images[::40]]

# Sides and lengths are kept small here, to keep the examples quick; the limits have their own tests.
LIMITS = {"side": (8, 44), "radius": (0, 2), "length": (0, 3), "read": (0, 20), "shot": (0, 1)}


def numbers(name: str, parameter: Parameter) -> st.SearchStrategy[float]:
    low, high = LIMITS.get(name, (max(parameter.low, -400), min(parameter.high, 400)))
    if parameter.integer:
        return st.integers(int(low), int(high))
    return st.floats(low, high, allow_subnormal=False)


@st.composite
def draws(draw: st.DrawFn, name: str, parameter: Parameter) -> Draw:
    if parameter.names:
        return Choice(tuple(draw(st.lists(st.sampled_from(parameter.names), min_size=1, max_size=3))))
    value = numbers(name, parameter)
    kind = draw(st.sampled_from(["fixed", "uniform", "log", "choice", "weighted"]))
    low, high = sorted((draw(value), draw(value)))
    if kind == "uniform" or (kind == "log" and low > 0):
        return Uniform(low, high, log=kind == "log")
    if kind == "fixed" or kind == "log":
        return Fixed(low)
    values = tuple(draw(st.lists(value, min_size=1, max_size=4)))
    if kind == "choice":
        return Choice(values)
    weights = st.lists(st.floats(0, 10, allow_subnormal=False), min_size=len(values), max_size=len(values))
    return Choice(values, tuple(draw(weights.filter(lambda w: sum(w) > 0))))


@st.composite
def steps(draw: st.DrawFn, op: str) -> Step:
    parameters = OPERATIONS[op][1]
    p = 1.0 if op == "downscale" else draw(st.sampled_from([0.0, 0.5, 1.0]))
    return Step(op, tuple((name, draw(draws(name, parameter))) for name, parameter in parameters.items()), p)


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    others = sorted(set(OPERATIONS) - {"downscale"})
    before, after = (draw(st.lists(st.sampled_from(others), max_size=3)) for _ in range(2))
    middle = ["downscale"] if draw(st.booleans()) else []
    return Chain(tuple(draw(steps(op)) for op in (*before, *middle, *after)), draw(st.text(max_size=8)))


quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(chains(), st.integers(0, 2**32), st.integers(0, len(FACES) - 1))
def test_equal_seeds_give_equal_bytes_and_the_input_stays(chain: Chain, seed: int, n: int) -> None:
    crop = FACES[n].copy()
    crop.setflags(write=False)
    first = chain.apply(crop, np.random.default_rng(seed))
    again = chain.apply(crop, np.random.default_rng(seed))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(crop, FACES[n])
    assert not np.shares_memory(first, crop)
    assert first.flags.writeable


@quick
@given(chains(), st.integers(0, 2**32))
def test_the_output_is_a_crop_of_the_drawn_side(chain: Chain, seed: int) -> None:
    out = chain.apply(FACES[0], np.random.default_rng(seed))
    allowed: set[int] = {88}
    for one in chain.steps:
        if one.op == "downscale":
            side = dict(one.draws)["side"]
            low, high = min(map(int, side.support())), max(map(int, side.support()))
            allowed = (
                set(range(low, high + 1)) if isinstance(side, Uniform) else set(map(int, side.support()))
            )
    assert out.dtype == np.uint8
    assert out.shape == (out.shape[0], out.shape[0], 3)
    assert out.shape[0] in allowed


@quick
@given(chains(), st.integers(0, 2**32))
def test_json_round_trip_keeps_the_chain_its_words_and_its_bytes(chain: Chain, seed: int) -> None:
    back = Chain.from_json(json.loads(json.dumps(chain.to_json(), allow_nan=False)))
    assert back == chain
    assert hash(back) == hash(chain)
    assert back.describe() == chain.describe()
    np.testing.assert_array_equal(
        back.apply(FACES[1], np.random.default_rng(seed)), chain.apply(FACES[1], np.random.default_rng(seed))
    )


@given(chains())
def test_the_description_is_one_line_that_names_every_step(chain: Chain) -> None:
    text = chain.describe()
    assert text.startswith(f"{chain.name}: ")
    parts = text[len(chain.name) + 2 :].split(" → ")
    assert [part.split(" ")[0] for part in parts] == ([s.op for s in chain.steps] or ["nothing"])


@given(st.sampled_from(sorted(OPERATIONS)), st.data())
def test_drawn_values_stay_within_the_limits(op: str, data: st.DataObject) -> None:
    one = data.draw(steps(op))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    for _ in range(5):
        for name, value in one.sample(rng).items():
            parameter = OPERATIONS[op][1][name]
            slack = 1e-9 * abs(parameter.high) if isinstance(value, float) else 0
            assert parameter.names or parameter.low - slack <= float(value) <= parameter.high + slack
            assert isinstance(value, int) or not parameter.integer
