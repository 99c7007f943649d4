"""A folder on the command line whose images are aligned crops."""

from __future__ import annotations

from pathlib import Path

from fewpix.cli.output import Bar
from fewpix.data.folders import list_images
from fewpix.data.passed_over import LeftOut
from fewpix.embed.adaptation import chosen_faces
from fewpix.embed.folder import read_square
from fewpix.errors import InputError
from fewpix.image.resize import Crop


def read_crops(
    folder: Path, *, skip_bad: bool, advance: Bar, most: int | None = None
) -> tuple[list[Crop], tuple[tuple[str, str], ...], LeftOut, int]:
    """Read the images below the folder, in the order of their names.

    Args:
        folder: holds square images of 8 px and more.
        skip_bad: leave out an image that cannot be used instead of stopping.
        advance: told after every image.
        most: how many are read at most, a random choice; None for all of them.

    Returns:
        The crops; the names left out, each with the reason; what is no picture; and how many images there
        are.

    Raises:
        ImageError: an image cannot be read, is not square or is too small; it is named.
        InputError: no folder, or no image in it.
    """
    crops: list[Crop] = []
    failed: list[tuple[str, str]] = []
    found = list_images(folder)
    names = [found.names[n] for n in chosen_faces(len(found.names), most)]
    for n, name in enumerate(names, 1):
        try:
            crops.append(read_square(folder / name))
        except InputError as error:
            if not skip_bad:
                raise
            failed.append((name, str(error)))
        advance(n, len(names))
    return crops, tuple(failed), found.left_out, len(found.names)
