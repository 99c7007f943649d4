"""Searches, closed and open: figures against the plain ones, and failures that count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.lib.open_search import identify_open
from fewpix.cli.evaluate_options import asked_of
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.benchmark import Asked, Items, Searches
from fewpix.evaluate.embedding.embed import Embedded
from fewpix.evaluate.result.words import figure_words
from fewpix.evaluate.statistics.bootstrap import Clusters, percentiles
from fewpix.evaluate.statistics.estimate import Draws, Estimate, estimates
from fewpix.evaluate.statistics.paired import FEW, mcnemar
from fewpix.evaluate.statistics.scores import SortedScores
from fewpix.evaluate.tasks.blockwise import TIE, Searched, search
from fewpix.evaluate.tasks.joined import search_joined
from fewpix.evaluate.tasks.outcomes import NO_SCORE
from fewpix.evaluate.tasks.search import SearchOutcomes, gallery_of, search_gallery, with_failures
from fewpix.evaluate.worst import worst_searches
from made_outcomes import cell_of, changes_of, embedded_of, items_of
from oracles import tar_at_far, unit, without_near_ties

EYE = np.eye(4, dtype=np.float32)
Labels = Sequence[object] | NDArray[np.generic]


def outcomes(searched: Searched, names: Labels, rows: int = 0, **asked: object) -> SearchOutcomes:
    people = np.unique(np.asarray(names), return_inverse=True)[1].astype(np.int32)
    probes = tuple(f"probe {n}" for n in range(len(people)))
    return SearchOutcomes(searched, probes, people, rows or searched.people, Asked(**asked))  # type: ignore[arg-type]


def said(found: SearchOutcomes, replicates: int = 2, seed: int = 0) -> dict[tuple[str, str], Estimate]:
    """The figures, without curves."""
    known = [one for one in found.wanted() if one.statistic is not None]
    made = estimates([one.statistic for one in known if one.statistic], Draws(replicates, seed))
    return {(one.measure, one.at): figure for one, figure in zip(known, made, strict=True)}


def values(found: SearchOutcomes, measure: str) -> dict[str, float]:
    return {at: one.value for (name, at), one in said(found).items() if name == measure}


def area(found: SearchOutcomes) -> float:
    return values(found, "auc")[""]


def laid(
    probes: NDArray[np.floating],
    names: Labels,
    *galleries: tuple[NDArray[np.floating], Labels],
    failed: Sequence[int] = (),
) -> tuple[Items, Searches, Embedded]:
    """Items of which the probes come first."""
    rows = np.concatenate((probes, *(gallery for gallery, _ in galleries)))
    people = np.concatenate((np.asarray(names), *(np.asarray(listed) for _, listed in galleries)))
    ends = np.cumsum([len(probes), *(len(gallery) for gallery, _ in galleries)])
    listed = {
        f"G{n + 1}" if len(galleries) > 1 else "": np.arange(start, stop)
        for n, (start, stop) in enumerate(pairwise(ends))
    }
    return items_of(people), Searches(listed, np.arange(len(probes))), embedded_of(rows, failed=failed)


def searched_in(
    items: Items, searches: Searches, embedded: Embedded, name: str = "", **asked: object
) -> SearchOutcomes:
    gallery = gallery_of(items, searches, name, embedded)
    return search_gallery(items, searches, name, embedded, gallery, Asked(**asked))  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.sampled_from([1, 3, 20]))
def test_an_open_search_is_what_open_set_identification_finds(seed: int, rank: int) -> None:
    rng = np.random.default_rng(seed)
    gallery = unit(rng.normal(size=(25, 8)))
    rows = [n % 20 for n in range(25)]
    names = [*rng.integers(20, size=40).tolist(), *range(100, 130)]
    probes = unit(
        np.concatenate((gallery[names[:40]], rng.normal(size=(30, 8)))) + 0.5 * rng.normal(size=(70, 8))
    )
    without_near_ties(probes, names, gallery, rows)
    fpirs = (0.1, 0.2, 0.3)
    found = outcomes(search(probes, names, gallery, rows, memory=4096), names, rank=rank, fpirs=fpirs)
    whole = identify_open(probes, names, gallery, rows, rank=rank, fpirs=fpirs, replicates=30)
    figures = {at: one for (measure, at), one in said(found, 30).items() if measure == "tpir"}
    assert {at: one.value for at, one in figures.items()} == pytest.approx(whole.tpir_at_fpir)
    assert {at: one.ci95 for at, one in figures.items()} == whole.tpir_at_fpir_ci95
    assert {at: one.threshold for at, one in figures.items()} == pytest.approx(whole.thresholds, abs=1e-5)
    assert found.counts == {"people": 20, "rows": 20, "mated": 40, "nonmated": 30}


def on_a_grid(count: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors with few different cosines, exact in float32: ties are the rule."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((count, 8), dtype=np.float32)
    for row in rows:
        row[rng.choice(8, 4, replace=False)] = rng.choice([-0.5, 0.5], 4)
    return rows


@given(st.integers(0, 500), st.integers(1, 3), st.sampled_from([1000, 4_000_000]))
def test_ties_are_counted_as_in_open_set_identification(seed: int, per_person: int, memory: int) -> None:
    rng = np.random.default_rng(seed)
    gallery_people = rng.permutation(np.repeat([3, 5, 9, 11], per_person))
    gallery, probes = on_a_grid(len(gallery_people), seed), on_a_grid(30, seed + 1)
    probe_people = np.concatenate(([3, 4], rng.integers(2, 12, 28)))
    sides = (probes, probe_people, gallery, gallery_people)
    found = outcomes(search(*sides, memory=memory), probe_people, fpirs=(0.2, 0.5), ranks=(1, 5, 10))
    expected = identify_open(*sides, fpirs=(0.2, 0.5), replicates=2, seed=0)
    assert (found.counts["mated"], found.counts["nonmated"]) == (expected.mated, expected.nonmated)
    absent = {one.at for one in found.wanted() if one.statistic is None}
    assert absent == {key for key in ("2e-1", "5e-1") if float(key) * expected.nonmated < 1}
    for (measure, key), one in said(found).items():
        if measure == "tpir":
            assert one.value == expected.tpir_at_fpir[key]
            assert one.ci95 == expected.tpir_at_fpir_ci95[key]
            # the own person's score counts as lower by the difference below which two are equal
            assert one.value == 0 or one.threshold == pytest.approx(expected.thresholds[key], abs=2 * TIE)
    scores = probes.astype(float) @ gallery.astype(float).T
    places = []
    for row, person in zip(scores, probe_people, strict=True):
        best = {name: row[gallery_people == name].max() for name in set(gallery_people.tolist())}
        if person in best:
            places.append(sum(score >= best[person] for score in best.values()))
    share = {str(k): np.mean(np.array(places) <= k) for k in (1, 5, 10)}
    assert values(found, "rank") == share
    assert [k for k, _ in found.ranks()] == [1, 2, 3, 4]
    assert [one.value for _, one in found.ranks()] == [np.mean(np.array(places) <= k) for k in (1, 2, 3, 4)]


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 20]))
def test_the_area_is_that_of_the_curve(seed: int, rank: int) -> None:
    """Over the U steps of FPIR: TPIR at no more than k of U false alarms, averaged over k below U."""
    rng = np.random.default_rng(seed)
    pool = unit(rng.integers(-1, 2, size=(5, 3)) + 0.1)
    gallery, rows = pool[rng.integers(5, size=6)], ["a", "a", "b", "c", "d", "e"]
    names = ["a", "b", "x", "y", *rng.choice(["a", "b", "c", "x", "y"], size=8).tolist()]
    found = outcomes(search(pool[rng.integers(5, size=12)], names, gallery, rows), names, rank=rank)
    strangers = int((~found.mated).sum())
    ordered = SortedScores.of(found.scores, found.mated)
    steps = [ordered.tar(ordered.threshold_at(k / strangers)) for k in range(strangers)]
    assert area(found) == pytest.approx(float(np.mean(steps)))


def test_a_watch_list_by_hand() -> None:
    """Two people; of three mated probes one is right and high, one right and low, one finds the other."""
    angles = [(0.9, 0.1), (0.5, 0.1), (0.7, 0.65), (0.7, 0.0), (0.2, 0.3), (0.1, 0.4), (0.0, 0.2)]
    probes = np.array([(x, y, np.sqrt(1 - x * x - y * y), 0) for x, y in angles])
    names = ["a", "a", "b", "w", "x", "y", "z"]
    searched = search(probes, names, np.eye(2, 4), ["a", "b"])
    found = outcomes(searched, names, rank=1, fpirs=(0.25, 0.1))
    # strangers score 0.7, 0.4, 0.3, 0.2: none may pass, then one may
    figures = said(found)
    assert figures["tpir", "2.5e-1"].value == pytest.approx(2 / 3)
    assert figures["tpir", "2.5e-1"].threshold == found.first_threshold() == pytest.approx(0.5, abs=2e-6)
    ordered = SortedScores.of(found.scores, found.mated)
    assert ordered.tar(ordered.threshold_at(0.0)) == pytest.approx(1 / 3)
    assert ordered.threshold_at(0.0) == pytest.approx(0.9, abs=2e-6)
    (absent,) = [one for one in found.wanted() if one.statistic is None]
    assert (absent.at, absent.reason) == ("1e-1", "4 non-mated searches cannot show it")
    assert area(found) == pytest.approx((4 + 3 + 0) / 12)
    assert area(outcomes(searched, names, rank=2)) == pytest.approx((4 + 3 + 3) / 12)
    assert (found.closed, found.counts["mated"], found.counts["nonmated"]) == (False, 3, 4)


@pytest.mark.parametrize(("people", "dim"), [(30, 7), (31, 32), (101, 128), (257, 512)])
def test_a_model_that_says_the_same_of_everybody_finds_nobody(people: int, dim: int) -> None:
    """A matrix product's last bits differ at its edges; nobody may get in front by that."""
    rng = np.random.default_rng(dim)
    one = unit(rng.normal(size=(2, dim)))
    names = [*range(people), *range(1000, 1037)]
    searched = search(
        np.repeat(one[:1], len(names), 0), names, np.repeat(one[1:], people, 0), list(range(people))
    )
    assert set(searched.ranks[:people].tolist()) == {people}
    found = outcomes(searched, names, rank=people, fpirs=(0.3, 0.2, 0.1, 0.05))
    assert set(values(found, "tpir").values()) == {0.0}
    assert area(found) == 0.0


