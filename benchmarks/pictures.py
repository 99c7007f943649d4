"""How the pictures in README and docs look."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

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


def drawn(path: Path, inches: tuple[float, float], draw: Callable[[Figure], None]) -> None:
    """Write what `draw` puts on a figure as SVG: the same bytes for the same drawing."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=inches, layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    write_text(path, buffer.getvalue())
