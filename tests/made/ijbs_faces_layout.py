"""Faces cut from the small IJB-S of `ijbs_layout`, as `readers/ijbs.py` wants them."""

from __future__ import annotations

from pathlib import Path

from orl_files import put

PLACES = {
    "videos/10.mp4": (1, 2),
    "videos/12.mp4": (4,),
    **{f"img/{person}.png": (person,) for person in (1, 2, 3, 4)},
    **{f"img/b{person}_{k}.png": (person,) for person in (1, 2, 3, 4) for k in range(3)},
}
"""File → the people in it, of the protocols whose probes are videos 10 and 12."""


def cut(folder: Path) -> Path:
    """Two faces a person and video, one of a picture."""
    for n, (file, people) in enumerate(PLACES.items()):
        for person in people:
            for k in range(2 if file.startswith("videos") else 1):
                put(folder / file / str(person) / f"{k:06d}.jpg", person, n + k)
    return folder
