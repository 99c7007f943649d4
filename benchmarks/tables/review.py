"""What is grouped and corrected in review: how often that is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.tables.figures import markdown
from fewpix.serve.review.record import NEARER

Row = Mapping[str, Any]


def groups(result: Row) -> str:
    """How many tracks of unknown people joined somebody else's group, and their own."""
    rows = {(row["margin"], row["pixels"]): row for row in result["figures"]}
    sizes = sorted({pixels for _, pixels in rows})
    tracks = result["settings"]["people"] * result["settings"]["tracks"]
    shown = [
        [
            f"in somebody else's group, by what names people, of {tracks}",
            *(rows[0.0, n]["mixed"] for n in sizes),
        ],
        [f"in somebody else's group, by {NEARER} more", *(rows[NEARER, n]["mixed"] for n in sizes)],
        ["came back and were found", *(_of(rows[NEARER, n], "back", "again") for n in sizes)],
    ]
    return markdown(["tracks", *(f"{n} px" for n in sizes)], [[str(each) for each in row] for row in shown])


def corrections(result: Row) -> str:
    """What corrections stop, and whom they cost their name, by whether a track or a picture comes later."""
    lines = []
    for what, title in (("track", "a track of three sights"), ("picture", "a single picture")):
        plain, used = (
            _sum([row for row in result["figures"] if (row["later"], row["margin"]) == (what, margin)])
            for margin in (0.0, NEARER)
        )
        lost = [_of(each, "lost", "own") for each in (used, plain)]
        lines.append([title, _of(used, "stopped", "again"), *lost])
    head = ["what comes later", "wrong names stopped", "right names lost", f"lost without the {NEARER}"]
    return markdown(head, lines)


def _sum(rows: Sequence[Row]) -> Row:
    """Counts over all sizes."""
    return {name: sum(row[name] for row in rows) for name in ("stopped", "again", "lost", "own")}


def _of(counts: Row, part: str, whole: str) -> str:
    return f"{counts[part]:,} of {counts[whole]:,}"
