"""Tables about review say what the results say."""

from __future__ import annotations

from typing import Any

from benchmarks.tables.review import corrections, groups


def test_tracks_in_groups_by_size() -> None:
    figures = [
        {"margin": margin, "pixels": size, "mixed": mixed, "back": 79, "again": 80}
        for margin, size, mixed in ((0.0, 24, 36), (0.0, 12, 81), (0.1, 12, 28), (0.2, 12, 6), (0.2, 24, 0))
    ]
    said = groups({"figures": figures, "settings": {"people": 40, "tracks": 3}}).splitlines()
    assert said[0] == "| tracks | 12 px | 24 px |"
    assert said[2:] == [
        "| in somebody else's group, by what names people, of 120 | 81 | 36 |",
        "| in somebody else's group, by 0.2 more | 6 | 0 |",
        "| came back and were found | 79 of 80 | 79 of 80 |",
    ]


def test_corrections_of_tracks_and_of_pictures_over_all_sizes() -> None:
    def row(later: str, margin: float, **counts: int) -> dict[str, Any]:
        return {"later": later, "margin": margin, "own": 600, "again": 20, "stopped": 20, "lost": 0} | counts

    figures = [
        *(row("track", 0.0, lost=7), row("track", 0.2), row("track", 0.2, stopped=19)),
        *(row("picture", 0.0, lost=9), row("picture", 0.2, lost=2), row("picture", 0.4, stopped=0)),
    ]
    said = corrections({"figures": figures}).splitlines()
    assert said[2:] == [
        "| a track of three sights | 39 of 40 | 0 of 1,200 | 7 of 600 |",
        "| a single picture | 20 of 20 | 2 of 600 | 9 of 600 |",
    ]
