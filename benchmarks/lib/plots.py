"""How the pictures in README and docs look."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fewpix.files import write_text

INK = "#7a7f87"
"""Of text and axes: it reads on a white page and on a dark one."""

_INKED = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
_STYLE = {
    "svg.hashsalt": "fewpix",
    "svg.fonttype": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    **dict.fromkeys(_INKED, INK),
}


def banded(
    panel: Axes,
    place: Sequence[int],
    rows: Sequence[Mapping[str, Any]],
    measure: str,
    *,
    color: str,
    label: str | None = None,
    style: str = "o-",
    alpha: float = 0.18,
    size: int = 4,
) -> Line2D:
    """One measure of results as a line in % with the band of its interval.

    Args:
        panel: where to draw.
        place: of each row on the axis.
        rows: each with the measure and its `_ci95`, 0 to 1.
        measure: the key.
        color: of both.
        label: for the legend.
        style: of the line.
        alpha: of the band.
        size: of the markers.
    """
    ends = [[100 * row[f"{measure}_ci95"][end] for row in rows] for end in (0, 1)]
    panel.fill_between(place, *ends, color=color, alpha=alpha, lw=0)
    values = [100 * row[measure] for row in rows]
    (line,) = panel.plot(place, values, style, color=color, label=label, markersize=size)
    return line


def drawn(path: Path, inches: tuple[float, float], draw: Callable[[Figure], None]) -> None:
    """Write what `draw` puts on a figure as SVG: the same bytes for the same drawing."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=inches, layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    write_text(path, buffer.getvalue())
