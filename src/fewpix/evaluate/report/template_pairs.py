"""The report of `fewpix evaluate template-pairs`."""

from __future__ import annotations

from fewpix.evaluate.report.blocks import Block, Report, Section, Table, Text
from fewpix.evaluate.report.curves import (
    ROC,
    against_pixels,
    groups,
    histograms,
    named,
    rate_curves,
    several_sizes,
    size_section,
)
from fewpix.evaluate.report.differences import template_pair_changes
from fewpix.evaluate.report.figures import at, counts, facts, models, share
from fewpix.evaluate.report.pairs import CURVES, made_small, roc_rates
from fewpix.evaluate.report.templates import seen_rows
from fewpix.evaluate.schema.templates import TemplatePairsResult

_INTERVALS = (
    "Behind a figure stands its 95 % interval, from resampling people, who are told apart by the pairs of "
    "one person. Up to 200,000 pairs every replicate sets its own threshold; of more, thresholds are held "
    "and only the people of the pairs of one person are resampled, so that EER and AUC have no interval, "
    "and those of TAR do not show how well the threshold itself is known. Which it was stands below. A "
    "template that failed to enrol counts against the model."
)


def template_pairs_report(result: TemplatePairsResult) -> Report:
    """All of it."""
    panels = [
        (title, [(name, roc_rates(f, f.curve)) for name, f in cells])
        for title, cells in groups(result.figures)
    ]
    scores = [(named(f), f.histogram, [f.threshold_at_eer]) for f in result.figures]
    sections = (
        Section("Figures", (_headline(result), *_unresolved(result), Text(_INTERVALS))),
        *_sizes(result),
        Section("ROC and DET", (Text(CURVES), rate_curves(panels, ROC))),
        Section("Scores", (histograms(scores),)),
        *template_pair_changes(result.differences, "the first model of the run"),
        Section("What was measured", _measured(result)),
    )
    return Report(f"{result.benchmark}: pairs of templates, {result.protocol}", _lead(result), sections)


def _shown(result: TemplatePairsResult) -> list[str]:
    """The false accept rates that can be shown."""
    return [far for far in result.figures[0].tar_at_far if far not in result.figures[0].not_resolvable]


def _main(result: TemplatePairsResult) -> str | None:
    """The lowest of them; None where none can be shown."""
    return min(_shown(result), key=float, default=None)


def _lead(result: TemplatePairsResult) -> str:
    """The best figure, with what it is worth."""
    far = _main(result)
    if far is None:
        best = min(result.figures, key=lambda f: f.eer)
        found = f"equal error rate {share(best.eer, best.eer_ci95)} %"
    else:
        best = max(result.figures, key=lambda f: f.tar_at_far[far] or 0.0)
        found = f"TAR at FAR {far} {share(best.tar_at_far[far], best.tar_at_far_ci95[far])} %"
    most = "Highest of all, " if len(result.figures) > 1 and far is not None else ""
    pairs = (
        f"{result.n_same:,} pairs of templates of one person and {result.n_pairs - result.n_same:,} of two"
    )
    return f"{most}{named(best)}: {found}, on {pairs}."


def _headline(result: TemplatePairsResult) -> Table:
    fars = _shown(result)
    head = ("model", "size", *(f"TAR at FAR {far}, %" for far in fars), "EER, %", "AUC, %")
    rows = tuple(
        (
            f.model,
            at(f.size),
            *(share(f.tar_at_far[far], f.tar_at_far_ci95[far]) for far in fars),
            share(f.eer, f.eer_ci95),
            share(f.auc, f.auc_ci95),
        )
        for f in result.figures
    )
    return Table("Verification, with 95 % intervals", head, rows)


def _unresolved(result: TemplatePairsResult) -> list[Block]:
    """What is not in the table, and why."""
    unresolved = result.figures[0].not_resolvable
    said = [f"TAR at FAR {far} is not resolvable: {why}." for far, why in unresolved.items()]
    return [Text(" ".join(said))] if said else []


def _sizes(result: TemplatePairsResult) -> list[Section]:
    """TAR against pixels, where there are several sizes and a rate that can be shown."""
    far = _main(result)
    if far is None or not several_sizes(result.figures):
        return []
    cells = [
        (f.model, f.size, tar, ci95)
        for f in result.figures
        if (tar := f.tar_at_far[far]) is not None and (ci95 := f.tar_at_far_ci95[far]) is not None
    ]
    return [size_section([against_pixels(cells, f"TAR at FAR {far}", "the small faces", "plot-size")])]


def _measured(result: TemplatePairsResult) -> tuple[Block, ...]:
    rows = [
        ("benchmark", f"{result.benchmark}, {result.n_pairs:,} pairs of templates"),
        ("coverage", f"{100 * result.coverage:.1f} %, {result.n_missing:,} pairs left out"),
        ("protocol", result.protocol),
        *made_small(result.degraded),
        ("pictures", result.alignment),
        ("fused", result.fusion),
        ("resampled", result.interpolation),
        ("mirrored pictures added", "yes" if result.flip else "no"),
        ("intervals", f"{result.interval}, {result.replicates:,} replicates, seed {result.seed}"),
        ("lists", result.inventory.sha256),
        ("lists and pictures", result.data_sha256),
        ("single scores", result.scores_sha256 or "not kept: too many"),
    ]
    for name, teacher in (result.teachers or {}).items():
        rows += seen_rows(f"templates seen by the teacher of {name}", teacher)
    for f in result.figures:
        rows += seen_rows(f"templates seen by {named(f)}", f)
        if f.failed_pairs:
            rows.append((f"pairs that failed, {named(f)}", f"{f.failed_pairs:,}, scored as the least alike"))
    others = {
        name: (name if teacher.sha256 == result.models[name].sha256 else "teacher", teacher)
        for name, teacher in (result.teachers or {}).items()
    }
    return facts(rows), models(result.models, others, "the other side"), counts(result.inventory.counts)
