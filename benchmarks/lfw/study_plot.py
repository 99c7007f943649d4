"""Draws `docs/lfw_study.svg` from `results/lfw/study.json`: accuracy against pixels, a panel per family.

It measures nothing. A sharp picture against a small one (hr-lr).

python -m benchmarks.lfw.study_plot
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.lfw.plot import LOOKS
from benchmarks.lib.plots import INK, banded, drawn
from benchmarks.lib.run import options
from fewpix.evaluate.result.file import read_result

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = "hr-lr"
COLUMNS = 4
FACEBN = ("#0d5f40", "fewpix-s, FaceBN")


def lines(result: Mapping[str, Any], family: str) -> dict[str, dict[int, dict[str, Any]]]:
    """By model, by size: the family's figures; FaceBN's under its own name."""
    adapted = (result["facebn"] or {"figures": []})["figures"]
    out: dict[str, dict[int, dict[str, Any]]] = {}
    for figure in (*result["figures"], *adapted):
        if (figure["family"], figure["protocol"]) == (family, PROTOCOL):
            out.setdefault(figure["model"], {})[figure["size"]] = figure
    return out


def draw(figure: Figure, result: Mapping[str, Any]) -> None:
    """All panels on one scale; the sizes of the clean family have 112 px as well."""
    families = list(result["settings"]["families"])
    sizes = sorted({row["size"] for row in result["figures"]})
    rows = -(-len(families) // COLUMNS)
    panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    shown: dict[str, Any] = {}
    for panel, family in zip(panels, families, strict=False):
        for model, cells in lines(result, family).items():
            colour, label = LOOKS.get(model, FACEBN)
            own = [size for size in sizes if size in cells]
            place = [sizes.index(size) for size in own]
            shown[label] = banded(
                panel,
                place,
                [cells[size] for size in own],
                "accuracy",
                color=colour,
                style="o-" if model in LOOKS else "o--",
                alpha=0.15,
                size=3,
            )
        sign = " †" if family in result["settings"]["unseen"] else ""
        panel.set_title(family + sign, fontsize=10)
        panel.set_xticks(range(len(sizes)), [str(size) for size in sizes])
        panel.grid(axis="y", color=INK, alpha=0.25)
    for panel in panels[len(families) :]:
        panel.set_visible(False)
    figure.supxlabel("face size in pixels", color=INK, fontsize=10)
    figure.supylabel("accuracy, %", color=INK, fontsize=10)
    panels[0].legend(shown.values(), shown.keys(), loc="lower right", fontsize=7)


def main() -> int:
    """Read, draw, write."""
    options(__doc__).parse_args()
    result = read_result(ROOT / "results" / "lfw/study.json")
    drawn(ROOT / "docs" / "lfw_study.svg", (11, 5), lambda figure: draw(figure, result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
