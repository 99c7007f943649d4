"""The section of reports that compares models on the same comparisons."""

from __future__ import annotations

from collections.abc import Iterator

from fewpix.evaluate.measures import headline, title
from fewpix.evaluate.report import plots
from fewpix.evaluate.report.blocks import Block, Plot, Plots, Section, Table, Text
from fewpix.evaluate.report.words import at, named, points
from fewpix.evaluate.result.model import Difference, Result
from fewpix.evaluate.statistics.paired import p_text

_HOW = (
    "Each line is the first model's figure minus the second's on the same comparisons, in points of "
    "percent, with a 95 % interval from resampling people for both together; one that leaves out zero "
    "is a difference that chance alone would rarely make. Nothing is corrected for the number of comparisons."
)
_MCNEMAR = (
    "McNemar's exact test counts the answers that only one of the two got right; it takes answers for "
    "independent, which those that share a person are not quite. Where fewer than 25 answers differ, the "
    "interval of their difference is widened until it leaves out zero only where the test is below 0.05."
)


def differences(result: Result) -> Iterator[Section]:
    """All of them: the most telling ones drawn, a table, and McNemar's test; nothing without any."""
    found = [(one, change) for one in result.differences for change in one.changes]
    main = headline([change for _, change in found])
    if main is None:
        return
    called = title(main.measure, main.at)
    drawn = [
        (_name(one), change.difference, *change.ci95)
        for one, change in found
        if (change.measure, change.at) == (main.measure, main.at)
    ]
    svg, alt = plots.changes(drawn, called), f"Differences in {called} with 95 % intervals"
    rows = [
        {
            **_models(one),
            **{title(c.measure, c.at): points(c.difference, c.ci95) for c in one.changes},
        }
        for one in result.differences
    ]
    blocks: list[Block] = [
        Text(_HOW),
        Plots((Plot("plot-differences", svg, alt),), ()),
        Table.of("Differences in points", rows),
    ]
    tests = [
        {
            **_models(one),
            "of": title(change.measure, change.at),
            "right only by the first": f"{change.mcnemar.only_first:,}",
            "right only by the second": f"{change.mcnemar.only_second:,}",
            "p": p_text(change.mcnemar.p),
        }
        for one, change in found
        if change.mcnemar
    ]
    if tests:
        blocks += [Text(_MCNEMAR), Table.of("McNemar's exact test", tests)]
    bases = dict.fromkeys(one.minus for one in result.differences)
    yield Section(
        f"Compared with {'the second result' if result.compared else ', '.join(bases)}", tuple(blocks)
    )


def first_in_words(result: Result) -> str:
    """The most telling change of the first difference that has any, in a sentence."""
    for one in result.differences:
        change = headline(one.changes)
        if change is not None:
            what = title(change.measure, change.at)
            return f"{_name(one)}: {what} {points(change.difference, change.ci95)} points."
    return "No figure can be shown by both."


def _models(one: Difference) -> dict[str, str]:
    """The first columns of a table: whose difference it is, in what part, at what size."""
    return {"models": f"{one.model} − {one.minus}", **one.part, "size": at(one.size)}


def _name(one: Difference) -> str:
    return named(f"{one.model} − {one.minus}", one.size, one.part)
