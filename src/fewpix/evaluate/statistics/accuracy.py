"""Accuracy on scores: which threshold is best, and how often it is right, over folds.

A pair of faces is called the same person when its score is at or above the threshold. Scores are cosine
similarities as a rule, but nothing here depends on their scale. No image, model or file is seen here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

Scores = NDArray[np.float64]
Same = NDArray[np.bool_]


def checked(scores: NDArray[np.floating], same: NDArray[np.bool_]) -> tuple[Scores, Same]:
    """Scores as float64 (P,) and labels as bool (P,).

    Raises:
        InputError: no pairs, different lengths, or a score that is not finite.
    """
    values, labels = np.asarray(scores, dtype=np.float64), np.asarray(same, dtype=np.bool_)
    if values.ndim != 1 or values.shape != labels.shape or values.size == 0:
        raise InputError(
            f"scores and labels must be two lists of one length, not {values.shape} and {labels.shape}"
        )
    if not np.isfinite(values).all():
        raise InputError("a score is not a finite number", fix="check the embeddings")
    return values, labels


def best_threshold(scores: NDArray[np.floating], same: NDArray[np.bool_]) -> float:
    """The threshold with the most right answers on these pairs.

    Every partition that a threshold can make is tried: below the lowest score (accept all), half-way between
    each two neighbouring distinct scores, and above the highest (reject all). Where several are equally
    good, the middle one of them is taken, the lower middle of an even number: on unseen pairs an end of a
    plateau is the worst place to stand.

    Args:
        scores: (P,), finite.
        same: (P,), whether the pair shows one person.

    Returns:
        A finite threshold; a pair is accepted when score ≥ threshold.

    Raises:
        InputError: see `checked`.
    """
    scores, same = checked(scores, same)
    levels, where = np.unique(scores, return_inverse=True)
    genuine = np.bincount(where, weights=same, minlength=len(levels))
    impostor = np.bincount(where, weights=~same, minlength=len(levels))
    # right[k]: the k lowest distinct scores are rejected, the others accepted
    right = np.concatenate(([0.0], np.cumsum(impostor))) + (
        genuine.sum() - np.concatenate(([0.0], np.cumsum(genuine)))
    )
    best = np.flatnonzero(right == right.max())
    k = int(best[(len(best) - 1) // 2])
    if k == 0:
        return float(levels[0])
    if k == len(levels):
        return float(np.nextafter(levels[-1], np.inf))
    middle = levels[k - 1] + (levels[k] - levels[k - 1]) / 2
    return float(middle if middle > levels[k - 1] else levels[k])


@dataclass(frozen=True, eq=False)
class FoldAccuracy:
    """Accuracy by cross-validation over folds.

    Args:
        accuracy: mean over the folds, 0 to 1.
        per_fold: accuracy of each fold under the threshold of the others.
        thresholds: that threshold.
        correct: (P,), whether each pair was answered rightly.
    """

    accuracy: float
    per_fold: tuple[float, ...]
    thresholds: tuple[float, ...]
    correct: NDArray[np.bool_]


def fold_accuracy(
    scores: NDArray[np.floating], same: NDArray[np.bool_], folds: NDArray[np.integer]
) -> FoldAccuracy:
    """Accuracy of each fold under the best threshold of all the other folds, averaged over the folds.

    This is LFW's View 2 (Huang et al. 2007), with `best_threshold` in place of a grid of thresholds.

    Args:
        scores: (P,).
        same: (P,).
        folds: (P,), the fold of each pair; any whole numbers.

    Raises:
        InputError: fewer than two folds, or see `checked`.
    """
    scores, same = checked(scores, same)
    names = np.unique(folds)
    if len(names) < 2 or np.shape(folds) != scores.shape:
        raise InputError(
            f"accuracy by cross-validation needs at least two folds of pairs, not {len(names)}",
            fix="use a pairs.txt whose first line names several folds",
        )
    correct = np.zeros(len(scores), dtype=np.bool_)
    thresholds, per_fold = [], []
    for name in names:
        test = folds == name
        threshold = best_threshold(scores[~test], same[~test])
        correct[test] = (scores[test] >= threshold) == same[test]
        thresholds.append(threshold)
        per_fold.append(float(correct[test].mean()))
    return FoldAccuracy(float(np.mean(per_fold)), tuple(per_fold), tuple(thresholds), correct)
