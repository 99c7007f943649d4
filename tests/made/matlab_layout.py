"""MATLAB 5 files as QMUL gave them out: a cell array of names in a column, and a vector of ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat


def cells(*columns: Sequence[str]) -> NDArray[np.object_]:
    """A cell array of texts, (N, columns)."""
    out = np.empty((len(columns[0]), len(columns)), dtype=object)
    for n, column in enumerate(columns):
        out[:, n] = list(column)
    return out


def write(path: Path, content: dict[str, NDArray[np.generic]]) -> None:
    """A file that is the same whenever it is written: the time is not in its head."""
    savemat(path, content, do_compression=True)
    data = path.read_bytes()
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(116) + data[116:])


def write_lists(path: Path, names_key: str, names: Sequence[str], ids_key: str, ids: Sequence[int]) -> None:
    """A file of names and ids."""
    write(path, {names_key: cells(names), ids_key: np.array(ids, dtype=np.uint16).reshape(-1, 1)})
