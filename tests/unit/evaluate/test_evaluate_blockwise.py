"""The search in blocks against a slow reference of its words, and against the one that holds all scores."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.identification import person_scores
from fewpix.evaluate.tasks.blockwise import TIE, Searched, search
from oracles import unit, without_near_ties

Rows = NDArray[np.float64]


def reference_one(
    probe: Rows, name: str, gallery: Rows, rows: list[str]
) -> tuple[float, float, int, int, float]:
    """Own score, best score, rank among people, rank among rows, average precision; all ties against it."""
    cosines = [float(np.dot(probe, row)) for row in gallery]
    mine = sorted((c for c, person in zip(cosines, rows, strict=True) if person == name), reverse=True)
    others = [(c, person) for c, person in zip(cosines, rows, strict=True) if person != name]
    rank = 1 + len({person for c, person in others if c >= mine[0] - TIE})
    row_rank = 1 + sum(c >= mine[0] - TIE for c, _ in others)
    # the ranked list with wrong rows before right ones of the same score, read as the official code reads it
    ranked = sorted([(-c - TIE, 0) for c, _ in others] + [(-c, 1) for c in mine])
    area, old_recall, old_precision, hits = 0.0, 0.0, 1.0, 0
    for place, (_, right) in enumerate(ranked, start=1):
        hits += right
        recall, precision = hits / len(mine), hits / place
        area += (recall - old_recall) * (old_precision + precision) / 2
        old_recall, old_precision = recall, precision
    return mine[0], max(cosines), rank, row_rank, area


def agrees(found: Searched, probes: Rows, names: list[str], gallery: Rows, rows: list[str]) -> None:
    for n, name in enumerate(names):
        assert found.mated[n] == (name in rows)
        if name not in rows:
            assert np.isnan(found.own[n])
            assert (found.ranks[n], found.row_ranks[n]) == (0, 0)
            assert found.best[n] == pytest.approx(max(float(probes[n] @ row) for row in gallery), abs=1e-5)
            continue
        own, best, rank, row_rank, area = reference_one(probes[n], name, gallery, rows)
        assert found.own[n] == pytest.approx(own, abs=1e-5)
        assert found.best[n] == pytest.approx(best, abs=1e-5)
        assert (found.ranks[n], found.row_ranks[n]) == (rank, row_rank)
        assert found.precisions is not None
        assert found.precisions[n] == pytest.approx(area)


@given(st.integers(0, 100_000), st.sampled_from([1, 5, 40]), st.sampled_from(["ties", "constant", "random"]))
def test_it_is_what_the_words_say(seed: int, block: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.choice(["a", "b", "c", "d", "e"], size=9).tolist()
    names = rng.choice(["a", "b", "c", "d", "x", "y"], size=12).tolist()
    if kind == "random":
        gallery, probes = unit(rng.normal(size=(9, 7))), unit(rng.normal(size=(12, 7)))
    else:
        pool = unit(rng.integers(-1, 2, size=(1 if kind == "constant" else 4, 7)) + 0.1)
        gallery, probes = pool[rng.integers(len(pool), size=9)], pool[rng.integers(len(pool), size=12)]
    memory = block * (5 * 9 + 5 * len(set(rows)) + 8 * 7)
    found = search(probes, names, gallery, rows, precisions=True, memory=memory)
    agrees(found, probes, names, gallery, rows)


@given(st.integers(0, 10_000))
def test_it_is_what_identification_finds(seed: int) -> None:
    """Float32 blocks of three probes against one float64 product."""
    rng = np.random.default_rng(seed)
    rows = [*range(8), *rng.integers(8, size=12).tolist()]
    names = rng.integers(8, size=30).tolist()
    gallery = unit(rng.normal(size=(20, 16)))
    probes = unit(gallery[names] + 0.4 * rng.normal(size=(30, 16)))
    without_near_ties(probes, names, gallery, rows)
    found = search(probes, names, gallery, rows, memory=3 * (5 * 20 + 5 * 8 + 8 * 16))
    people, scores = person_scores(probes, gallery, np.array(rows))
    own = scores[np.arange(30), names][:, None]  # people are numbered from 0
    assert found.ranks.tolist() == (scores >= own).sum(axis=1).tolist()
    assert found.people == len(people) == 8
    assert ((found.row_ranks <= 1) == (found.ranks == 1)).all()
    assert found.precisions is None


def test_average_precision_by_hand() -> None:
    """Right rows at places 1 and 3: (1 + 1) / 2 and (1/2 + 2/3) / 2, on average 0.7917."""
    gallery = np.array([(0.9, np.sqrt(0.19)), (0.8, 0.6), (0.6, 0.8)])
    probe = np.array([(1.0, 0.0)])
    found = search(probe, ["a"], gallery, ["a", "b", "a"], precisions=True)
    assert found.precisions is not None
    assert found.precisions[0] == pytest.approx((1 + (1 / 2 + 2 / 3) / 2) / 2)
    assert found.row_ranks.tolist() == [1]
    # the wrong row ties with the better right one, and so stands first: places 2 and 3
    tied = search(probe, ["a"], gallery[[0, 0, 2]], ["a", "b", "a"], precisions=True)
    assert tied.precisions is not None
    assert tied.precisions[0] == pytest.approx(((0 + 1 / 2) / 2 + (1 / 2 + 2 / 3) / 2) / 2)
    assert tied.row_ranks.tolist() == [2]


def test_rows_of_one_wrong_person_count_one_by_one() -> None:
    gallery = np.array([(1.0, 0.0), (0.8, 0.6), (0.6, 0.8)])
    found = search(np.array([(1.0, 0.0)]), [2], gallery, [1, 1, 2])
    assert (found.ranks.tolist(), found.row_ranks.tolist()) == ([2], [3])


def test_memory_stays_within_what_is_allowed() -> None:
    """Ten times the scores' size over the bound; arguments, results and the gallery's copy come on top."""
    rng = np.random.default_rng(0)
    gallery = unit(rng.normal(size=(2000, 8))).astype(np.float32)
    probes = unit(rng.normal(size=(1500, 8))).astype(np.float32)
    rows, names = np.arange(2000) // 2, np.arange(1500)
    bound = 1_000_000
    tracemalloc.start()
    found = search(probes, names, gallery, rows, precisions=True, memory=bound)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < bound + gallery.nbytes + 100 * len(names) + 100 * len(rows)
    assert peak < 1500 * 2000 * 4 / 5
    agreed = search(probes, names, gallery, rows, precisions=True)
    np.testing.assert_array_equal(found.ranks, agreed.ranks)
    np.testing.assert_array_equal(found.row_ranks, agreed.row_ranks)


def test_too_little_memory_for_one_probe_is_said() -> None:
    """Ten rows of two people: 5 x 10 + 5 x 2 bytes for scores, 8 x 2 for the probe."""
    gallery = np.eye(2)[[0, 1] * 5]
    with pytest.raises(InputError, match="scores of one probe need 76 bytes, more than the 75 allowed"):
        search(np.eye(2), [0, 1], gallery, [0, 1] * 5, memory=75)
    assert search(np.eye(2), [0, 1], gallery, [0, 1] * 5, memory=76).ranks.tolist() == [1, 1]


def test_progress_is_told_for_every_block_even_of_strangers() -> None:
    told: list[tuple[int, int]] = []
    memory = 2 * (5 * 2 + 8 * 3)
    search(np.eye(3), [0, 8, 9], np.eye(2, 3), [0, 1], memory=memory, advance=lambda *done: told.append(done))
    assert told == [(2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("probes", "names", "gallery", "rows", "match"),
    [
        (np.eye(2), [0], np.eye(2), [0, 1], "do not fit"),
        (np.eye(2), [0, 1], np.eye(3), [0, 1, 2], "do not fit"),
        (np.zeros((0, 2)), [], np.eye(2), [0, 1], "do not fit"),
        (np.eye(2), [0, 1], np.zeros((0, 2)), [], "do not fit"),
        (np.eye(2), ["0", "1"], np.eye(2), [0, 1], "people of probes are <U1, those of the gallery int64"),
        (np.array([(1.0, np.nan)]), [0], np.eye(2), [0, 1], "of a probe is not finite"),
        (np.eye(2), [0, 1], np.array([(1.0, np.inf), (0, 1)]), [0, 1], "of the gallery is not finite"),
    ],
)
def test_bad_input_is_refused(
    probes: Rows, names: list[object], gallery: Rows, rows: list[object], match: str
) -> None:
    with pytest.raises(InputError, match=match):
        search(probes, names, gallery, rows)


def test_the_best_other_person_is_never_ones_own() -> None:
    rng = np.random.default_rng(0)
    gallery, people = unit(rng.normal(size=(12, 6))), np.arange(12) % 5
    probes, names = unit(rng.normal(size=(9, 6))), np.array([0, 1, 2, 3, 4, 7, 8, 0, 1])
    found = search(probes, names, gallery, people)
    scores = probes @ gallery.T
    for n, name in enumerate(names):
        assert found.other[n] == pytest.approx(scores[n, people != name].max(), abs=1e-6)
    alone = search(probes[:1], [0], gallery[:1], [0])
    assert alone.other[0] == -np.inf
