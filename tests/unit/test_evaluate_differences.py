"""Two models on the same comparisons: McNemar's test against its formula, intervals against a plain loop."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from fewpix.evaluate.pair_difference import pair_difference
from fewpix.evaluate.pair_figures import pair_figures
from fewpix.evaluate.retrieval import watch_list
from fewpix.evaluate.search_difference import search_difference
from fewpix.evaluate.streaming_search import Searched, search
from fewpix.evaluate.verification import verify
from numpy.typing import NDArray
from oracles import tar_at_far
from scipy.stats import binomtest

from fewpix.evaluate.benchmark import PairList
from fewpix.evaluate.identification import identify
from fewpix.evaluate.open_set import identify_open
from fewpix.evaluate.statistics.accuracy import fold_accuracy
from fewpix.evaluate.statistics.bootstrap import percentiles
from fewpix.evaluate.statistics.paired import FEW, McNemar, mcnemar, p_text
from fewpix.evaluate.statistics.scores import SortedScores


def answers(both: int, one: int, other: int, neither: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    kinds = [(True, True)] * both + [(True, False)] * one + [(False, True)] * other
    table = np.array(kinds + [(False, False)] * neither)
    return table[:, 0], table[:, 1]


@pytest.mark.parametrize(
    ("one", "other"), [(0, 0), (1, 0), (0, 7), (5, 5), (3, 14), (40, 22), (700, 800), (4000, 4001)]
)
def test_mcnemar_is_the_binomial_test_of_discordant_answers(one: int, other: int) -> None:
    found = mcnemar(*answers(9, one, other, 4))
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert (found.only_first, found.only_second) == (one, other)
    assert found.p == pytest.approx(expected, rel=1e-9)
    assert found.to_json() == {"only_first": one, "only_second": other, "p": found.p}


def test_mcnemar_counts_all_outcomes_of_few_coins() -> None:
    """Seven coins, two of one side: outcomes as far from even, counted one by one."""
    heads = [sum(coins) for coins in itertools.product((0, 1), repeat=7)]
    far = np.mean([abs(2 * h - 7) >= abs(2 * 2 - 7) for h in heads])
    assert mcnemar(*answers(0, 2, 5, 0)).p == pytest.approx(far)


def test_a_small_p_is_not_called_nothing() -> None:
    assert (p_text(0.0412), p_text(0.001), p_text(1e-9)) == ("0.041", "0.001", "below 0.001")
    assert str(McNemar(3, 1200, 1e-9)) == "3 right by the first only, 1,200 by the second, p below 0.001"


def paired(people: int = 30) -> tuple[PairList, NDArray[np.float64], NDArray[np.float64]]:
    """Pairs that share people, and two models of which the second is worse."""
    rng = np.random.default_rng(8)
    first = np.repeat(np.arange(people), 4)
    second = np.where(
        np.arange(4 * people) % 2, (first + rng.integers(1, people, 4 * people)) % people, first
    )
    same = first == second
    names = tuple(f"p{n:02d}/{n}" for n in range(people))
    pairs = PairList(names, first, second, same, np.arange(4 * people) % 5)
    good = np.where(same, 0.6, 0.2) + rng.normal(0, 0.15, 4 * people)
    return pairs, good, good + rng.normal(0, 0.3, 4 * people)


def test_differences_of_pairs_equal_a_plain_loop() -> None:
    pairs, good, bad = paired()
    found = pair_difference(good, bad, pairs, fars=(0.1, 0.001), replicates=60, seed=3)
    one, other = verify(good, pairs, fars=(0.1,)), verify(bad, pairs, fars=(0.1,))
    assert found.accuracy is not None
    assert found.accuracy.value == one.accuracy - other.accuracy
    assert found.accuracy.ci95.low < found.accuracy.value < found.accuracy.ci95.high
    right = [fold_accuracy(scores, pairs.same, pairs.folds).correct for scores in (good, bad)]
    assert found.mcnemar == mcnemar(*right)
    assert list(found.tar_at_far) == ["1e-1"]  # 60 impostors cannot show 0.001
    assert found.tar_at_far["1e-1"].value == one.tar_at_far["1e-1"] - other.tar_at_far["1e-1"]
    slow: dict[str, list[float]] = {"tar": [], "eer": [], "auc": []}
    (weights,) = pairs.clusters().weights(60, seed=3)
    for row in weights.astype(np.int64):
        kinds = np.repeat(pairs.same, row)
        both = [np.repeat(scores, row) for scores in (good, bad)]
        slow["tar"].append(tar_at_far(both[0], kinds, 0.1).tar - tar_at_far(both[1], kinds, 0.1).tar)
        curves = [SortedScores.of(scores, kinds) for scores in both]
        slow["eer"].append(curves[0].eer().rate - curves[1].eer().rate)
        slow["auc"].append(curves[0].auc() - curves[1].auc())
    for change, name in ((found.tar_at_far["1e-1"], "tar"), (found.eer, "eer"), (found.auc, "auc")):
        assert change.ci95.to_json() == pytest.approx(percentiles(np.array(slow[name])).to_json(), abs=1e-12)
    assert found.eer.value < 0 < found.auc.value
    assert "right by the first only" in found.lines()[0]


def test_a_model_does_not_differ_from_itself() -> None:
    pairs, good, _ = paired()
    found = pair_difference(good, good.copy(), pairs, fars=(0.1,), replicates=20)
    assert found.mcnemar == McNemar(0, 0, 1.0)
    for change in (found.accuracy, found.eer, found.auc, found.tar_at_far["1e-1"]):
        assert change is not None
        assert (change.value, change.ci95.to_json()) == (0.0, [0.0, 0.0])


def test_pairs_in_one_fold_have_no_accuracy_to_compare() -> None:
    pairs, good, bad = paired()
    one = PairList(pairs.pictures, pairs.first, pairs.second, pairs.same, np.zeros(len(pairs), np.int64))
    found = pair_difference(good, bad, one, fars=(), replicates=20)
    assert found.accuracy is found.mcnemar is None
    assert found.lines()[0].startswith("EER ")
    assert found.to_json()["tar_at_far"] == {}


def searched(noise: float, people: list[str], gallery: list[str]) -> Searched:
    """Probes near their own person's direction, with the same noise for the same seed."""
    rng, names = np.random.default_rng(1), sorted(set(people) | set(gallery))
    axes = np.eye(len(names) + 2)
    rows = np.stack([axes[names.index(name)] for name in people])
    rows = rows + noise * rng.normal(size=rows.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    base = np.stack([axes[names.index(name)] for name in gallery])
    return search(rows, people, base, gallery, precisions=set(people) <= set(gallery))


def test_differences_of_closed_searches_are_means_over_probes() -> None:
    gallery = [f"p{n}" for n in range(8)] * 2
    people = [f"p{n % 8}" for n in range(120)]
    one, other = searched(0.3, people, gallery), searched(0.6, people, gallery)
    found = search_difference(one, other, people, ranks=(1, 3), replicates=200)
    for k, change in found.rank.items():
        values = (one.row_ranks <= k).astype(float) - (other.row_ranks <= k)
        assert change.value == values.mean()
        (weights,) = clusters_of(people).weights(200, seed=0)
        # each probe belongs to one person, so resampling has no excess to be taken out but rounding
        plain = percentiles((weights @ values) / weights.sum(axis=1))
        assert np.count_nonzero(values) >= FEW
        assert change.ci95.to_json() == pytest.approx(plain.to_json(), abs=0.02)
    assert found.mean_average_precision is not None
    assert one.precisions is not None
    assert other.precisions is not None
    assert found.mean_average_precision.value == pytest.approx((one.precisions - other.precisions).mean())
    assert found.mcnemar == mcnemar(one.row_ranks <= 1, other.row_ranks <= 1)
    assert (found.tpir_at_fpir, found.auc) == ({}, None)


def clusters_of(people: list[str]):  # type: ignore[no-untyped-def]
    from fewpix.evaluate.statistics.bootstrap import Clusters

    return Clusters.of(people)


def test_differences_of_open_searches_equal_a_plain_loop() -> None:
    gallery = [f"p{n}" for n in range(6)]
    people = [f"p{n % 6}" for n in range(24)] + [f"x{n // 2}" for n in range(20)]
    one, other = searched(0.2, people, gallery), searched(0.5, people, gallery)
    found = search_difference(one, other, people, fpirs=(0.1, 0.01), replicates=50, seed=2)
    assert list(found.tpir_at_fpir) == ["1e-1"]
    mated = one.mated

    def tpir(side: Searched, row: NDArray[np.int64]) -> float:
        scores = np.where(mated, np.where(side.ranks == 1, side.own - 5e-7, -2.0), side.best).astype(float)
        return tar_at_far(np.repeat(scores, row), np.repeat(mated, row), 0.1).tar

    once = np.ones(len(people), dtype=np.int64)
    change = found.tpir_at_fpir["1e-1"]
    assert change.value == tpir(one, once) - tpir(other, once)
    (weights,) = clusters_of(people).weights(50, seed=2)
    slow = [tpir(one, row) - tpir(other, row) for row in weights.astype(np.int64)]
    assert change.ci95.to_json() == pytest.approx(percentiles(np.array(slow)).to_json(), abs=1e-9)
    first = [(side.ranks[mated] == 1).mean() for side in (one, other)]
    assert found.rank[1].value == pytest.approx(first[0] - first[1])
    assert found.auc is not None
    assert found.auc.value > 0
    assert "TPIR at FPIR 1e-1" in found.lines()[-1]


def never(*_: object, **__: object) -> None:
    raise AssertionError("drawn again")


def test_replicates_that_are_there_already_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, good, bad = paired()
    how = {"replicates": 60, "seed": 3}
    figures = [pair_figures(scores, pairs, fars=(0.1, 0.05, 0.001), **how) for scores in (good, bad)]
    anew = pair_difference(good, bad, pairs, fars=(0.1, 0.001), **how)
    gallery = [f"p{n}" for n in range(6)]
    people = [f"p{n % 6}" for n in range(24)] + [f"x{n // 2}" for n in range(20)]
    one, other = searched(0.2, people, gallery), searched(0.5, people, gallery)
    watched = [watch_list(side, people, rank=2, fpirs=(0.2, 0.1), **how) for side in (one, other)]
    found = search_difference(one, other, people, rank=2, fpirs=(0.1, 0.01), **how)
    for module in ("pair_difference", "retrieval"):
        monkeypatch.setattr(f"fewpix.evaluate.{module}.replicate_curves", never)
    drawn = (figures[0].drawn, figures[1].drawn)
    assert pair_difference(good, bad, pairs, fars=(0.1, 0.001), drawn=drawn, **how) == anew
    drawn = (watched[0].drawn, watched[1].drawn)
    assert search_difference(one, other, people, rank=2, fpirs=(0.1, 0.01), drawn=drawn, **how) == found
    assert drawn[0].tar.nbytes < 60 * 8 * 60  # R replicates at some dozens of rates


def test_rates_that_are_drawn_together_are_those_of_each() -> None:
    pairs, good, _ = paired()
    both = verify(good, pairs, fars=(0.2, 0.05), replicates=80)
    for far in (0.2, 0.05):
        alone = verify(good, pairs, fars=(far,), replicates=80)
        assert alone.tar_at_far_ci95.items() <= both.tar_at_far_ci95.items()
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(60, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    people = np.arange(60) % 12
    probes, gallery = (rows[24:], people[24:]), (rows[:24], people[:24])
    together = identify(*probes, *gallery, fars=(0.1, 0.01), replicates=40)
    for far in (0.1, 0.01):
        alone = identify(*probes, *gallery, fars=(far,), replicates=40)
        assert alone.tar_at_far_ci95.items() <= together.tar_at_far_ci95.items()
    few = (rows[:6], people[:6])
    opened = identify_open(*probes, *few, fpirs=(0.3, 0.1), replicates=40)
    for fpir in (0.3, 0.1):
        one = identify_open(*probes, *few, fpirs=(fpir,), replicates=40)
        assert one.tpir_at_fpir_ci95.items() <= opened.tpir_at_fpir_ci95.items()
