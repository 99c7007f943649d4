"""Galleries joined as public code has it, against a slow reading; failures, and what cannot be joined."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Asked, Searches
from fewpix.evaluate.tasks import joined as module
from fewpix.evaluate.tasks.joined import JoinedOutcomes, search_joined
from made_outcomes import cell_of, embedded_of, items_of

Array = NDArray[Any]


def on_a_grid(count: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors with few different cosines, exact in float32: ties are the rule."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((count, 8), dtype=np.float32)
    for row in rows:
        row[rng.choice(8, 4, replace=False)] = rng.choice([-0.5, 0.5], 4)
    return rows


def joined(
    probes: Array,
    probe_people: Array,
    gallery: Array,
    people: Array,
    *,
    failed: tuple[int, ...] = (),
    ranks: tuple[int, ...] = (1, 2, 5),
    rates: tuple[float, ...] = (0.1,),
) -> JoinedOutcomes:
    """With the gallery in two parts; the probes come first."""
    items = items_of(np.concatenate((probe_people, people)))
    embedded = embedded_of(np.concatenate((probes, gallery)), failed=failed)
    number = len(probes) + np.arange(len(gallery))
    searches = Searches({"G1": number[:2], "G2": number[2:]}, np.arange(len(probes)))
    return search_joined(items, searches, embedded, embedded, Asked(ranks=ranks, fpirs=rates))


def slow(probes: Array, probe_people: Array, gallery: Array, people: Array, rate: float) -> Any:
    """Ranks (ties against the model) and recall as ijb_1n.py computes them, over one list of all scores."""
    scores = probes.astype(float) @ gallery.astype(float).T
    wrong, own, places = [], [], []
    for row, person in zip(scores, probe_people, strict=True):
        mine = people.tolist().index(person)
        own.append(row[mine])
        places.append(sum(value >= row[mine] for value in row))
        wrong += [value for k, value in enumerate(row) if k != mine]
    threshold = sorted(wrong, reverse=True)[ceil(len(probes) * rate) - 1]
    return places, np.mean(np.array(own) > threshold)


@given(st.integers(0, 500), st.sampled_from([1, 20, 4_000_000]), st.sampled_from([0.01, 0.1, 0.5, 0.99]))
def test_the_joined_search_equals_a_slow_one(seed: int, block: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    people = rng.permutation(np.arange(5) * 7)
    gallery, probes = on_a_grid(5, seed), on_a_grid(25, seed + 1)
    probe_people = rng.choice(people, 25)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        found = joined(probes, probe_people, gallery, people, rates=(rate,))
    places, recall = slow(probes, probe_people, gallery, people, rate)
    share = [("rank", str(k), np.mean(np.array(places) <= k)) for k in (1, 2, 5)]
    assert list(found.found[:3]) == share
    assert found.found[3][::2] == ("recall", recall)
    assert found.counts == {"people": 5, "mated": 25}


def test_figures_have_no_intervals_and_nothing_is_kept() -> None:
    rows, people = on_a_grid(4, 0), np.arange(4)
    found = joined(rows, people, rows, people, ranks=(1,))
    cell = cell_of(found)
    assert [(one.measure, one.at, one.ci95, one.reason) for one in cell.figures] == [
        ("rank", "1", None, ""),
        ("recall", "1e-1", None, ""),
    ]
    assert (cell.curve, cell.ranks, cell.histogram) == (None, None, None)
    assert (found.shared(), found.own()) == ({}, {})


def test_failures_are_found_by_no_rank_and_pass_no_threshold() -> None:
    """Of four probes one failed, and of one the person in the gallery did."""
    rows, people = np.eye(4, dtype=np.float32), np.arange(4)
    found = joined(rows, people, rows, people, failed=(1, 4 + 2), ranks=(1, 4), rates=(0.25,))
    assert found.found == (("rank", "1", 0.5), ("rank", "4", 0.5), ("recall", "2.5e-1", 0.5))


def test_what_cannot_be_joined_says_why() -> None:
    rows, people = on_a_grid(4, 0), np.array([1, 2, 3, 4])
    one_person = joined(rows[:1], people[:1], rows[:1], people[:1], rates=(0.5,))
    for found, says in (
        (joined(rows, people, rows[:3], people[:3]), "and lacks some"),
        (joined(rows[:1], people[:1], rows, np.array([1, 1, 2, 3])), "and has several"),
        (one_person, "1 probes of 1 people have no such wrong comparison"),
    ):
        (figure,) = cell_of(found).figures
        assert (figure.value, figure.ci95) == (None, None)
        assert says in figure.reason
    with pytest.raises(InputError, match="not finite"):
        joined(rows * np.float32(np.nan), people, rows, people)
