"""The cumulative match characteristic at a bounded number of ranks, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.bootstrap import REPLICATES, Clusters, Interval, mean_interval

RANKS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100)
"""Places that a curve has points for, as far as the gallery goes."""


@dataclass(frozen=True)
class Cmc:
    """Shares of mated searches with the right answer among the first k.

    Args:
        share: by k.
        ci95: its interval, resampling the people of the probes.
    """

    share: dict[int, float]
    ci95: dict[int, Interval]

    def to_json(self) -> dict[str, Any]:
        """Lists of equal lengths."""
        return {
            "rank": list(self.share),
            "share": list(self.share.values()),
            "share_ci95": [ci95.to_json() for ci95 in self.ci95.values()],
        }


def cmc(
    places: NDArray[np.integer],
    clusters: Clusters,
    last: int,
    *,
    ranks: Sequence[int] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Cmc:
    """The curve of mated searches.

    Args:
        places: (M,) of the right answer, 1 the best.
        clusters: the people of the probes.
        last: the number of places in the gallery.
        ranks: the k; `RANKS`, as far as the gallery goes, when None.
        replicates: of the bootstrap.
        seed: of the bootstrap.
    """
    wanted = [k for k in RANKS if k <= max(last, 1)] if ranks is None else ranks
    return Cmc(
        {k: float((places <= k).mean()) for k in wanted},
        {k: mean_interval(places <= k, clusters, replicates=replicates, seed=seed) for k in wanted},
    )
