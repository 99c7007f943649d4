"""Closed-set identification against a slow reference, and its corner cases."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.identification import identify
from oracles import tar_at_far


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def faces(
    seed: int, people: int = 12, per_person: int = 5, noise: float = 1.2
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(7)  # the people are the same in every draw
    centres = rng.normal(size=(people, 16))
    who = np.repeat(np.arange(people), per_person)
    return unit(centres[who] + noise * np.random.default_rng(seed).normal(size=(len(who), 16))), who


def slow_rank(
    probe: NDArray[np.float32], person: int, gallery: NDArray[np.float32], who: NDArray[np.int64]
) -> int:
    """Sort the people by their best row, the probe's own one last among equals."""
    best = {
        p: max(float(probe.astype(float) @ row.astype(float)) for row in gallery[who == p])
        for p in set(who.tolist())
    }
    order = sorted(best, key=lambda p: (-best[p], p == person))
    return order.index(person) + 1


def test_ranks_agree_with_the_slow_reference() -> None:
    gallery, gallery_who = faces(1, per_person=3)
    probes, who = faces(2)
    result = identify(probes, who, gallery, gallery_who, ranks=(1, 3, 5), replicates=200)
    ranks = [slow_rank(probe, int(p), gallery, gallery_who) for probe, p in zip(probes, who, strict=True)]
    assert result.ranks.tolist() == ranks
    assert result.cmc == {k: pytest.approx(np.mean(np.array(ranks) <= k)) for k in (1, 3, 5)}
    assert result.rank1 == result.cmc[1] < 1
    for k in (1, 3, 5):
        assert result.cmc_ci95[k].low <= result.cmc[k] <= result.cmc_ci95[k].high


def test_tar_is_taken_over_all_comparisons_of_a_probe_with_a_person() -> None:
    gallery, gallery_who = faces(1, per_person=1)
    probes, who = faces(2)
    result = identify(probes, who, gallery, gallery_who, fars=(0.01, 0.1), replicates=200)
    cosines = probes.astype(np.float64) @ gallery.astype(np.float64).T
    same = who[:, None] == gallery_who[None, :]
    for key, target in (("1e-2", 0.01), ("1e-1", 0.1)):
        assert result.tar_at_far[key] == tar_at_far(cosines.ravel(), same.ravel(), target).tar
        assert result.tar_at_far_ci95[key].low <= result.tar_at_far[key] <= result.tar_at_far_ci95[key].high


def test_a_tie_counts_against_the_model() -> None:
    gallery = unit(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    result = identify(gallery[:1], ["ann"], gallery, ["ann", "bob", "cid"], replicates=20)
    assert result.ranks.tolist() == [2]


def test_names_serve_as_labels_and_the_gallery_may_be_in_any_order() -> None:
    gallery, gallery_who = faces(1, per_person=2)
    probes, who = faces(2)
    names = np.array([f"person {n}" for n in range(12)])
    order = np.random.default_rng(0).permutation(len(gallery))
    plain = identify(probes, who, gallery, gallery_who, replicates=20)
    mixed = identify(probes, names[who], gallery[order], names[gallery_who[order]], replicates=20)
    assert mixed.ranks.tolist() == plain.ranks.tolist()
    assert mixed.to_json()["rank"] == plain.to_json()["rank"]


def test_a_perfect_search_is_not_certain() -> None:
    """All 60 probes are right, but they are of 12 people only."""
    gallery, gallery_who = faces(1, per_person=1, noise=0.01)
    probes, who = faces(2, noise=0.01)
    result = identify(probes, who, gallery, gallery_who, replicates=50)
    assert result.rank1 == 1
    assert result.cmc_ci95[1].low == pytest.approx(0.025 ** (1 / 12))
    assert "rank-1 100.0 % (73.5 to 100.0)" in str(result)


@pytest.mark.parametrize(
    ("people", "gallery_people", "match"),
    [
        ([0, 9], [0, 1], "person 9 is not in the gallery"),
        ([0, 0], [0, 0], "at least two people"),
        ([0], [0, 1], "do not fit"),
        ([0, 1], [0, 1, 2], "do not fit"),
    ],
)
def test_what_is_no_closed_set_is_refused(people: list[int], gallery_people: list[int], match: str) -> None:
    rows = unit(np.eye(2))
    with pytest.raises(InputError, match=match):
        identify(rows, people, rows, gallery_people)
