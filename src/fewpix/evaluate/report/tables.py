"""The tables of what was measured: on what, how, by which models, and what came to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from fewpix.evaluate.report.blocks import Block, Table
from fewpix.evaluate.report.words import TASKS, at, named
from fewpix.evaluate.result.model import Facts, Model, Other, Result, Seen

_COMPARED: Final = {
    "same": "pairs of one person",
    "different": "pairs of two people",
    "without_detection": "pictures without a detection",
}
"""Key of `Facts.comparisons` → what is counted; others say it themselves."""

_SEARCHES: Final = {
    "mated": "mated",
    "nonmated": "non-mated",
    "rows": "rows searched in",
    "people": "people in the gallery",
}
"""Count of a search → what is counted."""

_SMALL: Final = {
    "first": "the first side of a pair",
    "second": "the second side of a pair",
    "both": "both sides of a pair",
    "probes": "the probes",
}
_FIRST_MISSING = 3


def measured(result: Result) -> tuple[Block, ...]:
    """All that the figures rest on."""
    tables = [
        Table("What was measured", ("", ""), tuple((key, text) for key, text in _facts(result) if text))
    ]
    seen = tuple(_seen(result))
    if seen:
        tables.append(Table.of("What went to the models", seen))
    if result.models:
        tables.append(models("Models", result.models, result.others, TASKS[result.task].other))
    tables += [models(f"Models of {one.name}", one.models) for one in result.compared if one.models]
    counts = [
        {
            "": one.what,
            "found": f"{one.found:,}",
            "published": "–" if one.published is None else f"{one.published:,}",
        }
        for one in result.benchmark.counts
    ]
    return (*tables, *([Table.of("What is there of the benchmark", counts)] if counts else []))


def models(
    caption: str, found: Mapping[str, Model], others: Mapping[str, Other] | None = None, side: str = ""
) -> Table:
    """The models with their hashes.

    Args:
        caption: of the table.
        found: by name.
        others: by the same names who saw the other side.
        side: what the others saw.
    """
    named = [(name, "", model) for name, model in found.items()]
    named += [(one.name, f"the {side} of {name}", one.model) for name, one in (others or {}).items()]
    return Table.of(
        caption,
        (
            {
                "model": name,
                "sees": sees,
                "weights (SHA-256)": model.sha256,
                "runtime": model.runtime,
                "input": f"{model.side} px",
                "state": model.state_id or "–",
            }
            for name, sees, model in named
        ),
    )


def benchmark(found: Facts) -> str:
    """Its name, and its variant where it has several."""
    return f"{found.kind} ({found.variant})" if found.variant else found.kind


def _facts(result: Result) -> Iterator[tuple[str, str]]:
    """A line each; an empty one does not concern the task."""
    on, how, drawn = result.benchmark, result.treatment, result.bootstrap
    figures = [figure for cell in result.cells for figure in cell.figures]
    yield "benchmark", benchmark(on)
    known = (f"{count:,} {_COMPARED.get(key, key)}" for key, count in on.comparisons.items())
    yield "compared", ", ".join(known).replace(" gallery", " in gallery")
    folds = sorted({len(one.detail["per_fold"]) for one in figures if "per_fold" in one.detail})
    yield "folds", ", ".join(map(str, folds))
    yield from _counted(result)
    yield "coverage", f"{100 * on.coverage:.1f} %, {on.left_out:,} left out for want of a picture"
    missing = f"{on.listed:,}, {on.missing:,} of them missing"
    first = ", ".join(on.missing_first[:_FIRST_MISSING])
    yield "pictures in the lists", f"{missing}; the first: {first}" if first else missing
    yield "protocol", ", ".join(how.protocols)
    other = f"{TASKS[result.task].other} made small"
    small = how.steps or result.sizes()  # of earlier tables of LFW the steps are not known
    yield "made small", f"{_SMALL[how.small]}, by {how.family}, seed {how.seed}" if small else ""
    yield other, at(how.other_size) if how.steps and how.small != "both" else ""
    for size, steps in sorted(how.steps.items(), key=lambda item: int(item[0])):  # JSON sorts them as texts
        yield f"to {size} px", steps
    yield "pictures", how.alignment
    yield "made square by", how.fit
    yield "fused", how.fusion
    yield "one row a person", "the mean of their items" if how.prototypes else ""
    yield "resampled", how.interpolation
    tpir = any(figure.measure == "tpir" for figure in figures)
    yield "right person in TPIR", f"up to rank {how.rank}" if tpir else ""
    yield "a box is a face", "" if how.iou is None else f"from an overlap (IoU) of {how.iou:g} on"
    flips = [("mirrored pictures added", how.flip)] if result.models else []
    for order, one in zip(("first", "second"), result.compared, strict=False):
        yield f"{order}: single scores", f"{one.name}: {one.scores_sha256}"
        yield f"{order}: sizes not compared", ", ".join(map(at, one.sizes_alone))
        flips += [(f"{order}: mirrored pictures added", one.flip)] if one.models else []
    yield from ((key, "yes" if flip else "no") for key, flip in flips)
    how_many = f"{drawn.replicates:,} replicates, seed {drawn.seed}"
    yield "intervals", f"{100 * drawn.level:g} %, {drawn.how}, {how_many}"
    yield "lists", on.lists_sha256
    if on.score_file_sha256:
        yield "score file", on.score_file_sha256
    yield f"lists and {'score file' if result.task == 'detections' else 'pictures'}", on.data_sha256
    yield "single scores", "" if result.compared else result.scores_sha256 or "not kept"


def _counted(result: Result) -> Iterator[tuple[str, str]]:
    """Searches of every part, and pairs that failed."""
    said = {}
    for cell in result.cells:
        count = cell.counts
        if "mated" in count:
            known = (f"{count[key]:,} {what}" for key, what in _SEARCHES.items() if key in count)
            said[", ".join(("searches", *cell.part.values()))] = ", ".join(known)
        if count.get("failed"):
            name = f"pairs that failed, {named(cell.model, cell.size, cell.part)}"
            said[name] = f"{count['failed']:,}, scored as the least alike"
    yield from said.items()


def _seen(result: Result) -> Iterator[dict[str, str]]:
    """A line for each side as models saw it; those that saw the same share one."""
    task, groups = TASKS[result.task], dict[tuple[str, Seen], dict[str, None]]()
    small = task.small if result.others else "both sides"
    for cell in result.cells:
        if cell.seen is not None:
            # the probes are the same in every gallery
            part = {key: value for key, value in cell.part.items() if key != "gallery"}
            groups.setdefault((small, cell.seen), {})[named(cell.model, cell.size, part)] = None
    for model, other in result.others.items():
        groups.setdefault((task.other, other.seen), {})[f"{other.name} for {model}"] = None
    for (side, seen), names in groups.items():
        px, failed = seen.px, f"{seen.failed_items:,}"
        if seen.failed_pictures != seen.failed_items:
            failed += f" whole items, {seen.failed_pictures:,} pictures"
        sizes = (
            f"{px.min:g} to {px.max:g}, median {px.median:g}, quarters {px.p25:g} and {px.p75:g}"
            if px
            else "–"
        )
        yield {
            "side": side,
            "seen by": "; ".join(names),
            "items": f"{seen.items:,}",
            "of pictures": f"{seen.pictures:,}",
            "people": f"{seen.people:,}",
            "px before": f"{px.of}s of {sizes}" if px else sizes,
            "not square": f"{seen.not_square:,}",
            "smaller already, left so": f"{seen.already_smaller:,}",
            "failed to enrol": failed,
            "the first fault": seen.first_fault or "–",
        }