def test_a_closed_search_ranks_rows() -> None:
    """The wrong person's two rows stand before the right one, and average precision is over rows, too."""
    gallery = np.array([(1.0, 0.0), (0.8, 0.6), (0.6, 0.8)])
    found = outcomes(search(gallery[:1], [2], gallery, [1, 1, 2], precisions=True), [2], 3, ranks=(1, 2, 3))
    assert found.closed
    assert found.first_threshold() is None
    assert found.curve() == []
    assert values(found, "rank") == {"1": 0.0, "2": 0.0, "3": 1.0}
    assert values(found, "map") == {"": pytest.approx((0 + 1 / 3) / 2)}
    assert values(found, "tpir") == values(found, "auc") == {}
    assert [k for k, _ in found.ranks()] == [1, 2, 3]


def test_a_perfect_search_reads_well() -> None:
    names = [0, 1, 2, 3]
    found = outcomes(search(np.eye(4), names, np.eye(4), names, precisions=True), names, ranks=(1, 5))
    first, fifth, average = cell_of(found).figures
    assert figure_words(first).startswith("rank-1 100.0 % (")
    assert figure_words(average) == "mAP 100.0 % (100.0 to 100.0)"
    assert (first.value, fifth.value, average.value) == (1.0, 1.0, 1.0)
    assert first.ci95 == pytest.approx((0.025 ** (1 / 4), 1.0))


