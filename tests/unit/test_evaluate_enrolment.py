"""Failures to enrol stay in the denominators."""

from __future__ import annotations

import numpy as np
import pytest
from fewpix.evaluate.enrolment import with_failures
from fewpix.evaluate.retrieval import retrieve, watch_list
from fewpix.evaluate.streaming_search import search

from fewpix.errors import InputError

EYE = np.eye(4, dtype=np.float32)


def test_a_closed_set_counts_lost_probes_and_lost_people_as_misses() -> None:
    people = np.array(["a", "a", "b", "c", "d"])
    probes = EYE[[0, 0, 1, 2, 3]]
    enrolled = np.array([True, False, True, True, True])
    gallery, rows = EYE[:3], np.array(["a", "b", "c"])  # d has no row left
    found = with_failures(
        search(probes[enrolled], people[enrolled], gallery, rows, precisions=True),
        people,
        enrolled,
        np.array(["a", "b", "c", "d"]),
    )
    assert found.mated.all()
    assert found.people == 4
    figures = retrieve(found, people, ranks=(1, 3, 100))
    assert figures.cmc == {1: 0.6, 3: 0.6, 100: 0.6}
    assert figures.mean_average_precision == pytest.approx(0.6)
    assert (figures.probes, figures.people) == (5, 4)


def test_an_open_set_counts_them_at_every_threshold() -> None:
    people = np.array(["a", "b", "c", "x", "y", "z", "z"])
    probes = np.concatenate((EYE[:3], EYE[[3, 3, 3, 0]]))
    enrolled = np.array([True, False, True, True, False, True, True])
    gallery, rows = EYE[:2], np.array(["a", "b"])  # c has no row left
    found = with_failures(
        search(probes[enrolled], people[enrolled], gallery, rows), people, enrolled, np.array(["a", "b", "c"])
    )
    assert found.mated.tolist() == [True] * 3 + [False] * 4
    assert found.ranks[:3].tolist() == [1, np.iinfo(np.int64).max, np.iinfo(np.int64).max]
    assert np.isnan(found.own[3:]).all()
    figures = watch_list(found, people, rank=20, fpirs=(0.25, 0.5, 0.75))
    # of four strangers one is found with certainty, as high as the one mated probe that can be found at all
    assert figures.open_set.tpir_at_fpir == {"2.5e-1": 1 / 3, "5e-1": 1 / 3, "7.5e-1": 1 / 3}
    assert (figures.open_set.mated, figures.open_set.nonmated) == (3, 4)
    assert figures.auc == pytest.approx(0.25)


def test_without_failures_nothing_changes() -> None:
    rng = np.random.default_rng(1)
    probes, gallery = (rng.standard_normal((n, 6)).astype(np.float32) for n in (9, 7))
    for rows in (probes, gallery):
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    people, listed = np.array(list("aabbccxyz")), np.array(list("aabbccd"))
    plain = search(probes, people, gallery, listed, precisions=True)
    found = with_failures(plain, people, np.ones(9, dtype=np.bool_), listed)
    for key, value in vars(plain).items():
        assert np.array_equal(getattr(found, key), value, equal_nan=isinstance(value, np.ndarray)), key


def test_lengths_must_match() -> None:
    plain = search(EYE[:2], np.array(["a", "b"]), EYE, np.array(list("abcd")))
    with pytest.raises(InputError, match="3 enrolled of 3, but 2 searched"):
        with_failures(plain, np.array(["a", "b", "c"]), np.ones(3, dtype=np.bool_), np.array(["a"]))
