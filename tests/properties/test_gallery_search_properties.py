"""Search by way of 8 bits gives what brute force gives: names, order and scores, whatever the rows are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fewpix.gallery import coarse as coarse_module
from fewpix.gallery.coarse import CoarseRows
from fewpix.gallery.search import ExactIndex


def unit(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def made(
    seed: int, people: int, dim: int, spread: float, twins: float
) -> tuple[ExactIndex, ExactIndex, NDArray[np.float32]]:
    """Both searches over people around one direction; 8 bits cannot tell a small `spread` apart."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 4, people)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    centre = rng.standard_normal(dim)
    rows = unit(centre + spread * rng.standard_normal((int(counts.sum()), dim)))
    copied = rng.random(len(rows)) < twins
    rows[copied] = rows[rng.integers(0, len(rows), int(copied.sum()))]
    names = [f"p{n:05d}" for n in range(people)]
    queries = np.concatenate(
        [
            rows[rng.integers(0, len(rows), 5)],
            unit(rows[rng.integers(0, len(rows), 5)] + 0.02 * rng.standard_normal((5, dim))),
            unit(rng.standard_normal((3, dim))),
            np.eye(dim, dtype=np.float32)[:1],
        ]
    )
    brute = ExactIndex(rows, starts, names, coarse_from=len(rows) + 1)
    return brute, ExactIndex(rows, starts, names, coarse_from=1), queries


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    people=st.integers(1, 700),
    dim=st.sampled_from([1, 2, 3, 8, 33, 128]),
    spread=st.sampled_from([0.001, 0.01, 0.1, 1.0, 30.0]),
    twins=st.sampled_from([0.0, 0.2, 0.95]),
    k=st.integers(1, 30),
)
def test_it_is_brute_force(seed: int, people: int, dim: int, spread: float, twins: float, k: int):
    brute, coarse, queries = made(seed, people, dim, spread, twins)
    assert coarse.search(queries, k) == brute.search(queries, k)


def test_rows_that_8_bits_cannot_tell_apart_widen_the_look():
    brute, coarse, queries = made(0, 2000, 128, 0.003, 0.0)
    assert coarse.search(queries, 3) == brute.search(queries, 3)
    assert coarse.widened > 5
    without = ExactIndex(coarse._embeddings, coarse._starts, coarse._names, coarse_from=1)
    proposals = CoarseRows(coarse._embeddings).best(queries, 50 * 2)
    first = [
        without._ranked(q, without._people_of(p.rows), 3) for q, p in zip(queries, proposals, strict=True)
    ]
    assert first != brute.search(queries, 3)  # so that the widening is what makes it right


def test_rows_that_it_can_tell_apart_do_not():
    brute, coarse, queries = made(1, 3000, 128, 30.0, 0.0)
    assert coarse.search(queries, 3) == brute.search(queries, 3)
    assert coarse.widened == 0


def test_one_person_with_many_rows_does_not_hide_the_others():
    rng = np.random.default_rng(2)
    rows = unit(
        np.concatenate([[1.0, 0, 0, 0] + 0.01 * rng.standard_normal((900, 4)), rng.standard_normal((30, 4))])
    )
    starts = np.concatenate([[0], np.arange(900, 930)])
    names = [f"p{n:02d}" for n in range(31)]
    brute, coarse = (ExactIndex(rows, starts, names, coarse_from=n) for n in (10_000, 1))
    queries = rows[:4]
    assert coarse.search(queries, 7) == brute.search(queries, 7)


def test_the_bound_holds_for_every_row(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(coarse_module, "_ROWS", 100)  # several blocks
    rng = np.random.default_rng(3)
    rows, queries = unit(rng.standard_normal((1000, 16))), unit(rng.standard_normal((40, 16)))
    exact = queries.astype(np.float64) @ rows.T.astype(np.float64)
    coarse = CoarseRows(rows)
    for scores, proposed in zip(exact, coarse.best(queries, 50), strict=True):
        others = np.delete(scores, proposed.rows)
        assert 40 <= len(proposed.rows) <= 50
        assert others.max() <= proposed.most
        assert proposed.most < scores[proposed.rows].max() + 0.1  # and it is no empty promise
    least = np.quantile(exact, 0.9, axis=1)
    for scores, some, bar in zip(exact, coarse.above(queries, least), least, strict=True):
        assert set(np.flatnonzero(scores >= bar)) <= set(some)
        assert len(some) < 300
