"""The reports of `fewpix evaluate lfw` and `fewpix evaluate lfw-table`."""

from __future__ import annotations

from collections.abc import Sequence

from fewpix.evaluate.report import plots
from fewpix.evaluate.report.blocks import Block, Plot, Plots, Report, Section, Table, Text
from fewpix.evaluate.report.curves import against_pixels, several_sizes
from fewpix.evaluate.report.figures import at, facts, models, points, share
from fewpix.evaluate.schema.lfw import LfwFigures, LfwResult, LfwTable
from fewpix.evaluate.schema.parts import Model

_INTERVALS = (
    "Behind every figure stands its 95 % interval, from resampling people. Accuracy is the mean over "
    "the folds, each under the best threshold of the others, and its interval holds those thresholds; "
    "that of TAR sets its threshold anew in every replicate, and is rather too wide than too narrow."
)
_CHANGES = (
    "Each line is the model's accuracy minus the baseline's on the same pairs, with a 95 % interval from "
    "resampling people for both together; one that leaves out zero is a difference that chance alone would "
    "rarely make. Nothing is corrected for the number of comparisons."
)
_PROTOCOLS = {
    "hr-lr": "hr-lr: the second picture of a pair is small and goes to the model, the first is sharp and "
    "goes to the teacher.",
    "lr-lr": "lr-lr: both pictures of a pair are small and go to the model.",
}


def lfw_report(result: LfwResult) -> Report:
    """Of one model at one size."""
    rows = [
        ("benchmark", f"LFW, {result.n_pairs:,} pairs"),
        ("coverage", f"{100 * result.coverage:.1f} %, {result.n_missing:,} pairs left out"),
        ("made small", f"by {result.family}; {result.interpolation}"),
        ("mirrored pictures added", "yes" if result.flip else "no"),
        *([("sharp faces went to", result.teacher_sha256)] if result.teacher_sha256 else []),
        ("intervals", f"{result.interval}, {result.replicates:,} replicates, seed {result.seed}"),
        ("lists and pictures", result.data_sha256),
        ("single scores", result.scores_sha256),
    ]
    model = Model(
        sha256=result.model_sha256, runtime=result.runtime, state_id=result.state_id, side=result.side
    )
    sections = (
        Section("Figures", (_figures([result]), Text(_PROTOCOLS[result.protocol]), Text(_INTERVALS))),
        Section("What was measured", (facts(rows), models({result.model: model}, {}, ""))),
    )
    return Report(f"LFW: pairs, {result.protocol}", _lead([result]), sections)


def lfw_table_report(result: LfwTable) -> Report:
    """Of several models and sizes, a section for each protocol."""
    settings, data = result.settings, result.data
    protocols = list(dict.fromkeys(one.protocol for one in result.figures))
    rows = [
        ("benchmark", f"LFW, {data.pairs:,} pairs of {data.pictures:,} pictures"),
        ("left out", f"{data.missing:,} pairs for want of a picture"),
        ("made small", f"by {settings.family}; {settings.interpolation}"),
        ("mirrored pictures added", "yes" if settings.flip else "no"),
        ("sharp faces of hr-lr went to", settings.teacher_sha256),
        ("intervals", f"{settings.interval}, {settings.replicates:,} replicates, seed {settings.seed}"),
        ("lists and pictures", data.sha256),
        *([("single scores", result.scores_sha256)] if result.scores_sha256 else []),
    ]
    sections = (
        *(Section(protocol, _of_protocol(result, protocol)) for protocol in protocols),
        *_changes(result),
        Section("What was measured", (facts(rows), models(result.models, {}, ""))),
    )
    return Report("LFW: pairs at several sizes", _lead(result.figures), sections)


def _lead(found: Sequence[LfwFigures]) -> str:
    """The best figure, with what it is worth."""
    best = max(found, key=lambda figures: figures.accuracy)
    most = "Highest of all, " if len(found) > 1 else ""
    size = f"{best.model}, {best.size} px, {best.protocol}"
    return f"{most}{size}: accuracy {share(best.accuracy, best.accuracy_ci95)} %, on {best.n_pairs:,} pairs."


def _figures(found: Sequence[LfwFigures]) -> Table:
    fars = list(found[0].tar_at_far)
    caption = "Verification, with 95 % intervals"
    for far, tar in found[0].tar_at_far.items():
        if tar is None:
            caption += f"; TAR at FAR {far} is not resolvable on so few pairs of two people"
    rows = tuple(
        (
            one.model,
            at(one.size),
            share(one.accuracy, one.accuracy_ci95),
            *(share(one.tar_at_far[far], one.tar_at_far_ci95[far]) for far in fars),
        )
        for one in found
    )
    head = ("model", "size", "accuracy, %", *(f"TAR at FAR {far}, %" for far in fars))
    return Table(caption, head, rows)


def _of_protocol(result: LfwTable, protocol: str) -> tuple[Block, ...]:
    """Its plots against pixels, where there are several sizes, and its figures."""
    found = [one for one in result.figures if one.protocol == protocol]
    drawn = []
    if several_sizes(found):
        (far,) = list(found[0].tar_at_far)[:1]
        for key, title, name in (("accuracy", "accuracy", "accuracy"), (far, f"TAR at FAR {far}", "tar")):
            values = [(one, _value(one, key)) for one in found]
            cells = [(one.model, one.size, *known) for one, known in values if known]
            if not cells:
                continue
            plot, _ = against_pixels(cells, title, f"the small faces, {protocol}", f"plot-{protocol}-{name}")
            drawn.append(plot)
    shown: list[Block] = [Text(_PROTOCOLS[protocol])]
    shown += [Plots(tuple(drawn), ())] if drawn else []
    return (*shown, _figures(found), Text(_INTERVALS))


def _value(one: LfwFigures, key: str) -> tuple[float, tuple[float, float]] | None:
    """A figure and its interval; None for a rate that cannot be shown."""
    if key == "accuracy":
        return one.accuracy, one.accuracy_ci95
    value, ci95 = one.tar_at_far[key], one.tar_at_far_ci95[key]
    return None if value is None or ci95 is None else (value, ci95)


def _changes(result: LfwTable) -> list[Section]:
    """Every model minus the baseline; nothing where there is no other one."""
    found = [(one, one.minus_baseline) for one in result.figures if one.minus_baseline is not None]
    if not found:
        return []
    base = result.settings.baseline
    drawn = [
        (f"{one.model} − {base}, {one.size} px, {one.protocol}", change.accuracy, *change.ci95)
        for one, change in found
    ]
    plot = Plot(
        "plot-differences", plots.changes(drawn, "accuracy"), "Differences in accuracy, with intervals"
    )
    rows = tuple(
        (f"{one.model} − {base}", one.protocol, at(one.size), points(change.accuracy, change.ci95))
        for one, change in found
    )
    table = Table("Differences in points", ("models", "protocol", "size", "accuracy"), rows)
    return [Section(f"Compared with {base}", (Text(_CHANGES), Plots((plot,), ()), table))]
