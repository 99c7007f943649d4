"""A person's template: the mean of the embeddings of several photos, the better ones counting more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weight(quality: float | None) -> float:
    """How much a photo counts: its quality.

    Args:
        quality: 0 to 1; None, when nobody said, counts as 1.
    """
    # Not 0, so that a person whose photos are all worth nothing still has a template.
    return max(1e-3, 1.0 if quality is None else quality)


def fuse(
    embeddings: NDArray[np.float32], starts: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The weighted mean of each person's rows, brought back to unit length.

    Args:
        embeddings: (M, D), the rows of one person next to one another.
        starts: (P,) first row of each person, ascending; nobody is without rows.
        weights: (M,) above 0.

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
