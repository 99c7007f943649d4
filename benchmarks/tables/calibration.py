"""How results of `benchmarks/calibration/lfw.py` and `calibration_pool.py` become Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables.figures import markdown

Row = Mapping[str, Any]


def false_matches(result: Row) -> str:
    """Stated and observed false match rates: a row per size, a column per stated rate."""
    made = result["calibration"]
    return _table(
        result, 1, f"of two faces; {made['independent_pairs']:,} independent pairs behind what is stated"
    )


def false_positives(result: Row) -> str:
    """Stated and observed FPIR: a row per size and gallery, a column per stated rate."""
    searched = result["calibration"]["independent_searches"]
    return _table(result, 2, f"of searches; {searched:,} people searched for behind what is stated")


def larger(result: Row) -> str:
    """What was seen in larger galleries, as a share of what is stated: a row per way and how much larger."""
    rows = []
    for way, name in (("bound", "1 − (1 − FPIR)^k"), ("line", "straight line")):
        mine = [figure for figure in result["figures"] if figure["way"] == way]
        for times in sorted({figure["people"] // figure["measured"] for figure in mine}):
            some = [figure for figure in mine if figure["people"] // figure["measured"] == times]
            seen = sorted(figure["observed"] / figure["stated"] for figure in some)
            held = f"{sum(figure['holds'] for figure in some)} of {len(some)}"
            shares = (f"{value:.2f}" for value in (seen[0], seen[len(seen) // 2], seen[-1]))
            rows.append([name, str(times), held, *shares])
    who = ", ".join(f"{part['probes']:,} of {part['name']}" for part in result["data"]["strangers"])
    sizes = ", ".join(str(size) for size in sorted({figure["pixels"] for figure in result["figures"]}))
    people = max(figure["people"] for figure in result["figures"])
    titles = ["rule", "times as many people", "holds", "least seen of stated", "median", "most"]
    note = (
        f"FPIR seen among strangers that nothing was measured on, as a share of what the rule states; {who}, "
        f"half of them measured on, at {sizes} px, among up to {people:,} people of other sources; rates of "
        f"0.3 to 0.01 as far as so many strangers can show them. It holds where no more is seen, or where "
        f"the difference lies within its 95 % interval."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def _table(result: Row, least: int, what: str) -> str:
    """The figures of galleries of `least` people and more, or of two faces for 1."""
    figures = [f for f in result["figures"] if (f["people"] == 1) == (least == 1)]
    rates = sorted({figure["stated"] for figure in figures}, reverse=True)
    cells = {(f["pixels"], f["people"], f["stated"]): f for f in figures}
    rows = []
    for pixels, people in sorted({key[:2] for key in cells}):
        row = [str(pixels)] + ([f"{people:,}"] if least > 1 else [])
        rows.append(row + [_cell(cells.get((pixels, people, rate))) for rate in rates])
    titles = ["px", *(["enrolled"] if least > 1 else []), *(f"stated {100 * rate:g} %" for rate in rates)]
    agreeing, spanned = (sum(figure[key] for figure in figures) for key in ("agrees", "in_range"))
    data = result["data"]
    note = (
        f"Observed in % (95 % interval, clustered by people) {what}. {data['people']:,} people observed. "
        f"In italics where the difference from what is stated lies outside of its 95 % interval: "
        f"{len(figures) - agreeing} of {len(figures)}; in bold where the rate is not so among the other "
        f"populations either: {len(figures) - spanned}. – where the calibration cannot resolve the rate."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def _cell(figure: Row | None) -> str:
    if figure is None:
        return "–"
    low, high = figure["observed_ci95"]
    text = f"{100 * figure['observed']:.3g} ({100 * low:.2g}–{100 * high:.2g})"
    if figure["agrees"]:
        return text
    return f"*{text}*" if figure["in_range"] else f"**{text}**"
