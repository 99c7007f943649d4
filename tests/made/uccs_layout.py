"""A small UCCS in its original layout: ORL faces pasted into whole pictures, and its lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fewpix.data.orl import load_orl
from fewpix.evaluate.readers.uccs import POINTS
from fewpix.evaluate.readers.uccs_scores import ScoreRows, write_scores
from fewpix.image.codec import read_image, write_image
from tiny_student import orl_crops

PEOPLE = 3
SIDE = 24
KNOWN, UNKNOWN = (1, 2, 3), -1
PLACES = ((10.0, 12.0), (60.0, 40.0))
"""Where faces lie in a picture of 120 x 90 px."""


ROWS = [
    # picture, detection score, x, y, similarities to persons 1 to 3
    ("aa.jpg", 0.9, 10, 12, (0.8, 0.1, 0.2)),  # person 1: found
    ("aa.jpg", 0.8, 60, 40, (0.3, 0.5, 0.1)),  # a stranger: an alarm at 0.5
    ("bb.jpg", 0.7, 11, 12, (0.6, 0.4, 0.1)),  # person 2, taken for person 1: found at rank 2 only
    ("cc.jpg", 0.6, 90, 60, (0.1, 0.1, 0.7)),  # no face there: an alarm at 0.7
    ("dd.jpg", 0.5, 10, 12, (0.1, 0.2, 0.65)),  # person 3: found
    ("dd.jpg", 0.4, 60, 40, (0.9, 0.2, 0.1)),  # excluded: counts neither way
]
"""Of a score file of `lay_out`, in which five faces count: persons 1, 2 and 3 once, and two strangers."""


@dataclass(frozen=True)
class Layout:
    """What `lay_out` wrote.

    Args:
        folder: of the benchmark.
        images: names of the whole pictures, in the order of the list.
        rows: (picture, face id, person, x, y) by face, in the order of the list.
    """

    folder: Path
    images: tuple[str, ...]
    rows: tuple[tuple[str, int, int, float, float], ...]


def lay_out(folder: Path) -> Layout:
    """Three people with two gallery pictures each; four pictures with six faces, one of them excluded."""
    crops = orl_crops(SIDE)
    lines = ["FILE,SUBJECT_ID," + ",".join(f"{point}_{axis}" for point in POINTS for axis in "XY")]
    for person in KNOWN:
        for number in range(2):
            name = f"{person:04d}_{number}.png"
            path = folder / "gallery_images" / f"{person:04d}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), crops[10 * (person - 1) + number])
            points = [8.0 + number, 9, 16, 9, 12, 13, 9, 17, 15, 17]
            lines.append(f"{name},{person}," + ",".join(str(value) for value in points))
    (folder / "gallery.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    seen = [("aa.jpg", 1), ("aa.jpg", UNKNOWN), ("bb.jpg", 2), ("cc.jpg", 0), ("dd.jpg", 3), ("dd.jpg", 1)]
    images = tuple(dict.fromkeys(name for name, _ in seen))
    (folder / "validation_images").mkdir()
    rows = []
    for name in images:
        picture = np.full((90, 120, 3), 127, dtype=np.uint8)
        for place, (number, (_, person)) in zip(
            PLACES, [item for item in enumerate(seen) if item[1][0] == name], strict=False
        ):
            x, y = int(place[0]), int(place[1])
            crop = crops[10 * (person - 1) + 5] if person > 0 else crops[200 + number]
            picture[y : y + SIDE, x : x + SIDE] = crop
            rows.append((name, 100 + number, person, *place))
        cv2.imwrite(str(folder / "validation_images" / name), picture)
    text = "FILE,FACE_ID,SUBJECT_ID,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT\n" + "".join(
        f"{name},{face},{person},{x},{y},{SIDE},{SIDE}.0\n" for name, face, person, x, y in rows
    )
    (folder / "validation.csv").write_text(text, encoding="utf-8")
    # the list has the ending of a pickle, and is a text
    (folder / "exclude_gallery_validation.pickle").write_text("105\n999\n", encoding="utf-8")
    return Layout(folder, images, tuple(rows))


def scores(path: Path, rows: Sequence[tuple[str, float, int, int, tuple[float, ...]]] = ROWS) -> Path:
    """A score file."""
    names, sure, x, y, alike = zip(*rows, strict=True)
    boxes = np.column_stack((x, y, [SIDE] * len(rows), [SIDE] * len(rows))).astype(float)
    write_scores(path, [ScoreRows(names, np.array(sure), boxes, np.array(alike))], people=PEOPLE)
    return path


def lay_out_photos(folder: Path) -> Layout:
    """The same lists, with whole ORL photographs in place of the small faces, where a detector finds them."""
    made = lay_out(folder)
    orl = load_orl()
    lines = (made.folder / "validation.csv").read_text(encoding="utf-8").splitlines()
    rows = []
    for number, (name, face, person, x, _) in enumerate(made.rows):
        path = made.folder / "validation_images" / name
        if x == PLACES[0][0]:
            write_image(path, np.full((160, 300, 3), 120, np.uint8))
        picture = read_image(path)
        left = 20 if x == PLACES[0][0] else 170
        photo = orl.images[10 * (person - 1) + 5] if person > 0 else orl.images[200 + 10 * number]
        picture[24:136, left : left + 92] = photo
        write_image(path, picture)
        rows.append(f"{name},{face},{person},{left + 10},{24 + 12},70,92")
    (made.folder / "validation.csv").write_text("\n".join([lines[0], *rows]) + "\n", encoding="utf-8")
    lines = (made.folder / "gallery.csv").read_text(encoding="utf-8").splitlines()
    rows = []
    for line in lines[1:]:
        name, person, *_ = line.split(",")
        photo = orl.images[10 * (int(person) - 1) + int(name[5])]
        write_image(made.folder / "gallery_images" / f"{int(person):04d}" / name, photo)
        rows.append(f"{name},{person},30,50,62,50,46,70,34,88,58,88")
    (made.folder / "gallery.csv").write_text("\n".join([lines[0], *rows]) + "\n", encoding="utf-8")
    return made
