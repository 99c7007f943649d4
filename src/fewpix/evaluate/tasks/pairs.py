"""Pairs: the cosine of every pair, accuracy over folds and by quality, TAR at FAR, EER and AUC.

Up to `WHOLE` pairs, every replicate of the bootstrap sets its own thresholds, and all scores are kept beside
the result. Of more, as IJB-B and IJB-C have, that would take hours: the people of the pairs of one person are
resampled, thresholds are held, and the scores of these pairs are kept, on which alone a true accept rate then
depends. A pair with an item that failed to enrol scores below every cosine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.benchmark import Asked, Items, Pairs
from fewpix.evaluate.embedding.embed import Embedded
from fewpix.evaluate.result.model import Histogram
from fewpix.evaluate.result.scores import Arrays, names_array, names_of
from fewpix.evaluate.statistics.accuracy import FoldAccuracy, fold_accuracy
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.evaluate.statistics.estimate import Estimate, Mean, OnCurve, Scored
from fewpix.evaluate.statistics.scores import SortedScores, allowed_accepts, far_key, too_few
from fewpix.evaluate.tasks.blockwise import pair_scores, parts
from fewpix.evaluate.tasks.outcomes import (
    NO_SCORE,
    Outcomes,
    Point,
    Wanted,
    histogram_of,
    needed,
    refuse_unfit,
)

WHOLE = 200_000
"""Pairs up to which every replicate of the bootstrap sets its own threshold."""

ANEW = "people resampled, thresholds set anew in every replicate; those of accuracy are held"
HELD = f"people of the pairs of one person resampled, thresholds held: more than {WHOLE:,} pairs"

ONE_FOLD = "the pairs are in one fold, and accuracy takes each fold's threshold from the others"
TOO_MANY = f"thresholds are held with more than {WHOLE:,} pairs"
NOT_KEPT = "the scores of pairs of two people are not kept"
NO_FOLDS = f"accuracy needs both kinds of pairs, and of more than {WHOLE:,} one kind is kept"

THIRDS = ("worst", "middle", "best")
_CHUNK = 65_536  # pairs compared at once


@dataclass(frozen=True, eq=False)
class PairList:
    """The pairs whose scores are kept, the same for every model.

    Args:
        pairs: all of the benchmark's, or those of one person where these are too many.
        people: (U,) int32 numbers of who each item shows.
        names: (U,) of the items.
        worse: (P,) quality of the worse item of each pair, NaN where unknown; None for a benchmark without.
        whole: whether these are all pairs.
    """

    pairs: Pairs
    people: NDArray[np.int32]
    names: tuple[str, ...]
    worse: NDArray[np.float64] | None
    whole: bool

    @classmethod
    def of(cls, pairs: Pairs, items: Items) -> PairList:
        """From a benchmark."""
        whole, worse = len(pairs) <= WHOLE, None
        kept = pairs if whole else pairs.only(np.flatnonzero(pairs.same))
        if items.quality is not None and items.single:
            worse = np.minimum(items.quality[kept.first], items.quality[kept.second])  # NaN wins
        people = np.unique(items.people, return_inverse=True)[1].astype(np.int32)
        return cls(kept, people, tuple(items.called), worse, whole)

    @property
    def resampled(self) -> str:
        """How intervals are made, in words."""
        return ANEW if self.whole else HELD

    @cached_property
    def clusters(self) -> Clusters:
        """The people of every pair."""
        return self.pairs.clusters(self.people)

    @cached_property
    def share(self) -> NDArray[np.float64] | None:
        """What each pair counts in accuracy: all folds count the same, whatever their size."""
        if self.pairs.folds is None:
            return None
        folds, number, size = np.unique(self.pairs.folds, return_inverse=True, return_counts=True)
        return np.asarray(1 / (len(folds) * size[number]), dtype=np.float64)

    @cached_property
    def thirds(self) -> tuple[tuple[str, NDArray[np.bool_], Clusters, NDArray[np.bool_]], ...]:
        """By quality: name, which pairs (P,), their people and which of them are of one person.

        Pairs of unknown quality are in none; equal qualities stay together, and a third that they leave empty
        is left out.
        """
        if self.worse is None or not np.isfinite(self.worse).any():
            return ()
        known = np.isfinite(self.worse)
        cuts = np.quantile(self.worse[known], (1 / 3, 2 / 3))
        number = np.where(known, np.searchsorted(cuts, self.worse), -1)
        return tuple(
            (name, part, self.clusters.only(part), self.pairs.same[part])
            for n, name in enumerate(THIRDS)
            if (part := number == n).any()
        )


@dataclass(frozen=True, eq=False)
class PairOutcomes(Outcomes):
    """The scores of one model.

    Args:
        listed: the pairs that are kept.
        scores: (P,) float64 or float32 of them.
        ordered: of all pairs of the benchmark; None where only those of one person are known.
        thresholds: by false accept rate, of those of `fars` that can be shown.
        fars: false accept rates that are asked for.
        failed: pairs with an item that failed to enrol.
    """

    OWN: ClassVar = ("scores", "fars", "thresholds")

    listed: PairList
    scores: NDArray[np.floating]
    ordered: SortedScores | None
    thresholds: Mapping[str, float]
    fars: tuple[float, ...]
    failed: int = 0

    @classmethod
    def of(
        cls, listed: PairList, same: NDArray[np.bool_], scores: NDArray[np.floating], asked: Asked
    ) -> PairOutcomes:
        """From the scores of all pairs of a benchmark.

        Args:
            listed: the pairs that are kept.
            same: (Q,) which of all pairs show one person.
            scores: (Q,) of all of them, `NO_SCORE` where an item failed to enrol.
            asked: the false accept rates to report.

        Raises:
            InputError: a score is not finite, or one kind of pair is missing.
        """
        ordered = SortedScores.of(scores, same)
        shown = [far for far in asked.fars if allowed_accepts(far, len(ordered.impostor))]
        return cls(
            listed,
            scores if listed.whole else scores[same],
            ordered,
            {far_key(far): ordered.threshold_at(far) for far in shown},
            asked.fars,
            int(np.count_nonzero(scores <= NO_SCORE)),
        )

    @property
    def counts(self) -> dict[str, int]:
        """Pairs that failed, which count as rejected."""
        return {"failed": self.failed}

    @cached_property
    def folds(self) -> FoldAccuracy | None:
        """Accuracy over the folds; None where there are none, or where not all pairs are kept."""
        pairs = self.listed.pairs
        if pairs.folds is None or not self.listed.whole:
            return None
        return fold_accuracy(self.scores, pairs.same, pairs.folds)

    @cached_property
    def _scored(self) -> Scored:
        """The curve, whose replicates set their own thresholds."""
        return Scored(self.scores, self.listed.pairs.same, self.listed.clusters, self.fars)

    def wanted(self) -> list[Wanted]:
        """Accuracy, on each third by quality too; TAR at each FAR; EER; AUC."""
        return [
            *self._accuracy(),
            *(self._tar(far) for far in self.fars),
            self._whole("eer"),
            self._whole("auc"),
        ]

    def _accuracy(self) -> list[Wanted]:
        listed, folds = self.listed, self.folds
        if folds is None:
            return [Wanted("accuracy", "", None, ONE_FOLD if listed.pairs.folds is None else NO_FOLDS)]
        mean = Mean(folds.correct, listed.clusters, listed.share, listed.pairs.same)
        detail = {"per_fold": folds.per_fold, "thresholds": folds.thresholds}
        found = [Wanted("accuracy", "", mean, detail=detail)]
        for name, part, clusters, same in listed.thirds:
            assert listed.worse is not None
            quality = listed.worse[part]
            about = {
                "quality": (float(quality.min()), float(quality.max())),
                "pairs": (len(same), int(same.sum())),
            }
            found.append(
                Wanted("accuracy", name, Mean(folds.correct[part], clusters, None, same), detail=about)
            )
        return found

    def _tar(self, far: float) -> Wanted:
        key = far_key(far)
        if self.ordered is not None and not allowed_accepts(far, len(self.ordered.impostor)):
            return Wanted("tar", key, None, too_few(len(self.ordered.impostor)))
        if self.ordered is None and key not in self.thresholds:
            return Wanted("tar", key, None, NOT_KEPT)
        return Wanted("tar", key, self._rate(far))

    def _rate(self, far: float) -> Mean | OnCurve:
        """TAR at a rate that can be shown."""
        if self.listed.whole:
            return OnCurve(self._scored, "rate", far)
        threshold = self.thresholds[far_key(far)] if self.ordered is None else self.ordered.threshold_at(far)
        passed = self.scores >= self.scores.dtype.type(threshold)
        return Mean(passed, self.listed.clusters, threshold=threshold)

    def _whole(self, take: str) -> Wanted:
        """EER or AUC."""
        if self.listed.whole:
            return Wanted(take, "", OnCurve(self._scored, "eer" if take == "eer" else "auc"))
        if self.ordered is None:
            return Wanted(take, "", None, NOT_KEPT)
        value, threshold = (self.ordered.auc(), None) if take == "auc" else self.ordered.eer()
        return Wanted(take, "", Estimate(value, None, threshold, TOO_MANY))

    def curve(self) -> list[Point]:
        """TAR over FAR."""
        if self.ordered is None:
            return []
        return [(far, self._rate(target)) for target, far in self.ordered.points()]

    def histogram(self) -> Histogram | None:
        """Of all pairs that did not fail."""
        if self.ordered is None:
            return None
        kinds = self.ordered.genuine, self.ordered.impostor
        return histogram_of(*(kind[kind > NO_SCORE] for kind in kinds))

    def judging(self) -> NDArray[np.float64]:
        """(P,) the threshold that judges each pair: its fold's, or that of the EER."""
        if self.folds is None:
            assert self.ordered is not None
            return np.full(len(self.scores), self.ordered.eer()[1])
        assert self.listed.pairs.folds is not None
        fold = np.unique(self.listed.pairs.folds, return_inverse=True)[1]
        return np.asarray(self.folds.thresholds, dtype=np.float64)[fold]

    def kept(self) -> PairOutcomes:
        """Where pairs are many, without the scores of those of two people."""
        return self if self.listed.whole else replace(self, ordered=None)

    def shared(self) -> Arrays:
        """The pairs; nothing where even those of one person are too many to be kept."""
        listed, pairs = self.listed, self.listed.pairs
        if len(pairs) > WHOLE:
            return {}
        found: dict[str, NDArray[np.generic]] = {
            "pictures": names_array(listed.names),
            "people": listed.people,
            "first": pairs.first.astype(np.int32),
            "second": pairs.second.astype(np.int32),
            "same": pairs.same,
            "whole": np.array(listed.whole),
            "folds": np.zeros(len(pairs), np.int32) if pairs.folds is None else pairs.folds.astype(np.int32),
        }
        return found if listed.worse is None else {**found, "worse": listed.worse}

    def own(self) -> Arrays:
        """The scores, and the thresholds at the rates asked for."""
        return {
            "scores": self.scores,
            "fars": np.array([float(far) for far in self.thresholds], dtype=np.float64),
            "thresholds": np.array(list(self.thresholds.values()), dtype=np.float64),
        }

    @classmethod
    def read(cls, shared: Arrays, own: Arrays, asked: Asked) -> PairOutcomes:
        """What `shared` and `own` gave, to be asked for other figures.

        The arrays of tables of LFW lack `whole` and what is of rates.

        Raises:
            InputError: an array is missing, or they do not fit one another.
        """
        pictures, people, first, second, same, folds = needed(
            shared, "pictures", "people", "first", "second", "same", "folds"
        )
        (scores,) = needed(own, "scores")
        names = names_of(pictures)
        ends = (first, second)
        inside = all(int(end.min(initial=0)) >= 0 and int(end.max(initial=0)) < len(names) for end in ends)
        shapes = {one.shape for one in (first, second, same, folds, scores)}
        fars, thresholds = own.get("fars", np.zeros(0)), own.get("thresholds", np.zeros(0))
        refuse_unfit(
            len(shapes) == 1
            and scores.ndim == 1
            and bool(len(scores))
            and people.shape == (len(names),)
            and inside
            and fars.shape == thresholds.shape
        )
        several = len(np.unique(folds)) > 1
        pairs = Pairs(
            first.astype(np.int64),
            second.astype(np.int64),
            same.astype(np.bool_),
            folds.astype(np.int64) if several else None,
        )
        whole = bool(shared.get("whole", np.array(True)))
        worse = shared.get("worse")
        listed = PairList(
            pairs, people.astype(np.int32), names, None if worse is None else worse.astype(np.float64), whole
        )
        values: NDArray[np.floating] = scores.astype(np.float64) if whole else scores.astype(np.float32)
        at = {
            far_key(float(far)): float(threshold)
            for far, threshold in zip(fars.tolist(), thresholds.tolist(), strict=True)
        }
        ordered = SortedScores.of(values, pairs.same) if whole else None
        return cls(listed, values, ordered, at, asked.fars)


