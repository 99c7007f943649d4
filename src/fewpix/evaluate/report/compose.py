"""The report of a result, whatever was compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from fewpix.evaluate.report import plots
from fewpix.evaluate.report.blocks import Block, Plot, Plots, Report, Section, Table
from fewpix.evaluate.report.curves import curves
from fewpix.evaluate.report.faces import Faces, worst
from fewpix.evaluate.report.tables import benchmark, measured, models
from fewpix.evaluate.report.words import TASKS, Task, at, named, points, share
from fewpix.evaluate.result.model import Cell, Difference, Figure, Result, UccsScores
from fewpix.evaluate.result.words import LOWER_IS_BETTER, headline, p_text, title

_PROTOCOLS: Final = {
    "hr-lr": "hr-lr: one side of a pair is small and goes to the model, the other one is sharp; who sees it "
    "stands below.",
    "lr-lr": "lr-lr: both pictures of a pair are small and go to the model.",
}
_JOINED: Final = (
    "Where wrong comparisons a probe are counted, the galleries are searched as one, as public code does: "
    "every probe has a mate, no search is non-mated, and the threshold lets so many wrong comparisons a "
    "probe pass. That is no false positive identification rate, and these figures do not belong into one "
    "table with the others."
)
_SUBTRACTED = (
    "Each line is the first model's figure minus the second's on the same comparisons, in points of "
    "percent, with a 95 % interval from resampling people for both together; one that leaves out zero "
    "is a difference that chance alone would rarely make. Nothing is corrected for the number of comparisons."
)
_MCNEMAR = (
    "McNemar's exact test counts the answers that only one of the two got right; it takes answers for "
    "independent, which those that share a person are not quite. Where fewer than 25 answers differ, the "
    "interval of their difference is widened until it leaves out zero only where the test is below 0.05."
)


def report(result: Result, faces: Faces) -> Report:
    """All of it.

    Args:
        result: of an evaluation or of a comparison.
        faces: draws the worst comparisons.
    """
    name = benchmark(result.benchmark)
    if result.compared:
        sections = (*differences(result), ("What was compared", measured(result)))
        return Report(f"{name}: two results compared", first_in_words(result), sections)
    task = TASKS[result.task]
    words = (task.title + " of templates" * bool(result.treatment.fusion), *result.treatment.protocols)
    sections = (
        ("Figures", tuple(_figures(result, task))),
        *curves(result),
        *differences(result),
        *worst(result, faces),
        ("What was measured", measured(result)),
    )
    return Report(f"{name}: {', '.join(words)}", _lead(result), sections)


def uccs_scores_report(result: UccsScores) -> Report:
    """Of how a score file was made."""
    first = f"; the first: {result.first_fault}" if result.unreadable else ""
    rows = (
        ("faces found", f"{result.detections:,} in {result.pictures:,} pictures"),
        ("below 8 px, like nobody", f"{result.not_embedded:,}"),
        ("people in the gallery", f"{result.people:,}"),
        ("people who failed to enrol, nobody is like them", f"{result.failed_people:,}"),
        ("pictures that cannot be read", f"{result.unreadable:,}{first}"),
        ("whole pictures made smaller by", f"{result.shrink:g}"),
        ("faces found made small", at(result.size)),
        ("gallery made small", at(result.gallery_size)),
        ("by", f"{result.family}, seed {result.seed}; {result.interpolation}"),
        ("mirrored faces added", "yes" if result.flip else "no"),
        ("coverage", f"{100 * result.coverage:.1f} %"),
        ("lists", result.lists_sha256),
        ("faces seen by", result.model),
        ("gallery seen by", result.gallery_model),
    )
    lead = (
        f"{result.detections:,} faces found in {result.pictures:,} pictures, each compared with "
        f"{result.people:,} people; fewpix evaluate uccs says what that is worth."
    )
    blocks = (Table("What was made", ("", ""), rows), models("Models", result.models))
    return Report("UCCS watchlist: how a score file was made", lead, (("What was made", blocks),))


def _lead(result: Result) -> str:
    """The most telling figure of the model and size that have the best one, in every part."""
    main = headline([figure for cell in result.cells for figure in _known(cell)])
    if main is None:
        return f"No figure can be shown, {_compared(result)}."
    found = [
        (cell, figure)
        for cell in result.cells
        for figure in _known(cell)
        if (figure.measure, figure.at) == (main.measure, main.at)
    ]
    lower = main.measure in LOWER_IS_BETTER
    best, _ = (min if lower else max)(found, key=lambda one: one[1].value or 0.0)
    several = len({(cell.model, cell.size) for cell in result.cells}) > 1
    most = f"{'Lowest' if lower else 'Highest'} of all, " if several else ""
    parts = [
        f"{share(figure.value, figure.ci95)} %" + "".join(f" ({part})" for part in cell.part.values())
        for cell, figure in found
        if (cell.model, cell.size) == (best.model, best.size)
    ]
    name = named(best.model, best.size, {})
    return f"{most}{name}: {title(main.measure, main.at)} {', '.join(parts)}, {_compared(result)}."


def _known(cell: Cell) -> list[Figure]:
    return [figure for figure in cell.figures if figure.value is not None]


def _compared(result: Result) -> str:
    """On how many comparisons."""
    count, cell = result.benchmark.comparisons, result.cells[0].counts
    if "same" in count:
        what = "pairs of templates" if result.treatment.fusion else "pairs"
        return f"on {count['same']:,} {what} of one person and {count.get('different', 0):,} of two"
    if result.task == "search" and len(list(result.by_part())) == 1 and "mated" in cell:
        return f"in {cell['mated']:,} mated and {cell.get('nonmated', 0):,} non-mated searches"
    return ", ".join(
        f"on {count[what]:,} {what}" for what in ("pairs", "probes", "pictures") if what in count
    )


def _figures(result: Result, task: Task) -> Iterator[Block]:
    """Tables of figures, why others are not in them, and what their intervals are worth."""
    asked: dict[tuple[tuple[str, str], ...], list[Cell]] = {}
    for cell in result.cells:  # those with the same figures share a table
        asked.setdefault(tuple((one.measure, one.at) for one in cell.figures), []).append(cell)
    for cells in asked.values():
        yield _table(cells, task)
    missing = " ".join(_missing(result))
    if missing:
        yield missing
    yield from _thirds(result)
    protocols = [_PROTOCOLS[one] for one in result.treatment.protocols if one in _PROTOCOLS]
    if protocols:
        yield " ".join(protocols)
    yield f"{task.intervals} {task.templates}" if result.treatment.fusion else task.intervals
    if any(figure.measure == "recall" for cell in result.cells for figure in cell.figures):
        yield _JOINED


def _table(cells: Sequence[Cell], task: Task) -> Table:
    """A line for each cell, a column for each figure that any of them can show."""
    known = {(one.measure, one.at) for cell in cells for one in _known(cell) if not _third(one)}
    rows = []
    for cell in cells:
        row = {"model": cell.model, "size": at(cell.size)} if task.small else {"score file": cell.model}
        row |= cell.part
        row |= {called: f"{cell.counts.get(key, 0):,}" for key, called in task.counts}
        shown = [one for one in cell.figures if (one.measure, one.at) in known]
        rows.append(row | {f"{title(f.measure, f.at)}, %": share(f.value, f.ci95) for f in shown})
    spans = any(one.ci95 for cell in cells for one in _known(cell))
    return Table.of(f"{task.caption}, with 95 % intervals" if spans else task.caption, rows)


def _missing(result: Result) -> Iterator[str]:
    """What is not shown, or has no interval, and why: a sentence for each reason."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for cell in result.cells:
        for one in cell.figures:
            if one.reason:
                what = "cannot be shown" if one.value is None else "has no interval"
                place = (title(one.measure, one.at), named("", None, cell.part))
                found.setdefault((what, one.reason), []).append(place)
    every = {named("", None, part) for part, _ in result.by_part()}
    for (what, reason), places in found.items():
        titles, parts = (dict.fromkeys(words) for words in zip(*places, strict=True))
        where = "" if parts.keys() == every else f" in {', '.join(parts)}"
        yield f"{', '.join(titles)} {what}{where}: {reason}."


