"""A benchmark whose probes are searched in a gallery: any models, at the pictures' own size or at others.

The probes go to the model; the gallery to the teacher, as sharp pictures do that were enrolled once, or to
the model itself. Where every probe shows somebody of the gallery the figures are CMC and mean average
precision; where some do not, TPIR at FPIR. Failures to enrol count, see `enrolment`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Pictures, Search
from fewpix.evaluate.compared import Compared
from fewpix.evaluate.enrolment import with_failures
from fewpix.evaluate.native import Eye, Look, check_gallery_space
from fewpix.evaluate.picture_embedding import Embedded, embed_pictures
from fewpix.evaluate.results import model_facts
from fewpix.evaluate.retrieval import Retrieval, WatchList, probe_clusters, retrieve, watch_list
from fewpix.evaluate.search_cell import SearchCell, search_histograms, worst_searches
from fewpix.evaluate.search_choices import Choices, is_open
from fewpix.evaluate.search_difference import search_difference
from fewpix.evaluate.search_result import SearchResult, Side
from fewpix.evaluate.statistics.bootstrap import REPLICATES
from fewpix.evaluate.statistics.curves import cmc
from fewpix.evaluate.statistics.replicates import Both
from fewpix.evaluate.statistics.scores import allowed_accepts
from fewpix.evaluate.streaming_search import Labels, prototypes, search
from fewpix.progress import Parts, Told


@dataclass(frozen=True)
class SearchOptions:
    """What else decides a search.

    Args:
        flip: add the mirrored picture's embedding, on both sides.
        store: a folder that keeps embeddings, see `embedding_store`.
        choices: what is to be reported.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
    """

    flip: bool = False
    store: Path | None = None
    choices: Choices = field(default_factory=Choices)
    replicates: int = REPLICATES
    seed: int = 0


def evaluate_search(
    kind: str,
    data: Search,
    models: Mapping[str, Encoder],
    galleries: Mapping[str, Eye],
    looks: Sequence[Look],
    *,
    options: SearchOptions | None = None,
    advance: Told | None = None,
) -> SearchResult:
    """Search the probes with every model in every look; a gallery is embedded once for all that share it.

    Every other model is compared with the first, too.

    Args:
        kind: of `readers.registry.READERS`.
        data: what is searched.
        models: see the probes, by name.
        galleries: by the same names who sees the gallery; of equal looks.
        looks: of the probes, which differ in nothing but their size.
        options: what else decides it.
        advance: told how many pictures of a part are embedded, or probes searched, and of how many.

    Raises:
        ConfigError: a choice for the other kind of set.
        SpaceError: a model and its gallery would write into different spaces.
        InputError: no picture of a side can be embedded, no probe shows anybody of the gallery, or see
            `streaming_search.prototypes`.
        StorageError: the store cannot be written.
    """
    how = options or SearchOptions()
    how.choices.check(data)
    if not np.isin(data.probes.people, data.gallery.people).any():
        raise InputError("no probe shows anybody of the gallery", fix="check the lists")
    for name, encoder in models.items():
        check_gallery_space(name, encoder, galleries[name])
    distinct = list({id(eye.encoder): eye for eye in galleries.values()}.values())
    parts = Parts(len(distinct) + 2 * len(models) * len(looks), advance)
    cells: dict[tuple[int, str], SearchCell] = {}
    for eye in distinct:
        gallery = _embed(data, data.gallery, eye, how, parts)
        for name in (name for name in models if galleries[name].encoder is eye.encoder):
            for n, look in enumerate(looks):
                probes = _embed(data, data.probes, Eye(name, models[name], look), how, parts)
                cells[n, name] = _cell(data, name, look, gallery, probes, how, parts)
    ordered = tuple(cells[n, name] for n in range(len(looks)) for name in models)
    strangers = int((~ordered[0].searched.mated).sum())
    wanted = tuple(how.choices.fpirs or data.fpirs) if is_open(data) else ()
    seen = f"{data.inventory.sha256}\n{gallery.sha256}\n{probes.sha256}\n"
    enrolled = data.gallery.people[gallery.enrolled]
    return SearchResult(
        benchmark=kind,
        data=data,
        probes=_side(probes, data.probes),
        gallery=_side(gallery, data.gallery),
        gallery_size=distinct[0].look.size,
        gallery_kept=gallery.kept,
        gallery_rows=len(np.unique(enrolled)) if data.prototypes else len(enrolled),
        prototypes=data.prototypes,
        cells=ordered,
        differences=_differences(ordered, data, how, wanted),
        models={name: model_facts(encoder) for name, encoder in models.items()},
        galleries={name: {"model": eye.name, **model_facts(eye.encoder)} for name, eye in galleries.items()},
        fit=looks[0].fit,
        flip=how.flip,
        degradation=looks[0].degradation,
        replicates=how.replicates,
        seed=how.seed,
        data_sha256=hashlib.sha256(seen.encode()).hexdigest(),
        unresolved=tuple(fpir for fpir in wanted if not allowed_accepts(fpir, strangers)),
    )


def _embed(data: Search, pictures: Pictures, eye: Eye, how: SearchOptions, parts: Parts) -> Embedded:
    return embed_pictures(
        data.inventory.folder,
        pictures.names,
        eye.encoder,
        eye.look,
        flip=how.flip,
        store=how.store,
        advance=parts.part(),
    )


def _cell(
    data: Search,
    name: str,
    look: Look,
    gallery: Embedded,
    probes: Embedded,
    how: SearchOptions,
    parts: Parts,
) -> SearchCell:
    """Search the embedded probes and work out the figures."""
    asked, listed, people = how.choices, data.gallery.people, data.probes.people
    rows = gallery.enrolled_rows
    names: Labels = listed[gallery.enrolled]
    if data.prototypes:
        rows, names = prototypes(rows, names)
    found = search(
        probes.enrolled_rows,
        people[probes.enrolled],
        rows,
        names,
        precisions=not is_open(data),
        advance=parts.part(),
    )
    found = with_failures(found, people, probes.enrolled, listed)
    drawn = {"replicates": how.replicates, "seed": how.seed}
    figures: Retrieval | WatchList
    if is_open(data):
        strangers = int((~found.mated).sum())
        resolved = [f for f in asked.fpirs or data.fpirs if allowed_accepts(f, strangers)]
        figures = watch_list(found, people, rank=asked.rank or data.rank, fpirs=resolved, **drawn)
        places, last = found.ranks[found.mated], found.people
    else:
        figures = retrieve(found, people, ranks=asked.ranks or data.ranks, **drawn)
        places, last = found.row_ranks, len(rows)
    mates = probe_clusters(found, people).only(found.mated)
    return SearchCell(
        model=name,
        size=look.size,
        kept=probes.kept,
        figures=figures,
        cmc=cmc(places, mates, last, replicates=how.replicates, seed=how.seed),
        histograms=search_histograms(found),
        worst=worst_searches(data, gallery, probes, rows, np.asarray(names), found, figures),
        searched=found,
    )


def _differences(
    cells: Sequence[SearchCell], data: Search, how: SearchOptions, fpirs: Sequence[float]
) -> tuple[Compared, ...]:
    """Of every other model to the first, at each size."""
    asked, base = how.choices, {cell.size: cell for cell in reversed(cells)}
    ranks = (1,) if is_open(data) else tuple(asked.ranks or data.ranks)
    found = []
    for cell in cells:
        first = base[cell.size]
        if cell is not first:
            change = search_difference(
                cell.searched,
                first.searched,
                data.probes.people,
                ranks=ranks,
                rank=asked.rank or data.rank,
                fpirs=fpirs,
                drawn=_drawn(cell, first),
                replicates=how.replicates,
                seed=how.seed,
            )
            found.append(Compared(cell.model, first.model, cell.size, change))
    return tuple(found)


def _drawn(cell: SearchCell, first: SearchCell) -> Both | None:
    """The replicates of two cells of an open set."""
    one, other = cell.figures, first.figures
    return (one.drawn, other.drawn) if isinstance(one, WatchList) and isinstance(other, WatchList) else None


def _side(embedded: Embedded, pictures: Pictures) -> Side:
    return Side(
        pictures=len(embedded.enrolled),
        people=len(np.unique(pictures.people)),
        failed=embedded.failed,
        first_fault=embedded.first_fault,
        native=tuple(embedded.side_quantiles()),
    )
