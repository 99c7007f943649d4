"""Pairs: figures against the plain metrics, what cannot be shown, and what is kept of few and of many."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Asked, Pairs
from fewpix.evaluate.result.scores import names_array
from fewpix.evaluate.result.words import figure_words
from fewpix.evaluate.statistics.accuracy import fold_accuracy
from fewpix.evaluate.statistics.bootstrap import mean_interval, percentiles
from fewpix.evaluate.statistics.estimate import Draws, Mean
from fewpix.evaluate.statistics.paired import mcnemar
from fewpix.evaluate.statistics.replicates import replicate_curves
from fewpix.evaluate.statistics.scores import SortedScores
from fewpix.evaluate.tasks import pairs as module
from fewpix.evaluate.tasks.blockwise import pair_scores
from fewpix.evaluate.tasks.outcomes import NO_SCORE
from fewpix.evaluate.tasks.pairs import ONE_FOLD, PairList, PairOutcomes, compare_pairs
from fewpix.evaluate.worst import worst_pairs
from made_outcomes import cell_of, changes_of, embedded_of, items_of, pair_outcomes
from oracles import tar_at_far

People = NDArray[np.int64]


def made(people: int = 40, folds: int = 4, seed: int = 0) -> tuple[NDArray[np.float64], Pairs, People]:
    """Two pictures of everybody; a pair of one and a pair of two for each, with scores that overlap."""
    rng = np.random.default_rng(seed)
    first = np.repeat(2 * np.arange(people), 2)
    second = first + 1
    second[1::2] = (first[1::2] + 3) % (2 * people)
    same = np.arange(2 * people) % 2 == 0
    fold = np.repeat(np.arange(folds), 2 * people // folds) if folds > 1 else None
    scores = np.where(same, 0.6, 0.3) + rng.normal(0, 0.15, 2 * people)
    return scores, Pairs(first, second, same, fold), np.arange(2 * people) // 2


def drawn_at_random(
    folds: int = 10, per_kind: int = 30, people: int = 200, seed: int = 0
) -> tuple[Pairs, People]:
    """Three pictures of everybody; the pairs of a fold are drawn at random."""
    rng = np.random.default_rng(seed)
    number = folds * 2 * per_kind
    same = np.tile(np.repeat([True, False], per_kind), folds)
    a = rng.integers(people, size=number)
    b = np.where(same, a, (a + rng.integers(1, people, size=number)) % people)
    fold = np.repeat(np.arange(folds), 2 * per_kind)
    return Pairs(3 * a, 3 * b + 1, same, fold), np.arange(3 * people) // 3


def scores_for(pairs: Pairs, spread: float, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=len(pairs)) * spread + pairs.same


def accuracy_of(outcomes: PairOutcomes) -> Mean:
    mean = outcomes.wanted()[0].statistic
    assert isinstance(mean, Mean)
    return mean


def test_the_figures_are_those_of_the_metrics() -> None:
    scores, pairs, people = made()
    cell = cell_of(pair_outcomes(scores, pairs, people, fars=(0.1, 0.025, 0.01)), 200, 3)
    assert [(one.measure, one.at) for one in cell.figures] == [
        ("accuracy", ""),
        ("tar", "1e-1"),
        ("tar", "2.5e-2"),
        ("tar", "1e-2"),
        ("eer", ""),
        ("auc", ""),
    ]
    assert pairs.folds is not None
    known, clusters = fold_accuracy(scores, pairs.same, pairs.folds), pairs.clusters(people)
    accuracy, tenth, fortieth, _, eer, auc = cell.figures
    interval = mean_interval(known.correct, clusters, strata=pairs.same, replicates=200, seed=3)
    assert accuracy.value == pytest.approx(known.accuracy)
    assert accuracy.ci95 == pytest.approx(interval.ends)
    assert accuracy.detail == {"per_fold": list(known.per_fold), "thresholds": list(known.thresholds)}
    drawn = replicate_curves(scores, pairs.same, (0.1, 0.025), clusters, replicates=200, seed=3)
    for figure, far in ((tenth, 0.1), (fortieth, 0.025)):
        point = tar_at_far(scores, pairs.same, far)
        assert (figure.value, figure.threshold) == (point.tar, point.threshold)
        assert figure.ci95 == drawn.tar_interval(far).ends
    genuine, impostor = scores[pairs.same], scores[~pairs.same]
    assert auc.value == pytest.approx((genuine[:, None] > impostor[None]).mean())
    assert auc.ci95 == drawn.interval(drawn.auc).ends
    assert eer.value is not None
    assert 0 < eer.value < 0.5
    assert eer.ci95 == drawn.interval(drawn.eer).ends
    for figure in cell.figures:
        if figure.value is not None:
            assert figure.ci95 is not None
            assert figure.ci95[0] <= figure.value <= figure.ci95[1]


def test_a_rate_below_one_in_the_impostors_is_absent_with_the_reason() -> None:
    scores, pairs, people = made()
    cell = cell_of(pair_outcomes(scores, pairs, people, fars=(0.025, 0.0249)))
    shown, absent = cell.figure("tar", "2.5e-2"), cell.figure("tar", "2.49e-2")
    assert shown is not None
    assert absent is not None
    assert shown.value is not None
    assert (absent.value, absent.ci95, absent.threshold) == (None, None, None)
    assert absent.reason == "40 impostor pairs cannot show a false accept rate below 0.025"
    assert figure_words(absent) == f"TAR at FAR 2.49e-2 cannot be shown: {absent.reason}"


def test_one_fold_has_no_accuracy_and_says_so() -> None:
    scores, pairs, people = made(folds=1)
    outcomes = pair_outcomes(scores, pairs, people, quality=np.linspace(0, 1, len(people)))
    found = [one for one in cell_of(outcomes).figures if one.measure == "accuracy"]
    assert [(one.at, one.value, one.ci95, one.reason) for one in found] == [("", None, None, ONE_FOLD)]
    assert figure_words(found[0]) == f"accuracy cannot be shown: {ONE_FOLD}"
    assert ("accuracy", "") not in changes_of(outcomes, outcomes)
    assert set(outcomes.judging().tolist()) == {outcomes.ordered.eer()[1]}  # type: ignore[union-attr]


def test_thirds_are_of_the_worse_picture_and_leave_out_what_is_unknown() -> None:
    scores, pairs, people = made()
    quality = np.random.default_rng(1).permutation(len(people)) / 100
    quality[:2] = np.nan
    outcomes = pair_outcomes(scores, pairs, people, quality=quality)
    thirds = cell_of(outcomes, 50).figures[1:4]
    assert outcomes.folds is not None
    correct = outcomes.folds.correct
    worse = np.array([quality[[a, b]].min() for a, b in zip(pairs.first, pairs.second, strict=True)])
    assert [third.at for third in thirds] == ["worst", "middle", "best"]
    assert sum(third.detail["pairs"][0] for third in thirds) == np.isfinite(worse).sum() < len(pairs)
    for third in thirds:
        low, high = third.detail["quality"]
        part = (worse >= low) & (worse <= high)
        assert third.detail["pairs"] == [part.sum(), (part & pairs.same).sum()]
        assert third.value == correct[part].mean()
        assert third.ci95 is not None
        assert third.ci95[0] <= third.value <= third.ci95[1]
    edges = [end for third in thirds for end in third.detail["quality"]]
    assert edges[1] < edges[2] <= edges[3] < edges[4]


def test_equal_qualities_stay_together() -> None:
    scores, pairs, people = made()
    one = np.full(len(people), 0.5)
    _, only, *rest = cell_of(pair_outcomes(scores, pairs, people, quality=one)).figures
    assert (only.at, only.detail) == ("worst", {"quality": [0.5, 0.5], "pairs": [80, 40]})
    assert {figure.measure for figure in rest} == {"tar", "eer", "auc"}
    unknown = cell_of(pair_outcomes(scores, pairs, people, quality=one * np.nan)).figures
    assert [figure.at for figure in unknown if figure.measure == "accuracy"] == [""]


def test_of_too_few_people_figures_and_curve_have_values_and_no_intervals() -> None:
    """One draw of three people, of whom the pairs of each kind need others."""
    pairs = Pairs(np.array([0, 0, 2, 2]), np.array([1, 1, 4, 5]), np.array([True, True, False, False]))
    people, scores = np.array([0, 0, 1, 1, 2, 2]), np.array([0.9, 0.3, 0.5, 0.1])
    weights = ((seed, next(iter(pairs.clusters(people).weights(1, seed)))[0]) for seed in range(100))
    seed = next(seed for seed, row in weights if not row[:2].any() or not row[2:].any())
    cell = cell_of(pair_outcomes(scores, pairs, people, fars=(0.5,)), 1, seed)
    _, tar, eer, auc = cell.figures
    assert (tar.value, tar.threshold, eer.value, auc.value) == (1.0, 0.3, 0.5, 0.75)
    assert {(one.ci95, one.reason) for one in (tar, eer, auc)} == {
        (None, "too few people for a confidence interval")
    }
    assert cell.curve is not None
    assert (cell.curve.x, cell.curve.y, cell.curve.ci95) == ([0.5], [1.0], [None])
    assert cell.curve.threshold == [0.3]


def test_uneven_folds_do_not_pull_the_interval_from_the_figure() -> None:
    """One fold is cut down to four pairs, all of them wrong: it still is a tenth of the accuracy."""
    pairs, people = drawn_at_random()
    assert pairs.folds is not None
    small = np.flatnonzero(pairs.folds == 3)
    keep = np.ones(len(pairs), dtype=bool)
    keep[small[2:30]] = keep[small[32:]] = False
    pairs = pairs.only(keep)
    scores = np.where(pairs.folds == 3, 1.0 - pairs.same, pairs.same)
    figure = cell_of(pair_outcomes(scores, pairs, people), 500).figures[0]
    assert figure.value == pytest.approx(0.9)
    assert figure.ci95 is not None
    assert figure.ci95[0] <= 0.9 <= figure.ci95[1]


def test_the_same_seed_gives_the_same_result() -> None:
    pairs, people = drawn_at_random()
    outcomes = [pair_outcomes(scores_for(pairs, 0.5, 1), pairs, people) for _ in range(3)]
    one, two, other = (cell_of(found, 50, seed) for found, seed in zip(outcomes, (1, 1, 2), strict=True))
    assert one == two
    assert one.figures[0].value == other.figures[0].value
    assert one.figures[0].ci95 != other.figures[0].ci95


def test_a_paired_difference_is_sharper_than_two_intervals() -> None:
    """Both models fail on mostly the same pairs; the few where they differ decide."""
    pairs, people = drawn_at_random()
    common = scores_for(pairs, 0.45, 1)
    a, b = (
        accuracy_of(pair_outcomes(scores, pairs, people)) for scores in (common + 0.15 * pairs.same, common)
    )
    change, _ = a.minus(b, Draws(500))
    assert change.ci95 is not None
    assert change.value == pytest.approx(a.value - b.value)
    assert not change.ci95.low <= 0 <= change.ci95.high
    ends = [
        mean_interval(one.values, one.clusters, share=one.share, strata=one.strata, replicates=500)
        for one in (a, b)
    ]
    assert ends[0].low < ends[1].high  # side by side, the two intervals overlap
    back, _ = b.minus(a, Draws(500))
    assert back.ci95 is not None
    assert change.value == -back.value
    assert [change.ci95.low, change.ci95.high] == pytest.approx([-back.ci95.high, -back.ci95.low])


def test_equal_models_differ_by_nothing_in_95_of_100_cases() -> None:
    """The interval's promise, on 60 draws: 57 are expected, fewer than 52 come up once in 350 times."""
    covered = 0
    for seed in range(60):
        pairs, people = drawn_at_random(folds=4, per_kind=60, seed=seed)
        a, b = (
            accuracy_of(pair_outcomes(scores_for(pairs, 0.5, 100 * seed + n), pairs, people)) for n in (1, 2)
        )
        interval = a.minus(b, Draws(200, seed))[0].ci95
        assert interval is not None
        covered += interval.low <= 0 <= interval.high
    assert 52 <= covered <= 60


