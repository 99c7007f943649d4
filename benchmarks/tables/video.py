"""How results about films and tracks become Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables.figures import change_in_points, markdown, with_interval

Row = Mapping[str, Any]
_SAID = {"rank1": "Rank-1", "tpir": "TPIR at FPIR 10 %"}


def films(result: Row, measure: str) -> str:
    """One measure in films: a row per way to decide, a column per size of the faces."""
    kinds = list(dict.fromkeys(row["kind"] for row in result["figures"]))
    arms = list(dict.fromkeys(row["arm"] for row in result["figures"]))
    cells = {(row["kind"], row["arm"]): row for row in result["figures"]}
    rows = []
    for arm in arms:
        row = [arm]
        for kind in kinds:
            cell = cells[kind, arm]
            times = cell[f"{measure}_times"]
            more = "" if times is None or arm == arms[0] else f", × {times['value']:.2f}"
            row.append(with_interval(cell[measure], cell[f"{measure}_ci95"]) + more)
        rows.append(row)
    some = {kind: cells[kind, arms[0]] for kind in kinds}
    tracked = "; ".join(
        f"{_titled(kind)}: {100 * row['found']:.0f} % found, {row['switches']} switches"
        for kind, row in some.items()
    )
    data, settings = result["data"], result["settings"]
    note = (
        f"{_SAID[measure]} in % (95 % interval over people and seeds), and how many times that of single "
        f"frames; {data['people']} people, {settings['enrolled']} enrolled under each of "
        f"{len(settings['seeds'])} seeds. {tracked}."
    )
    return f"{markdown(['', *map(_titled, kinds)], rows)}\n\n{note}"


def strangers(result: Row) -> str:
    """Stated and observed FPIR of strangers' tracks in films."""
    rows = [
        [f"{100 * row['stated']:g} %", with_interval(row["observed"], row["observed_ci95"])]
        for row in result["observed"]
    ]
    first = result["observed"][0]
    note = (
        f"Share of {first['tracks']} tracks of {first['people']} people that reach the threshold of a stated "
        f"rate in a gallery of {first['enrolled']} others, in % (95 % interval over people)."
    )
    return f"{markdown(['stated FPIR', 'observed'], rows)}\n\n{note}"


def by_sights(result: Row) -> str:
    """Stated and observed FPIR of tracks: a row per size, sights and gallery, a column per stated rate."""
    figures = [row for row in result["figures"] if row["people"] > 1]
    rates = sorted({row["stated"] for row in figures}, reverse=True)
    cells = {(row["pixels"], row["people"], row["sights"], row["stated"]): row for row in figures}
    rows = []
    for pixels, people, sights in sorted({key[:3] for key in cells}):
        row = [str(pixels), f"{people:,}", str(sights)]
        for rate in rates:
            cell = cells.get((pixels, people, sights, rate))
            if cell is None:
                row.append("–")
                continue
            said = with_interval(cell["observed"], cell["observed_ci95"])
            row.append(said if cell["agrees"] else f"*{said}*")
        rows.append(row)
    titles = ["px", "enrolled", "sights", *(f"stated {100 * rate:g} %" for rate in rates)]
    made = result["calibration"]
    note = (
        f"Observed in % (95 % interval, clustered by people) of searches; {made['independent_searches']:,} "
        f"people searched for behind what is stated, {result['data']['people']:,} others observed among "
        f"{result['data']['enrolled']:,} others. In italics where the difference from what is stated lies "
        f"outside of its 95 % interval: {sum(not row['agrees'] for row in figures)} of {len(figures)}."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def early(result: Row) -> str:
    """How often strangers are named at any of several looks."""
    rows = [
        [
            str(row["pixels"]),
            f"{row['people']:,}",
            f"{100 * row['stated']:g} %",
            ", ".join(map(str, row["looks"])),
            with_interval(row["any_look"], row["any_look_ci95"]),
            with_interval(row["last_look_alone"], row["last_look_alone_ci95"]),
        ]
        for row in result["early"]
    ]
    titles = ["px", "enrolled", "stated FPIR", "looks at sights", "any look", "one look with all of the rate"]
    note = (
        f"Share of searches of {result['data']['people']} strangers' tracks that name somebody, in % (95 % "
        "interval over people)."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def fusion(result: Row) -> str:
    """Ways to make one of the sights of a track: a row each, rank-1 and TPIR by size."""
    sizes = result["settings"]["sizes"]
    cells = {(row["size"], row["way"]): row for row in result["figures"]}
    rows = []
    for way in dict.fromkeys(row["way"] for row in result["figures"]):
        row = [way]
        for size in sizes:
            cell = cells[size, way]
            change = cell["rank1_beside_equal"]
            row += [
                f"{100 * cell['rank1']:.1f}, {change_in_points(change['mean'], change['ci95'])}",
                f"{100 * cell['tpir']:.1f}",
            ]
        rows.append(row)
    titles = ["", *(f"{what}, {size} px" for size in sizes for what in ("rank-1", "TPIR"))]
    people = min(row["people"] for row in result["figures"])
    note = (
        f"Rank-1 in %, with the difference from equal weights in points (95 % interval by person), and TPIR "
        f"at an FPIR of 10 %; {people} people and more, of several pictures each, among "
        f"{result['data']['strangers']:,} others; {result['settings']['sights']} sights a track."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def _titled(kind: str) -> str:
    return "8 to 40 px" if kind == "walk" else f"{kind} px"
