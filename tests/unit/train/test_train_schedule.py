"""The learning rate and the averaging, at every step."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewpix.train.schedule import ema_decay, lr_factor


def test_exact_values() -> None:
    assert [lr_factor(step, 14, 4) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert lr_factor(4, 14, 4) == 1.0
    assert lr_factor(9, 14, 4) == pytest.approx(0.5, abs=1e-15)
    assert lr_factor(13, 14, 4) == pytest.approx(0.5 * (1 + math.cos(0.9 * math.pi)))
    assert lr_factor(14, 14, 4) == pytest.approx(0, abs=1e-15)
    assert lr_factor(0, 10, 0) == 1.0
    assert lr_factor(0, 1, 0) == 1.0
    assert lr_factor(2, 3, 5) == 0.6  # a run that ends while it warms up


@given(st.integers(1, 500), st.integers(0, 600))
def test_up_and_then_down_between_0_and_1(steps: int, warmup: int) -> None:
    factors = [lr_factor(step, steps, warmup) for step in range(steps)]
    assert all(0 < factor <= 1 for factor in factors)
    top = min(warmup, steps)
    assert factors[:top] == sorted(factors[:top])
    assert factors[top:] == sorted(factors[top:], reverse=True)


def test_the_average_is_short_at_first() -> None:
    assert ema_decay(0, 0.999) == 0.1
    assert ema_decay(90, 0.999) == 0.91
    assert ema_decay(10**6, 0.999) == 0.999
    assert ema_decay(5, 0.0) == 0.0
    values = [ema_decay(step, 0.99) for step in range(2000)]
    assert values == sorted(values)
    assert max(values) == 0.99
