"""The report of `fewpix compare`."""

from __future__ import annotations

from fewpix.evaluate.report.blocks import Report, Section
from fewpix.evaluate.report.differences import pair_changes, search_changes
from fewpix.evaluate.report.figures import at, facts, models, points
from fewpix.evaluate.schema.comparison import Compared, Comparison
from fewpix.evaluate.schema.pairs import PairChange
from fewpix.evaluate.schema.search import SearchChange


def comparison_report(result: Comparison) -> Report:
    """All of it."""
    pairs = [one for one in result.differences if isinstance(one, PairChange)]
    searches = [one for one in result.differences if isinstance(one, SearchChange)]
    rows = [
        ("benchmark", f"{result.benchmark}, {result.protocol}"),
        ("lists and pictures", result.data_sha256),
        ("intervals", f"{result.interval}, {result.replicates:,} replicates, seed {result.seed}"),
        *_side("first", result.first),
        *_side("second", result.second),
    ]
    known = (models(side.models, {}, "") for side in (result.first, result.second))
    sections = (
        *pair_changes(pairs, "the second result"),
        *search_changes(searches, "the second result"),
        Section("What was compared", (facts(rows), *known)),
    )
    return Report(f"{result.benchmark}: two results compared", _lead(result), sections)


def _side(name: str, side: Compared) -> list[tuple[str, str]]:
    found = [(f"{name}: single scores", side.scores_sha256)]
    found.append((f"{name}: mirrored pictures added", "yes" if side.flip else "no"))
    if side.sizes_alone:
        found.append((f"{name}: sizes not compared", ", ".join(map(at, side.sizes_alone))))
    return found


def _lead(result: Comparison) -> str:
    """The first difference in words."""
    one = result.differences[0]
    if isinstance(one, PairChange):
        title, change = ("accuracy", one.accuracy) if one.accuracy else ("EER", one.eer)
    else:
        fpir = next(iter(one.tpir_at_fpir), None)
        rank = next(iter(one.rank))
        title = f"TPIR at FPIR {fpir}" if fpir else f"rank-{rank}"
        change = one.tpir_at_fpir[fpir] if fpir else one.rank[rank]
    assert change is not None
    size = f" at {one.size} px" if one.size else ""
    return f"{one.model} minus {one.minus}{size}: {title} {points(change.difference, change.ci95)} points."
