"""Photographs of strangers as aligned faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fewpix.calibration.impostors import SHARP
from fewpix.calibration.lookup import LARGEST
from fewpix.data.faces import FaceSet
from fewpix.data.folders import list_images
from fewpix.errors import InputError
from fewpix.image.align import align
from fewpix.image.codec import Image, encode_image, read_image


class Found(Protocol):
    """A detected face; `fewpix.detect.Face` is one."""

    @property
    def points(self) -> NDArray[np.float32]: ...  # noqa: D102

    @property
    def pixels(self) -> float: ...  # noqa: D102


class Finder(Protocol):
    """What finds faces; `fewpix.detect.Detector` does."""

    def detect(self, image: Image) -> Sequence[Found]:
        """Faces of a picture (H, W, 3) uint8 BGR."""
        ...


def faces_of(
    folder: Path, detector: Finder, advance: Callable[[int, int], object] | None = None
) -> tuple[FaceSet, tuple[tuple[str, str], ...]]:
    """The one face of each photograph below a folder, aligned; held in memory, some 20 kB each.

    Args:
        folder: of photographs.
        detector: finds the faces.
        advance: told the number of photographs done and of all.

    Returns:
        The faces, named by their photographs, and the photographs left out, each with the reason: no face,
        several, one of fewer than 64 px, or a damaged picture. What is no picture is in `FaceSet.left_out`.

    Raises:
        InputError: no folder, no picture in it, or none with a face to use.
    """
    keys: list[str] = []
    data: list[bytes] = []
    left_out: list[tuple[str, str]] = []
    listed = list_images(folder)
    names = listed.names
    for n, name in enumerate(names, 1):
        try:
            image = read_image(folder / name)
        except InputError as error:
            left_out.append((name, error.what))
            continue
        found = detector.detect(image)
        if len(found) != 1:
            left_out.append((name, f"{len(found)} faces" if found else "no face"))
        elif found[0].pixels < SHARP:
            left_out.append((name, f"a face of {found[0].pixels:.0f} px, fewer than {SHARP}"))
        else:
            keys.append(name)
            side = min(LARGEST, int(found[0].pixels))
            data.append(encode_image(align(image, found[0].points, side), ".png"))
        if advance is not None:
            advance(n, len(names))
    if not keys:
        raise InputError(
            f"no photograph in {folder} has a face to use; the first, {left_out[0][0]}: {left_out[0][1]}",
            fix="for aligned faces say --crops",
        )
    return FaceSet(tuple(keys), ("",) * len(keys), tuple(data), listed.left_out), tuple(left_out)
