"""Scores of millions of comparisons, made in blocks.

`search` is for 180,000 probes in a gallery of 160,000 rows: a block of probes is compared with the whole
gallery in float32, what counts is taken from it, and the block is forgotten. `iter_scores` is for many pairs:
two gathered blocks, one float32 dot product a row; blocks that stay in the processor's cache are several
times as fast as large ones (D = 512, one core).

A product of the same two vectors can differ in its last bits by where they lie in a matrix, so scores that
differ by less than `TIE` count as equal, and a tie counts against the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

TIE = 5e-7
"""Cosines nearer than this are equal; float32 products of one pair were seen 1.2e-7 apart."""
MEMORY = 256 * 2**20
"""Bytes for scores of one block."""

_GATHERED = 131_072  # numbers of one gathered block, 512 kB
_CHUNK = 65_536  # pairs given at once

Labels = Sequence[object] | NDArray[np.generic]
Advance = Callable[[int, int], object]
"""Called with the number of probes done and of all."""


@dataclass(frozen=True, eq=False)
class Searched:
    """What a search says of each of N probes; one whose person is in the gallery is mated.

    Args:
        people: number of people in the gallery.
        mated: (N,) bool.
        own: (N,) float32 the score of a mated probe's own person, that of their best row; NaN for others.
        best: (N,) float32 the score of the best person, whoever it is.
        other: (N,) float32 the score of the best person that is not the probe's own; minus infinity where the
            gallery has nobody else.
        ranks: (N,) int64 the place of the own person among people, 1 the best; 0 for others.
        row_ranks: (N,) int64 the place of the own person's best row among all rows; 0 for others.
        precisions: (N,) float64 average precision over the own person's rows, NaN for others; None if not
            asked for.
    """

    people: int
    mated: NDArray[np.bool_]
    own: NDArray[np.float32]
    best: NDArray[np.float32]
    other: NDArray[np.float32]
    ranks: NDArray[np.int64]
    row_ranks: NDArray[np.int64]
    precisions: NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.mated)

    @classmethod
    def nothing(cls) -> Searched:
        """Of no probe at all, where nothing can be searched."""
        scores, places = np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64)
        return cls(0, np.empty(0, dtype=np.bool_), scores, scores, scores, places, places, None)


def search(
    probes: NDArray[np.floating],
    probe_people: Labels,
    gallery: NDArray[np.floating],
    gallery_people: Labels,
    *,
    precisions: bool = False,
    memory: int = MEMORY,
    advance: Advance | None = None,
) -> Searched:
    """Search every probe in the gallery.

    A person's score is that of their best gallery row.

    Args:
        probes: (N, D), L2-normalised; may be a memory map, of which one block is read at a time.
        probe_people: N labels.
        gallery: (G, D), L2-normalised.
        gallery_people: G labels of the same kind; a person may have several rows.
        precisions: whether to work out average precisions, which takes longer.
        memory: bytes for the scores of one block; beside them stand the arguments, a float32 copy of the
            gallery, and some 40 bytes per probe.
        advance: told after every block.

    Raises:
        InputError: shapes or kinds of labels do not match, there is no probe or no row, a value is not
            finite, or one probe's scores need more than `memory`.
    """
    names, rows = np.asarray(probe_people), np.asarray(gallery_people)
    _check(probes, names, gallery, rows)
    people, person, sizes = np.unique(rows, return_inverse=True, return_counts=True)
    order = np.argsort(person, kind="stable")
    starts = np.concatenate(([0], np.cumsum(sizes)))
    enrolled = _copy(gallery, order)
    mated = np.isin(names, people)
    mate = np.searchsorted(people, names)
    step = _step(len(rows), len(people), probes.shape[1], memory)
    count = len(names)
    own = np.full(count, np.nan, dtype=np.float32)
    best, other = np.empty(count, dtype=np.float32), np.empty(count, dtype=np.float32)
    ranks, row_ranks = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    average = np.full(count, np.nan) if precisions else None
    held = np.empty((min(step, count), len(rows)), dtype=np.float32)
    for start in range(0, count, step):
        block = np.asarray(probes[start : start + step], dtype=np.float32)
        if not np.isfinite(block).all():
            raise InputError("an embedding of a probe is not finite", fix="check the embeddings")
        scores = held[: len(block)]
        np.matmul(block, enrolled.T, out=scores)
        here = slice(start, start + len(block))
        scores.max(axis=1, out=best[here])
        other[here] = best[here]
        which = np.flatnonzero(mated[here])
        if len(which):
            for place, row in enumerate(which):  # the mated ones move up: a copy would need room of its own
                if place < row:
                    scores[place] = scores[row]
            scores = scores[: len(which)]
            at = start + which
            for n, line in zip(at, scores, strict=True):
                mine = line[starts[mate[n]] : starts[mate[n] + 1]]
                values = np.sort(mine)[::-1]
                mine[:] = -np.inf  # what is left is of others
                own[n] = values[0]
                if average is not None:
                    average[n] = _average_precision(values, line)
            other[at] = scores.max(axis=1)
            reach = (own[at] - np.float32(TIE))[:, None]
            row_ranks[at] = 1 + np.count_nonzero(scores >= reach, axis=1)
            if len(people) < len(rows):
                scores = np.maximum.reduceat(scores, starts[:-1], axis=1)
            ranks[at] = 1 + np.count_nonzero(scores >= reach, axis=1)
        if advance is not None:
            advance(start + len(block), count)
    return Searched(len(people), mated, own, best, other, ranks, row_ranks, average)


def _average_precision(values: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Area under precision over recall with the rows of one person as the right answers.

    TinyFace's official evaluation takes it by trapezoids: each right answer counts the mean of the precision
    at its place and at the place before it, which is 1 before the first.

    Args:
        values: (K,) scores of the person's rows, the highest first.
        others: (G,) scores of all rows, those of the person low.
    """
    ahead = np.array([np.count_nonzero(others >= value - np.float32(TIE)) for value in values])
    k = np.arange(1, len(values) + 1)
    places = k + ahead
    before = np.where(places == 1, 1.0, (k - 1) / np.maximum(places - 1, 1))
    return float(((before + k / places) / 2).mean())


