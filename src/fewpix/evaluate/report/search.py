"""The report of `fewpix evaluate search`."""

from __future__ import annotations

from collections.abc import Sequence

from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.native import Look
from fewpix.evaluate.report import plots
from fewpix.evaluate.report.blocks import Block, Plot, Plots, Report, Section, Table, Text
from fewpix.evaluate.report.differences import search_changes
from fewpix.evaluate.report.faces import Faces
from fewpix.evaluate.report.figures import at, by_size, counts, facts, histogram, label, models, share
from fewpix.evaluate.report.worst import worst
from fewpix.evaluate.schema.search import ClosedFigures, OpenFigures, SearchResult

Figures = ClosedFigures | OpenFigures

_INTERVALS = (
    "Behind every figure stands its 95 % interval, from resampling the people of the probes. Pictures "
    "that failed to enrol count against the model."
)
_CURVES = (
    "TPIR is the share of mated searches that find the right person within the first ranks and at or "
    "above a threshold; FPIR that of the others that find anybody. Each point is a threshold that was "
    "observed. The curves end where the non-mated searches are too few to show a lower rate."
)


def search_report(result: SearchResult, faces: Faces) -> Report:
    """All of it.

    Args:
        result: the figures.
        faces: draws the worst searches.
    """
    looks = [(label(f.model, f.size), f.worst, _looks(result, f)) for f in result.figures]
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
    return f"{most}{label(best.model, best.size)}: {title} {share(value, ci95)} %, in {searches}."


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
    if len({f.size for f in result.figures if f.size is not None}) < 2:
        return []
    lines, title = [], _main(result.figures[0])[0]
    for model in result.models:
        cells = [f for f in result.figures if f.model == model and f.size is not None]
        values = [_main(f) for f in cells]
        low, high = zip(*(ci95 for _, _, ci95 in values), strict=True)
        x = tuple(float(f.size or 0) for f in cells)
        lines.append(plots.Line(model, x, tuple(value for _, value, _ in values), low, high))
    plot = Plot(
        "plot-size", plots.against_pixels(lines, title), f"{title} against the size of the probes, by model"
    )
    rows = tuple((f.model, at(f.size), share(*_main(f)[1:])) for f in result.figures)
    table = Table(f"{title} by size", ("model", "size", f"{title}, %"), rows)
    return [Section("Against pixels", (Plots((plot,), (table,)),))]


def _groups(figures: Sequence[Figures]) -> list[tuple[str, list[tuple[str, Figures]]]]:
    """Which cells share a panel, as for pairs."""
    if len({f.model for f in figures}) == 1:
        return [(figures[0].model, [(at(f.size), f) for f in figures])]
    sizes = list(dict.fromkeys(f.size for f in figures))
    return [(at(size), [(f.model, f) for f in figures if f.size == size]) for size in sizes]


def _cmc(result: SearchResult) -> Plots:
    drawn = []
    for n, (title, cells) in enumerate(_groups(result.figures)):
        lines = []
        for name, f in cells:
            low, high = zip(*f.cmc.share_ci95, strict=True)
            lines.append(plots.Line(name, tuple(map(float, f.cmc.rank)), tuple(f.cmc.share), low, high))
        svg = plots.places(lines, f"rank ({title})")
        drawn.append(Plot(f"plot-cmc-{n}", svg, f"CMC, {title}: right person found by rank"))
    tables = tuple(
        Table(
            f"CMC, {label(f.model, f.size)}",
            ("rank", "found, %"),
            tuple(
                (str(k), share(value, ci95))
                for k, value, ci95 in zip(f.cmc.rank, f.cmc.share, f.cmc.share_ci95, strict=True)
            ),
        )
        for f in result.figures
    )
    return Plots(tuple(drawn), tables)


def _open_curves(result: SearchResult) -> list[Section]:
    """TPIR over FPIR, and the errors, of an open set that can show a rate."""
    drawn, tables = [], []
    for n, (title, cells) in enumerate(_groups(result.figures)):
        lines, misses = [], []
        for name, f in cells:
            if not isinstance(f, OpenFigures) or not f.curve.fpir:
                continue
            fpir, tpir = tuple(f.curve.fpir), tuple(f.curve.tpir)
            low, high = zip(*f.curve.tpir_ci95, strict=True)
            lines.append(plots.Line(name, fpir, tpir, low, high))
            down, up = (tuple(1 - value for value in ends) for ends in (high, low))
            misses.append(plots.Line(name, fpir, tuple(1 - value for value in tpir), down, up))
            rows = tuple(
                (f"{far:.3g}", share(rate, ci95), f"{threshold:.4f}")
                for far, rate, ci95, threshold in zip(
                    fpir, tpir, f.curve.tpir_ci95, f.curve.threshold, strict=True
                )
            )
            caption = f"TPIR over FPIR, {label(f.model, f.size)}"
            tables.append(Table(caption, ("FPIR", "TPIR, %", "threshold"), rows))
        if lines:
            roc = plots.rates(lines, f"FPIR ({title})", "TPIR")
            det = plots.errors(misses, f"FPIR ({title})", "FNIR")
            drawn.append(Plot(f"plot-tpir-{n}", roc, f"TPIR over FPIR, {title}"))
            drawn.append(Plot(f"plot-det-{n}", det, f"DET, {title}: FNIR over FPIR"))
    return [Section("TPIR and DET", (Text(_CURVES), Plots(tuple(drawn), tuple(tables))))] if drawn else []


def _scores(result: SearchResult) -> Plots:
    drawn = []
    for n, f in enumerate(result.figures):
        name = label(f.model, f.size)
        thresholds = list(f.thresholds.values())[:1] if isinstance(f, OpenFigures) else []
        svg = plots.scores(f.histogram, name, thresholds)
        alt = f"Histograms of scores with the right person and with the best other one, {name}"
        drawn.append(Plot(f"plot-scores-{n}", svg, alt))
    return Plots(tuple(drawn), tuple(histogram(label(f.model, f.size), f.histogram) for f in result.figures))


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
