"""The reports of `fewpix evaluate uccs` and `fewpix evaluate uccs-scores`."""

from __future__ import annotations

from collections.abc import Sequence

from fewpix.evaluate.report import plots
from fewpix.evaluate.report.blocks import Block, Plot, Plots, Report, Section, Table, Text
from fewpix.evaluate.report.figures import at, counts, facts, models, share
from fewpix.evaluate.schema.uccs import AlarmFigures, UccsResult, UccsScores

_INTERVALS = (
    "Behind every figure stands its 95 % interval, with the threshold held: of identification from "
    "resampling the people of the gallery, of detection the pictures, since nobody knows who the strangers "
    "are. Faces of pictures without a row in the score file count as not found."
)
_CURVES = (
    "False alarms are counted per picture and may exceed one: detections of strangers and of nothing, of "
    "identification at the similarity of whoever is most similar. Each point is a threshold that was "
    "observed; the curve ends where the pictures are too few to show fewer false alarms."
)

Row = tuple[str, str, str, AlarmFigures]
"""Its name, what its rate and its false alarms are called, and the figures."""


def uccs_report(result: UccsResult) -> Report:
    """Of a score file that was judged."""
    detection: Row = ("detection", "detection rate", "FDPI", result.detection)
    ranks: list[Row] = [
        (f"rank {rank}", "TPIR", "FPIPI", found) for rank, found in result.identification.items()
    ]
    ranks.sort(key=lambda row: int(row[0].removeprefix("rank ")))  # keys of JSON are sorted as texts
    sections = (
        Section("Figures", (_figures([detection, *ranks]), *_unresolved(result), Text(_INTERVALS))),
        Section("Identification", (Text(_CURVES), _curves(ranks, "identification"))),
        Section("Detection", (_curves([detection], "detection"),)),
        Section("What was measured", _measured(result)),
    )
    return Report("UCCS watchlist", _lead(result, [*ranks, detection]), sections)


def _lead(result: UccsResult, rows: Sequence[Row]) -> str:
    name, rate, alarms, found = rows[0]
    shown = [key for key, value in found.rate.items() if value is not None]
    tail = f"{result.images:,} pictures"
    if not shown:
        return f"{found.found:,} of {found.wanted:,} faces at any threshold, in {tail}."
    key = min(shown, key=float)
    return f"{name}: {rate} {share(found.rate[key], found.rate_ci95[key])} % at {alarms} {key}, in {tail}."


def _figures(rows: Sequence[Row]) -> Table:
    keys = list(rows[0][3].rate)
    head = ("", "faces", "found at any threshold", *(f"at {key} false alarms a picture, %" for key in keys))
    cells = tuple(
        (
            f"{rate}, {name}" if name != rate.partition(" ")[0] else rate,
            f"{found.wanted:,}",
            f"{found.found:,}",
            *(share(found.rate[key], found.rate_ci95[key]) for key in keys),
        )
        for name, rate, _, found in rows
    )
    return Table("Share of the faces found, with 95 % intervals", head, cells)


def _unresolved(result: UccsResult) -> list[Block]:
    said = [
        f"{key} false alarms a picture cannot be shown: {why}."
        for key, why in result.detection.not_resolvable.items()
    ]
    return [Text(" ".join(said))] if said else []


def _curves(rows: Sequence[Row], name: str) -> Plots:
    """What is found against false alarms per picture."""
    lines, tables = [], []
    for label, rate, alarms, found in rows:
        curve = found.curve
        points = [n for n, alarm in enumerate(curve.per_image) if alarm > 0]  # the axis is logarithmic
        if points:
            low, high = zip(*(curve.rate_ci95[n] for n in points), strict=True)
            x, y = (tuple(values[n] for n in points) for values in (curve.per_image, curve.rate))
            lines.append(plots.Line(label, x, y, low, high))
        cells = tuple(
            (f"{alarm:.3g}", share(value, ci95), f"{threshold:.4f}")
            for alarm, value, ci95, threshold in zip(
                curve.per_image, curve.rate, curve.rate_ci95, curve.threshold, strict=True
            )
        )
        tables.append(Table(f"{rate}, {label}", (alarms, f"{rate}, %", "threshold"), cells))
    _, rate, alarms, _ = rows[0]
    if not lines:
        return Plots((), tuple(tables))
    svg = plots.rates(lines, f"{alarms}, false alarms a picture", rate)
    return Plots((Plot(f"plot-{name}", svg, f"{rate} over {alarms}"),), tuple(tables))


def _measured(result: UccsResult) -> tuple[Block, ...]:
    rows = [
        ("pictures", f"{result.images:,}, {result.images_without_detection:,} of them without a detection"),
        ("detections", f"{result.detections:,}, faces from an overlap (IoU) of {result.iou:g} on"),
        ("intervals", f"{result.interval}, {result.replicates:,} replicates, seed {result.seed}"),
        ("lists", result.lists_sha256),
        ("score file", result.score_file_sha256),
        ("both", result.data_sha256),
        ("single faces", result.scores_sha256),
    ]
    return facts(rows), counts(result.counts)


def uccs_scores_report(result: UccsScores) -> Report:
    """Of how a score file was made."""
    rows = [
        ("faces found", f"{result.detections:,} in {result.pictures:,} pictures"),
        ("below 8 px, like nobody", f"{result.not_embedded:,}"),
        ("people in the gallery", f"{result.people:,}"),
        ("people who failed to enrol, nobody is like them", f"{result.failed_people:,}"),
        (
            "pictures that cannot be read",
            f"{result.unreadable:,}" + (f"; the first: {result.first_fault}" if result.unreadable else ""),
        ),
        ("whole pictures made smaller by", f"{result.shrink:g}"),
        ("faces found made small", at(result.size)),
        ("gallery made small", at(result.gallery_size)),
        ("by", f"{result.family}, seed {result.seed}; {result.interpolation}"),
        ("mirrored faces added", "yes" if result.flip else "no"),
        ("coverage", f"{100 * result.coverage:.1f} %"),
        ("lists", result.lists_sha256),
        ("faces seen by", result.model),
        ("gallery seen by", result.gallery_model),
    ]
    lead = (
        f"{result.detections:,} faces found in {result.pictures:,} pictures, each compared with "
        f"{result.people:,} people; fewpix evaluate uccs says what that is worth."
    )
    return Report(
        "UCCS watchlist: how a score file was made",
        lead,
        (Section("What was made", (facts(rows), models(result.models, {}, ""))),),
    )