def _check(
    probes: NDArray[np.floating],
    names: NDArray[np.generic],
    gallery: NDArray[np.floating],
    rows: NDArray[np.generic],
) -> None:
    """Refuse embeddings and labels that do not fit one another, or an empty side."""
    if (
        probes.ndim != 2
        or gallery.ndim != 2
        or probes.shape[1] != gallery.shape[1]
        or names.shape != probes.shape[:1]
        or rows.shape != gallery.shape[:1]
        or not probes.size
        or not gallery.size
    ):
        raise InputError(
            f"probes {probes.shape} with {names.shape} people do not fit "
            f"a gallery {gallery.shape} with {rows.shape}"
        )
    kinds = {"U" if array.dtype.kind == "U" else "n" for array in (names, rows)}
    if len(kinds) > 1 or "O" in names.dtype.kind + rows.dtype.kind:
        raise InputError(
            f"people of probes are {names.dtype}, those of the gallery {rows.dtype}",
            fix="name people in both by texts, or in both by numbers",
        )


def _copy(gallery: NDArray[np.floating], order: NDArray[np.intp]) -> NDArray[np.float32]:
    """The rows in another order as float32, without a second copy in between."""
    out = np.empty(gallery.shape, dtype=np.float32)
    for part in parts(len(order), 4096):
        out[part] = gallery[order[part]]
    if not all(np.isfinite(out[part]).all() for part in parts(len(order), 4096)):
        raise InputError("an embedding of the gallery is not finite", fix="check the embeddings")
    return out


def parts(count: int, step: int) -> Iterator[slice]:
    """Slices of at most `step` that cover 0 to `count`."""
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def _step(rows: int, people: int, dim: int, memory: int) -> int:
    """How many probes a block may have: scores by row, by person, their comparison, and the probes."""
    each = 5 * rows + (5 * people if people < rows else 0) + 8 * dim
    if memory < each:
        raise InputError(
            f"the scores of one probe need {each:,} bytes, more than the {memory:,} allowed",
            fix="allow more memory",
        )
    return memory // each


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
