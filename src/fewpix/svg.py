"""Plots as SVG that take their colours from the page around them, or stand alone on any background."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Stand-ins that a page's own colours replace in the finished SVG.
INK, FAINT = "#010203", "#040506"

_ALONE = "#7a7f87"  # reads on a white page and on a dark one


def style() -> dict[Any, Any]:
    """Settings of matplotlib for these plots only."""
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "fewpix",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "grid.color": FAINT,
        "grid.linewidth": 0.7,
        "axes.axisbelow": True,
        "axes.edgecolor": FAINT,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "legend.frameon": False,
    }


def drawn(figure: Figure) -> str:
    """The figure as text, the same bytes every time."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return re.sub(r"font-family: [^;\"]*;?", "", text[text.index("<svg") :])  # the page's own


def inline(svg: str, prefix: str, title: str) -> str:
    """An `<svg>` element of a page, in the page's colours.

    Args:
        svg: of `drawn`.
        prefix: keeps its ids apart from those of the page's other plots.
        title: for those who do not see it.
    """
    text = svg.replace(INK, "currentColor").replace(FAINT, "var(--faint)")
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\1{prefix}-", text)
    label = f'role="img" aria-label="{escape(title)}"'
    return re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', lambda _: label, text, count=1)


def alone(svg: str) -> str:
    """The content of a file that is shown by itself."""
    text = svg.replace(INK, _ALONE).replace(FAINT, _ALONE)
    return text.replace("<svg ", '<svg font-family="sans-serif" ', 1) + "\n"
