"""Holding out faces without labels.

By connected components of teacher similarity and not face by face, since near-duplicates exist.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError

_ROWS = 1024


def components(embeddings: NDArray[np.float32], similarity: float) -> NDArray[np.int64]:
    """Connected components of the graph that joins faces with a cosine of at least `similarity`.

    Args:
        embeddings: (N, D) unit vectors.
        similarity: of an edge.

    Returns:
        (N,) the smallest index of each face's component.
    """
    parent = np.arange(len(embeddings))

    def root(n: int) -> int:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = int(parent[n])
        return n

    for start in range(0, len(embeddings), _ROWS):
        block = embeddings[start : start + _ROWS] @ embeddings[start:].T
        for row, column in np.argwhere(block >= similarity):
            a, b = root(start + int(row)), root(start + int(column))
            if a != b:
                parent[max(a, b)] = min(a, b)
    return np.array([root(n) for n in range(len(embeddings))], dtype=np.int64)


def hold_out(
    component: NDArray[np.int64], share: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split faces so that no component lies on both sides.

    Components are taken in random order until the share is reached; one larger than what is still wanted is
    passed over, so that a giant component (everybody who resembles somebody) stays with the training faces.

    Args:
        component: (N,) from `components`.
        share: of the faces to hold out, 0 to below 1.
        rng: the order.

    Returns:
        (indices to train on, indices held out), both sorted.

    Raises:
        ConfigError: no face is left to train on.
    """
    wanted = round(share * len(component))
    names, sizes = np.unique(component, return_counts=True)
    taken: list[int] = []
    for n in rng.permutation(len(names)):
        if sizes[n] <= wanted:
            taken.append(int(names[n]))
            wanted -= int(sizes[n])
        if wanted == 0:
            break
    out = np.isin(component, taken)
    if out.all():
        raise ConfigError("data.holdout leaves no face to train on", fix="lower it")
    return np.flatnonzero(~out), np.flatnonzero(out)
