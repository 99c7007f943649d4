"""The report of `fewpix compare`."""

from __future__ import annotations

from fewpix.evaluate.report.blocks import Report, Section
from fewpix.evaluate.report.differences import (
    pair_changes,
    search_changes,
    template_pair_changes,
    uccs_changes,
)
from fewpix.evaluate.report.figures import at, facts, models, points
from fewpix.evaluate.schema.comparison import Compared, Comparison
from fewpix.evaluate.schema.pairs import PairChange
from fewpix.evaluate.schema.parts import Change
from fewpix.evaluate.schema.search import SearchChange
from fewpix.evaluate.schema.templates import TemplatePairChange
from fewpix.evaluate.schema.uccs import UccsChange


def comparison_report(result: Comparison) -> Report:
    """All of it."""
    pairs = [one for one in result.differences if isinstance(one, PairChange)]
    searches = [one for one in result.differences if isinstance(one, SearchChange)]
    templates = [one for one in result.differences if isinstance(one, TemplatePairChange)]
    files = [one for one in result.differences if isinstance(one, UccsChange)]
    rows = [
        ("benchmark", ", ".join(word for word in (result.benchmark, result.protocol) if word)),
        ("lists and pictures", result.data_sha256),
        ("intervals", f"{result.interval}, {result.replicates:,} replicates, seed {result.seed}"),
        *_side("first", result.first),
        *_side("second", result.second),
    ]
    known = [models(side.models, {}, "") for side in (result.first, result.second) if side.models]
    sections = (
        *pair_changes(pairs, "the second result"),
        *search_changes(searches, "the second result"),
        *template_pair_changes(templates, "the second result"),
        *uccs_changes(files, "the second result"),
        Section("What was compared", (facts(rows), *known)),
    )
    return Report(f"{result.benchmark}: two results compared", _lead(result), sections)


def _side(name: str, side: Compared) -> list[tuple[str, str]]:
    found = [(f"{name}: single scores", side.scores_sha256)]
    if side.flip is not None:
        found.append((f"{name}: mirrored pictures added", "yes" if side.flip else "no"))
    if side.sizes_alone:
        found.append((f"{name}: sizes not compared", ", ".join(map(at, side.sizes_alone))))
    return found


def _lead(result: Comparison) -> str:
    """The first difference in words."""
    one = result.differences[0]
    named = _main(one)
    if named is None:
        return f"{one.model} minus {one.minus}: no rate can be shown by both."
    title, change = named
    size = f" at {one.size} px" if one.size else ""
    return f"{one.model} minus {one.minus}{size}: {title} {points(change.difference, change.ci95)} points."


def _main(one: PairChange | SearchChange | TemplatePairChange | UccsChange) -> tuple[str, Change] | None:
    """The difference that people look for first, and its name; None where there is none."""
    if isinstance(one, PairChange):
        return ("accuracy", one.accuracy) if one.accuracy else ("EER", one.eer)
    if isinstance(one, SearchChange):
        fpir = next(iter(one.tpir_at_fpir), None)
        rank = next(iter(one.rank))
        return (f"TPIR at FPIR {fpir}", one.tpir_at_fpir[fpir]) if fpir else (f"rank-{rank}", one.rank[rank])
    if isinstance(one, TemplatePairChange):
        far = min(one.tar_at_far, key=float, default=None)
        if far is not None:
            return f"TAR at FAR {far}", one.tar_at_far[far]
        return ("EER", one.eer) if one.eer else None
    for rank, changes in one.identification.items():
        for key, change in changes.items():
            return f"rank {rank}: TPIR at FPIPI {key}", change
    for key, change in one.detection.items():
        return f"detection rate at FDPI {key}", change
    return None
