"""Detection rate, rank-1 and TPIR at FPIR of `photos.py`, over seeds and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.statistics.bootstrap import Clusters, Interval, exact, percentiles
from fewpix.evaluate.statistics.replicates import replicate_curves
from fewpix.evaluate.statistics.scores import SortedScores
from fewpix.evaluate.tasks.blockwise import Searched, search
from fewpix.evaluate.tasks.search import open_scores, with_failures

FPIR = 0.1
MEASURES = ("detection", "rank1", "tpir")


@dataclass(frozen=True, eq=False)
class Side:
    """Embeddings of photographs, one row each, with those that were missed.

    Args:
        rows: (N, D).
        found: (N,).
        people: (N,) whose they are.
        matched: (N,) of probes: the side in pixels of the gallery's shrunk rows that each is compared with,
            too; 0 for sharp rows alone. None where nobody is.
        shrunk: of a gallery: (N, D) rows by such a side, mixed with the sharp ones.
    """

    rows: NDArray[np.float32]
    found: NDArray[np.bool_]
    people: NDArray[np.str_]
    matched: NDArray[np.int64] | None = None
    shrunk: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)


def searched(probes: Side, gallery: Side, enrolled: NDArray[np.str_]) -> Searched:
    """Search all probes in the part of the gallery that is enrolled; who was missed counts against the arm.

    A mated probe that was missed, or whose person's own photograph was, is an error; a stranger that was
    missed raises no alarm and is still one of the strangers.

    Args:
        probes: of all people.
        gallery: one photograph of each person.
        enrolled: the people who are in the gallery; the others are strangers.
    """
    listed = np.isin(gallery.people, enrolled)
    there = listed & gallery.found
    if not probes.found.any() or not there.any():
        count = int(probes.found.sum())
        none = np.full(count, np.nan, dtype=np.float32)
        low = np.full(count, -2.0, dtype=np.float32)
        places = np.zeros(count, dtype=np.int64)
        part = Searched(0, np.zeros(count, dtype=np.bool_), none, low, low, places, places, None)
    else:
        part = _by_size(probes, gallery, there)
    return with_failures(part, probes.people, probes.found, gallery.people[listed])


def _by_size(probes: Side, gallery: Side, there: NDArray[np.bool_]) -> Searched:
    """Search the probes that were found, each among the rows of its size."""
    found = np.flatnonzero(probes.found)
    sizes = np.zeros(len(found), dtype=np.int64) if probes.matched is None else probes.matched[found]
    parts, order = [], []
    for size in np.unique(sizes):
        members = found[sizes == size]
        rows = gallery.shrunk[int(size)] if size else gallery.rows
        parts.append(search(probes.rows[members], probes.people[members], rows[there], gallery.people[there]))
        order.append(np.flatnonzero(sizes == size))
    back = np.argsort(np.concatenate(order))
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])[back]
        for name in ("mated", "own", "best", "other", "ranks", "row_ranks")
    }
    return Searched(people=parts[0].people, precisions=None, **joined)


@dataclass(frozen=True, eq=False)
class Measured:
    """One arm at one size.

    Args:
        values: by measure, 0 to 1; means over the seeds.
        by_seed: by measure, (S,) of each seed.
        replicates: by measure, (R,) of the bootstrap over people and seeds.
        people: how many people the photographs are of.
    """

    values: Mapping[str, float]
    by_seed: Mapping[str, tuple[float, ...]]
    replicates: Mapping[str, NDArray[np.float64]]
    people: int

    def interval(self, measure: str) -> Interval:
        """Of a measure; where resampling says nothing, `exact` is used."""
        drawn = self.replicates[measure]
        if drawn[0] in (0.0, 1.0) and (drawn == drawn[0]).all():
            return exact(bool(drawn[0]), self.people)
        return percentiles(drawn)

    def minus(self, other: Measured, measure: str) -> tuple[float, Interval]:
        """The difference, with its interval: in every replicate both are of the same people and seeds."""
        drawn = self.replicates[measure] - other.replicates[measure]
        return self.values[measure] - other.values[measure], percentiles(drawn)

    def to_json(self) -> dict[str, Any]:
        """Every measure with its interval and each seed's value."""
        out: dict[str, Any] = {}
        for measure in MEASURES:
            out[measure] = self.values[measure]
            out[f"{measure}_ci95"] = self.interval(measure).to_json()
            if measure in self.by_seed:
                out[f"{measure}_by_seed"] = list(self.by_seed[measure])
        return out


