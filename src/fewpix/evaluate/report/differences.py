"""The sections of reports that compare models, pair by pair or probe by probe."""

from __future__ import annotations

from collections.abc import Sequence

from fewpix.evaluate.report import plots
from fewpix.evaluate.report.blocks import Plot, Plots, Section, Table, Text
from fewpix.evaluate.report.figures import at, points
from fewpix.evaluate.schema.lfw import LfwChange
from fewpix.evaluate.schema.pairs import PairChange
from fewpix.evaluate.schema.parts import Change
from fewpix.evaluate.schema.search import SearchChange
from fewpix.evaluate.schema.templates import TemplatePairChange, TemplateSearchChange
from fewpix.evaluate.schema.uccs import UccsChange
from fewpix.evaluate.statistics.paired import p_text

_HOW = (
    "Each line is the first model's figure minus the second's on the same comparisons, in points of "
    "percent, with a 95 % interval from resampling people for both together; one that leaves out zero "
    "is a difference that chance alone would rarely make. McNemar's exact test counts the answers that "
    "only one of the two got right; it takes answers for independent, which those that share a person "
    "are not quite. Where fewer than 25 answers differ, the interval of their difference is widened until "
    "it leaves out zero only where the test is below 0.05. Nothing is corrected for the number of "
    "comparisons."
)


def pair_changes(found: Sequence[PairChange], base: str) -> list[Section]:
    """Of pairs; nothing where there is nothing to compare.

    Args:
        found: the differences.
        base: what the second model is, in words.
    """
    if not found:
        return []
    fars = list(found[0].tar_at_far)
    head = ("models", "size", "accuracy", *(f"TAR at FAR {far}" for far in fars), "EER", "AUC")
    rows = tuple(
        (
            _models(one),
            at(one.size),
            _change(one.accuracy),
            *(_change(one.tar_at_far[far]) for far in fars),
            _change(one.eer),
            _change(one.auc),
        )
        for one in found
    )
    main = [(_name(one), one.accuracy or one.eer) for one in found]
    title = "accuracy" if found[0].accuracy else "EER"
    table = Table("Differences in points", tuple(head), rows)
    return [_section(main, title, (table, *_test(found)), base)]


def search_changes(found: Sequence[SearchChange], base: str) -> list[Section]:
    """Of searches, likewise."""
    if not found:
        return []
    first = found[0]
    ranks, fpirs = list(first.rank), list(first.tpir_at_fpir)
    head = ["models", "size", *(f"rank-{k}" for k in ranks), *(f"TPIR at FPIR {fpir}" for fpir in fpirs)]
    head += ["mAP"] if first.map else []
    head += ["AUC"] if first.auc else []
    rows = tuple(
        (
            _models(one),
            at(one.size),
            *(_change(one.rank[k]) for k in ranks),
            *(_change(one.tpir_at_fpir[fpir]) for fpir in fpirs),
            *([_change(one.map)] if first.map else []),
            *([_change(one.auc)] if first.auc else []),
        )
        for one in found
    )
    key = fpirs[0] if fpirs else None
    main = [(_name(one), one.tpir_at_fpir[key] if key else one.rank[ranks[0]]) for one in found]
    title = f"TPIR at FPIR {key}" if key else f"rank-{ranks[0]}"
    table = Table("Differences in points", tuple(head), rows)
    return [_section(main, title, (table, *_test(found)), base)]


def template_pair_changes(found: Sequence[TemplatePairChange], base: str) -> list[Section]:
    """Of pairs of templates, likewise."""
    if not found or not (found[0].tar_at_far or found[0].eer):
        return []
    first = found[0]
    fars = list(first.tar_at_far)
    head = ["models", "size", *(f"TAR at FAR {far}" for far in fars), *(["EER", "AUC"] if first.eer else [])]
    rows = tuple(
        (
            _models(one),
            at(one.size),
            *(_change(one.tar_at_far[far]) for far in fars),
            *([_change(one.eer), _change(one.auc)] if first.eer else []),
        )
        for one in found
    )
    key = min(fars, key=float, default=None)
    main = [(_name(one), change) for one in found if (change := one.tar_at_far[key] if key else one.eer)]
    table = Table("Differences in points", tuple(head), rows)
    return [_section(main, f"TAR at FAR {key}" if key else "EER", (table,), base)]


def uccs_changes(found: Sequence[UccsChange], base: str) -> list[Section]:
    """Of two score files, likewise."""
    changes = [
        (name, key, change)
        for one in found
        for name, by_rate in (
            ("detection", one.detection),
            *((f"rank {rank}", rates) for rank, rates in one.identification.items()),
        )
        for key, change in by_rate.items()
    ]
    if not changes:
        return []
    rows = tuple(
        (
            name,
            key,
            _change(change),
            f"{change.mcnemar.only_first:,}",
            f"{change.mcnemar.only_second:,}",
            p_text(change.mcnemar.p),
        )
        for name, key, change in changes
    )
    head = (
        "",
        "false alarms a picture",
        "found, points",
        "found only by the first",
        "found only by the second",
        "p (McNemar)",
    )
    main = [(f"{name} at {key}", change) for name, key, change in changes]
    return [_section(main, "share found", (Table("Differences in points", head, rows),), base)]


def _section(main: Sequence[tuple[str, Change]], title: str, tables: tuple[Table, ...], base: str) -> Section:
    rows = [(name, change.difference, *change.ci95) for name, change in main]
    alt = f"Differences in {title} with 95 % intervals"
    plot = Plot("plot-differences", plots.changes(rows, title), alt)
    return Section(f"Compared with {base}", (Text(_HOW), Plots((plot,), ()), *tables))


def _models(one: PairChange | SearchChange | TemplatePairChange) -> str:
    """Whose difference it is, and of which part."""
    part = ""
    if isinstance(one, LfwChange):
        part = f", {one.protocol}"
    elif isinstance(one, TemplateSearchChange):
        part = f", {one.gallery}"
    return f"{one.model} − {one.minus}{part}"


def _name(one: PairChange | SearchChange | TemplatePairChange) -> str:
    return _models(one) + (f", {one.size} px" if one.size else "")


def _change(change: Change | None) -> str:
    return "–" if change is None else points(change.difference, change.ci95)


def _test(found: Sequence[PairChange] | Sequence[SearchChange]) -> tuple[Table, ...]:
    """McNemar's test of each, where there is one."""
    rows = tuple(
        (
            _models(one),
            at(one.size),
            f"{one.mcnemar.only_first:,}",
            f"{one.mcnemar.only_second:,}",
            p_text(one.mcnemar.p),
        )
        for one in found
        if one.mcnemar
    )
    head = ("models", "size", "right only by the first", "right only by the second", "p")
    return (Table("McNemar's exact test", head, rows),) if rows else ()
