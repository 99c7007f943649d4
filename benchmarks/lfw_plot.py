"""Draws `docs/lfw.svg`, the picture in the README, from `results/lfw.json`; it measures nothing.

python benchmarks/lfw_plot.py
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from fewpix.evaluate.results import read_result
from fewpix.files import write_text

ROOT = Path(__file__).resolve().parent.parent
INK = "#7a7f87"  # reads on a white page and on a dark one
INKED = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
LOOKS = {
    "fewpix-s": ("#2a7fd6", "fewpix-s"),
    "auto": ("#1f9d6b", "auto (router)"),
    "teacher": ("#d9822b", "direct feed (SFace)"),
}
TITLES = {"hr-lr": "sharp against small", "lr-lr": "both small"}


def main() -> int:
    """Read, draw, write."""
    result = read_result(ROOT / "results" / "lfw.json")
    style = {
        "svg.hashsalt": "fewpix",
        "svg.fonttype": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        **dict.fromkeys(INKED, INK),
    }
    sizes = sorted({figure["size"] for figure in result["figures"]})
    with mpl.rc_context(style):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        for panel, (protocol, title) in zip(figure.subplots(1, 2, sharey=True), TITLES.items(), strict=True):
            for model, (colour, label) in LOOKS.items():
                cells = {
                    f["size"]: f
                    for f in result["figures"]
                    if (f["model"], f["protocol"]) == (model, protocol)
                }
                if not cells:
                    continue
                shown = [size for size in sizes if size in cells]
                low, high = zip(*(cells[size]["accuracy_ci95"] for size in shown), strict=True)
                place = [sizes.index(size) for size in shown]
                panel.fill_between(
                    place, [100 * v for v in low], [100 * v for v in high], color=colour, alpha=0.18, lw=0
                )
                values = [100 * cells[size]["accuracy"] for size in shown]
                panel.plot(place, values, "o-", color=colour, label=label, markersize=4)
            panel.set_xticks(range(len(sizes)), [str(size) for size in sizes])
            panel.set_xlabel("face size in pixels")
            panel.set_title(f"LFW, {title}", fontsize=11)
            panel.grid(axis="y", color=INK, alpha=0.25)
        figure.axes[0].set_ylabel("accuracy, %")
        figure.axes[0].legend(loc="lower right")
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    write_text(ROOT / "docs" / "lfw.svg", buffer.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
