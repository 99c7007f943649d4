"""Films of the tiles of `tiny_service`, and a detector that can be held up."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import numpy as np

from fewpix.detect import Search
from fewpix.image.codec import Image
from orl_film import write_film
from tiny_service import TILE, Tiles, face


def frame(*people: int | None) -> Image:
    """Faces beside one another; None leaves a place dark."""
    dark = np.zeros((TILE, TILE, 3), dtype=np.uint8)
    return np.concatenate([dark if person is None else face(person) for person in people], axis=1)


def film(*frames: Image, ending: str = ".mp4", **options: object) -> bytes:
    """The bytes of a film, ten frames a second."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_film(Path(folder) / f"film{ending}", iter(frames), **options)  # type: ignore[arg-type]
        return path.read_bytes()


def walk(*people: int, frames: int = 8, rest: int = 5) -> bytes:
    """A film in which each of them is there for so many frames, with frames of nobody between them."""
    seen: list[Image] = []
    for n, person in enumerate(people):
        seen += [frame(None, None)] * (rest if n else 0) + [frame(person, None)] * frames
    return film(*seen)


class Gate(Tiles):
    """Looks at so many pictures, then waits until it is let through."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.looked = 0
        self.reached, self.through = threading.Event(), threading.Event()

    def search(self, image: Image) -> Search:
        self.looked += 1
        if self.looked > self.free:
            self.reached.set()
            assert self.through.wait(30)
        return super().search(image)
