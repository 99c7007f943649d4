"""Plots that the reports of several verbs have, each with the same figures as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from fewpix.evaluate.report import plots
from fewpix.evaluate.report.blocks import Plot, Plots, Section, Table
from fewpix.evaluate.report.figures import Span, at, histogram, label, share
from fewpix.evaluate.schema.parts import Histogram
from fewpix.evaluate.schema.search import CmcCurve


class Cell(Protocol):
    """Figures of one model at one size."""

    @property
    def model(self) -> str:
        """Its name."""
        ...

    @property
    def size(self) -> int | None:
        """In pixels; None for pictures as they are."""
        ...


Figures = TypeVar("Figures", bound=Cell)
Panels = Sequence[tuple[str, Sequence[tuple[str, Figures]]]]
"""Titles of panels, and the figures in each with their labels."""


@dataclass(frozen=True)
class Rates:
    """A curve of two rates.

    Args:
        name: of the model and its size.
        far: the false ones.
        tar: the true ones.
        ci95: their intervals.
        threshold: of each point.
    """

    name: str
    far: Sequence[float]
    tar: Sequence[float]
    ci95: Sequence[Span]
    threshold: Sequence[float]


@dataclass(frozen=True)
class Axes:
    """What a curve of rates is called.

    Args:
        plot: of its file.
        title: of the curve.
        far: the false rate, and what it is called in tables.
        tar: the true rate, likewise.
        miss: what is left of the true rate.
    """

    plot: str
    title: str
    far: tuple[str, str]
    tar: tuple[str, str]
    miss: str


ROC = Axes("roc", "ROC", ("false accept rate", "FAR"), ("true accept rate", "TAR"), "false reject rate")
TPIR = Axes("tpir", "TPIR over FPIR", ("FPIR", "FPIR"), ("TPIR", "TPIR"), "FNIR")


def groups(figures: Sequence[Figures]) -> list[tuple[str, list[tuple[str, Figures]]]]:
    """Which cells share a panel: one model's sizes, or one size's models; with titles and labels."""
    if len({f.model for f in figures}) == 1:
        return [(figures[0].model, [(at(f.size) if f.size else f.model, f) for f in figures])]
    sizes = list(dict.fromkeys(f.size for f in figures))
    return [(at(size), [(f.model, f) for f in figures if f.size == size]) for size in sizes]


def rate_curves(
    panels: Sequence[tuple[str, Sequence[tuple[str, Rates]]]], axes: Axes, part: str = ""
) -> Plots:
    """ROC and DET, or TPIR over FPIR and DET; curves without a point are left out.

    Args:
        panels: titles, and curves with their labels.
        axes: what the rates are called.
        part: of what is measured in several parts, which one.
    """
    drawn, tables = [], []
    more = f", {part}" if part else ""
    prefix = f"{part}-" if part else ""
    for n, (title, curves) in enumerate(panels):
        lines, misses = [], []
        for name, found in curves:
            if not found.far:
                continue
            low, high = zip(*found.ci95, strict=True)
            lines.append(plots.Line(name, tuple(found.far), tuple(found.tar), low, high))
            down, up = (tuple(1 - value for value in ends) for ends in (high, low))
            misses.append(plots.Line(name, tuple(found.far), tuple(1 - v for v in found.tar), down, up))
            rows = tuple(
                (f"{far:.3g}", share(tar, ci95), f"{threshold:.4f}")
                for far, tar, ci95, threshold in zip(
                    found.far, found.tar, found.ci95, found.threshold, strict=True
                )
            )
            head = (axes.far[1], f"{axes.tar[1]}, %", "threshold")
            tables.append(Table(f"{axes.title}, {found.name}{more}", head, rows))
        if lines:
            false, true = axes.far[0], axes.tar[0]
            roc = plots.rates(lines, f"{false} ({title})", true)
            det = plots.errors(misses, f"{false} ({title})", axes.miss)
            alt = f"{axes.title}, {title}{more}" + ("" if "over" in axes.title else f": {true} over {false}")
            drawn.append(Plot(f"plot-{axes.plot}-{prefix}{n}", roc, alt))
            alt = f"DET, {title}{more}: {axes.miss} over {false}"
            drawn.append(Plot(f"plot-det-{prefix}{n}", det, alt))
    return Plots(tuple(drawn), tuple(tables))


def cmc_curves(panels: Sequence[tuple[str, Sequence[tuple[str, str, CmcCurve]]]], part: str = "") -> Plots:
    """CMC.

    Args:
        panels: titles, and curves with their labels and with the names of the model and its size.
        part: of what is measured in several parts, which one.
    """
    drawn, tables = [], []
    more = f", {part}" if part else ""
    prefix = f"{part}-" if part else ""
    for n, (title, curves) in enumerate(panels):
        lines = []
        for name, full, found in curves:
            low, high = zip(*found.share_ci95, strict=True)
            lines.append(plots.Line(name, tuple(map(float, found.rank)), tuple(found.share), low, high))
            rows = tuple(
                (str(k), share(value, ci95))
                for k, value, ci95 in zip(found.rank, found.share, found.share_ci95, strict=True)
            )
            tables.append(Table(f"CMC, {full}{more}", ("rank", "found, %"), rows))
        svg = plots.places(lines, f"rank ({title})")
        drawn.append(Plot(f"plot-cmc-{prefix}{n}", svg, f"CMC, {title}{more}: right person found by rank"))
    return Plots(tuple(drawn), tuple(tables))


def histograms(
    cells: Sequence[tuple[str, Histogram, Sequence[float]]],
    alt: str = "Histograms of scores",
    part: str = "",
) -> Plots:
    """Scores of one person and of two.

    Args:
        cells: the model and its size, the numbers, and the thresholds that they are held against.
        alt: what is shown, in words.
        part: of what is measured in several parts, which one.
    """
    prefix = f"{part}-" if part else ""
    drawn = tuple(
        Plot(f"plot-scores-{prefix}{n}", plots.scores(found, name, thresholds), f"{alt}, {name}")
        for n, (name, found, thresholds) in enumerate(cells)
    )
    return Plots(drawn, tuple(histogram(name, found) for name, found, _ in cells))


def against_pixels(
    cells: Sequence[tuple[str, int | None, float, Span]], title: str, what: str, name: str
) -> tuple[Plot, Table]:
    """A figure against sizes, by model.

    Args:
        cells: model, size, value and interval of every one.
        title: of the figure.
        what: is made small.
        name: of the plot.
    """
    lines = []
    for model in dict.fromkeys(model for model, *_ in cells):
        mine = [(size, value, ci95) for whose, size, value, ci95 in cells if whose == model and size]
        low, high = zip(*(ci95 for *_, ci95 in mine), strict=True)
        x = tuple(float(size) for size, *_ in mine)
        lines.append(plots.Line(model, x, tuple(value for _, value, _ in mine), low, high))
    svg = plots.against_pixels(lines, title)
    rows = tuple((model, at(size), share(value, ci95)) for model, size, value, ci95 in cells)
    return (
        Plot(name, svg, f"{title} against the size of {what}, by model"),
        Table(f"{title} by size", ("model", "size", f"{title}, %"), rows),
    )


def several_sizes(figures: Sequence[Cell]) -> bool:
    """Whether there is anything to draw against sizes."""
    return len({f.size for f in figures if f.size is not None}) > 1


def size_section(found: Sequence[tuple[Plot, Table]]) -> Section:
    """Figures against pixels."""
    return Section(
        "Against pixels", (Plots(tuple(plot for plot, _ in found), tuple(table for _, table in found)),)
    )


def named(cell: Cell) -> str:
    """The model and its size."""
    return label(cell.model, cell.size)
