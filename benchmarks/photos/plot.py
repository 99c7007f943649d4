"""Draws `docs/photos.svg` from `results/photos/photos.json`: from a photograph to a name, against pixels.

It measures nothing.

python -m benchmarks.photos.plot
"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.lfw.plot import LOOKS
from benchmarks.lib.plots import INK, banded, drawn
from benchmarks.lib.run import options
from benchmarks.photos.arms import ENLARGED, MATCHED, PLAIN, ROUTER
from fewpix.evaluate.result.file import read_result

ROOT = Path(__file__).resolve().parents[2]
SHOWN = {
    MATCHED: ("#1f6f5c", "fewpix, matched gallery"),
    ROUTER: (LOOKS["auto"][0], "fewpix"),
    ENLARGED: ("#b9a13c", "YuNet on the picture enlarged ×3, SFace"),
    PLAIN: (LOOKS["teacher"][0], "YuNet, SFace"),
}


def main() -> int:
    """Read, draw, write."""
    options(__doc__).parse_args()
    result = read_result(ROOT / "results" / "photos/photos.json")
    cells = {(row["arm"], row["size"]): row for row in result["figures"]}
    sizes = sorted(result["settings"]["sizes"])
    titles = {
        "rank1": "the right person first",
        "tpir": f"named rightly, {100 * result['settings']['fpir']:g} % of strangers named",
    }

    def draw(figure: Figure) -> None:
        for panel, (measure, title) in zip(figure.subplots(1, 2, sharey=True), titles.items(), strict=True):
            for arm, (colour, label) in SHOWN.items():
                rows = [cells[arm, size] for size in sizes]
                banded(panel, range(len(sizes)), rows, measure, color=colour, label=label)
            panel.set_xticks(range(len(sizes)), [str(size) for size in sizes])
            panel.set_xlabel("face size in pixels")
            panel.set_title(title, fontsize=11)
            panel.grid(axis="y", color=INK, alpha=0.25)
        figure.axes[0].set_ylabel("% of the photographs of enrolled people")
        figure.axes[0].legend(loc="upper left", fontsize=9)

    drawn(ROOT / "docs" / "photos.svg", (9, 3.6), draw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
