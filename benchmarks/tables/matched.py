"""How the result about a matched gallery becomes Markdown; `documents` puts it into documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables.figures import markdown, marked, percent

_KINDS = {"area": "clean", "train-photo": "as found"}


def matched_gallery(result: Mapping[str, Any]) -> str:
    """What small rows bring by size, and what they cost: `benchmarks/gallery/matched.py`."""

    def cell(figure: Mapping[str, Any], name: str, way: str) -> str:
        before, after = figure["sharp"][name], figure[way]
        (low, high) = after[f"{name}_minus_sharp"]["ci95"]
        return f"{percent(before)} → {marked(percent(after[name]), low > 0, high < 0)}"

    rows = [
        [
            str(row["size"]),
            row["model"],
            f"{row['weight']:g}" if row["weight"] else "none",
            _KINDS.get(figure["kind"], figure["kind"]),
            *(cell(figure, name, way) for way in ("half", "chosen") for name in ("rank1", "tar")),
        ]
        for row in result["figures"]
        for figure in row["figures"]
    ]
    titles = ["px", "student", "weight", "probes"]
    titles += [f"{name}, {way}" for way in ("half and half", "by the weight") for name in ("rank-1", "TAR")]
    spent = result["cost"]
    size = {name: spent[name]["bytes_per_photo"] / 1024 for name in ("sharp", "matched")}
    took = {name: spent[name]["cpu_ms_per_photo"] for name in ("sharp", "matched")}
    data = result["data"]
    chose = data["choose"]
    seen = ", whom the student was trained on" if chose["seen"] else ""
    note = (
        "In %, with sharp photographs alone → with small rows, too: bold where the paired 95 % interval of "
        f"the change lies above 0, in italics where below. {data['probes']:,} probes of {data['people']:,} "
        "people of the pool whom no student was trained on, one sharp photograph each; "
        f"{chose['people']:,} other people chose the weight{seen}. "
        f"TAR at a FAR of 1 in {1 / result['settings']['far']:,.0f}. "
        f"A gallery file has {size['sharp']:.1f} kB a photograph without and {size['matched']:.1f} with "
        f"rows of {len(spent['sizes'])} sizes, enrolling one takes {took['sharp']:.0f} and "
        f"{took['matched']:.0f} ms of processor time (aligned crops)."
    )
    return f"{markdown(titles, rows)}\n\n{note}"