def test_ranks_and_rates_out_of_range_are_refused() -> None:
    for rank in (0, -1):
        for asked in ({"rank": rank}, {"ranks": (1, rank)}):
            with pytest.raises(ConfigError, match=f"rank: {rank} is out of range"):
                Asked(**asked)
    for name in ("fars", "fpirs"):
        for rate in (0.0, 1.0, -0.5, float("nan")):
            with pytest.raises(ConfigError, match=f"{name}: {rate:g} is out of range"):
                Asked(**{name: (0.1, rate)})


def test_what_is_not_said_stays_as_the_authors_have_it() -> None:
    asked = Asked((0.3,), (1, 7), (0.2,), 20)
    assert replace(asked, **asked_of(ranks=None, fpirs=None, rank=None)) == asked
    assert replace(asked, **asked_of(ranks=(2,), rank=None)) == Asked((0.3,), (2,), (0.2,), 20)
    assert replace(asked, **asked_of(fpirs=(0.1,), rank=1)) == Asked((0.3,), (1, 7), (0.1,), 1)
    with pytest.raises(ConfigError, match="rank: 0"):
        asked_of(rank=0)


# failures to enrol


def test_a_closed_set_counts_lost_probes_and_lost_people_as_misses() -> None:
    people, listed = list("aabcd"), list("abcd")
    sides = laid(EYE[[0, 0, 1, 2, 3]], people, (EYE, listed), failed=(1, 5 + 3))  # d has no row left
    found = searched_in(*sides, ranks=(1, 3, 100))
    assert found.mated.all()
    assert found.counts == {"people": 4, "rows": 3, "mated": 5, "nonmated": 0}
    assert values(found, "rank") == {"1": 0.6, "3": 0.6, "100": 0.6}
    assert values(found, "map")[""] == pytest.approx(0.6)
    histogram = found.histogram()
    assert histogram is not None
    assert sum(histogram.mated) == 3


