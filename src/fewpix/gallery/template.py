"""A person's template: the mean of the embeddings of several photos, the better ones counting more.

A mean over several encoders' embeddings is of none of them, and no rate was measured for it. So a template is
of one encoder's photos under one state: those that count the most together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def weight(quality: float | None) -> float:
    """How much a photo counts: its quality.

    Args:
        quality: 0 to 1; None, when nobody said, counts as 1.
    """
    # Not 0, so that a person whose photos are all worth nothing still has a template.
    return max(1e-3, 1.0 if quality is None else quality)


def heaviest(makers: Sequence[tuple[str, str]], weights: Sequence[float]) -> tuple[str, str]:
    """Whose embeddings of one person count the most together; of equals, whose came first.

    Args:
        makers: encoder and state of each embedding, at least one, in the order of enrolment.
        weights: of each.
    """
    worth: dict[tuple[str, str], float] = {}
    for maker, each in zip(makers, weights, strict=True):
        worth[maker] = worth.get(maker, 0.0) + each
    return max(worth, key=worth.__getitem__)


def fuse(
    embeddings: NDArray[np.float32], starts: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The weighted mean of each person's rows, brought back to unit length.

    Args:
        embeddings: (M, D), the rows of one person next to one another.
        starts: (P,) first row of each person, ascending; nobody is without rows.
        weights: (M,) 0 for a row that does not count; above 0 for at least one of each person.

    Returns:
        (P, D) float32 of unit length. Where the rows cancel out, or there is only one, the first stands.
    """
    if not len(starts):
        return np.empty((0, embeddings.shape[1]), dtype=np.float32)
    weighted = embeddings.astype(np.float64) * weights[:, None]
    sums = np.add.reduceat(weighted, starts, axis=0)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    cancelled = lengths[:, 0] <= 1e-9
    sums[cancelled] = embeddings[starts[cancelled]]
    lengths[cancelled] = np.linalg.norm(sums[cancelled], axis=1, keepdims=True)
    fused = np.asarray(sums / lengths, dtype=np.float32)
    # One photo is its own template to the last bit, so that a face enrolled under two names stays a tie.
    alone = np.diff(starts, append=len(embeddings)) == 1
    fused[alone] = embeddings[starts[alone]]
    return fused