def test_differences_equal_a_plain_loop() -> None:
    """Pairs that share people, and two models of which the second is worse."""
    rng = np.random.default_rng(8)
    first = np.repeat(np.arange(30), 4)
    second = np.where(np.arange(120) % 2, (first + rng.integers(1, 30, 120)) % 30, first)
    pairs, people = Pairs(first, second, first == second, np.arange(120) % 5), np.arange(30)
    good = np.where(pairs.same, 0.6, 0.2) + rng.normal(0, 0.15, 120)
    bad = good + rng.normal(0, 0.3, 120)
    one, other = (pair_outcomes(scores, pairs, people, fars=(0.1, 0.001)) for scores in (good, bad))
    found = changes_of(one, other, 60, 3)
    assert set(found) == {("accuracy", ""), ("tar", "1e-1"), ("eer", ""), ("auc", "")}  # 60 cannot show 0.001
    assert one.folds is not None
    assert other.folds is not None
    accuracy = found["accuracy", ""]
    assert accuracy.difference == pytest.approx(one.folds.accuracy - other.folds.accuracy)
    assert accuracy.ci95[0] < accuracy.difference < accuracy.ci95[1]
    assert accuracy.mcnemar is not None
    assert tuple(accuracy.mcnemar.model_dump().values()) == mcnemar(one.folds.correct, other.folds.correct)
    slow: dict[str, list[float]] = {"tar": [], "eer": [], "auc": []}
    (weights,) = pairs.clusters(people).weights(60, seed=3)
    for row in weights.astype(np.int64):
        kinds = np.repeat(pairs.same, row)
        both = [np.repeat(scores, row) for scores in (good, bad)]
        slow["tar"].append(tar_at_far(both[0], kinds, 0.1).tar - tar_at_far(both[1], kinds, 0.1).tar)
        curves = [SortedScores.of(scores, kinds) for scores in both]
        slow["eer"].append(curves[0].eer()[0] - curves[1].eer()[0])
        slow["auc"].append(curves[0].auc() - curves[1].auc())
    for (measure, _), change in found.items():
        if measure in slow:
            assert change.ci95 == pytest.approx(percentiles(np.array(slow[measure])).ends, abs=1e-12)
            assert change.mcnemar is None
    tar = [tar_at_far(scores, pairs.same, 0.1).tar for scores in (good, bad)]
    assert found["tar", "1e-1"].difference == pytest.approx(tar[0] - tar[1])
    assert found["eer", ""].difference < 0 < found["auc", ""].difference