def test_an_open_set_counts_them_at_every_threshold() -> None:
    people, listed = np.array(list("abcxyzz")), np.array(list("abc"))
    probes = np.concatenate((EYE[:3], EYE[[3, 3, 3, 0]]))
    sides = laid(probes, people, (EYE[:3], listed), failed=(1, 4, 7 + 2))  # c has no row left
    found = searched_in(*sides, rank=20, fpirs=(0.25, 0.5, 0.75))
    assert found.mated.tolist() == [True] * 3 + [False] * 4
    assert found.searched.ranks[:3].tolist() == [1, np.iinfo(np.int64).max, np.iinfo(np.int64).max]
    assert np.isnan(found.searched.own[3:]).all()
    # of four strangers one is found with certainty, as high as the one mated probe that can be found at all
    assert values(found, "tpir") == {"2.5e-1": 1 / 3, "5e-1": 1 / 3, "7.5e-1": 1 / 3}
    assert (found.counts["mated"], found.counts["nonmated"]) == (3, 4)
    assert area(found) == pytest.approx(0.25)


@pytest.mark.parametrize("strangers", [True, False])
def test_a_side_of_which_nothing_is_enrolled_finds_nobody(strangers: bool) -> None:
    rows, people = on_a_grid(6, 0), np.arange(6) if strangers else np.arange(6) % 2
    for failed in (range(6), range(6, 8)):
        sides = laid(rows, people, (rows[:2], people[:2]), failed=failed)
        found = searched_in(*sides, fpirs=(0.5,))
        assert set(values(found, "rank").values()) == {0.0}
        assert values(found, "tpir") == ({"5e-1": 0.0} if strangers else {})
        assert values(found, "map") == ({} if strangers else {"": 0.0})
        assert (found.counts["mated"], found.counts["nonmated"]) == ((2, 4) if strangers else (6, 0))
        cell = cell_of(found)
        assert cell.histogram is not None
        assert sum(cell.histogram.mated) + sum(cell.histogram.nonmated) == 0


