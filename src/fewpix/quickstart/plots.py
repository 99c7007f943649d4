"""The report's plots, as SVG that takes its colours from the page, so that it reads on light and on dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fewpix.quickstart.results import CONTENDERS, FAR, Table
from fewpix.svg import drawn, inline, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"teacher": "#d9822b", "shipped": "#4c8fd6", "distilled": "#2aa876"}
"""Line colours by model; readable on white and on near-black. FaceBN is dashed, not another colour."""

OWN, OTHERS = "#2aa876", "#9a8fb8"
"""A person's own picture, and other people's."""


def accuracy(table: Table) -> str:
    """Rank-1 and TAR against the probes' size, with 95 % intervals.

    Args:
        table: all cells.

    Returns:
        An `<svg>` element.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(style()):
        figure = Figure(figsize=(9.2, 3.9), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        sizes = sorted(table.sizes)
        for panel, name in zip(panels, ("rank1", "tar"), strict=True):
            for n, contender in enumerate(CONTENDERS):
                cells = [getattr(table.cell(contender.key, size), name) for size in sizes]
                values = np.array([100 * value for value, _ in cells])
                low = np.array([100 * interval.low for _, interval in cells])
                high = np.array([100 * interval.high for _, interval in cells])
                # Side by side, since intervals on top of one another cannot be told apart.
                place = np.arange(len(sizes)) + 0.09 * (n - (len(CONTENDERS) - 1) / 2)
                colour = COLOURS[contender.key.removesuffix("+facebn")]
                panel.vlines(place, low, high, color=colour, linewidth=1, alpha=0.55)
                panel.plot(
                    place,
                    values,
                    color=colour,
                    linestyle="--" if contender.adapted else "-",
                    marker="o",
                    markersize=5,
                    markerfacecolor="none" if contender.adapted else colour,
                    label=contender.title,
                )
            panel.set_xticks(range(len(sizes)), [str(size) for size in sizes])
            panel.set_xlabel("face size in pixels")
            panel.set_ylim(0, 103)
        panels[0].set_title("right person first (rank-1), %")
        panels[1].set_title(f"true accepts at FAR {FAR}, %")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        return _svg(figure, "accuracy", "Accuracy against face size for each model")


def distributions(table: Table, sizes: tuple[int, ...]) -> str:
    """How similar probes are to their own person and to others, per model and size.

    Args:
        table: all cells.
        sizes: columns of the grid.

    Returns:
        An `<svg>` element.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    shown = [contender for contender in CONTENDERS if contender.key in ("teacher", "distilled+facebn")]
    bins = np.linspace(-0.4, 1.0, 57)
    with mpl.rc_context({**style(), "axes.grid": False}):
        figure = Figure(figsize=(9.2, 4.2), layout=ConstrainedLayoutEngine(hspace=0.1))
        panels = figure.subplots(len(shown), len(sizes), sharex=True, sharey=True, squeeze=False)
        for row, contender in zip(panels, shown, strict=True):
            for panel, size in zip(row, sizes, strict=True):
                cell = table.cell(contender.key, size)
                for same, colour, label in ((False, OTHERS, "other people"), (True, OWN, "own person")):
                    scores = cell.scores[cell.same == same]
                    panel.hist(
                        scores,
                        bins,
                        density=True,
                        histtype="stepfilled",
                        color=colour,
                        alpha=0.65,
                        label=label,
                    )
                panel.set_yticks([])
                panel.spines["left"].set_visible(False)
                panel.set_title(f"{contender.title}, {size} px", fontsize=9)
        for panel in panels[-1]:
            panel.set_xlabel("cosine similarity")
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
        return _svg(figure, "scores", "Distributions of similarity")


def _svg(figure: Figure, prefix: str, title: str) -> str:
    """The figure as an element of the report."""
    return inline(drawn(figure), prefix, title)
