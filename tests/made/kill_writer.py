"""Children that write to galleries and are killed while they do: run as a program, it says what it found.

Each child goes on with one endless list of changes, each the next after what the gallery holds, and tells
every one that was acknowledged. It is killed at a random time after the first. Then the gallery must be as
after the last change that was told, or the one after it; nothing between, and without faults.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import struct
import sys
import time
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.check.gallery import check_gallery
from fewpix.gallery import Gallery, Original
from fewpix.gallery.edit import merge, remove, remove_faces, rename
from fewpix.image.codec import encode_image
from fewpix.models.space import Space

SPACE = Space("a" * 64, 8)
PNG = encode_image(np.zeros((8, 8, 3), dtype=np.uint8), ".png")
GALLERIES_FROM = 20
"""Kills after which a new gallery is begun: long enough to kill what mends a killed one."""

State = tuple[tuple[str, tuple[str, ...]], ...]
"""People by name, each with the sources of their photos in order."""


def unit(seed: int) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).standard_normal(8)
    return np.asarray(values / np.linalg.norm(values), dtype=np.float32)


def change(gallery: Gallery, n: int) -> None:
    """The n-th change, on what the ones before have left."""
    kind, name = n % 8, f"p{n // 8}"
    if kind < 4:
        original = Original(PNG, None) if kind == 1 else None
        about = {"encoder_sha256": "e" * 64, "state_id": "", "source": str(n), "original": original}
        gallery.add(name if kind < 3 else f"{name}b", unit(n), pixels=20, **about)
    elif kind == 4:
        rename(gallery, name, f"{name}r")
    elif kind == 5:
        merge(gallery, [f"{name}b"], f"{name}r")
    elif kind == 6:
        remove_faces(gallery, f"{name}r", [gallery.faces(f"{name}r")[0].face])
    elif n // 8 % 3:
        remove(gallery, [f"{name}r"])
    else:
        gallery.add(f"{name}r", unit(n), pixels=20, encoder_sha256="e" * 64, state_id="", source=str(n))


def expected(done: int) -> State:
    """What a gallery holds after so many changes."""
    people: dict[str, list[str]] = {}
    for n in range(done):
        kind, name = n % 8, f"p{n // 8}"
        if kind < 4:
            people.setdefault(name if kind < 3 else f"{name}b", []).append(str(n))
        elif kind == 4:
            people[f"{name}r"] = people.pop(name)
        elif kind == 5:
            people[f"{name}r"] += people.pop(f"{name}b")
        elif kind == 6:
            del people[f"{name}r"][0]
        elif n // 8 % 3:
            del people[f"{name}r"]
        else:
            people[f"{name}r"].append(str(n))
    return tuple(sorted((name, tuple(sources)) for name, sources in people.items()))


def held(gallery: Gallery) -> State:
    """What it holds, every embedding compared with the one that was given."""
    people: dict[str, list[str]] = {}
    for row in gallery.rows():
        assert row.embedding.tobytes() == unit(int(row.source)).tobytes()
        people.setdefault(row.name, []).append(row.source)
    return tuple(sorted((name, tuple(sources)) for name, sources in people.items()))


def killed_writer(location: str, start: int, delay: float) -> int:
    """Let a child write from the n-th change on, and kill it; how many changes were acknowledged in all."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with Gallery.open(location, SPACE) as gallery:
                for n in count(start):
                    change(gallery, n)
                    os.write(writing, struct.pack("<q", n + 1))
        finally:
            os._exit(1)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], 60)
    assert ready, "nothing was written"
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it ended by itself"
    told = b""
    while part := os.read(reading, 1 << 16):
        told += part
    os.close(reading)
    return int(struct.unpack("<q", told[-8:])[0])


def main(folder: str, kills: int, seed: int) -> None:
    """Kill so many writers, and say what was seen as JSON."""
    rng = random.Random(seed)
    inside = changes = 0
    for kill in range(kills):
        if kill % GALLERIES_FROM == 0:
            location, done = str(Path(folder) / f"{kill}.db"), 0
        told = killed_writer(location, done, rng.uniform(0, 0.02))
        with Gallery.open(location, SPACE) as gallery:
            found = held(gallery)
            assert found in (expected(told), expected(told + 1)), (kill, told, found)
            faults = check_gallery(gallery).faults
            assert not faults, (kill, told, faults)
        changes += told - done
        inside += found != expected(told)
        done = told + (found != expected(told))
    sys.stdout.write(json.dumps({"kills": kills, "changes": changes, "written and not told": inside}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
