"""Picture files of the ORL faces for layouts of benchmarks: person 0 to 39, picture 0 to 9."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fewpix.data.orl import load_orl
from fewpix.image.codec import Image, encode_image
from fewpix.image.resize import resize_square


@cache
def face_file(person: int, picture: int, suffix: str = ".jpg", side: int = 24) -> bytes:
    """The middle square of a picture, made `side` px, as a file."""
    return encode_image(resize_square(_orl()[10 * person + picture][12:104], side), suffix)


@cache
def _orl() -> tuple[Image, ...]:
    return load_orl().images


def put(path: Path, person: int, picture: int) -> None:
    """Write one, with the folders above it; numbers beyond ORL's begin anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(face_file(person % 40, picture % 10))
