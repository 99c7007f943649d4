"""The report of `fewpix evaluate pairs`."""

from __future__ import annotations

from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.native import Look
from fewpix.evaluate.report.blocks import Block, Plots, Report, Section, Table, Text
from fewpix.evaluate.report.curves import (
    ROC,
    Cell,
    Rates,
    against_pixels,
    groups,
    histograms,
    named,
    rate_curves,
    several_sizes,
    size_section,
)
from fewpix.evaluate.report.differences import pair_changes
from fewpix.evaluate.report.faces import Faces
from fewpix.evaluate.report.figures import at, by_size, counts, facts, models, share
from fewpix.evaluate.report.worst import worst
from fewpix.evaluate.schema.pairs import Degraded, PairCurve, PairFigures, PairsResult

_INTERVALS = (
    "Behind every figure stands its 95 % interval, from resampling people. Accuracy is the mean over "
    "the folds, each under the best threshold of the others, and its interval holds those thresholds; "
    "all others set their threshold anew in every replicate, and are rather too wide than too narrow."
)

CURVES = (
    "Each point is a threshold that was observed. The curves end where the pairs of two people are too "
    "few to show a lower false accept rate; the bands are 95 % intervals of the true accept rate."
)
"""What the curves of pairs show."""


def pairs_report(result: PairsResult, faces: Faces) -> Report:
    """All of it.

    Args:
        result: the figures.
        faces: draws the worst pairs.
    """
    sections = [
        Section("Figures", (_headline(result), *_unresolved(result), Text(_INTERVALS))),
        *_by_size(result),
        Section("ROC and DET", (Text(CURVES), _curves(result))),
        Section("Scores", (_scores(result),)),
        *pair_changes(result.differences, "the first model of the run"),
        worst([(named(f), f.worst, _looks(result, f)) for f in result.figures], faces),
        Section("What was measured", _measured(result)),
    ]
    return Report(f"{_name(result)}: pairs, {result.protocol}", _lead(result), tuple(sections))


def _name(result: PairsResult) -> str:
    return f"{result.benchmark} ({result.variant})" if result.variant else result.benchmark


def _lead(result: PairsResult) -> str:
    """The best figure, with what it is worth."""
    pairs = f"{result.n_same:,} pairs of one person and {result.n_pairs - result.n_same:,} of two"
    known = [figures for figures in result.figures if figures.accuracy is not None]
    if known:
        best = max(known, key=lambda figures: figures.accuracy or 0.0)
        found = f"accuracy {share(best.accuracy, best.accuracy_ci95)} %"
    else:
        best = min(result.figures, key=lambda figures: figures.eer)
        found = f"equal error rate {share(best.eer, best.eer_ci95)} %"
    most = "Highest of all, " if len(result.figures) > 1 else ""
    return f"{most}{named(best)}: {found}, on {pairs}."


def _headline(result: PairsResult) -> Table:
    fars = [far for far in result.figures[0].tar_at_far if far not in result.figures[0].not_resolvable]
    head = ("model", "size", "accuracy, %", *(f"TAR at FAR {far}, %" for far in fars), "EER, %", "AUC, %")
    rows = tuple(
        (
            f.model,
            at(f.size),
            share(f.accuracy, f.accuracy_ci95),
            *(share(f.tar_at_far[far], f.tar_at_far_ci95[far]) for far in fars),
            share(f.eer, f.eer_ci95),
            share(f.auc, f.auc_ci95),
        )
        for f in result.figures
    )
    return Table("Verification, with 95 % intervals", head, rows)


