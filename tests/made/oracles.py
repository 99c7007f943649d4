"""Short and plain implementations, which those that scale are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import assume
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.identification import person_scores
from fewpix.evaluate.statistics.accuracy import checked
from fewpix.evaluate.statistics.scores import allowed_accepts
from fewpix.evaluate.tasks.blockwise import TIE


@dataclass(frozen=True)
class OperatingPoint:
    """True accept rate where few impostors pass.

    Args:
        target: the false accept rate asked for.
        far: the one measured at the threshold, at most `target`.
        tar: share of the genuine pairs at or above the threshold.
        threshold: the smallest observed score that keeps `far` ≤ `target`.
        impostors: how many impostor pairs there were; below 1 / target of them, no false accept at all is
            allowed.
    """

    target: float
    far: float
    tar: float
    threshold: float
    impostors: int


def tar_at_far(scores: NDArray[np.floating], same: NDArray[np.bool_], target: float) -> OperatingPoint:
    """True accept rate at a false accept rate, without interpolation.

    FAR(t) = #(impostor ≥ t) / #impostor, TAR(t) = #(genuine ≥ t) / #genuine. t is the smallest observed
    score with FAR(t) ≤ target; where even the highest score is an impostor's too often, t lies just above it
    and TAR is 0.

    Args:
        scores: (P,).
        same: (P,), with pairs of both kinds.
        target: 0 to 1.

    Raises:
        InputError: one kind of pair is missing, `target` is out of range, or see `checked`.
    """
    scores, same = checked(scores, same)
    genuine, impostor = scores[same], np.sort(scores[~same])[::-1]
    if not 0 <= target <= 1:
        raise InputError(f"a false accept rate lies between 0 and 1, not {target}")
    if not len(genuine) or not len(impostor):
        raise InputError("TAR at FAR needs pairs of one person and pairs of two")
    allowed = allowed_accepts(target, len(impostor))
    if allowed == len(impostor):
        threshold = float(scores.min())
    else:
        above = scores[scores > impostor[allowed]]
        threshold = float(above.min() if len(above) else np.nextafter(scores.max(), np.inf))
    return OperatingPoint(
        target=target,
        far=float((impostor >= threshold).mean()),
        tar=float((genuine >= threshold).mean()),
        threshold=threshold,
        impostors=len(impostor),
    )


def unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows at length 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def without_near_ties(
    probes: NDArray[np.float64], names: list[int], gallery: NDArray[np.float64], rows: list[int]
) -> None:
    """Pass over scores that float32 cannot tell apart, though float64 can."""
    people, scores = person_scores(probes, gallery, np.array(rows))
    mated = np.isin(names, people)
    own = np.where(mated, scores[np.arange(len(names)), np.searchsorted(people, names) % len(people)], 9.0)
    others = np.where(people == np.array(names)[:, None], -9.0, scores)
    assume(np.abs(others - own[:, None]).min() > 2 * TIE)
    assume(np.diff(np.sort(np.where(mated, own, scores.max(axis=1)))).min() > 2 * TIE)