def test_without_failures_nothing_changes() -> None:
    rng = np.random.default_rng(1)
    probes, gallery = (unit(rng.standard_normal((n, 6))).astype(np.float32) for n in (9, 7))
    people, listed = np.array(list("aabbccxyz")), np.array(list("aabbccd"))
    plain = search(probes, people, gallery, listed, precisions=True)
    found = with_failures(plain, people, np.ones(9, dtype=np.bool_), listed)
    for key, value in vars(plain).items():
        assert np.array_equal(getattr(found, key), value, equal_nan=isinstance(value, np.ndarray)), key
    with pytest.raises(InputError, match="3 enrolled of 3, but 2 searched"):
        with_failures(search(EYE[:2], [0, 1], EYE, range(4)), [0, 1, 2], np.ones(3, dtype=np.bool_), [0])


def test_a_gallery_of_prototypes_has_a_row_for_each_person_that_enrolled() -> None:
    rows = unit(np.random.default_rng(0).normal(size=(6, 5)))
    items, searches, embedded = laid(rows[:2], ["a", "x"], (rows[2:], ["b", "a", "b", "c"]), failed=(5,))
    searches = Searches(searches.galleries, searches.probes, prototypes=True)
    made, people = gallery_of(items, searches, "", embedded)
    assert people.tolist() == ["a", "b"]
    assert made[1] == pytest.approx(unit((rows[2] + rows[4])[None])[0], abs=1e-6)
    assert searched_in(items, searches, embedded).counts == {
        "people": 3,
        "rows": 2,
        "mated": 1,
        "nonmated": 1,
    }


def test_a_gallery_that_nobody_looks_for_is_refused() -> None:
    with pytest.raises(InputError, match=r"no probe shows anybody of the gallery \(check"):
        searched_in(*laid(EYE, list("abcd"), (EYE, list("wxyz"))))
    two = laid(EYE, list("abcd"), (EYE, list("abyz")), (EYE, list("wxyz")))
    with pytest.raises(InputError, match="no probe shows anybody of the gallery G2"):
        searched_in(*two, name="G2")
    with pytest.raises(InputError, match="of a probe is not finite"):
        searched_in(*laid(EYE * np.float32(np.nan), list("abcd"), (EYE, list("abcd"))))


def test_galleries_are_searched_one_by_one_and_joined() -> None:
    """Two galleries of one person each; four probes, of which one stranger looks like the first person."""
    probes = np.array([[0.96, 0.28], [0.8, 0.6], [0.6, 0.8], [0.98, 0.199]], dtype=np.float32)
    sides = laid(probes, [1, 1, 2, 2], (np.eye(1, 2), [1]), (np.eye(2)[1:], [2]))
    found = searched_in(*sides, name="G1", ranks=(1,), fpirs=(0.1, 0.5))
    # in the first gallery: mated 0.96 and 0.8; non-mated 0.6 and 0.98
    cell = cell_of(found)
    assert cell.counts == {"people": 1, "rows": 1, "mated": 2, "nonmated": 2}
    by = {(one.measure, one.at): one for one in cell.figures}
    assert (by["tpir", "1e-1"].value, by["tpir", "5e-1"].value, by["rank", "1"].value) == (None, 1.0, 1.0)
    assert by["auc", ""].value == 0.5  # 0.96 and 0.8 beat one of two
    # at the only rate that two searches can show: one of them passes
    assert cell.curve is not None
    assert (cell.curve.x, cell.curve.y) == ([0.5], [1.0])
    assert cell.histogram is not None
    assert (sum(cell.histogram.mated), sum(cell.histogram.nonmated)) == (2, 2)
    items, searches, embedded = sides
    joined = search_joined(items, searches, embedded, embedded, Asked(ranks=(1,), fpirs=(0.25, 0.5)))
    # own: 0.96, 0.8, 0.8, 0.199; wrong: 0.28, 0.6, 0.6, 0.98
    assert joined.found == (("rank", "1", 0.75), ("recall", "2.5e-1", 0.0), ("recall", "5e-1", 0.75))


