"""Which pictures lie in a folder, by one look at it: benchmarks have up to 150,000 in one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp")


def picture_files(folder: Path) -> set[str]:
    """Names of the pictures in a folder, not below it; none where there is no folder.

    Hidden files are no pictures: some systems write one beside every picture (`._1.jpg`).

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            return {
                entry.name
                for entry in entries
                if entry.name.lower().endswith(ENDINGS) and entry.name[0] != "." and entry.is_file()
            }
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as error:
        raise InputError(
            f"cannot read the folder {folder}: {error.strerror or error}", fix="check its permissions"
        ) from error


def is_there(names: NDArray[np.str_], folder: Path) -> NDArray[np.bool_]:
    """(N,) whether each name is a picture in the folder.

    Raises:
        InputError: the folder cannot be read.
    """
    found = picture_files(folder)
    return np.fromiter((name in found for name in names.tolist()), np.bool_, len(names))
