"""A fast look at all rows in 8 bits, which says for certain which rows the exact score must be taken of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS = 1 << 18
"""Rows that are multiplied at a time."""

_THREADS = 8
"""That read rows at the same time, at most; no more are needed to read as fast as memory gives."""

_MADE = 1 << 15
"""Rows that are rounded at a time."""

_ROW_STEPS = 127
"""Steps of the largest number of all rows."""

_QUERY_STEPS = 63
"""Steps of a query's largest number: 7 bits. Some processors add two products of bytes in 16 bits and cut
what is too large; 2 · 127 · (64 + 63) is not."""

_ZERO = 64
"""What stands for 0 in a query, whose bytes have no sign."""

_ONE_IN = 64
"""Of so many scores one is looked at to guess which of them are the highest."""

_ROUNDING = 1e-6
"""More than a score of unit vectors is off when it is rounded to float32."""


@dataclass(frozen=True)
class Proposed:
    """Rows that a query's best may be among.

    Args:
        rows: (M,) row numbers, in no order.
        most: no other row's exact score is above this.
    """

    rows: NDArray[np.int64]
    most: float


class CoarseRows:
    """Rows in 8 bits, a quarter of their size.

    Args:
        embeddings: (M, D) float32, M at least 1, of about unit length.
    """

    def __init__(self, embeddings: NDArray[np.float32]) -> None:
        self._shape = embeddings.shape
        self._step = float(max(np.abs(embeddings).max() / _ROW_STEPS, 1e-12))
        self._error = self._length = 0.0
        self._products: list[Callable[[NDArray[np.uint8]], NDArray[np.int32]]] = []
        for start in range(0, len(embeddings), _ROWS):
            self._products.append(_product(self._in_steps(embeddings[start : start + _ROWS])))

    @property
    def nbytes(self) -> int:
        """Of memory."""
        return int(np.prod(self._shape))

    def best(self, queries: NDArray[np.float32], count: int) -> list[Proposed]:
        """About `count` rows of the highest coarse scores for each query.

        Args:
            queries: (Q, D) float32.
            count: at least 1.
        """
        steps, units, bounds = self._coarse(queries)
        parts = [(start, [_highest(each, count) for each in scores]) for start, scores in self._scores(steps)]
        proposed = []
        for n in range(len(queries)):
            rows = np.concatenate([found[n].rows + start for start, found in parts])
            values = np.concatenate([found[n].values for _, found in parts])
            most = max(found[n].most for _, found in parts)
            if len(rows) > count:
                kept = np.argpartition(values, len(values) - count)[-count:]
                most = max(most, int(np.delete(values, kept).max()))
                kept = kept[values[kept] > most]  # what equals the cut is left out: no other row is above it
                rows = rows[kept]
            whole = len(rows) == self._shape[0]
            proposed.append(Proposed(rows, -2.0 if whole else most * units[n] + bounds[n]))
        return proposed

    def above(self, queries: NDArray[np.float32], least: NDArray[np.float64]) -> list[NDArray[np.int64]]:
        """Every row whose exact score may reach a number.

        Args:
            queries: (Q, D) float32.
            least: (Q,) the numbers.
        """
        steps, units, bounds = self._coarse(queries)
        cuts = np.floor((least - bounds) / units).astype(np.int64)

        found: list[list[NDArray[np.int64]]] = [[] for _ in queries]
        for start, scores in self._scores(steps):
            for rows, each, cut in zip(found, scores, cuts, strict=True):
                rows.append(np.flatnonzero(each >= cut) + start)
        return [np.concatenate(rows) for rows in found]

    def _in_steps(self, embeddings: NDArray[np.float32]) -> NDArray[np.int8]:
        """(D, M) some rows in steps; how far off and how long the worst of them are is noted."""
        steps = np.empty(embeddings.shape[::-1], dtype=np.int8)
        for start in range(0, len(embeddings), _MADE):
            part = embeddings[start : start + _MADE].astype(np.float64)
            near = np.rint(part / self._step)
            steps[:, start : start + _MADE] = near.T
            off = np.sqrt(np.square(part - self._step * near).sum(axis=1).max())
            self._error = max(self._error, float(off))
            self._length = max(self._length, float(np.sqrt(np.square(part).sum(axis=1).max())))
        return steps

    def _coarse(
        self, queries: NDArray[np.float32]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
        """Queries in steps (Q, D), the worth of one unit of their product (Q,), the bound of its error (Q,).

        With x = x' + e, y = y' + f: |x·y - x'·y'| = |e·y + x'·f| <= |e||y| + (|x| + |e|)|f|.
        """
        wide = queries.astype(np.float64)
        step = np.maximum(np.abs(wide).max(axis=1, keepdims=True) / _QUERY_STEPS, 1e-12)
        steps = np.rint(wide / step)
        off = np.sqrt(np.square(wide - step * steps).sum(axis=1))
        length = np.sqrt(np.square(wide).sum(axis=1))
        bounds = self._error * length + (self._length + self._error) * off + _ROUNDING
        return (steps + _ZERO).astype(np.uint8), step[:, 0] * self._step, bounds

    def _scores(self, steps: NDArray[np.uint8]) -> Iterator[tuple[int, NDArray[np.int32]]]:
        """(first row, (Q, rows) products) for one block of rows after another."""
        for start, product in zip(range(0, self._shape[0], _ROWS), self._products, strict=True):
            yield start, product(steps)


@dataclass(frozen=True)
class _Highest:
    """Of one query in one block: the highest scores with their rows, and what no other score is above."""

    rows: NDArray[np.int64]
    values: NDArray[np.int32]
    most: int


def _highest(scores: NDArray[np.int32], count: int) -> _Highest:
    """About `count` of them, or more.

    A sample guesses a score that somewhat more than these lie above. Where it is too high all are looked at.
    """
    some, lowest = scores[::_ONE_IN], int(np.iinfo(np.int32).min)
    wanted = 2 * count // _ONE_IN + 5
    if wanted < len(some):
        guess = int(np.partition(some, len(some) - wanted)[len(some) - wanted])
        rows = np.flatnonzero(scores > guess)
        if len(rows) >= count:
            return _Highest(rows, scores[rows], guess)
    if len(scores) <= count:
        return _Highest(np.arange(len(scores)), scores, lowest)
    order = np.argpartition(scores, len(scores) - count)
    rows = order[-count:]
    return _Highest(rows, scores[rows], int(scores[order[:-count]].max()))


def _product(rows: NDArray[np.int8]) -> Callable[[NDArray[np.uint8]], NDArray[np.int32]]:
    """The whole-number product with (D, M) rows, by onnxruntime, which uses what the processor has for it.

    They are a layer's weights, so that they are laid out for the processor once, and then only read.
    """
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    dim, count = rows.shape
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["queries", "rows", "zero"], ["scores"])],
        "coarse",
        [helper.make_tensor_value_info("queries", TensorProto.UINT8, ["q", dim])],
        [helper.make_tensor_value_info("scores", TensorProto.INT32, ["q", count])],
        [
            numpy_helper.from_array(rows, "rows"),
            numpy_helper.from_array(np.array(_ZERO, np.uint8), "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = min(os.cpu_count() or 1, _THREADS)
    # Threads of other blocks' sessions, which have nothing to do, take no core from this one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    # It keeps the model's bytes to open it again with another provider: the rows a second time.
    session._model_bytes = b""

    def product(queries: NDArray[np.uint8]) -> NDArray[np.int32]:
        found: list[Any] = session.run(None, {"queries": queries})
        return np.asarray(found[0], dtype=np.int32)

    return product
