"""A small IJB in the layout that insightface distributes: ORL faces as pictures, and every list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tiny_student import orl_crops

SIDE = 32
PEOPLE = (10, 20, 30, 40)
"""Subjects; the first two are in the first gallery."""


@dataclass(frozen=True)
class Layout:
    """What `lay_out` wrote.

    Args:
        folder: of the benchmark.
        name: "ijbb" or "ijbc".
        rows: (picture, template, medium) as in the list.
        people: template → subject.
        pairs: (template, template, label) as in the list.
    """

    folder: Path
    name: str
    rows: tuple[tuple[str, int, int], ...]
    people: dict[int, int]
    pairs: tuple[tuple[int, int, int], ...]

    def path(self, file: str) -> Path:
        return self.folder / "meta" / f"{self.name}_{file}"

    def picture(self, name: str) -> NDArray[np.uint8]:
        found = cv2.imread(str(self.folder / "loose_crop" / name))
        assert found is not None
        return found.astype(np.uint8)


def lay_out(folder: Path, name: str = "ijbc") -> Layout:
    """Per person: a gallery template of two pictures of one medium and a still, and two probe templates.

    Gallery templates are 101 to 104, probe templates 7, 8, 207, 208, 407, ... so that their order in the
    lists is not that of their numbers.
    """
    crops = orl_crops(SIDE)
    (folder / "loose_crop").mkdir(parents=True)
    (folder / "meta").mkdir()
    rows, points, people = [], [], {}
    number = 0
    for n, person in enumerate(PEOPLE):
        for template, pictures in ((101 + n, 3), (200 * n + 7, 2), (200 * n + 8, 1)):
            people[template] = person
            for k in range(pictures):
                number += 1
                file = f"{number}.jpg"
                cv2.imwrite(str(folder / "loose_crop" / file), crops[10 * n + (number - 1) % 6])
                medium = 1000 * template + (0 if k < 2 else 1)
                rows.append((file, template, medium))
                where = " ".join(f"{v:.3f}" for v in (10 + k, 12, 22, 12, 16, 18, 12, 24, 20, 24))
                points.append(f"{file} {where} {0.9 + 0.01 * k:.3f}")
    made = Layout(folder, name, tuple(rows), people, _pairs(people))
    made.path("face_tid_mid.txt").write_text("".join(f"{f} {t} {m}\n" for f, t, m in rows), encoding="utf-8")
    made.path("name_5pts_score.txt").write_text("\n".join(points) + "\n", encoding="utf-8")
    made.path("template_pair_label.txt").write_text(
        "".join(f"{a} {b} {label}\n" for a, b, label in made.pairs), encoding="utf-8"
    )
    one, two = ("G1", "G2") if name == "ijbc" else ("S1", "S2")
    for list_name, chosen in (
        (f"gallery_{one}", {101, 102}),
        (f"gallery_{two}", {103, 104}),
        ("probe_mixed", set(people) - {101, 102, 103, 104}),
    ):
        lines = [f"{t},{people[t]},img/{f},{m},1.0,2.0,30,40" for f, t, m in reversed(rows) if t in chosen]
        header = "TEMPLATE_ID,SUBJECT_ID,FILENAME,SIGHTING_ID,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT"
        made.path(f"1N_{list_name}.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return made


def _pairs(people: dict[int, int]) -> tuple[tuple[int, int, int], ...]:
    """Every gallery template with every probe template, genuine pairs first."""
    every = [
        (a, b, int(people[a] == people[b])) for a in range(101, 105) for b in people if not 100 < b < 105
    ]
    return tuple(sorted(every, key=lambda pair: -pair[2]))
