"""TPIR at FPIR against a slow reference that follows the words of the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.lib.open_search import identify_open
from fewpix.errors import InputError


def unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def reference(
    probes: NDArray[np.float64],
    names: list[str],
    gallery: NDArray[np.float64],
    rows: list[str],
    rank: int,
    fpir: float,
) -> float:
    """Every threshold that matters is tried; the best rate of those that raise few enough alarms counts."""
    searches = []
    for probe, name in zip(probes, names, strict=True):
        scores: dict[str, float] = {}
        for row, person in zip(gallery, rows, strict=True):
            scores[person] = max(scores.get(person, -9.0), float(probe @ row))
        searches.append((name, scores))
    strangers = [scores for name, scores in searches if name not in rows]
    known = [(name, scores) for name, scores in searches if name in rows]
    thresholds = [9.0, *{score for _, scores in searches for score in scores.values()}]
    best = 0.0
    for t in thresholds:
        if sum(max(scores.values()) >= t for scores in strangers) / len(strangers) > fpir:
            continue
        hits = 0
        for name, scores in known:
            ahead = sum(score >= scores[name] for person, score in scores.items() if person != name)
            hits += ahead < rank and scores[name] >= t
        best = max(best, hits / len(known))
    return best


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 3]), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.99]))
def test_it_is_the_definition(seed: int, rank: int, fpir: float) -> None:
    """With few distinct directions, so that scores tie: exactly, in any order of adding up."""
    rng = np.random.default_rng(seed)
    pool = rng.choice([-0.5, 0.5], size=(6, 4))
    rows = ["a", "b", "b", "c", "d"]
    gallery = pool[rng.integers(6, size=len(rows))]
    names = ["a", "b", "c", "x", "y", *rng.choice(["a", "b", "c", "d", "x", "y"], size=5).tolist()]
    probes = pool[rng.integers(6, size=len(names))]
    found = identify_open(probes, names, gallery, rows, rank=rank, fpirs=(fpir,), replicates=20)
    (rate,) = found.tpir_at_fpir.values()
    assert rate == pytest.approx(reference(probes, names, gallery, rows, rank, fpir))
    assert found.people == 4
    assert found.mated + found.nonmated == len(names)
    (interval,) = found.tpir_at_fpir_ci95.values()
    assert 0 <= interval.low <= interval.high <= 1


def test_a_perfect_model_names_all_and_alarms_at_nobody() -> None:
    people = np.eye(6)
    names = np.arange(6)
    found = identify_open(people, names, people[:4], names[:4], replicates=50)
    assert found.tpir_at_fpir == {"1e-1": 1.0, "1e-2": 1.0}
    assert (found.mated, found.nonmated, found.people) == (4, 2, 4)
    assert str(found).endswith("rank 1, 4 mated and 2 non-mated searches of 4 people")
    assert found.to_json()["thresholds"] == {"1e-1": 1.0, "1e-2": 1.0}


def test_a_stranger_who_looks_like_somebody_costs_everybody() -> None:
    """At no alarms at all the threshold lies above the stranger, and so above the mates."""
    gallery = np.eye(3)
    probes = unit(np.array([[1.0, 0.3, 0], [0.3, 1.0, 0], [0, 0, 1.0], [0.5, 0.5, 0.5]]))
    names = ["a", "b", "x", "y"]
    found = identify_open(probes, names, gallery, ["a", "b", "c"], fpirs=(0.0, 0.5), replicates=10)
    assert list(found.tpir_at_fpir.values()) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("names", "rows", "says"),
    [
        (["a", "b"], ["a", "b"], "needs probes of people in the gallery and of others"),
        (["x", "y"], ["a", "b"], "needs probes of people in the gallery and of others"),
        (["a"], ["a", "b"], "do not fit"),
        (["a", "x"], ["a"], "do not fit"),
    ],
)
def test_what_is_no_open_set(names: list[str], rows: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        identify_open(np.eye(2), names, np.eye(2), rows)


def test_a_rate_at_which_everybody_is_let_in_is_none() -> None:
    with pytest.raises(InputError, match="lies between 0 and 1, not at 1"):
        identify_open(np.eye(2), ["a", "x"], np.eye(2), ["a", "b"], fpirs=(1,))