@dataclass(frozen=True, eq=False)
class Trial:
    """The searches under one seed.

    Args:
        mated: (N,) whether the person is enrolled.
        right: (N,) whether the right person comes first.
        scores: (N,) of the best candidate; −2 for a mated search whose best candidate is another.
    """

    mated: NDArray[np.bool_]
    right: NDArray[np.bool_]
    scores: NDArray[np.floating]


def measure(
    probes: Side, gallery: Side, splits: Sequence[NDArray[np.str_]], *, replicates: int, seed: int
) -> Measured:
    """The figures of an arm at a size.

    Args:
        probes: of all people.
        gallery: one photograph of each.
        splits: the enrolled people under each seed.
        replicates: of the bootstrap.
        seed: of its draws.
    """
    trials = []
    for enrolled in splits:
        found = searched(probes, gallery, enrolled)
        trials.append(Trial(found.mated, found.ranks == 1, open_scores(found, 1)))
    return over_trials(trials, probes.people, probes.found, replicates=replicates, seed=seed)


def over_trials(
    trials: Sequence[Trial],
    people: NDArray[np.str_],
    found: NDArray[np.bool_],
    *,
    replicates: int,
    seed: int,
) -> Measured:
    """The figures of the same N probes under several seeds.

    In a replicate people are drawn with replacement, with all of their probes, and seeds likewise; the
    thresholds are set anew. Equal people and seed give equal draws, so that arms are comparable.

    Args:
        trials: one of each seed.
        people: (N,) of the probes.
        found: (N,) whether their face was found.
        replicates: of the bootstrap.
        seed: of its draws.
    """
    clusters = Clusters.of(people)
    weights = np.concatenate(list(clusters.weights(replicates, seed)))
    counts = np.random.default_rng(seed).multinomial(
        len(trials), np.full(len(trials), 1 / len(trials)), size=replicates
    )
    by_seed: dict[str, list[float]] = {"rank1": [], "tpir": []}
    drawn: dict[str, list[NDArray[np.float64]]] = {"rank1": [], "tpir": []}
    for each in trials:
        mated, right, scores = each.mated, each.right, each.scores
        by_seed["rank1"].append(float(right[mated].mean()))
        ordered = SortedScores.of(scores, mated)
        by_seed["tpir"].append(ordered.tar(ordered.threshold_at(FPIR)))
        drawn["rank1"].append(_share(weights[:, mated], right[mated]))
        curves = replicate_curves(scores, mated, (FPIR,), clusters, replicates=replicates, seed=seed)
        drawn["tpir"].append(curves.tar[:, 0])
    over = {name: _over_seeds(np.stack(parts, axis=1), counts) for name, parts in drawn.items()}
    values = {name: float(np.mean(parts)) for name, parts in by_seed.items()}
    return Measured(
        values | {"detection": float(found.mean())},
        {name: tuple(parts) for name, parts in by_seed.items()},
        over | {"detection": _share(weights, found)},
        clusters.people,
    )


def _share(weights: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(R,) the weighted share; NaN where a replicate drew nobody."""
    total = weights.sum(axis=1)
    return np.asarray(np.divide(weights @ right, total, out=np.full(len(total), np.nan), where=total > 0))


def _over_seeds(values: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(R,) means of (R, S), each seed as often as it was drawn, without those that drew nobody."""
    weights = np.where(np.isnan(values), 0, counts)
    total = weights.sum(axis=1)
    sums = (weights * np.nan_to_num(values)).sum(axis=1)
    return np.asarray(np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0))
