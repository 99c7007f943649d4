"""A fast look at all rows in 8 bits, which says for certain which rows the exact score must be taken of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS = 1 << 16
"""Rows that are multiplied at a time."""

_QUERY_STEPS = 63
"""Steps of a query's largest number: 7 bits. Some processors add two products of bytes in 16 bits and cut
what is too large; 2 · 255 · 63 is not."""

_ROW_STEPS = 127

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
        self._step = float(max(np.abs(embeddings).max() / _ROW_STEPS, 1e-12))
        self._bytes = np.empty(embeddings.shape, dtype=np.uint8)
        self._error = self._length = 0.0
        for start in range(0, len(embeddings), _ROWS):
            part = embeddings[start : start + _ROWS].astype(np.float64)
            steps = np.rint(part / self._step)
            self._bytes[start : start + _ROWS] = steps + 128
            off = np.sqrt(np.square(part - self._step * steps).sum(axis=1).max())
            self._error = max(self._error, float(off))
            self._length = max(self._length, float(np.sqrt(np.square(part).sum(axis=1).max())))

    def best(self, queries: NDArray[np.float32], count: int) -> list[Proposed]:
        """About `count` rows of the highest coarse scores for each query.

        Args:
            queries: (Q, D) float32.
            count: at least 1.
        """
        steps, units, bounds = self._coarse(queries)
        rows: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64) for _ in queries]
        values: list[NDArray[np.int32]] = [np.empty(0, dtype=np.int32) for _ in queries]
        cuts = np.full(len(queries), np.iinfo(np.int32).min, dtype=np.int32)
        for start, scores in self._products(steps):
            for n in range(len(queries)):
                # What equals the cut is left out: it is not above what `most` says.
                found = np.flatnonzero(scores[n] > cuts[n])
                if not len(found):
                    continue
                rows[n] = np.concatenate([rows[n], found + start])
                values[n] = np.concatenate([values[n], scores[n][found]])
                if len(rows[n]) > count:
                    kept = np.argpartition(values[n], len(values[n]) - count)[-count:]
                    cuts[n] = max(cuts[n], np.delete(values[n], kept).max())
                    rows[n], values[n] = rows[n][kept], values[n][kept]
        return [
            Proposed(
                rows[n], float(cuts[n]) * units[n] + bounds[n] if len(rows[n]) < len(self._bytes) else -2.0
            )
            for n in range(len(queries))
        ]

    def above(self, queries: NDArray[np.float32], least: NDArray[np.float64]) -> list[NDArray[np.int64]]:
        """Every row whose exact score may reach a number.

        Args:
            queries: (Q, D) float32.
            least: (Q,) the numbers.
        """
        steps, units, bounds = self._coarse(queries)
        cuts = np.floor((least - bounds) / units).astype(np.int64)
        rows: list[list[NDArray[np.int64]]] = [[] for _ in queries]
        for start, scores in self._products(steps):
            for n in range(len(queries)):
                rows[n].append(np.flatnonzero(scores[n] >= cuts[n]) + start)
        return [np.concatenate(found) for found in rows]

    def _coarse(
        self, queries: NDArray[np.float32]
    ) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
        """Queries in steps (Q, D), the worth of one unit of their product (Q,), the bound of its error (Q,).

        With x = x' + e, y = y' + f: |x·y - x'·y'| = |e·y + x'·f| <= |e||y| + (|x| + |e|)|f|.
        """
        wide = queries.astype(np.float64)
        step = np.maximum(np.abs(wide).max(axis=1, keepdims=True) / _QUERY_STEPS, 1e-12)
        steps = np.rint(wide / step)
        off = np.sqrt(np.square(wide - step * steps).sum(axis=1))
        length = np.sqrt(np.square(wide).sum(axis=1))
        bounds = self._error * length + (self._length + self._error) * off + _ROUNDING
        return steps.astype(np.int8), step[:, 0] * self._step, bounds

    def _products(self, steps: NDArray[np.int8]) -> Any:
        """(first row, (Q, rows) int32) for one block of rows after another."""
        session = _session()
        turned = np.ascontiguousarray(steps.T)
        for start in range(0, len(self._bytes), _ROWS):
            (scores,) = session.run(None, {"rows": self._bytes[start : start + _ROWS], "queries": turned})
            yield start, scores


@cache
def _session() -> Any:
    """Whole-number products by onnxruntime, which uses what the processor has for them."""
    import onnxruntime
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [
            helper.make_node("MatMulInteger", ["rows", "queries", "zero"], ["scores"]),
            helper.make_node("Transpose", ["scores"], ["turned"], perm=[1, 0]),
        ],
        "coarse",
        [
            helper.make_tensor_value_info("rows", TensorProto.UINT8, ["m", "d"]),
            helper.make_tensor_value_info("queries", TensorProto.INT8, ["d", "q"]),
        ],
        [helper.make_tensor_value_info("turned", TensorProto.INT32, ["q", "m"])],
        [helper.make_tensor("zero", TensorProto.UINT8, [], [128])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
