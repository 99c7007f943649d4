"""The report of `fewpix evaluate template-search`."""

from __future__ import annotations

from dataclasses import dataclass

from fewpix.evaluate.report.blocks import Block, Report, Section, Table, Text
from fewpix.evaluate.report.curves import (
    TPIR,
    against_pixels,
    cmc_curves,
    groups,
    histograms,
    named,
    rate_curves,
    several_sizes,
    size_section,
)
from fewpix.evaluate.report.differences import search_changes
from fewpix.evaluate.report.figures import Span, at, by_size, counts, facts, models, share
from fewpix.evaluate.report.search import CURVES, SCORES, tpir_rates
from fewpix.evaluate.report.templates import seen_rows
from fewpix.evaluate.schema.templates import GalleryFigures, TemplateSearchResult

_INTERVALS = (
    "Behind every figure stands its 95 % interval, from resampling the people of the probes. Each gallery is "
    "searched by itself: who is in another one has no mate there, and is a non-mated search. Templates that "
    "failed to enrol count against the model."
)
_JOINED = (
    "The galleries as one, as public code searches them: every probe has a mate, no search is non-mated, "
    "and the threshold lets so many wrong comparisons a probe pass. That is no false positive "
    "identification rate, and these figures do not belong into one table with those above."
)


@dataclass(frozen=True)
class _InGallery:
    """One model at one size in one gallery."""

    model: str
    size: int | None
    found: GalleryFigures


def template_search_report(result: TemplateSearchResult) -> Report:
    """All of it, a part for each gallery."""
    parts = {
        name: [_InGallery(f.model, f.size, f.galleries[name]) for f in result.figures]
        for name in result.figures[0].galleries
    }
    sections: list[Section] = []
    for name, cells in parts.items():
        sections += _gallery(name, cells)
    sections += [
        *_joined(result),
        *search_changes(result.differences, "the first model of the run"),
        Section("What was measured", _measured(result)),
    ]
    title = f"{result.benchmark} ({result.variant})" if result.variant else result.benchmark
    cells = [cell for found in parts.values() for cell in found]
    return Report(f"{title}: search of templates", _lead(result, cells), tuple(sections))


def _main(found: GalleryFigures) -> tuple[str, float, Span]:
    """The figure that people look for first: its name, value and interval."""
    for fpir in sorted(found.tpir_at_fpir, key=float):
        return f"TPIR at FPIR {fpir}", found.tpir_at_fpir[fpir], found.tpir_at_fpir_ci95[fpir]
    first = next(iter(found.rank))
    return f"rank-{first}", found.rank[first], found.rank_ci95[first]


def _lead(result: TemplateSearchResult, cells: list[_InGallery]) -> str:
    """The figures of the best model at a size, gallery by gallery."""
    best = max(cells, key=lambda cell: _main(cell.found)[1])
    mine = next(f for f in result.figures if (f.model, f.size) == (best.model, best.size))
    found = []
    for name, figures in mine.galleries.items():
        title, value, ci95 = _main(figures)
        found.append(f"{title} {share(value, ci95)} % in {name}")
    most = "Highest of all, " if len(result.figures) > 1 else ""
    return f"{most}{named(best)}: {', '.join(found)}, {result.n_probes:,} probe templates."


def _gallery(name: str, cells: list[_InGallery]) -> list[Section]:
    """The figures and curves of one gallery."""
    first = cells[0].found
    counted = f"{first.people:,} people, {first.mated:,} mated and {first.nonmated:,} non-mated searches."
    unresolved = "".join(
        f" FPIR {rate} is not resolvable: {why}." for rate, why in first.not_resolvable.items()
    )
    blocks: list[Block] = [Text(counted + unresolved), _headline(cells), Text(_INTERVALS)]
    if several_sizes(cells):
        title = _main(first)[0]
        points = [(cell.model, cell.size, *_main(cell.found)[1:]) for cell in cells]
        blocks += size_section([against_pixels(points, title, "the probes", f"plot-size-{name}")]).blocks
    panels = groups(cells)
    rates = rate_curves(
        [
            (title, [(text, tpir_rates(one, one.found.curve)) for text, one in found])
            for title, found in panels
        ],
        TPIR,
        name,
    )
    ranks = cmc_curves(
        [(title, [(text, named(one), one.found.cmc) for text, one in found]) for title, found in panels], name
    )
    scores = [
        (f"{named(cell)}, {name}", cell.found.histogram, list(cell.found.thresholds.values())[:1])
        for cell in cells
    ]
    drawn = histograms(scores, SCORES, name)
    return [
        Section(f"Gallery {name}", tuple(blocks)),
        Section(f"CMC, {name}", (ranks,)),
        *([Section(f"TPIR and DET, {name}", (Text(CURVES), rates))] if rates.plots else []),
        Section(f"Scores, {name}", (drawn,)),
    ]


def _headline(cells: list[_InGallery]) -> Table:
    first = cells[0].found
    head = ["model", "probes", *(f"rank-{k}, %" for k in first.rank)]
    head += [*(f"TPIR at FPIR {fpir}, %" for fpir in first.tpir_at_fpir), "AUC, %"]
    rows = tuple(
        (
            cell.model,
            at(cell.size),
            *(share(value, cell.found.rank_ci95[k]) for k, value in cell.found.rank.items()),
            *(share(value, cell.found.tpir_at_fpir_ci95[k]) for k, value in cell.found.tpir_at_fpir.items()),
            share(cell.found.auc, cell.found.auc_ci95),
        )
        for cell in cells
    )
    return Table("Search, with 95 % intervals", tuple(head), rows)


def _joined(result: TemplateSearchResult) -> list[Section]:
    """The galleries as one, where they can be."""
    known = [(f, f.joined) for f in result.figures if f.joined is not None]
    if not known:
        return [Section("Galleries joined", (Text(f"They cannot be: {result.figures[0].not_joined}."),))]
    first = known[0][1]
    head = (
        "model",
        "probes",
        *(f"rank-{k}, %" for k in first.rank),
        *(f"found at {k}, %" for k in first.recall),
    )
    rows = tuple(
        (
            f.model,
            at(f.size),
            *(share(value, None) for value in found.rank.values()),
            *(share(value, None) for value in found.recall.values()),
        )
        for f, found in known
    )
    return [Section("Galleries joined", (Text(_JOINED), Table("As public code", head, rows)))]


def _measured(result: TemplateSearchResult) -> tuple[Block, ...]:
    rows = [
        ("benchmark", f"{result.benchmark}, {result.n_probes:,} probe templates"),
        ("coverage", f"{100 * result.coverage:.1f} %, {result.n_missing:,} templates left out"),
        ("galleries made small", at(result.gallery_size)),
        *((f"to {size} px", steps) for size, steps in by_size(result.steps)),
        ("pictures", result.alignment),
        ("not square", f"made so by {result.fit}"),
        ("fused", result.fusion),
        ("resampled", result.interpolation),
        ("mirrored pictures added", "yes" if result.flip else "no"),
        ("intervals", f"{result.interval}, {result.replicates:,} replicates, seed {result.seed}"),
        ("lists", result.inventory.sha256),
        ("lists and pictures", result.data_sha256),
        ("single scores", result.scores_sha256),
    ]
    for f in result.figures:
        rows += seen_rows(f"probes seen by {named(f)}", f.probes)
        rows += seen_rows(f"galleries seen by {f.gallery_model}, for {named(f)}", f.gallery)
    return facts(rows), models(result.models, {}, ""), counts(result.inventory.counts)
