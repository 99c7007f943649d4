"""The plots of reports. Each is small enough for a phone; a page puts them side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.result.model import Histogram
from fewpix.printable import escaped
from fewpix.svg import drawn, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

COLOURS = ("#4c8fd6", "#d9822b", "#2aa876", "#9a6fd0", "#cf5577", "#8a8f2f", "#2fa3b5", "#95715c")
"""Of lines, readable on white and on near-black; the dashes differ as well."""

_DASHES = ("-", "--", "-.", ":")
_MATED, _NONMATED = "#2aa876", "#9a8fb8"
_INCHES = (4.6, 3.5)


Point = tuple[float, float, tuple[float, float] | None]
"""x, y and the interval of y; one without is its own."""

Line = tuple[str, Sequence[Point]]
"""One line of a plot by its label, with its band of 95 % intervals."""


def against_pixels(lines: Sequence[Line], label: str) -> str:
    """Figures in percent against sizes."""
    sizes = sorted({size for _, points in lines for size, *_ in points})
    with _panel() as (figure, axes):
        for n, (name, points) in enumerate(lines):
            own, y, low, high = _columns(points)
            # side by side, since intervals on top of one another cannot be told apart
            x = [sizes.index(size) + 0.06 * (n - (len(lines) - 1) / 2) for size in own.tolist()]
            colour, dash = _look(n)
            axes.vlines(x, 100 * low, 100 * high, color=colour, linewidth=1.4, alpha=0.6)
            axes.plot(x, 100 * y, dash, color=colour, marker="o", markersize=4, label=_plain(name))
        axes.set_xticks(range(len(sizes)), [f"{size:g}" for size in sizes])
        axes.set_xlabel("face size in pixels")
        axes.set_ylabel(f"{label}, %")
        _legend(figure, axes, len(lines))
        return drawn(figure)


def rates(lines: Sequence[Line], x: str, y: str, *, errors: bool = False) -> str:
    """A curve of rates in percent against one on a logarithmic axis: ROC and CMC.

    Args:
        lines: with points above 0.
        x: what they are drawn against.
        y: what they show.
        errors: whether what is left to one is drawn, DET: y is then logarithmic as well, and errors of 0 are
            left out.
    """
    found = [(name, _columns(points, errors=errors)) for name, points in lines]
    with _panel() as (figure, axes):
        axes.set_xscale("log")
        if errors:
            axes.set_yscale("log")
        for n, (name, line) in enumerate(found):
            _band(axes, n, name, line, percent=not errors)
        _decades(axes.xaxis, *_ends([v for _, line in found for v in line[0].tolist()]))
        if errors:
            left = (v for _, line in found for v in line[1].tolist() if v > 0)
            lowest = 10 ** np.floor(np.log10(min(left, default=0.01)))
            axes.set_ylim(lowest, 1.05)
            _decades(axes.yaxis, lowest, 1.0)
        else:
            axes.set_ylim(0, 102)
        axes.set_xlabel(x)
        axes.set_ylabel(y if errors else f"{y}, %")
        _legend(figure, axes, len(lines))
        return drawn(figure)


def scores(counts: Histogram, title: str, thresholds: Sequence[float]) -> str:
    """Both histograms of one model at one size, each as a share of its kind."""
    edges = np.linspace(-1, 1, len(counts.mated) + 1)
    filled = np.flatnonzero(np.array(counts.mated) + np.array(counts.nonmated))
    with _panel((4.6, 2.6)) as (figure, axes):
        axes.grid(visible=False)
        for numbers, colour, label in (
            (counts.nonmated, _NONMATED, "two people"),
            (counts.mated, _MATED, "one person"),
        ):
            shares = np.array(numbers) / max(sum(numbers), 1)
            axes.stairs(shares, edges, fill=True, color=colour, alpha=0.6, label=label)
            axes.stairs(shares, edges, color=colour)
        for n, threshold in enumerate(sorted(set(thresholds))):
            axes.axvline(
                threshold, color=COLOURS[4], linewidth=0.9, alpha=0.8, label=None if n else "threshold"
            )
        if len(filled):
            axes.set_xlim(edges[filled[0]] - 0.03, edges[filled[-1] + 1] + 0.03)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("score (cosine)")
        axes.set_title(_plain(title), fontsize=10)
        _legend(figure, axes, 3)
        return drawn(figure)


def changes(rows: Sequence[tuple[str, float, float, float]], label: str) -> str:
    """Differences in points with their intervals, one below the other, and a line at none.

    Args:
        rows: name, difference, lower and upper end, in fractions; the first on top.
        label: of the figure.
    """
    with _panel((4.6, 0.9 + 0.42 * len(rows))) as (figure, axes):
        axes.grid(visible=False)
        axes.axvline(0, color=COLOURS[4], linewidth=1)
        for n, (_, value, low, high) in enumerate(rows):
            axes.plot([100 * low, 100 * high], [n, n], color=COLOURS[0], linewidth=2, alpha=0.6)
            axes.plot([100 * value], [n], "o", color=COLOURS[0], markersize=5)
        axes.set_yticks(
            range(len(rows)), [_plain(name).replace(" − ", "\n− ") for name, *_ in rows], fontsize=8
        )
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel(f"{label}, difference in points")
        return drawn(figure)


@contextmanager
def _panel(inches: tuple[float, float] = _INCHES) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one pair of axes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(style()):
        figure = Figure(figsize=inches, layout="constrained")
        yield figure, figure.subplots()


def _columns(points: Sequence[Point], *, errors: bool = False) -> tuple[NDArray[np.float64], ...]:
    """x, y, and the lower and upper ends of the intervals; of errors what is left of y to one."""
    x, y, ends = zip(*((x, y, ci95 or (y, y)) for x, y, ci95 in points), strict=True)
    low, high = np.array(ends).T
    return (
        (np.array(x), 1 - np.array(y), 1 - high, 1 - low) if errors else (np.array(x), np.array(y), low, high)
    )


def _band(axes: Axes, n: int, name: str, line: Sequence[NDArray[np.float64]], *, percent: bool) -> None:
    """A line and its intervals."""
    colour, dash = _look(n)
    scale = 100 if percent else 1
    x, y, low, high = line
    shown = np.ones(len(y), dtype=bool) if percent else y > 0
    floor = 0.0 if percent else 1e-9  # a band on a logarithmic axis has to end somewhere
    axes.fill_between(
        x, scale * np.maximum(low, floor), scale * np.maximum(high, floor), color=colour, alpha=0.16, lw=0
    )
    alone = "o" if np.count_nonzero(shown) == 1 else ""
    axes.plot(x[shown], scale * y[shown], dash, marker=alone, color=colour, label=_plain(name), linewidth=1.6)


def _plain(text: str) -> str:
    """A name in which matplotlib looks for no formula, and no viewer for control characters."""
    return escaped(text).replace("$", r"\$")


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest value that a logarithmic axis can show."""
    shown = [value for value in values if value > 0]
    return min(shown, default=0.1), max(shown, default=1.0)


def _decades(axis: Axis, low: float, high: float) -> None:
    """Ticks of a logarithmic axis: at powers of ten, and at 2 and 5 times them where there are few."""
    steps = (1, 2, 5) if high < 100 * low else (1,)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [step * 10.0**power for power in powers for step in steps]
    shown = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    axis.set_ticks(shown, [f"{tick:g}" for tick in shown])
    axis.set_ticks([], minor=True)


def _look(n: int) -> tuple[str, str]:
    return COLOURS[n % len(COLOURS)], _DASHES[n % len(_DASHES)]


def _legend(figure: Figure, axes: Axes, count: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    longest = max((len(label) for label in labels), default=1)
    columns = max(1, min(count, 60 // (longest + 8)))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=9)