def _unresolved(result: PairsResult) -> list[Block]:
    """What is not in the table, and why."""
    first = result.figures[0]
    said = [f"TAR at FAR {far} is not resolvable: {why}." for far, why in first.not_resolvable.items()]
    said += [f"There is no accuracy: {first.no_accuracy}."] if first.no_accuracy else []
    quality = [
        (named(f), third.name, f"{third.n_pairs:,}", share(third.accuracy, third.ci95))
        for f in result.figures
        for third in f.accuracy_by_quality or []
    ]
    found: list[Block] = [Text(" ".join(said))] if said else []
    if quality:
        head = ("model", "third", "pairs", "accuracy, %")
        found.append(Table("Accuracy by the quality of a pair's worse picture", head, tuple(quality)))
    return found


def _by_size(result: PairsResult) -> list[Section]:
    """Accuracy, or EER, against pixels, where there are several sizes."""
    if not several_sizes(result.figures):
        return []
    known = result.figures[0].accuracy is not None
    wanted = [("accuracy", "accuracy"), ("eer", "EER")] if known else [("eer", "EER"), ("auc", "AUC")]
    found = []
    for key, title in wanted:
        cells = [(f.model, f.size, getattr(f, key), getattr(f, f"{key}_ci95")) for f in result.figures]
        found.append(against_pixels(cells, title, "the small faces", f"plot-size-{key}"))
    return [size_section(found)]


def _curves(result: PairsResult) -> Plots:
    panels = groups(result.figures)
    return rate_curves(
        [(title, [(name, roc_rates(f, f.curve)) for name, f in cells]) for title, cells in panels], ROC
    )


def roc_rates(cell: Cell, curve: PairCurve) -> Rates:
    """The curve of a model at a size."""
    return Rates(named(cell), curve.far, curve.tar, curve.tar_ci95, curve.threshold)


def _scores(result: PairsResult) -> Plots:
    return histograms(
        [(named(f), f.histogram, f.threshold_per_fold or [f.threshold_at_eer]) for f in result.figures]
    )


def _looks(result: PairsResult, figures: PairFigures) -> tuple[Look, Look]:
    """How the first and the second picture of a pair came to the encoders."""
    plain = Look(None, result.fit)
    if result.degraded is None:
        return plain, plain
    small = Look(figures.size, result.fit, Degradation(result.degraded.family, result.degraded.seed))
    sides = result.degraded.sides
    return (plain if sides == "second" else small), (plain if sides == "first" else small)


def _measured(result: PairsResult) -> tuple[Block, ...]:
    pictures, side = result.pictures, result.pictures.side_px
    rows = [
        ("benchmark", f"{_name(result)}, {result.n_pairs:,} pairs in {result.folds} folds"),
        ("coverage", f"{100 * result.coverage:.1f} %, {result.n_missing:,} pairs left out"),
        ("protocol", result.protocol),
        *made_small(result.degraded),
        ("pictures", f"{pictures.used:,}, {side.smallest} to {side.largest} px, median {side.median:g}"),
        ("not square", f"{pictures.not_square:,}, made so by {result.fit}"),
        ("resampled", result.interpolation),
        ("mirrored pictures added", "yes" if result.flip else "no"),
        ("intervals", f"{result.interval}, {result.replicates:,} replicates, seed {result.seed}"),
        ("lists", result.inventory.sha256),
        ("lists and pictures", result.data_sha256),
        ("single scores", result.scores_sha256),
    ]
    kept = [f for f in result.figures if f.already_smaller]
    rows += [(f"smaller than {f.size} px already", f"{f.already_smaller:,} pictures, left so") for f in kept]
    teachers = {
        name: (name if model == result.models[name] else "teacher", model)
        for name, model in (result.teachers or {}).items()
    }
    return (
        facts(rows),
        models(result.models, teachers, "the other side"),
        counts(result.inventory.counts),
    )


def made_small(degraded: Degraded | None) -> list[tuple[str, str]]:
    """Lines of the table of what was measured; none where no picture was made small."""
    if degraded is None:
        return []
    return [
        ("made small", f"the {degraded.sides} side of a pair, seed {degraded.seed}"),
        *((f"to {size} px", steps) for size, steps in by_size(degraded.steps)),
    ]
