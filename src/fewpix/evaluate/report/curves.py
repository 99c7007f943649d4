"""The plots of a report, each with the same figures as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fewpix.evaluate.report import plots
from fewpix.evaluate.report.blocks import Plot, Plots, Section, Table
from fewpix.evaluate.report.words import TASKS, Task, at, named, of_the_first, share
from fewpix.evaluate.result.model import Cell, Curve, Histogram, Result
from fewpix.evaluate.result.words import headline, title


def curves(result: Result) -> Iterator[Section]:
    """What there is to draw: figures against sizes, true over false rates, CMC, and histograms of scores."""
    task = TASKS[result.task]
    rates = f"{task.curve} and DET" if task.miss else task.curve
    for name, said, found in (
        ("Against pixels", "", _against_pixels(result, task)),
        (rates, task.said, _rates(result, task)),
        ("CMC", "", _ranks(result)),
        ("Scores", of_the_first([cell for cell in result.cells if cell.histogram])[1], _scores(result, task)),
    ):
        blocks = list(found)
        if blocks:
            drawn = tuple(one for one in blocks if isinstance(one, Plot))
            block = Plots(drawn, tuple(one for one in blocks if isinstance(one, Table)))
            yield name, (said, block) if said else (block,)


def _rates(result: Result, task: Task) -> Iterator[Plot | Table]:
    """True over false rates, and the errors."""
    head = (task.false, f"{task.true}, %")
    for n, (where, lines, tables) in enumerate(_panels(result, lambda cell: cell.curve, task.curve, head)):
        yield from tables
        if lines:
            false = f"{task.false} ({where})"
            svg = plots.rates(lines, false, task.true)
            yield Plot(f"plot-rates-{n}", svg, f"{task.curve}, {where}: {task.true} over {task.false}")
            if task.miss:
                svg = plots.rates(lines, false, task.miss, errors=True)
                yield Plot(f"plot-det-{n}", svg, f"DET, {where}: {task.miss} over {task.false}")


def _ranks(result: Result) -> Iterator[Plot | Table]:
    """CMC of searches."""
    panels = _panels(result, lambda cell: cell.ranks, "CMC", ("rank", "found, %"))
    for n, (where, lines, tables) in enumerate(panels):
        yield from tables
        svg = plots.rates(lines, f"rank ({where})", "right person found")
        yield Plot(f"plot-cmc-{n}", svg, f"CMC, {where}: right person found by rank")


def _scores(result: Result, task: Task) -> Iterator[Plot | Table]:
    """Histograms of scores, with the thresholds that judge them."""
    drawn = [(n, cell, cell.histogram) for n, cell in enumerate(result.cells) if cell.histogram is not None]
    for n, cell, histogram in of_the_first(drawn)[0]:
        name = named(cell.model, cell.size, cell.part)
        svg = plots.scores(histogram, name, _thresholds(cell))
        yield Plot(f"plot-scores-{n}", svg, f"{task.scores}, {name}")
        yield _bins(name, histogram)


def _against_pixels(result: Result, task: Task) -> Iterator[Plot | Table]:
    """The most telling figures against sizes, by model, where there are several sizes."""
    for n, (part, cells) in enumerate(result.by_part() if len(result.sizes()) > 1 else ()):
        known = [figure for cell in cells for figure in cell.figures if figure.value is not None]
        more = [headline([one for one in known if one.measure == measure]) for measure in task.pixels]
        told = [(one.measure, one.at) for one in (headline(known), *more) if one is not None]
        for key in dict.fromkeys(told):
            found = [(cell, figure) for cell in cells if (figure := cell.figure(*key))]
            lines: dict[str, list[plots.Point]] = {}
            for cell, figure in found:
                if cell.size is not None and figure.value is not None:
                    point = (float(cell.size), figure.value, figure.ci95)
                    lines.setdefault(cell.model, []).append(point)
            called, where = title(*key), ", ".join(("", *part.values()))
            svg = plots.against_pixels(list(lines.items()), called)
            alt = f"{called} against the size of the {task.small}{where}, by model"
            yield Plot(f"plot-size-{n}-{key[0]}", svg, alt)
            rows = (
                {"model": cell.model, "size": at(cell.size), f"{called}, %": share(one.value, one.ci95)}
                for cell, one in found
            )
            yield Table.of(f"{called} by size{where}", rows)


def _panels(
    result: Result, curve_of: Callable[[Cell], Curve | None], caption: str, head: tuple[str, str]
) -> Iterator[tuple[str, list[plots.Line], list[Table]]]:
    """Curves that share a plot: what they have in common, their lines, and their tables.

    One model's sizes share one, or a size's models; where there is one model at one size, its parts.
    """
    known = [(cell, curve) for cell in result.cells if (curve := curve_of(cell)) and curve.x]
    alone = len({cell.model for cell, _ in known}) == 1
    single = alone and len({cell.size for cell, _ in known}) == 1
    groups: dict[str, list[tuple[str, Cell, Curve]]] = {}
    for cell, curve in known:
        size, where = at(cell.size), named("", None, cell.part)
        common = cell.model if alone else size
        if single:
            common, label = named(cell.model, cell.size, {}), where or cell.model
        else:
            common, label = named(common, None, cell.part), size if alone else cell.model
        groups.setdefault(common, []).append((label, cell, curve))
    for common, group in groups.items():
        lines: list[plots.Line] = []
        tables = []
        for label, cell, curve in group:
            points = list(zip(curve.x, curve.y, curve.ci95, strict=True))
            shown = [point for point in points if point[0] > 0]  # the axis is logarithmic
            lines += [(label, shown)] if shown else []
            rows = [
                {head[0]: f"{x:.3g}" if curve.threshold else f"{x:g}", head[1]: share(y, ci95)}
                for x, y, ci95 in points
            ]
            for row, threshold in zip(rows, curve.threshold, strict=False):
                row["threshold"] = f"{threshold:.4f}"
            tables.append(Table.of(f"{caption}, {named(cell.model, cell.size, cell.part)}", rows))
        yield common, lines, tables


def _thresholds(cell: Cell) -> list[float]:
    """What scores are judged by: each fold's threshold, that at the EER, or that at the lowest FPIR."""
    for measure in ("accuracy", "eer", "tpir"):
        known = [one for one in cell.figures if one.measure == measure and one.value is not None]
        found = headline(known)
        if found is not None:
            return found.detail.get("thresholds") or (
                [found.threshold] if found.threshold is not None else []
            )
    return []


def _bins(name: str, counted: Histogram) -> Table:
    """The bins that are not empty."""
    width = 2 / len(counted.mated)
    rows = (
        {"score from": f"{n * width - 1:.3f}", "one person": f"{mated:,}", "two people": f"{nonmated:,}"}
        for n, (mated, nonmated) in enumerate(zip(counted.mated, counted.nonmated, strict=True))
        if mated or nonmated
    )
    return Table.of(f"Scores, {name}", rows)
