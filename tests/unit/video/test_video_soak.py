"""Ten minutes of film in flat memory and with no file left open: decoded, followed and named."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fewpix.gallery import Gallery
from fewpix.identify import Identifier
from fewpix.image.codec import Image
from fewpix.video import VideoIdentifier, open_video, source_of
from orl_film import RATE, write_film
from places_made import SPACE, KnownPlaces, MeanColor, Place

pytestmark = [pytest.mark.slow, pytest.mark.needs("video")]

MINUTES, PERIOD, STAYS = 10, 2 * RATE, 4
"""Somebody comes every two seconds, for four frames."""

FRAMES = MINUTES * 60 * RATE
GROWTH = 20_000_000
"""Bytes that the process may grow by after its first three minutes."""


def corner(n: int) -> tuple[float, float]:
    return 10.0 + 2 * (n % PERIOD), 10.0 + 20 * (n // PERIOD % 3)


def scenes() -> Iterator[Image]:
    for n in range(FRAMES):
        image = np.full((80, 120, 3), 30, np.uint8)
        if n % PERIOD < STAYS:
            x, y = (round(value) for value in corner(n))
            image[y : y + 12, x : x + 12] = (200, 60, 40)
        yield image


def resident() -> int:
    """Bytes that are in use, without those that Python or its allocator has yet to give back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def handles() -> int:
    """Open ones, without those of what nobody holds any more, such as an earlier test's."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="memory is told so on Linux only")
def test_memory_and_files_stay_as_they_are(tmp_path: Path):
    film = write_film(tmp_path / "long.mkv", scenes())
    detector, looked, seen = KnownPlaces(), 0, []
    before = handles()
    with Gallery.open(tmp_path / "g.db", SPACE) as store:
        row = np.array((200, 60, 40), np.float32)
        row /= np.linalg.norm(row)
        store.add("Ana", row, pixels=50, encoder_sha256="e" * 64, state_id="", source="a.png")
        identifier = VideoIdentifier(Identifier(detector, MeanColor(16), store, threshold=0.9), gap=0.5)
        reader = open_video(source_of(film))
        tracks = 0
        for ended in identifier.steps(reader):
            tracks += len(ended)
            looked += 1
            detector.places = [Place(corner(looked), 12.0, 0.9)] if looked % PERIOD < STAYS else []
            if looked % (60 * RATE) == 0:
                seen.append((resident(), handles()))
    assert tracks == FRAMES // PERIOD
    assert reader.counts.looked == FRAMES
    assert len(seen) == MINUTES
    memory = [size for size, _ in seen]
    assert max(memory[3:]) - memory[2] < GROWTH, memory
    assert {number for _, number in seen} == {seen[0][1]}
    assert handles() == before
