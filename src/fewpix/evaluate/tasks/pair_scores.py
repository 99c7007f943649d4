"""Cosines of many pairs of templates: two gathered blocks, one float32 dot product a row, block after block.

Blocks that stay in the processor's cache are several times as fast as large ones (D = 512, one core).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

_GATHERED = 131_072  # numbers of one gathered block, 512 kB
_CHUNK = 65_536  # pairs given at once


def iter_scores(
    templates: NDArray[np.floating], first: NDArray[np.integer], second: NDArray[np.integer]
) -> Iterator[NDArray[np.float32]]:
    """Cosines of pairs of templates, in their order, in chunks.

    A score does not depend on the chunk that it is in.

    Args:
        templates: (T, D), L2-normalised; used as float32.
        first: (P,) rows of `templates`.
        second: (P,) likewise.

    Raises:
        InputError: shapes do not match, a row is out of range, or an embedding is not finite.
    """
    rows = np.ascontiguousarray(templates, dtype=np.float32)
    if rows.ndim != 2 or first.ndim != 1 or first.shape != second.shape:
        raise InputError(f"pairs {first.shape} and {second.shape} do not fit templates {rows.shape}")
    if not np.isfinite(rows).all():
        raise InputError("an embedding is not finite", fix="check the embeddings")
    step = max(1, _GATHERED // max(rows.shape[1], 1))
    left, right = np.empty((2, step, rows.shape[1]), dtype=np.float32)
    for start in range(0, len(first), _CHUNK):
        a, b = np.asarray(first[start : start + _CHUNK]), np.asarray(second[start : start + _CHUNK])
        if min(a.min(), b.min()) < 0 or max(a.max(), b.max()) >= len(rows):
            raise InputError(f"a pair names a row that is not among the {len(rows)} templates")
        scores = np.empty(len(a), dtype=np.float32)
        for begin in range(0, len(a), step):
            part = slice(begin, begin + step)
            count = len(a[part])
            # clip: the range is checked, and the other modes copy once more
            np.take(rows, a[part], axis=0, out=left[:count], mode="clip")
            np.take(rows, b[part], axis=0, out=right[:count], mode="clip")
            np.vecdot(left[:count], right[:count], out=scores[part])
        yield scores


def pair_scores(
    templates: NDArray[np.floating], first: NDArray[np.integer], second: NDArray[np.integer]
) -> NDArray[np.float32]:
    """(P,) all scores of `iter_scores`, for uses that need them pair by pair, such as a bootstrap.

    Raises:
        InputError: see `iter_scores`.
    """
    scores = np.empty(len(first), dtype=np.float32)
    start = 0
    for part in iter_scores(templates, first, second):
        scores[start : start + len(part)] = part
        start += len(part)
    return scores
