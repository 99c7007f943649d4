"""Searching templates: NIST's rates against `open_set`, insightface's figures against a slow reading."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import pytest
from fewpix.evaluate.streaming_search import TIE
from fewpix.evaluate.template_search import joined_search, search
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate import template_search as module
from fewpix.evaluate.open_set import identify_open

Array = NDArray[Any]


def on_a_grid(count: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors with few different cosines, exact in float32: ties are the rule."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((count, 8), dtype=np.float32)
    for row in rows:
        row[rng.choice(8, 4, replace=False)] = rng.choice([-0.5, 0.5], 4)
    return rows


@given(st.integers(0, 500), st.integers(1, 3), st.sampled_from([1000, 4_000_000]))
def test_an_open_search_equals_that_of_open_set(seed: int, per_person: int, memory: int) -> None:
    rng = np.random.default_rng(seed)
    gallery_people = rng.permutation(np.repeat([3, 5, 9, 11], per_person))
    gallery, probes = on_a_grid(len(gallery_people), seed), on_a_grid(30, seed + 1)
    probe_people = np.concatenate(([3, 4], rng.integers(2, 12, 28)))
    sides = (probes, probe_people, gallery, gallery_people)
    found = search(*sides, fpirs=(0.2, 0.5), memory=memory, replicates=2)
    expected = identify_open(*sides, fpirs=(0.2, 0.5), replicates=2, seed=0)
    rates = found.watch.open_set
    assert (rates.people, rates.mated, rates.nonmated) == (4, expected.mated, expected.nonmated)
    assert all(rate * rates.nonmated < 1 for rate in found.unresolved)
    assert set(rates.tpir_at_fpir) == {"2e-1", "5e-1"} - {f"{int(10 * r)}e-1" for r in found.unresolved}
    for key, tpir in rates.tpir_at_fpir.items():
        assert tpir == expected.tpir_at_fpir[key]
        assert rates.tpir_at_fpir_ci95[key] == expected.tpir_at_fpir_ci95[key]
        # the own person's score counts as lower by the difference below which two are equal
        assert tpir == 0 or rates.thresholds[key] == pytest.approx(expected.thresholds[key], abs=2 * TIE)
    scores = probes.astype(float) @ gallery.astype(float).T
    places = []
    for row, person in zip(scores, probe_people, strict=True):
        best = {name: row[gallery_people == name].max() for name in set(gallery_people.tolist())}
        if person in best:
            places.append(sum(score >= best[person] for score in best.values()))
    for curve in (found.rank, found.cmc):
        assert curve.share == {k: np.mean(np.array(places) <= k) for k in curve.share}
    assert list(found.rank.share) == [1, 5, 10]
    assert list(found.cmc.share) == [1, 2, 3, 4]


def slow_joined(probes: Array, probe_people: Array, gallery: Array, people: Array, rate: float) -> Any:
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


@given(st.integers(0, 500), st.sampled_from([1, 20, 4_000_000]), st.sampled_from([0.01, 0.1, 0.5, 2.0]))
def test_the_joined_search_equals_a_slow_one(seed: int, block: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    people = rng.permutation(np.arange(5) * 7)
    gallery, probes = on_a_grid(5, seed), on_a_grid(25, seed + 1)
    probe_people = rng.choice(people, 25)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        found = joined_search(probes, probe_people, gallery, people, ranks=(1, 2, 5), rates=(rate,))
    places, recall = slow_joined(probes, probe_people, gallery, people, rate)
    assert list(found.recall.values()) == [recall]
    assert found.rank == {k: np.mean(np.array(places) <= k) for k in (1, 2, 5)}


def test_the_two_definitions_by_hand() -> None:
    """Two galleries of one person each; four probes, of which one stranger looks like the first person."""
    a, b = np.array([[1.0, 0]], dtype=np.float32), np.array([[0.0, 1]], dtype=np.float32)
    probes = np.array([[0.96, 0.28], [0.8, 0.6], [0.6, 0.8], [0.98, 0.199]], dtype=np.float32)
    people = np.array([1, 1, 2, 2])
    first = search(probes, people, a, np.array([1]), ranks=(1,), fpirs=(0.1, 0.5))
    # in gallery a: mated 0.96 and 0.8; non-mated 0.6 and 0.98
    json = first.to_json()
    assert (json["mated"], json["nonmated"], json["rank"]) == (2, 2, {"1": 1.0})
    assert json["not_resolvable"] == {"1e-1": "2 non-mated probes cannot show it"}
    assert json["tpir_at_fpir"] == {"5e-1": 1.0}
    # at the only rate that two searches can show: one of them passes
    assert (json["curve"]["fpir"], json["curve"]["tpir"]) == ([0.5], [1.0])
    assert json["auc"] == 0.5  # 0.96 and 0.8 beat one of two
    assert (sum(json["histogram"]["mated"]), sum(json["histogram"]["nonmated"])) == (2, 2)
    joined = joined_search(
        probes, people, np.concatenate((a, b)), np.array([1, 2]), ranks=(1,), rates=(0.25, 0.5)
    )
    # own: 0.96, 0.8, 0.8, 0.199; wrong: 0.28, 0.6, 0.6, 0.98
    assert joined.rank == {1: 0.75}
    assert joined.recall == {"2.5e-1": 0.0, "5e-1": 0.75}
    assert joined.to_json()["rank"] == {"1": 0.75}


def test_a_gallery_of_which_nothing_is_enrolled_finds_nobody() -> None:
    rows, people = on_a_grid(6, 0), np.array([1, 2, 3, 4, 5, 6])
    for failures in ({"failed": np.ones(6, dtype=bool)}, {"gallery_failed": np.ones(2, dtype=bool)}):
        found = search(rows, people, rows[:2], people[:2], fpirs=(0.5,), replicates=20, **failures)
        assert set(found.rank.share.values()) == set(found.watch.open_set.tpir_at_fpir.values()) == {0.0}
        assert (found.watch.open_set.mated, found.watch.open_set.nonmated) == (2, 4)


def test_what_cannot_be_searched_is_refused() -> None:
    rows, people = on_a_grid(4, 0), np.array([1, 2, 3, 4])
    with pytest.raises(InputError, match="probes of people in the gallery and of others"):
        search(rows, people, rows, people)
    with pytest.raises(InputError, match="probes of people in the gallery and of others"):
        search(rows, people + 10, rows, people)
    with pytest.raises(InputError, match="do not fit"):
        search(rows, people[:3], rows, people)
    with pytest.raises(InputError, match="not finite"):
        search(rows * np.float32(np.nan), people, rows, people)
    with pytest.raises(InputError, match="lacks some"):
        joined_search(rows, people, rows[:3], people[:3])
    with pytest.raises(InputError, match="has several"):
        joined_search(rows[:1], people[:1], rows, np.array([1, 1, 2, 3]))
    with pytest.raises(InputError, match="no such wrong comparison"):
        joined_search(rows, people, rows, people, rates=(4.0,))
