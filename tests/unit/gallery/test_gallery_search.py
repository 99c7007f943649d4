"""Exact search against a slow reference, ties, batches and memory bounds."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.errors import ConfigError
from fewpix.gallery import search as search_module
from fewpix.gallery.search import Candidate, ExactIndex


def unit(rng: np.random.Generator, n: int, dim: int) -> NDArray[np.float32]:
    values = rng.standard_normal((n, dim))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def random_index(
    seed: int, people: int, dim: int
) -> tuple[ExactIndex, NDArray[np.float32], NDArray[np.int64], list[str]]:
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 6, people)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    embeddings = unit(rng, int(counts.sum()), dim)
    names = [f"p{n:05d}" for n in range(people)]
    return ExactIndex(embeddings, starts, names), embeddings, starts, names


def reference(
    embeddings: NDArray[np.float32],
    starts: NDArray[np.int64],
    names: list[str],
    query: NDArray[np.float32],
    k: int,
) -> list[tuple[str, float]]:
    """One row at a time, in float64."""
    owner = np.searchsorted(starts, np.arange(len(embeddings)), side="right") - 1
    best: dict[str, float] = {}
    for row, person in zip(embeddings, owner, strict=True):
        score = float(np.float32(sum(float(a) * float(b) for a, b in zip(row, query, strict=True))))
        best[names[person]] = max(best.get(names[person], -2.0), score)
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:k]


def test_agrees_with_a_slow_reference():
    index, embeddings, starts, names = random_index(0, 40, 16)
    queries = unit(np.random.default_rng(1), 7, 16)
    for query, found in zip(queries, index.search(queries, 5), strict=True):
        expected = reference(embeddings, starts, names, query, 5)
        assert [c.name for c in found] == [name for name, _ in expected]
        assert [c.score for c in found] == pytest.approx([score for _, score in expected], abs=1e-7)


def test_blocks_of_rows_and_queries_change_nothing(monkeypatch: pytest.MonkeyPatch):
    index, *_ = random_index(2, 300, 32)
    queries = unit(np.random.default_rng(3), 50, 32)
    whole = index.search(queries, 10)
    monkeypatch.setattr(search_module, "_ROW_BLOCK", 3)  # cuts through people of up to five rows
    monkeypatch.setattr(search_module, "_SCORE_BYTES", 300 * 4 * 7)  # seven queries at a time
    assert index.search(queries, 10) == whole


def test_one_query_alone_gets_the_same_bits_as_in_a_batch():
    index, *_ = random_index(4, 500, 128)
    queries = unit(np.random.default_rng(5), 33, 128)
    together = index.search(queries, 5)
    alone = [index.search(queries[n : n + 1], 5)[0] for n in range(len(queries))]
    assert alone == together


def test_equal_scores_are_ordered_by_name_at_any_place_of_the_matrix():
    # The twins lie in the middle and at the edge, where a matrix product uses different kernels.
    rng = np.random.default_rng(6)
    embeddings = unit(rng, 1001, 128)
    embeddings[1000] = embeddings[500] = embeddings[3]
    names = [f"p{n:04d}" for n in range(1001)]
    index = ExactIndex(embeddings, np.arange(1001, dtype=np.int64), names)
    noise = 0.05 * rng.standard_normal((64, 128)).astype(np.float32)
    queries = embeddings[3] + noise
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    for found in index.search(queries, 2):
        assert [c.name for c in found] == ["p0003", "p0500"]
        assert found[0].score == found[1].score


def test_the_best_of_several_rows_counts():
    rows = np.eye(3, dtype=np.float32)
    index = ExactIndex(rows, np.array([0, 2]), ["ana", "bo"])
    assert index.search(rows[1:2], 2) == [[Candidate("ana", 1.0), Candidate("bo", 0.0)]]


def test_fewer_people_than_asked_for_and_none():
    rows = np.eye(2, dtype=np.float32)
    assert len(ExactIndex(rows, np.array([0, 1]), ["a", "b"]).search(rows, 9)[0]) == 2
    nobody = ExactIndex(np.empty((0, 2), np.float32), np.empty(0, np.int64), [])
    assert nobody.search(rows, 3) == [[], []]
    assert ExactIndex(rows, np.array([0, 1]), ["a", "b"]).search(rows[:0], 3) == []
    with pytest.raises(ConfigError, match="at least 1, not 0"):
        nobody.search(rows, 0)


def test_memory_stays_bounded():
    rng = np.random.default_rng(7)
    embeddings = unit(rng, 40_000, 32)
    index = ExactIndex(embeddings, np.arange(40_000), [f"{n:05d}" for n in range(40_000)])
    queries = unit(rng, 300, 32)
    tracemalloc.start()
    found = index.search(queries, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 300
    assert peak < 3 * search_module._SCORE_BYTES  # all scores at once would be 48 MB, with their maxima 96 MB


def test_a_candidate_reads_as_text_and_json():
    assert str(Candidate("Ana", 0.51234)) == "Ana 0.512"
    assert Candidate("Ana", 0.5).to_json() == {"name": "Ana", "score": 0.5}
