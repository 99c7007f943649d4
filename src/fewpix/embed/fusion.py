"""Several embeddings become one: their weighted sum, brought back to unit length.

The photos of a person, the sights of a track, the pictures of a benchmark's template, a photo and the same
photo shrunk: the sum is one, and what differs are the weights. Embeddings are of unit length, as encoders
give them; row i counts

    1           in a mean
    q_i         by its quality
    q_i / n_i   by media, where n_i rows of its template share its medium

A mean over several encoders' embeddings is of none of them, and no rate was measured for it. So a person's
template and a track's are of one encoder under one state: the one whose rows count the most together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

CANCELLED = 1e-6
"""Share of the length that rows of one direction would have, below which rounding decides the direction."""

_BLOCK = (
    65_536  # numbers held at once, 512 kB as float64: in the processor's cache this is five times as fast
)

Maker = TypeVar("Maker", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Fused:
    """One embedding for each of T groups of rows.

    Args:
        embeddings: (T, D) float32 of unit length; where a group's rows cancel out, its first row.
        cancelled: (T,) bool, where they do.
    """

    embeddings: NDArray[np.float32]
    cancelled: NDArray[np.bool_]


def fuse(
    embeddings: NDArray[np.floating],
    starts: NDArray[np.integer],
    weights: NDArray[np.floating],
    order: NDArray[np.integer] | None = None,
    *,
    keep_single: bool = False,
) -> Fused:
    """The weighted mean of each group's rows, brought back to unit length.

    Sums are made in float64, in blocks of rows, by `np.add.reduceat`: nothing of the embeddings' size is
    copied, and a memory-mapped file will do.

    Args:
        embeddings: (N, D) of unit length.
        starts: (T,) first row of each group, ascending; a group goes on to the next one, none is empty.
        weights: (N,) 0 or more.
        order: (N,) rows in the order in which groups lie next to one another; None where they do.
        keep_single: leave a row that is alone in its group as it is, to the last bit.

    Raises:
        InputError: a value is not finite.
    """
    count, width = len(embeddings), embeddings.shape[1]
    fused = np.empty((len(starts), width), dtype=np.float32)
    cancelled = np.zeros(len(starts), dtype=np.bool_)
    for first, last in _blocks(starts, count, width):
        begin, end = int(starts[first]), int(starts[last]) if last < len(starts) else count
        rows: slice | NDArray[np.integer] = slice(begin, end) if order is None else order[begin:end]
        x = embeddings[rows].astype(np.float64)
        lengths = np.sqrt(np.einsum("ij,ij->i", x, x))
        if not np.isfinite(lengths).all():
            bad = np.arange(count)[rows][~np.isfinite(lengths)][0]
            raise InputError(f"embedding {bad} is not finite", fix="check the embeddings")
        here, heads = starts[first:last] - begin, x[starts[first:last] - begin]
        x *= weights[rows, None]
        sums, whole = np.add.reduceat(x, here, axis=0), np.add.reduceat(lengths * weights[rows], here)
        lengths = np.linalg.norm(sums, axis=1)
        none = lengths <= CANCELLED * whole
        stands = none | (keep_single & (np.diff(here, append=end - begin) == 1))
        fused[first:last] = np.where(
            stands[:, None], heads, sums / np.where(lengths == 0, 1.0, lengths)[:, None]
        )
        cancelled[first:last] = none
    return Fused(fused, cancelled)


def by_media(templates: NDArray[np.integer], media: NDArray[np.integer]) -> NDArray[np.float64]:
    """(N,) one over how many rows of its template share each row's medium, itself included.

    Args:
        templates: (N,) the template of each row.
        media: (N,) the medium, a video or a still picture.
    """
    order = np.lexsort((media, templates))
    t, m = templates[order], media[order]
    first = np.concatenate(([True], (t[1:] != t[:-1]) | (m[1:] != m[:-1])))
    group = np.cumsum(first) - 1
    shares = np.empty(len(order))
    shares[order] = 1 / np.bincount(group)[group]
    return shares


def by_quality(quality: float | None) -> float:
    """How much a photo counts in its person's template: its quality.

    Args:
        quality: 0 to 1; None, when nobody said, counts as 1.
    """
    # Not 0, so that a person whose photos are all worth nothing still has a template.
    return max(1e-3, 1.0 if quality is None else quality)


def independent(weights: NDArray[np.floating]) -> float:
    """How many rows of equal weight would leave as much noise in their mean: (Σ w)² / Σ w².

    Kish's effective size of a sample. Of rows whose noise is their own; where they share some, as sights of
    somebody who stands still do, there are fewer.

    Args:
        weights: (N,) 0 or more, not all 0.

    Returns:
        1 to N.
    """
    w = np.asarray(weights, dtype=np.float64)
    return float(w.sum() ** 2 / np.square(w).sum())


def heaviest(makers: Sequence[Maker], weights: Sequence[float]) -> Maker:
    """Whose embeddings count the most together; of equals, whose came first.

    Args:
        makers: of each embedding, such as its encoder and state; at least one.
        weights: of each.
    """
    worth: dict[Maker, float] = {}
    for maker, each in zip(makers, weights, strict=True):
        worth[maker] = worth.get(maker, 0.0) + each
    return max(worth, key=worth.__getitem__)


def _blocks(starts: NDArray[np.integer], count: int, width: int) -> Iterator[tuple[int, int]]:
    """Ranges of groups whose rows fit into a block together; a larger group has one of its own."""
    step = max(1, _BLOCK // max(width, 1))
    ends = np.append(starts[1:], count)
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(ends, starts[first] + step, side="right")))
        yield first, last
        first = last
