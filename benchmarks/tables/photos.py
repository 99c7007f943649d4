"""How results about photographs become Markdown: `photos/photos.json`, `detection/found_faces.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables.figures import change_in_points, markdown, percent, with_interval

MEASURES = {"detection": "faces found", "rank1": "rank-1", "tpir": "TPIR"}


def photos(result: Mapping[str, Any], measure: str) -> str:
    """One measure: a row per arm, a column per size."""
    sizes, settings, data = result["settings"]["sizes"], result["settings"], result["data"]
    cells = {(row["arm"], row["size"]): row for row in result["figures"]}

    def cell(row: Mapping[str, Any]) -> str:
        return with_interval(row[measure], row[f"{measure}_ci95"])

    rows = [[arm, *(cell(cells[arm, size]) for size in sizes)] for arm in result["arms"]]
    said, seeds = MEASURES[measure], len(settings["seeds"])
    if measure == "tpir":
        said += f" at FPIR {100 * settings['fpir']:g} %"
    note = (
        f"{said[0].upper()}{said[1:]} in % (95 % interval over people and seeds); {data['probes']} probes of "
        f"{data['people']} people, {settings['enrolled']} of them enrolled under each of "
        f"{seeds} seeds; whole photographs shrunk, JPEG {settings['jpeg']}; a missed face is "
        "an error."
    )
    return f"{markdown(['', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def photo_differences(result: Mapping[str, Any], arm: str) -> str:
    """One arm held against others: a row per other arm and measure, a column per size."""
    sizes = result["settings"]["sizes"]
    cells = {(row["minus"], row["size"]): row for row in result["differences"] if row["arm"] == arm}
    others = list(dict.fromkeys(other for other, _ in cells))
    if not others:
        raise KeyError(arm)
    rows = [
        [
            f"{title} − {other}",
            *(
                change_in_points(cells[other, size][name], cells[other, size][f"{name}_ci95"])
                for size in sizes
            ),
        ]
        for other in others
        for name, title in MEASURES.items()
    ]
    note = (
        f"{arm} minus the other arm, in points; bold where the paired 95 % interval lies above 0, in italics "
        "where it lies below."
    )
    return f"{markdown([arm, *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def found_faces(result: Mapping[str, Any], model: str, other: str) -> str:
    """What a file and found landmarks cost: a row per size and points, a column per file.

    Args:
        result: of `benchmarks/detection/found_faces.py`.
        model: whose rank-1 comes first in each cell.
        other: whose comes second.
    """
    cells = {(r["size"], r["points"], r["jpeg"], r["model"]): r for r in result["figures"]}
    files = list(dict.fromkeys(jpeg for _, _, jpeg, _ in cells))
    rows = []
    for size, points in dict.fromkeys(key[:2] for key in cells):
        row = [str(size), points]
        for jpeg in files:
            ours, theirs = (cells[size, points, jpeg, name] for name in (model, other))
            row.append(f"{with_interval(ours['rank1'], ours['rank1_ci95'])} / {percent(theirs['rank1'])}")
        rows.append(row)
    data = result["data"]
    note = (
        f"Rank-1 in % of {model} (95 % interval over people) / of {other}; {data['probes']} pictures of "
        f"{data['people']} people of {data['set']}, laid on photographs; a missed face is an error."
    )
    titles = ["px", "points", *("no JPEG" if jpeg is None else f"JPEG {jpeg}" for jpeg in files)]
    return f"{markdown(titles, rows)}\n\n{note}"
