"""Draws `docs/lfw.svg`, the picture in the README, from `results/lfw/table.json`; it measures nothing.

python -m benchmarks.lfw.plot
"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.lib.plots import INK, banded, drawn
from benchmarks.lib.run import options
from fewpix.evaluate.result.file import read_result
from fewpix.evaluate.result.model import Result
from fewpix.evaluate.result.read import parsed

ROOT = Path(__file__).resolve().parents[2]
LOOKS = {
    "fewpix-l": ("#8a5cc2", "fewpix-l"),
    "fewpix-s": ("#2a7fd6", "fewpix-s"),
    "auto": ("#1f9d6b", "auto (router)"),
    "teacher": ("#d9822b", "direct feed (SFace)"),
}
TITLES = {"hr-lr": "sharp against small", "lr-lr": "both small"}


def main() -> int:
    """Read, draw, write."""
    options(__doc__).parse_args()
    result = parsed(read_result(ROOT / "results" / "lfw/table.json"))
    assert isinstance(result, Result)
    sizes = sorted(result.sizes())

    def draw(figure: Figure) -> None:
        for panel, (protocol, title) in zip(figure.subplots(1, 2, sharey=True), TITLES.items(), strict=True):
            for model, (colour, label) in LOOKS.items():
                cells = {
                    cell.size: {"accuracy": found.value, "accuracy_ci95": found.ci95}
                    for cell in result.cells
                    if (cell.model, cell.part["protocol"]) == (model, protocol)
                    and (found := cell.figure("accuracy")) is not None
                }
                if not cells:
                    continue
                shown = [size for size in sizes if size in cells]
                place, rows = [sizes.index(size) for size in shown], [cells[size] for size in shown]
                banded(panel, place, rows, "accuracy", color=colour, label=label)
            panel.set_xticks(range(len(sizes)), [str(size) for size in sizes])
            panel.set_xlabel("face size in pixels")
            panel.set_title(f"LFW, {title}", fontsize=11)
            panel.grid(axis="y", color=INK, alpha=0.25)
        figure.axes[0].set_ylabel("accuracy, %")
        figure.axes[0].legend(loc="lower right")

    drawn(ROOT / "docs" / "lfw.svg", (9, 3.6), draw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
