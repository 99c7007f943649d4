"""A folder of pictures as a list of names."""

from __future__ import annotations

import os
from pathlib import Path

from fewpix.errors import InputError
from fewpix.image.codec import SUFFIXES


def list_images(folder: Path) -> list[str]:
    """Every image file below `folder`, by its name's ending; hidden files and folders (`.name`) are left out.

    Links to files are followed, links to folders are not, so that a loop of links ends.

    Returns:
        Paths relative to `folder` with `/` on every platform, sorted by code point.

    Raises:
        InputError: the folder is missing or not a folder, cannot be read, or holds no image.
    """
    if not folder.exists():
        raise InputError(f"there is no folder {folder}", fix="check the path")
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder", fix="name the folder that holds the images")

    def refuse(error: OSError) -> None:
        raise InputError(
            f"cannot read the folder {error.filename}: {error.strerror}", fix="check its permissions"
        ) from error

    names: list[str] = []
    for at, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(at).relative_to(folder)
        names += [
            (inside / name).as_posix()
            for name in files
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        ]
    if not names:
        raise InputError(
            f"there is no image below {folder}", fix=f"files must end in {', '.join(sorted(SUFFIXES))}"
        )
    return sorted(names)
