"""A result as text for the terminal, and what its measures are called everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from fewpix.evaluate.result.model import Cell, Change, Difference, Figure, Result, Seen, UccsScores

MEASURES = {
    "accuracy": (
        "accuracy",
        "share of pairs answered rightly, the mean over folds, each under the best threshold of the others; "
        "at `worst`, `middle` or `best`, on the third of the pairs of that quality",
    ),
    "tar": (
        "TAR at FAR {}",
        "true accept rate at a false accept rate: share of mated pairs that pass",
    ),
    "eer": ("EER", "equal error rate, without interpolation; lower is better"),
    "auc": (
        "AUC",
        "of pairs, area under the ROC curve, ties counted half; of searches, area under TPIR over FPIR",
    ),
    "rank": ("rank-{}", "share of the mated searches with the right person among the first k"),
    "map": ("mAP", "mean average precision, as TinyFace's official evaluation takes it"),
    "tpir": (
        "TPIR at FPIR {}",
        "true positive identification rate at a false positive identification rate: share of the mated "
        "searches that find the right person up to the rank, at or above the threshold",
    ),
    "recall": (
        "found at {} wrong comparisons a probe",
        "of galleries joined as public code does it: share above the threshold that lets so many wrong "
        "comparisons a probe pass; this is no FPIR",
    ),
    "found": (
        "found at {} false alarms a picture",
        "of detections: share of the faces found, at so many false alarms a picture",
    ),
}
"""Measure → its title, in which the place of what it is at is marked, and what it is."""

LOWER_IS_BETTER = frozenset({"eer"})

_FIRST = ("accuracy", "tpir", "tar", "found", "map", "rank", "eer", "recall", "auc")
_RATES = frozenset({"tar", "tpir", "found", "recall"})
_PRECISE = frozenset({"accuracy", "eer", "auc"})

Found = TypeVar("Found", Figure, Change)

_COUNTS = {
    "same": "pairs of one person",
    "different": "of two people",
    "without_detection": "of them without a detection",
}
_SIDES = {
    "both": "both sides",
    "probes": "probes",
    "first": "the first of a pair",
    "second": "the second of a pair",
}


def title(measure: str, at: str = "") -> str:
    """A measure in words, such as `TAR at FAR 1e-3`; of a third of the pairs, `accuracy, worst`."""
    text, _ = MEASURES[measure]
    if "{}" in text:
        return text.format(at)
    return f"{text}, {at} third by quality" if at else text


def headline(found: Iterable[Found]) -> Found | None:
    """The one that people look for first: accuracy, or the rate at the lowest false rate shown.

    Args:
        found: figures with a value, or changes.
    """
    known = list(found)
    for measure in _FIRST:
        mine = [one for one in known if one.measure == measure and (measure != "accuracy" or not one.at)]
        if mine:
            return min(mine, key=lambda one: float(one.at)) if measure in _RATES else mine[0]
    return None


def p_text(p: float) -> str:
    """A probability for people."""
    return f"{p:.3f}" if p >= 0.001 else "below 0.001"


def words(result: Result | UccsScores) -> str:
    """All of it: what was compared, how, every figure, and the differences; or how a score file was made."""
    if isinstance(result, UccsScores):
        return "\n".join(_made(result))
    return "\n".join((*_head(result), *_cells(result), *_differences(result.differences)))


def figure_words(one: Figure) -> str:
    """A figure in words, with its interval."""
    name = title(one.measure, one.at)
    if one.value is None:
        return f"{name} cannot be shown: {one.reason}"
    digits = 2 if one.measure in _PRECISE else 1
    ci95 = "" if one.ci95 is None else f" ({100 * one.ci95[0]:.1f} to {100 * one.ci95[1]:.1f})"
    return f"{name} {100 * one.value:.{digits}f} %{ci95}"


def change_words(one: Change) -> str:
    """A difference in points of percent."""
    low, high = (100 * end for end in one.ci95)
    return f"{title(one.measure, one.at)} {100 * one.difference:+.1f} ({low:+.1f} to {high:+.1f})"


def named(one: Cell | Difference) -> str:
    """A model at a size in a part."""
    size = "" if one.size is None else f" at {one.size} px"
    return ", ".join((one.model + size, *one.part.values()))


def _head(result: Result) -> Iterator[str]:
    benchmark, how = result.benchmark, result.treatment
    name = f"{benchmark.kind} ({benchmark.variant})" if benchmark.variant else benchmark.kind
    shown = sorted(benchmark.comparisons.items(), key=lambda item: item[0] == "different")  # as in no file
    counts = ", ".join(_counted(what, count) for what, count in shown)
    protocols = f", {' and '.join(how.protocols)}" if how.protocols else ""
    yield f"{name}: {result.task}{protocols}: {counts}"
    left_out = f", {benchmark.left_out:,} left out for want of a picture" if benchmark.left_out else ""
    published = ""
    if any(count.published is not None for count in benchmark.counts):
        published = f", {'as' if benchmark.complete else 'not as'} published"
    lists = benchmark.lists_sha256[:12]
    yield f"coverage {100 * benchmark.coverage:.1f} %{left_out}{published}; lists {lists}"
    if result.compared:
        first, second = result.compared
        yield f"{first.name} minus {second.name}"
        for one in result.compared:
            if one.sizes_alone:
                alone = ", ".join("as they are" if size is None else f"{size} px" for size in one.sizes_alone)
                yield f"only in {one.name}, not compared: {alone}"
        return
    if result.task == "detections":
        yield f"boxes match from an overlap (IoU) of {how.iou:g} on"
    else:
        said = [how.alignment, f"squares by {how.fit}", f"resampled {how.interpolation}"]
        said += [f"fused: {how.fusion}"] if how.fusion else []
        said += ["one row a person"] if how.prototypes else []
        said += ["mirrored pictures added"] if how.flip else []
        yield "; ".join(said)
    sizes = result.sizes()
    for size, steps in sorted(how.steps.items(), key=lambda item: int(item[0])):
        side = _SIDES[how.small] if int(size) in sizes else "the gallery"
        yield f"{side} made small to {size} px: {steps}"
    yield f"intervals: {result.bootstrap.how}"
    for model, other in result.others.items():
        yield f"the other side of {model} seen by {other.name}"
        yield from (f"  {line}" for line in seen_words(other.seen))


def _counted(what: str, count: int) -> str:
    """A number of comparisons, see `Facts.comparisons`."""
    if what.startswith("gallery"):
        return f"{count:,} in {'the gallery' if what == 'gallery' else what}"
    return f"{count:,} {_COUNTS.get(what, what.replace('_', ' '))}"


def seen_words(seen: Seen) -> Iterator[str]:
    """What is known of a side."""
    size = ""
    if seen.px:
        what = "faces of" if seen.px.of == "face" else "shorter side"
        size = f", {what} {seen.px.median:g} px, half of them {seen.px.p25:g} to {seen.px.p75:g}"
        size += f", all {seen.px.min:g} to {seen.px.max:g}"
    templates = "" if seen.items == seen.pictures else f"{seen.items:,} templates of "
    yield f"{templates}{seen.pictures:,} pictures of {seen.people:,} people{size}"
    if seen.already_smaller:
        yield f"{seen.already_smaller:,} pictures were smaller already and stayed so"
    if seen.failed_pictures:
        yield f"{seen.failed_pictures:,} pictures failed; the first: {seen.first_fault}"
    if seen.failed_items:
        yield f"{seen.failed_items:,} failed to enrol, and count"


def _cells(result: Result) -> Iterator[str]:
    told: Mapping[tuple[str, int | None], Seen] = {}
    for cell in result.cells:
        yield named(cell)
        if cell.seen is not None and (cell.model, cell.size) not in told:
            told = {**told, (cell.model, cell.size): cell.seen}
            yield from (f"  {line}" for line in seen_words(cell.seen))
        counts = {what: count for what, count in cell.counts.items() if count or what != "failed"}
        if counts:
            yield "  " + ", ".join(f"{count:,} {what}" for what, count in counts.items())
        yield from (f"  {figure_words(one)}" for one in cell.figures)


def _differences(found: Sequence[Difference]) -> Iterator[str]:
    for one in found:
        part = "".join(f", {value}" for value in one.part.values())
        size = "" if one.size is None else f" at {one.size} px"
        yield f"{one.model} minus {one.minus}{size}{part}, in points"
        for change in one.changes:
            test = change.mcnemar
            yield f"  {change_words(change)}" + (
                f"; {test.only_first:,} right by the first only, {test.only_second:,} by the second, "
                f"p {p_text(test.p)}"
                if test and (test.only_first or test.only_second)
                else ""
            )


def _made(result: UccsScores) -> Iterator[str]:
    yield f"{result.detections:,} faces found in {result.pictures:,} pictures, {result.people:,} people"
    if result.unreadable:
        yield f"  {result.unreadable:,} pictures cannot be read; the first: {result.first_fault}"
    if result.not_embedded:
        yield f"  {result.not_embedded:,} faces are below 8 px, and are like nobody"
    if result.failed_people:
        yield f"  {result.failed_people:,} people failed to enrol: nobody is like them"


class ShortForm:
    """What `fewpix evaluate lfw` prints: a line, or the few JSON keys that scripts lean on.

    Args:
        result: of one model at one size under one protocol.
    """

    def __init__(self, result: Result) -> None:
        self._result, self._cell = result, result.cells[0]

    def __str__(self) -> str:
        result, cell, how = self._result, self._cell, self._result.treatment
        said = f"LFW, {cell.model} at {cell.size} px, {how.protocols[0]}"
        said += ", flip" if how.flip else ""
        said += f", {how.family}" if how.family != "area" else ""
        figures = [figure_words(one) for one in cell.figures if one.measure in ("accuracy", "tar")]
        gap = ""
        if result.benchmark.left_out:
            coverage = 100 * result.benchmark.coverage
            gap = f"; {result.benchmark.left_out} pairs left out, coverage {coverage:.1f} %"
        return f"{said}: {', '.join(figures)}, {self._pairs} pairs{gap}"

    @property
    def _pairs(self) -> int:
        return sum(self._result.benchmark.comparisons.values())

    def to_json(self) -> dict[str, Any]:
        """The keys that docs/results.md fixes for scripts."""
        result, cell, how = self._result, self._cell, self._result.treatment
        model = result.models[cell.model]
        accuracy = cell.figure("accuracy")
        rates = [one for one in cell.figures if one.measure == "tar"]
        other = result.others.get(cell.model)
        return {
            "schema": "lfw-1",
            "model": cell.model,
            "model_sha256": model.sha256,
            "size": cell.size,
            "protocol": how.protocols[0],
            "flip": how.flip,
            "interpolation": how.interpolation,
            "n_pairs": self._pairs,
            "n_missing": result.benchmark.left_out,
            "coverage": result.benchmark.coverage,
            "accuracy": accuracy.value if accuracy else None,
            "accuracy_ci95": list(accuracy.ci95) if accuracy and accuracy.ci95 else None,
            "tar_at_far": {one.at: one.value for one in rates},
            "tar_at_far_ci95": {one.at: list(one.ci95) if one.ci95 else None for one in rates},
            "family": how.family,
            "state_id": model.state_id,
            "runtime": model.runtime,
            "side": model.side,
            "teacher_sha256": other.model.sha256 if other else "",
            "interval": result.bootstrap.how,
            "replicates": result.bootstrap.replicates,
            "seed": result.bootstrap.seed,
            "data_sha256": result.benchmark.data_sha256,
            "scores_sha256": result.scores_sha256,
        }
