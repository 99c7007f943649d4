"""Draws `docs/ablation.svg` from `results/training/ablation.json`; it measures nothing.

python -m benchmarks.training.ablation_plot
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.lib.plots import INK, drawn
from benchmarks.lib.run import options
from fewpix.evaluate.result.file import read_result

ROOT = Path(__file__).resolve().parents[2]
SETS = {
    ("pool", "area"): "held-out faces, clean",
    ("pool", "cctv"): "held-out faces, old camera",
    ("orl", "area"): "20 other people of ORL, clean",
}
LOOKS = {
    "direct feed": ("#d9822b", "s--"),
    "labels": ("#9aa0a8", "v:"),
    "pseudo-labels": ("#6b7078", "^:"),
    "ILD": ("#2a7fd6", "o-"),
    "RLD": ("#8a5cc2", "o-"),
    "ILD+RLD": ("#1f9d6b", "o-"),
    "ILD+RLD, FaceBN": ("#0d5f40", "o--"),
}


def main() -> int:
    """Read, draw, write."""
    options(__doc__).parse_args()
    figures = read_result(ROOT / "results" / "training/ablation.json")["figures"]

    def draw(figure: Figure) -> None:
        for panel, (where, title) in zip(figure.subplots(1, 3, sharey=True), SETS.items(), strict=True):
            # on the pool, an arm outside the teacher's space would search for pictures among themselves
            rows = [
                row
                for row in figures
                if (row["set"], row["family"]) == where and ("cosine" in row or where[0] != "pool")
            ]
            sizes = sorted({row["size"] for row in rows})
            for arm, (colour, style) in LOOKS.items():
                own: dict[int, dict[str, Any]] = {
                    row["size"]: row["rank1"] for row in rows if row["arm"] == arm
                }
                if not own:
                    continue
                values = [100 * own[size]["mean"] for size in sizes]
                ends = [[100 * own[size]["ci95"][end] for size in sizes] for end in (0, 1)]
                place = range(len(sizes))
                panel.fill_between(place, *ends, color=colour, alpha=0.12, lw=0)
                panel.plot(place, values, style, color=colour, label=arm, markersize=4)
            panel.set_xticks(range(len(sizes)), [str(size) for size in sizes])
            panel.set_xlabel("face size in pixels")
            panel.set_title(title, fontsize=11)
            panel.grid(axis="y", color=INK, alpha=0.25)
        figure.axes[0].set_ylabel("rank-1, %")
        figure.axes[1].legend(*figure.axes[2].get_legend_handles_labels(), loc="upper left", fontsize=8)

    drawn(ROOT / "docs" / "ablation.svg", (13, 3.8), draw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
