"""The report of `fewpix evaluate search`."""

from __future__ import annotations

from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.native import Look
from fewpix.evaluate.report.blocks import Block, Plots, Report, Section, Table, Text
from fewpix.evaluate.report.curves import (
    TPIR,
    Cell,
    Rates,
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
from fewpix.evaluate.report.faces import Faces
from fewpix.evaluate.report.figures import at, by_size, counts, facts, models, share
from fewpix.evaluate.report.worst import worst
from fewpix.evaluate.schema.search import ClosedFigures, OpenFigures, SearchCurve, SearchResult

Figures = ClosedFigures | OpenFigures

_INTERVALS = (
    "Behind every figure stands its 95 % interval, from resampling the people of the probes. Pictures "
    "that failed to enrol count against the model."
)

SCORES = "Histograms of scores with the right person and with the best other one"
"""What the histograms of a search show."""

CURVES = (
    "TPIR is the share of mated searches that find the right person within the first ranks and at or "
    "above a threshold; FPIR that of the others that find anybody. Each point is a threshold that was "
    "observed. The curves end where the non-mated searches are too few to show a lower rate."
)
"""What the curves of an open set show."""


def search_report(result: SearchResult, faces: Faces) -> Report:
    """All of it.

    Args:
        result: the figures.
        faces: draws the worst searches.
    """
    looks = [(named(f), f.worst, _looks(result, f)) for f in result.figures]
    sections = [
        Section("Figures", (_headline(result), *_unresolved(result), Text(_INTERVALS))),
        *_by_size(result),
        Section("CMC", (_cmc(result),)),
        *_open_curves(result),
        Section("Scores", (_scores(result),)),
        *search_changes(result.differences, "the first model of the run"),
        worst(looks, faces),
        Section("What was measured", _measured(result)),
    ]
    return Report(f"{result.benchmark}: search, {result.set} set", _lead(result), tuple(sections))


def _main(figures: Figures) -> tuple[str, float, tuple[float, float]]:
    """The figure that people look for first: its name, value and interval."""
    if isinstance(figures, ClosedFigures):
        first = next(iter(figures.rank))
        return f"rank-{first}", figures.rank[first], figures.rank_ci95[first]
    for fpir, tpir in figures.tpir_at_fpir.items():
        return f"TPIR at FPIR {fpir}", tpir, figures.tpir_at_fpir_ci95[fpir]
    return "AUC", figures.auc, figures.auc_ci95


def _lead(result: SearchResult) -> str:
    cells: list[Figures] = [*result.figures]
    best = max(cells, key=lambda figures: _main(figures)[1])
    title, value, ci95 = _main(best)
    most = "Highest of all, " if len(result.figures) > 1 else ""
    searches = f"{result.mated:,} mated and {result.nonmated:,} non-mated searches"
    return f"{most}{named(best)}: {title} {share(value, ci95)} %, in {searches}."


def _headline(result: SearchResult) -> Table:
    rows = []
    head: list[str] = []
    for f in result.figures:
        head, row = ["model", "probes"], [f.model, at(f.size)]
        if isinstance(f, ClosedFigures):
            head += [f"rank-{k}, %" for k in f.rank]
            row += [share(value, f.rank_ci95[k]) for k, value in f.rank.items()]
            if f.map is not None:
                head, row = [*head, "mAP, %"], [*row, share(f.map, f.map_ci95)]
        else:
            head += [f"TPIR{f.rank} at FPIR {fpir}, %" for fpir in f.tpir_at_fpir]
            row += [share(value, f.tpir_at_fpir_ci95[key]) for key, value in f.tpir_at_fpir.items()]
            head, row = [*head, "AUC, %"], [*row, share(f.auc, f.auc_ci95)]
        rows.append(tuple(row))
    return Table("Search, with 95 % intervals", tuple(head), tuple(rows))


def _unresolved(result: SearchResult) -> list[Block]:
    if not result.fpirs_unresolved:
        return []
    rates = ", ".join(result.fpirs_unresolved)
    return [Text(f"FPIR {rates} is not resolvable: {result.nonmated:,} non-mated searches cannot show it.")]


def _by_size(result: SearchResult) -> list[Section]:
    """The main figure against pixels, where there are several sizes."""
    if not several_sizes(result.figures):
        return []
    title = _main(result.figures[0])[0]
    cells = [(f.model, f.size, *_main(f)[1:]) for f in result.figures]
    return [size_section([against_pixels(cells, title, "the probes", "plot-size")])]


def _cmc(result: SearchResult) -> Plots:
    cells: list[Figures] = [*result.figures]
    return cmc_curves(
        [(title, [(name, named(f), f.cmc) for name, f in found]) for title, found in groups(cells)]
    )


def _open_curves(result: SearchResult) -> list[Section]:
    """TPIR over FPIR, and the errors, of an open set that can show a rate."""
    cells = [f for f in result.figures if isinstance(f, OpenFigures)]
    panels = [
        (title, [(name, tpir_rates(f, f.curve)) for name, f in found]) for title, found in groups(cells)
    ]
    found = rate_curves(panels, TPIR)
    return [Section("TPIR and DET", (Text(CURVES), found))] if found.plots else []


def tpir_rates(cell: Cell, curve: SearchCurve) -> Rates:
    """The curve of a model at a size."""
    return Rates(named(cell), curve.fpir, curve.tpir, curve.tpir_ci95, curve.threshold)


def _scores(result: SearchResult) -> Plots:
    return histograms(
        [
            (
                named(f),
                f.histogram,
                list(f.thresholds.values())[:1] if isinstance(f, OpenFigures) else [],
            )
            for f in result.figures
        ],
        SCORES,
    )


def _looks(result: SearchResult, figures: Figures) -> tuple[Look, Look]:
    """How a probe and a picture of the gallery came to the encoders."""
    small = Degradation(result.family, result.seed)
    return Look(figures.size, result.fit, small), Look(result.gallery.size, result.fit, small)


def _measured(result: SearchResult) -> tuple[Block, ...]:
    rows = [("benchmark", f"{result.benchmark}, {result.set} set")]
    for name, side in (("probes", result.probes), ("gallery", result.gallery)):
        native = side.native
        rows += [
            (name, f"{side.pictures:,} pictures of {side.people:,} people"),
            (f"{name}, shorter side", f"{native.min} to {native.max} px, median {native.median}"),
            (
                f"{name}, failed to enrol",
                f"{side.failed:,}" + (f"; {side.first_fault}" if side.failed else ""),
            ),
        ]
    one = ", one a person: the mean of their pictures" if result.prototypes else ""
    rows += [
        ("searches", f"{result.mated:,} mated, {result.nonmated:,} not"),
        ("rows searched in", f"{result.gallery_rows:,}{one}"),
        ("gallery made small", at(result.gallery.size)),
        *((f"to {size} px", steps) for size, steps in by_size(result.steps)),
        *((f"probes smaller than {f.size} px already", f"{f.kept:,}") for f in result.figures if f.kept),
        ("not square", f"made so by {result.fit}"),
        ("resampled", result.interpolation),
        ("mirrored pictures added", "yes" if result.flip else "no"),
        (
            "coverage",
            f"{100 * result.coverage:.1f} %, {result.missing:,} of {result.listed:,} pictures missing",
        ),
        ("intervals", f"{result.interval}, {result.replicates:,} replicates, seed {result.seed}"),
        ("lists", result.lists_sha256),
        ("lists and pictures", result.data_sha256),
        ("single scores", result.scores_sha256),
    ]
    galleries = {name: (model.model, model) for name, model in result.galleries.items()}
    return facts(rows), models(result.models, galleries, "the gallery"), counts(result.counts)
