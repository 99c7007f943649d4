"""Names of pictures from a list, and which of them are there: one look per folder, not one per picture."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError


def leads_out(name: str) -> bool:
    r"""Whether a name from a list is no plain path below a folder.

    Such are absolute paths, a drive (`C:`), `..`, and backslashes, which are separators on Windows only. So
    are `.` and empty parts: they would give one picture two names.
    """
    return "\\" in name or "\0" in name or name[1:2] == ":" or bool({"", ".", ".."} & set(name.split("/")))


def files_in(folder: Path, inside: Iterable[str]) -> set[str]:
    """The files in some folders below `folder`, each as `INSIDE/NAME`; one that is not there holds none.

    Args:
        folder: of the benchmark.
        inside: folders relative to it, "" for itself; not their own folders.

    Raises:
        InputError: a folder is there but cannot be read.
    """
    found: set[str] = set()
    for part in set(inside):
        try:
            with os.scandir(folder / part) as entries:
                stem = f"{part}/" if part else ""
                found.update(stem + entry.name for entry in entries if entry.is_file())
        except (FileNotFoundError, NotADirectoryError, ValueError):  # the last for a name with a null byte
            continue
        except OSError as error:
            raise InputError(
                f"cannot read the folder {folder / part}: {error.strerror or error}",
                fix="check its permissions",
            ) from error
    return found


def present(folder: Path, names: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each of N names, paths relative to `folder`, is a file: (N,) bool.

    Raises:
        InputError: a folder is there but cannot be read.
    """
    found = files_in(folder, (name.rpartition("/")[0] for name in names))
    return np.fromiter((name in found for name in names), np.bool_, len(names))
