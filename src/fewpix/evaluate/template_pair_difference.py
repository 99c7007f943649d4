"""Two models on the same pairs of templates: how far each figure differs, and whether by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fewpix.errors import InputError
from fewpix.evaluate.pair_difference import Change, RateChanges, answers_change, rate_changes
from fewpix.evaluate.statistics.bootstrap import REPLICATES
from fewpix.evaluate.statistics.replicates import Both
from fewpix.evaluate.statistics.scores import far_key
from fewpix.evaluate.template_pair_record import TemplatePairRecord

Row = tuple[TemplatePairRecord, int]
"""A record, and the place of one model's scores in it."""


def template_pair_difference(
    first: Row,
    second: Row,
    *,
    fars: Sequence[float],
    drawn: Both | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> RateChanges:
    """Compare two models' scores of the same pairs.

    Where all pairs are there, people are resampled and every replicate sets both thresholds anew. Where only
    those of one person are, the people of these are resampled and both thresholds are held, as in the
    figures themselves; EER and AUC have no difference then.

    Args:
        first: of one model.
        second: of the other, of the same pairs.
        fars: false accept rates of both; those that the pairs cannot show are left out.
        drawn: the replicates of both, drawn alike, whose targets hold `fars`; they are drawn when None.
        replicates: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        InputError: the records are of different pairs, or there are too few people for an interval.
    """
    (one, a), (other, b) = first, second
    if not one.alike(other):
        raise InputError("the scores are of different pairs of templates")
    if not one.whole:
        return RateChanges(_held(first, second, fars, replicates, seed), None, None)
    return rate_changes(
        (one.scores[a], other.scores[b]),
        one.same,
        one.clusters,
        fars=fars,
        drawn=drawn,
        replicates=replicates,
        seed=seed,
    )


def _held(first: Row, second: Row, fars: Sequence[float], replicates: int, seed: int) -> dict[str, Change]:
    """Changes of TAR with both thresholds held."""
    tars = {}
    for far in fars:
        thresholds = [record.threshold(cell, far) for record, cell in (first, second)]
        if thresholds[0] is None or thresholds[1] is None:
            continue
        one, other = (
            record.scores[cell] >= np.float32(threshold)
            for (record, cell), threshold in zip((first, second), thresholds, strict=True)
        )
        tars[far_key(far)] = answers_change(one, other, first[0].clusters, replicates=replicates, seed=seed)
    return tars
