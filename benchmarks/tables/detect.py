"""How the results of `small_faces.py`, `points.py` and `sureness.py` (benchmarks/detection) become tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables.figures import markdown, percent


def found(result: Mapping[str, Any], pictures: str) -> str:
    """Recall and false alarms of every method at every width of the faces.

    Args:
        result: of the benchmark.
        pictures: "orl" or "photos".
    """
    cells = _cells(result, pictures)
    widths = sorted({width for _, width in cells}, reverse=True)

    def cell(row: Mapping[str, Any]) -> str:
        return f"{percent(row['recall'])} / {row['false_alarms_per_picture']:.2f}"

    rows = [[name, *(cell(cells[name, width]) for width in widths)] for name in _methods(result)]
    faces = sorted({row["faces"] for row in cells.values()})
    note = (
        f"Faces found in % / false alarms per picture, by the width of the faces; "
        f"{' to '.join(str(count) for count in dict.fromkeys((faces[0], faces[-1])))} a column, "
        f"score {result['settings']['min_score']:g} or more."
    )
    return f"{markdown(['', *(f'{width} px' for width in widths)], rows)}\n\n{note}"


def points(result: Mapping[str, Any], pictures: str) -> str:
    """The error of the landmarks of found faces, at every width."""
    cells = _cells(result, pictures)
    widths = sorted({width for _, width in cells}, reverse=True)

    def cell(row: Mapping[str, Any]) -> str:
        error = row["point_error_px112"]
        return "–" if error is None else f"{error:.1f}"

    rows = [[name, *(cell(cells[name, width]) for width in widths)] for name in _methods(result)]
    note = "Median over the faces that the method found, in pixels of the 112 template."
    return f"{markdown(['', *(f'{width} px' for width in widths)], rows)}\n\n{note}"


def aligned(result: Mapping[str, Any], jpeg: int | None) -> str:
    """What the aligner makes of what the search finds, at every size, in files of one kind.

    Args:
        result: of `benchmarks/detection/points.py`.
        jpeg: the quality of the files; None for none.
    """
    rows = {(row["points"], row["size"]): row for row in result["figures"] if row["jpeg"] == jpeg}
    sizes = sorted({size for _, size in rows})

    def line(title: str, points: str, key: str, factor: float = 1.0, digits: int = 1) -> list[str]:
        values = [rows[points, size][key] for size in sizes]
        return [title, *("–" if value is None else f"{factor * value:.{digits}f}" for value in values)]

    table = [
        line("found by the search, %", "search", "found", 100, 0),
        line("counted as faces, %", "detector", "found", 100, 0),
        line("error of the points, search", "search", "error"),
        line("error of the points, aligner", "detector", "error"),
        line("error that the aligner states", "detector", "stated"),
    ]
    alarms = ", ".join(f"{kind}: {count['0.6']:.0f}" for kind, count in result["false_alarms"].items())
    note = (
        f"{result['data']['faces']} faces a column; errors are medians in pixels of the 112 template. False "
        f"alarms in pictures without a face: {alarms}."
    )
    return f"{markdown(['', *(f'{size} px' for size in sizes)], table)}\n\n{note}"


def told(result: Mapping[str, Any], rules: Mapping[str, str]) -> str:
    """How many of the faces that the search tells of are taken for faces, by rule and size.

    Args:
        result: of `benchmarks/detection/sureness.py`.
        rules: which are shown, with their titles.
    """
    cells = {(row["rule"], row["size"]): row for row in result["figures"]}
    sizes = sorted({size for _, size in cells})
    rows = [
        [
            title,
            *(
                f"{percent(cells[rule, n]['found'])} / {percent(cells[rule, n]['found_turned'])}"
                for n in sizes
            ),
        ]
        for rule, title in rules.items()
    ]
    searched = {row["size"]: row["searched"] for row in result["searched"]}
    rows.append(["found by the search, of all", *(percent(searched[size]) for size in sizes)])
    pebbles, faces = result["false_alarms"]["sureness"]["pebbles"], result["searched"][0]["faces"]
    note = (
        f"Of the faces that the search tells of, % taken for faces / of turned ones; {faces} faces a column. "
        f"The threshold of each rule is the one that takes {pebbles} pebbles for faces."
    )
    return f"{markdown(['', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def cost(result: Mapping[str, Any]) -> str:
    """Time, scales, and false alarms where there is no face."""
    alarms = {(row["pictures"], row["method"]): row for row in result["without_faces"]}
    kinds = list(dict.fromkeys(kind for kind, _ in alarms))
    rows = []
    for name in _methods(result):
        scales = result["scales"].get(name)
        rows.append(
            [
                name,
                f"{result['cpu_ms_per_picture'][name]:.0f}",
                "–" if scales is None else ", ".join(f"{scale:.2g}" for scale in scales),
                *(str(alarms[kind, name]["false_alarms"]) for kind in kinds),
            ]
        )
    titles = ["", "ms", "scales", *(f"{alarms[kind, 'fewpix']['count']} {kind}" for kind in kinds)]
    note = (
        "Median of the processor's time per picture of "
        f"{' × '.join(str(side) for side in result['settings']['picture'])} px, one thread; then all false "
        "alarms in pictures without a face."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def _cells(result: Mapping[str, Any], pictures: str) -> dict[tuple[str, int], Mapping[str, Any]]:
    """Figures by method and width.

    Raises:
        KeyError: these pictures were not measured.
    """
    cells = {
        (row["method"], row["face_width"]): row for row in result["figures"] if row["pictures"] == pictures
    }
    if not cells:
        raise KeyError(pictures)
    return cells


def _methods(result: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(row["method"] for row in result["figures"]))
