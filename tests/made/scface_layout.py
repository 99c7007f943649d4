"""SCface as it was given out, of a few people: mugshots, also infrared, and pictures of cameras 1 to 7."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from orl_files import put

PEOPLE = (1, 44, 87, 88, 130)


def scface(folder: Path, people: Iterable[int] = PEOPLE, *, flat: bool = False) -> Path:
    """Lay it out, with one folder for each camera and distance or one for all."""
    for one in people:
        put(folder / "mugshot_frontal_cropped_all" / f"{one:03d}_frontal.JPG", one, 0)
        put(folder / "surveillance_cameras_IR_cam8" / f"{one:03d}_cam8.jpg", one, 9)
        for distance in (1, 2, 3):
            for camera in range(1, 8):
                inside = f"surveillance_cameras_distance_{distance}/cam_{camera}"
                at = folder / ("surveillance_cameras_all" if flat else inside)
                put(at / f"{one:03d}_cam{camera}_{distance}.jpg", one, camera)
    return folder


def ids(path: Path, people: Iterable[int] = PEOPLE) -> Path:
    """A file of ids."""
    path.write_text("# mine\n" + "".join(f"{one:03d}\n" for one in people), encoding="utf-8")
    return path
