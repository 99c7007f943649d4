"""Real faces as JPEG files for small copies of benchmarks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2

from fewpix.data.orl import PICTURES, load_orl


@cache
def face(person: int, picture: int) -> bytes:
    """One of ten pictures of one of forty people, 24x24 px."""
    image = load_orl().images[(person % 40) * PICTURES + picture % PICTURES][12:104]
    done, data = cv2.imencode(".jpg", cv2.resize(image, (24, 24), interpolation=cv2.INTER_AREA))
    assert done
    return data.tobytes()


def put(path: Path, person: int, picture: int) -> None:
    """Write one, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(face(person, picture))
