"""Holding out whole components: checked against a slow search through the graph."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import fewpix.data.split
from fewpix.data.split import components, hold_out
from fewpix.errors import ConfigError


def unit(count: int, dim: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def slow(embeddings: NDArray[np.float32], similarity: float) -> list[int]:
    """Whom each face reaches, step by step."""
    joined = embeddings @ embeddings.T >= similarity
    found = [-1] * len(embeddings)
    for start in range(len(embeddings)):
        if found[start] >= 0:
            continue
        waiting = [start]
        while waiting:
            n = waiting.pop()
            if found[n] < 0:
                found[n] = start
                waiting += [int(other) for other in np.flatnonzero(joined[n])]
    return found


@given(st.integers(0, 40), st.integers(2, 6), st.floats(-0.5, 0.99), st.integers(0, 10_000))
def test_components_are_those_of_a_slow_search(count: int, dim: int, similarity: float, seed: int) -> None:
    rows = unit(count, dim, seed)
    found = components(rows, similarity)
    assert found.dtype == np.int64
    assert found.tolist() == slow(rows, similarity)


def test_blocks_of_rows_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = unit(101, 4, 0)
    whole = components(rows, 0.9)
    monkeypatch.setattr(fewpix.data.split, "_ROWS", 7)
    np.testing.assert_array_equal(components(rows, 0.9), whole)
    assert 1 < len(np.unique(whole)) < 101


def test_a_chain_is_one_component() -> None:
    """The ends need not resemble each other."""
    angles = np.deg2rad(np.arange(0, 180, 10))
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert rows[0] @ rows[-1] < 0
    assert set(components(rows, float(np.cos(np.deg2rad(10.5))))) == {0}
    assert components(rows, float(np.cos(np.deg2rad(9.5)))).tolist() == list(range(18))


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.floats(0, 0.9), st.integers(0, 10_000))
def test_no_component_lies_on_both_sides(labels: list[int], share: float, seed: int) -> None:
    component = np.array(labels, dtype=np.int64)
    try:
        train, held = hold_out(component, share, np.random.default_rng(seed))
    except ConfigError:  # one component, and the share rounds up to all of it
        assert round(share * len(labels)) == len(labels)
        return
    assert sorted([*train, *held]) == list(range(len(labels)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(held) > 0).all()
    assert not set(component[train]) & set(component[held])
    assert len(held) <= round(share * len(labels))


def test_the_share_is_met_where_components_are_small() -> None:
    component = np.repeat(np.arange(500), 2)
    train, held = hold_out(component, 0.1, np.random.default_rng(0))
    assert (len(train), len(held)) == (900, 100)
    other = hold_out(component, 0.1, np.random.default_rng(1))[1]
    assert not np.array_equal(held, other)
    np.testing.assert_array_equal(hold_out(component, 0.1, np.random.default_rng(0))[1], held)


def test_a_giant_component_stays_with_the_training_faces() -> None:
    component = np.array([0] * 90 + list(range(90, 100)))
    train, held = hold_out(component, 0.2, np.random.default_rng(0))
    assert held.tolist() == list(range(90, 100))
    assert train.tolist() == list(range(90))


def test_nothing_is_held_out_when_nothing_is_wanted() -> None:
    train, held = hold_out(np.arange(10), 0.0, np.random.default_rng(0))
    assert (train.tolist(), held.tolist()) == (list(range(10)), [])


def test_nothing_left_to_train_on() -> None:
    with pytest.raises(ConfigError, match=r"data\.holdout leaves no face"):
        hold_out(np.arange(4), 0.99, np.random.default_rng(0))