def compare_pairs(
    pairs: Pairs, listed: PairList, first: Embedded, second: Embedded, asked: Asked
) -> PairOutcomes:
    """The outcomes of one model.

    Args:
        pairs: all of the benchmark's.
        listed: what is kept of them.
        first: the items as whoever sees the first of a pair embedded them.
        second: likewise.
        asked: the false accept rates to report.

    Raises:
        InputError: an embedding is not finite, or one kind of pair is missing.
    """
    failed = ~(first.enrolled[pairs.first] & second.enrolled[pairs.second])
    if listed.whole:
        scores: NDArray[np.floating] = cosines(first.rows, second.rows, pairs)
    else:
        rows, shift = first.rows, 0
        if second is not first:
            rows, shift = np.concatenate((first.rows, second.rows)), len(first.rows)
        scores = np.empty(len(pairs), dtype=np.float32)
        for part in parts(len(pairs), 1 << 20):
            scores[part] = pair_scores(rows, pairs.first[part], pairs.second[part] + shift)
    scores[failed] = NO_SCORE
    return PairOutcomes.of(listed, pairs.same, scores, asked)


def cosines(left: NDArray[np.float32], right: NDArray[np.float32], pairs: Pairs) -> NDArray[np.float64]:
    """Cosine of every pair, (P,), in float64.

    Args:
        left: (U, D) unit rows of the items as whoever sees the first of a pair embedded them.
        right: (U, D) likewise; rows of items that no pair names are not looked at, in neither.
        pairs: which are compared.
    """
    found = np.empty(len(pairs), dtype=np.float64)
    for part in parts(len(pairs), _CHUNK):
        a, b = left[pairs.first[part]].astype(np.float64), right[pairs.second[part]].astype(np.float64)
        found[part] = (a * b).sum(axis=1)
    return found