# differences and what is kept


def searched(noise: float, people: list[str], gallery: list[str]) -> Searched:
    """Probes near their own person's direction, with the same noise for the same seed."""
    rng, names = np.random.default_rng(1), sorted(set(people) | set(gallery))
    axes = np.eye(len(names) + 2)
    rows = np.stack([axes[names.index(name)] for name in people])
    rows = unit(rows + noise * rng.normal(size=rows.shape))
    base = np.stack([axes[names.index(name)] for name in gallery])
    return search(rows, people, base, gallery, precisions=set(people) <= set(gallery))


def test_differences_of_closed_searches_are_means_over_probes() -> None:
    gallery = [f"p{n}" for n in range(8)] * 2
    people = [f"p{n % 8}" for n in range(120)]
    one, other = searched(0.3, people, gallery), searched(0.6, people, gallery)
    asked = {"ranks": (1, 3), "fpirs": (0.1,)}
    found = changes_of(outcomes(one, people, **asked), outcomes(other, people, **asked), 200)
    assert set(found) == {("rank", "1"), ("rank", "3"), ("map", "")}
    for k in (1, 3):
        values = (one.row_ranks <= k).astype(float) - (other.row_ranks <= k)
        change = found["rank", str(k)]
        assert change.difference == pytest.approx(values.mean())
        (weights,) = Clusters.of(people).weights(200, seed=0)
        # each probe belongs to one person, so resampling has no excess to be taken out but rounding
        plain = percentiles((weights @ values) / weights.sum(axis=1))
        assert np.count_nonzero(values) >= FEW
        assert change.ci95 == pytest.approx(plain.ends, abs=0.02)
        assert change.mcnemar is not None
        assert tuple(change.mcnemar.model_dump().values()) == mcnemar(
            one.row_ranks <= k, other.row_ranks <= k
        )
    assert one.precisions is not None
    assert other.precisions is not None
    average = found["map", ""]
    assert average.difference == pytest.approx((one.precisions - other.precisions).mean())
    assert average.mcnemar is None


def test_differences_of_open_searches_equal_a_plain_loop() -> None:
    gallery = [f"p{n}" for n in range(6)]
    people = [f"p{n % 6}" for n in range(24)] + [f"x{n // 2}" for n in range(20)]
    one, other = searched(0.2, people, gallery), searched(0.5, people, gallery)
    asked = {"fpirs": (0.1, 0.01), "ranks": (1,)}
    found = changes_of(outcomes(one, people, **asked), outcomes(other, people, **asked), 50, 2)
    assert set(found) == {("tpir", "1e-1"), ("auc", ""), ("rank", "1")}
    mated = one.mated

    def tpir(side: Searched, row: NDArray[np.int64]) -> float:
        scores = np.where(mated, np.where(side.ranks == 1, side.own - 5e-7, -2.0), side.best).astype(float)
        return tar_at_far(np.repeat(scores, row), np.repeat(mated, row), 0.1).tar

    once = np.ones(len(people), dtype=np.int64)
    change = found["tpir", "1e-1"]
    assert change.difference == tpir(one, once) - tpir(other, once)
    (weights,) = Clusters.of(people).weights(50, seed=2)
    slow = [tpir(one, row) - tpir(other, row) for row in weights.astype(np.int64)]
    assert change.ci95 == pytest.approx(percentiles(np.array(slow)).ends, abs=1e-9)
    first = [(side.ranks[mated] == 1).mean() for side in (one, other)]
    assert found["rank", "1"].difference == pytest.approx(first[0] - first[1])
    assert found["auc", ""].difference > 0