def _third(figure: Figure) -> bool:
    return figure.measure == "accuracy" and figure.at != ""


def _thirds(result: Result) -> Iterator[Table]:
    """Accuracy by quality, where it is known."""
    rows = [
        {
            "model": named(cell.model, cell.size, cell.part),
            "third": one.at,
            "quality": " to ".join(f"{value:.3g}" for value in one.detail["quality"]),
            **dict(zip(("pairs", "of one person"), map("{:,.0f}".format, one.detail["pairs"]), strict=True)),
            "accuracy, %": share(one.value, one.ci95),
        }
        for cell in result.cells
        for one in cell.figures
        if _third(one)
    ]
    if rows:
        yield Table.of("Accuracy by the quality of a pair's worse picture", rows)


def differences(result: Result) -> Iterator[Section]:
    """All of them: the most telling ones drawn, a table, and McNemar's test; nothing without any."""
    found = [(one, change) for one in result.differences for change in one.changes]
    main = headline([change for _, change in found])
    if main is None:
        return
    called = title(main.measure, main.at)
    drawn = [
        (_difference(one), change.difference, *change.ci95)
        for one, change in found
        if (change.measure, change.at) == (main.measure, main.at)
    ]
    svg, alt = plots.changes(drawn, called), f"Differences in {called} with 95 % intervals"
    rows = [
        {
            **_pair(result, one),
            **{title(c.measure, c.at): points(c.difference, c.ci95) for c in one.changes},
        }
        for one in result.differences
    ]
    blocks: list[Block] = [
        _SUBTRACTED,
        Plots((Plot("plot-differences", svg, alt),), ()),
        Table.of("Differences in points", rows),
    ]
    tests = [
        {
            **_pair(result, one),
            "of": title(change.measure, change.at),
            "right only by the first": f"{change.mcnemar.only_first:,}",
            "right only by the second": f"{change.mcnemar.only_second:,}",
            "p": p_text(change.mcnemar.p),
        }
        for one, change in found
        if change.mcnemar
    ]
    if tests:
        blocks += [_MCNEMAR, Table.of("McNemar's exact test", tests)]
    bases = dict.fromkeys(one.minus for one in result.differences)
    yield f"Compared with {'the second result' if result.compared else ', '.join(bases)}", tuple(blocks)


def first_in_words(result: Result) -> str:
    """The most telling change of the first difference that has any, in a sentence."""
    for one in result.differences:
        change = headline(one.changes)
        if change is not None:
            what = title(change.measure, change.at)
            return f"{_difference(one)}: {what} {points(change.difference, change.ci95)} points."
    return "No figure can be shown by both."


def _pair(result: Result, one: Difference) -> dict[str, str]:
    """The first columns of a table: whose difference it is, in what part, at what size."""
    size = {"size": at(one.size)} if result.task != "detections" else {}
    return {"models": f"{one.model} − {one.minus}", **one.part, **size}


def _difference(one: Difference) -> str:
    return named(f"{one.model} − {one.minus}", one.size, one.part)