def embedded(people: int = 12, seed: int = 0, spread: float = 1.0) -> np.ndarray:
    """Rows of two pictures of everybody."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(rng.normal(size=(people, 8)), 2, axis=0) + spread * rng.normal(size=(2 * people, 8))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def compared(
    pairs: Pairs,
    people: People,
    rows: np.ndarray,
    *,
    other: np.ndarray | None = None,
    failed: tuple[int, ...] = (),
) -> PairOutcomes:
    first = embedded_of(rows, failed=failed)
    second = first if other is None else embedded_of(other)
    listed = PairList.of(pairs, items_of(people))
    return compare_pairs(pairs, listed, first, second, Asked(fars=(0.25, 0.01)))


def test_scores_are_cosines_of_the_two_sides() -> None:
    _, pairs, people = made(12)
    low, high = embedded(), embedded(seed=1)
    for other in (None, high):
        found = compared(pairs, people, low, other=other)
        right = (low if other is None else high).astype(float)
        expected = [low[a].astype(float) @ right[b] for a, b in zip(pairs.first, pairs.second, strict=True)]
        assert found.scores.dtype == np.float64
        np.testing.assert_allclose(found.scores, expected, atol=1e-12)
        assert found.counts == {"failed": 0}
        assert set(found.thresholds) == {"2.5e-1"}  # twelve impostors cannot show 0.01


def test_pairs_that_failed_are_rejected_and_counted() -> None:
    _, pairs, people = made(12)
    found = compared(pairs, people, embedded(), failed=(3, 8))
    lost = np.isin(pairs.first, (3, 8)) | np.isin(pairs.second, (3, 8))
    assert found.counts == {"failed": lost.sum()}
    assert (found.scores[lost] == NO_SCORE).all()
    assert (found.scores[~lost] > NO_SCORE).all()
    histogram = found.histogram()
    assert histogram is not None
    assert sum(histogram.mated) + sum(histogram.nonmated) == (~lost).sum()
    worst = worst_pairs(found)
    assert worst is not None
    assert all(one.score > NO_SCORE for one in (*worst.mated, *worst.nonmated))


def test_what_cannot_be_measured_is_refused() -> None:
    scores, pairs, people = made()
    with pytest.raises(InputError, match="not a finite number"):
        pair_outcomes(scores * np.nan, pairs, people)
    with pytest.raises(InputError, match="needs pairs of one person and pairs of two"):
        pair_outcomes(scores[pairs.same], pairs.only(pairs.same), people)
    _, few, whose = made(12)
    with pytest.raises(InputError, match="not a finite number"):
        compared(few, whose, embedded() * np.float32(np.nan))


def test_the_worst_pairs_are_the_first_of_the_list_among_equals() -> None:
    scores, pairs, people = made()
    outcomes = pair_outcomes(np.round(scores, 1), pairs, people)
    worst = worst_pairs(outcomes)
    assert worst is not None
    assert [len(kind) for kind in (worst.mated, worst.nonmated)] == [6, 6]
    for kind, same, sign in ((worst.mated, True, 1), (worst.nonmated, False, -1)):
        order = sorted(np.flatnonzero(pairs.same == same), key=lambda n: (sign * outcomes.scores[n], n))
        names = [(f"{pairs.first[n]}.png", f"{pairs.second[n]}.png") for n in order[:6]]
        assert [(one.first, one.second) for one in kind] == names
        for one, n in zip(kind, order, strict=False):
            assert outcomes.folds is not None
            assert pairs.folds is not None
            assert one.threshold == outcomes.folds.thresholds[int(pairs.folds[n])]
            assert one.wrong != outcomes.folds.correct[n]


def test_of_many_pairs_thresholds_are_held_and_those_of_one_person_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, pairs, people = made(12)
    rows, whole = embedded(), compared(pairs, people, embedded())
    monkeypatch.setattr(module, "WHOLE", 12)
    found = compared(pairs, people, rows, failed=(4,))
    plain = pair_scores(rows, pairs.first, pairs.second)
    plain[(pairs.first == 4) | (pairs.second == 4)] = NO_SCORE
    assert not found.listed.whole
    assert found.listed.pairs.same.tolist() == [True] * 12
    assert found.scores.dtype == np.float32
    assert np.array_equal(found.scores, plain[pairs.same])
    cell = cell_of(found, 50)
    by = {(one.measure, one.at): one for one in cell.figures}
    point = tar_at_far(plain, pairs.same, 0.25)
    tar = by["tar", "2.5e-1"]
    assert (tar.value, tar.threshold) == (point.tar, point.threshold)
    clusters = pairs.only(pairs.same).clusters(people)
    passed = found.scores >= np.float32(point.threshold)
    assert tar.ci95 == mean_interval(passed, clusters, replicates=50).ends
    assert by["tar", "1e-2"].value is None
    assert found.ordered is not None
    assert (by["auc", ""].value, by["eer", ""].value) == (found.ordered.auc(), found.ordered.eer()[0])
    for measure in ("eer", "auc"):
        assert by[measure, ""].ci95 is None
        assert by[measure, ""].reason.startswith("thresholds are held with more than")
    # accuracy takes both kinds of pairs, and one kind has none
    accuracy = by["accuracy", ""]
    assert (accuracy.value, accuracy.ci95) == (None, None)
    assert accuracy.reason.startswith("accuracy needs both kinds of pairs")
    assert cell.curve is not None
    assert len(cell.curve.x) == len(cell.curve.ci95) == len(cell.curve.threshold) > 1
    assert cell.histogram is not None
    assert sum(cell.histogram.nonmated) > 0
    assert worst_pairs(found) is None
    assert worst_pairs(whole) is not None
    # what a difference and the file need is left
    kept = found.kept()
    assert kept.ordered is None
    assert (kept.curve(), kept.histogram()) == ([], None)
    change = changes_of(kept, kept)
    assert set(change) == {("tar", "2.5e-1")}
    reasons = {one.measure: one.reason for one in kept.wanted() if one.statistic is None}
    assert set(reasons) == {"accuracy", "tar", "eer", "auc"}
    assert whole.kept() is whole


def test_pairs_of_one_person_that_are_too_many_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    _, pairs, people = made(12)
    monkeypatch.setattr(module, "WHOLE", 11)
    assert compared(pairs, people, embedded()).shared() == {}


@pytest.mark.parametrize("most", [1000, 12])
def test_what_is_kept_is_read_again(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pairs, people = made(12)
    monkeypatch.setattr(module, "WHOLE", most)
    found = compared(pairs, people, embedded()).kept()
    asked = Asked(fars=(0.25, 0.01))
    back = PairOutcomes.read(found.shared(), found.own(), asked)
    assert cell_of(back).figures == cell_of(found).figures
    assert (back.listed.names, back.listed.whole) == (found.listed.names, most == 1000)
    for outcomes, other in ((found, back), (back, found)):
        assert all(change.difference == 0 for change in changes_of(outcomes, other).values())
    assert all(array.dtype.kind in "uibf" for array in (*found.shared().values(), *found.own().values()))
    quality = np.linspace(0, 1, len(people))
    rated = pair_outcomes(np.array(made(12)[0]), pairs, people, quality=quality)
    if most == 1000:
        again = PairOutcomes.read(rated.shared(), rated.own(), Asked())
        assert cell_of(again).figures == cell_of(rated).figures


def arrays() -> tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]]:
    """As tables of LFW kept them, without what is of rates."""
    names = names_array(("Bo/1.jpg", "Bo/2.jpg", "Äl, b/3.png"))
    lists = {"first": [0, 0], "second": [1, 2], "folds": [0, 1], "people": [0, 0, 1]}
    shared = {key: np.array(value, dtype=np.int32) for key, value in lists.items()}
    return {**shared, "pictures": names, "same": np.array([True, False])}, {"scores": np.array([0.5, 0.1])}


def test_arrays_of_earlier_tables_are_read() -> None:
    found = PairOutcomes.read(*arrays(), Asked(fars=(0.5,)))
    assert found.listed.names == ("Bo/1.jpg", "Bo/2.jpg", "Äl, b/3.png")
    assert (found.listed.whole, found.fars, found.thresholds) == (True, (0.5,), {})
    assert found.listed.clusters.first.tolist() == [0, 0]
    assert found.listed.clusters.second.tolist() == [0, 1]


def test_arrays_that_do_not_fit_are_refused() -> None:
    shared, own = arrays()
    for key in shared:
        with pytest.raises(InputError, match=f"lack the array '{key}'"):
            PairOutcomes.read({name: one for name, one in shared.items() if name != key}, own, Asked())
    with pytest.raises(InputError, match="lack the array 'scores'"):
        PairOutcomes.read(shared, {}, Asked())
    for change in (
        {"scores": own["scores"][:1]},
        {"scores": own["scores"][None]},
        {"first": np.array([0, 3], dtype=np.int32)},
        {"second": np.array([-1, 2], dtype=np.int32)},
        {"people": np.zeros(2, dtype=np.int32)},
        {"fars": np.array([0.1])},
        {key: one[:0] for key, one in {**shared, **own}.items() if key not in ("pictures", "people")},
    ):
        both = {**shared, **own, **change}
        with pytest.raises(InputError, match="do not fit one another"):
            PairOutcomes.read(
                {key: both[key] for key in shared},
                {key: one for key, one in both.items() if key not in shared},
                Asked(),
            )