@pytest.mark.parametrize("closed", [True, False])
def test_searches_are_kept_whole(closed: bool) -> None:
    people = np.array(["a", "b", "a" if closed else "z", "b"])
    searched = search(np.eye(4)[[0, 1, 2, 0]], people, np.eye(4)[[0, 1]], ["a", "b"], precisions=closed)
    found = outcomes(searched, people, 2, fpirs=(0.9,), ranks=(1, 2))
    shared, own = found.shared(), found.own()
    back = SearchOutcomes.read(shared, own, found.asked)
    assert (back.probes, back.rows, back.people.tolist()) == (found.probes, 2, found.people.tolist())
    for key in ("mated", "own", "best", "other", "ranks", "row_ranks"):
        assert np.array_equal(getattr(back.searched, key), getattr(searched, key), equal_nan=key == "own")
    assert (back.searched.precisions is None) == (not closed)
    assert cell_of(back) == cell_of(found)
    assert set(own) == {key for key in SearchOutcomes.OWN if closed or key != "precisions"}
    for key in ("ranks", "own"):
        with pytest.raises(InputError, match="do not fit one another"):
            SearchOutcomes.read(shared, {**own, key: np.zeros(3)}, found.asked)
        with pytest.raises(InputError, match=f"lack the array '{key}'"):
            SearchOutcomes.read(shared, {name: one for name, one in own.items() if name != key}, found.asked)
    with pytest.raises(InputError, match="do not fit one another"):
        SearchOutcomes.read(shared, {**own, "precisions": np.zeros(3)}, found.asked)


# the worst


def test_the_worst_of_a_closed_search() -> None:
    probes = np.array([(1, 0, 0, 0), (0, 0.6, 0.8, 0), (0, 0, 1, 0), (0.1, 0, 0, 0.995)], dtype=np.float32)
    items, searches, embedded = laid(probes, list("abcd"), (EYE, list("abcd")), failed=(2,))
    found = searched_in(items, searches, embedded)
    gallery = gallery_of(items, searches, "", embedded)
    worst = worst_searches(items, searches, "", found, embedded, embedded, gallery)
    # c failed, and is among neither; b is taken for c
    assert [one.first for one in worst.mated] == ["1.png", "3.png", "0.png"]
    assert [one.second for one in worst.mated] == ["5.png", "7.png", "4.png"]
    assert [one.wrong for one in worst.mated] == [True, False, False]
    assert [(one.first, one.second, one.wrong) for one in worst.nonmated][:2] == [
        ("1.png", "6.png", True),
        ("3.png", "4.png", False),
    ]
    assert worst.mated[0].score == pytest.approx(0.6)
    assert worst.nonmated[0].score == pytest.approx(0.8)
    assert {one.threshold for one in (*worst.mated, *worst.nonmated)} == {None}


@pytest.mark.parametrize("fpir", [0.5, 0.1])
def test_the_worst_of_an_open_search_are_judged_by_the_first_rate(fpir: float) -> None:
    """At a rate that cannot be shown there is no threshold, and whoever a stranger is taken for is wrong."""
    probes = unit(np.array([(0.9, 0, 0.436, 0), (0.1, 0.7, 0.7, 0), (0.8, 0.6, 0, 0), (0.3, 0.1, 0.9, 0.2)]))
    items, searches, embedded = laid(probes, list("abxy"), (EYE[:2], list("ab")))
    found = searched_in(items, searches, embedded, fpirs=(fpir,))
    gallery = gallery_of(items, searches, "", embedded)
    worst = worst_searches(items, searches, "", found, embedded, embedded, gallery)
    assert [(one.first, one.second) for one in worst.mated] == [("1.png", "5.png"), ("0.png", "4.png")]
    assert [(one.first, one.second) for one in worst.nonmated] == [("2.png", "4.png"), ("3.png", "4.png")]
    thresholds = {one.threshold for one in (*worst.mated, *worst.nonmated)}
    if fpir == 0.1:
        assert thresholds == {None}
        assert [one.wrong for one in worst.nonmated] == [True, True]
    else:
        (at,) = thresholds
        assert at is not None
        assert [one.wrong for one in worst.nonmated] == [one.score >= at for one in worst.nonmated]
        assert [one.wrong for one in worst.nonmated] == [True, False]
    assert [one.wrong for one in worst.mated] == [False, False]
    assert all(one.score > NO_SCORE for one in worst.mated)
