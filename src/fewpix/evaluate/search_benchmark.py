"""A benchmark whose probes are searched in a gallery: any model, at the pictures' own size or at any other.

The probes go to the model; the gallery to the teacher, as sharp pictures do that were enrolled once, or to
the model itself. Where every probe shows somebody of the gallery the figures are CMC and mean average
precision; where some do not, TPIR at FPIR. Failures to enrol count, see `enrolment`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError, SpaceError
from fewpix.evaluate.bootstrap import REPLICATES
from fewpix.evaluate.enrolment import with_failures
from fewpix.evaluate.metrics import allowed_accepts
from fewpix.evaluate.native import Look
from fewpix.evaluate.picture_embedding import Embedded, embed_pictures
from fewpix.evaluate.readers.benchmark import Pictures, Search
from fewpix.evaluate.readers.searches import PROTOCOLS
from fewpix.evaluate.retrieval import Retrieval, WatchList, retrieve, watch_list
from fewpix.evaluate.search_choices import Choices, is_open
from fewpix.evaluate.search_result import SearchResult, Side
from fewpix.evaluate.streaming_search import Labels, prototypes, search
from fewpix.evaluate.views import Advance


@dataclass(frozen=True, eq=False)
class Eye:
    """A model, and how it sees pictures.

    Args:
        name: of the model, for results.
        encoder: what runs.
        look: how the pictures come to it.
    """

    name: str
    encoder: Encoder
    look: Look


@dataclass(frozen=True, eq=False)
class Sides:
    """Both sides of a search, embedded.

    Args:
        gallery: of `Search.gallery`.
        probes: of `Search.probes`.
    """

    gallery: Embedded
    probes: Embedded


def embed_sides(
    data: Search,
    probes: Eye,
    gallery: Eye,
    *,
    flip: bool = False,
    store: Path | None = None,
    advance: Advance | None = None,
) -> Sides:
    """Embed the gallery, then the probes.

    Args:
        data: what is searched.
        probes: who sees the probes.
        gallery: who sees the gallery.
        flip: add the mirrored picture's embedding, on both sides.
        store: a folder that keeps embeddings, see `embedding_store`.
        advance: told the number of pictures done and of all, of both sides.

    Raises:
        SpaceError: the two would write into different spaces.
        InputError: no picture of a side can be embedded.
        StorageError: the store cannot be written.
    """
    if probes.encoder.card.space != gallery.encoder.card.space:
        raise SpaceError(
            f"{probes.name} writes into {probes.encoder.card.space}, "
            f"{gallery.name} of the gallery into {gallery.encoder.card.space}",
            fix="name the model's own teacher with --gallery-model, or same",
        )
    before, total = len(data.gallery), len(data.gallery) + len(data.probes)

    def told(start: int) -> Advance | None:
        return None if advance is None else lambda done, _: advance(start + done, total)

    folder = data.inventory.folder

    def embed(pictures: Pictures, eye: Eye, start: int) -> Embedded:
        names, look = pictures.names, eye.look
        return embed_pictures(folder, names, eye.encoder, look, flip=flip, store=store, advance=told(start))

    return Sides(embed(data.gallery, gallery, 0), embed(data.probes, probes, before))


def measure_search(
    kind: str,
    data: Search,
    probes: Eye,
    gallery: Eye,
    sides: Sides,
    *,
    flip: bool = False,
    choices: Choices | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    advance: Advance | None = None,
) -> SearchResult:
    """Search the embedded probes and work out the figures.

    Args:
        kind: of `readers.searches.PROTOCOLS`.
        data: what is searched.
        probes: as for `embed_sides`, which made `sides`.
        gallery: likewise.
        sides: both sides, embedded.
        flip: as for `embed_sides`.
        choices: what is to be reported.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
        advance: told the number of probes searched and of all.

    Raises:
        ConfigError: a choice for the other kind of set.
        InputError: no probe shows anybody of the gallery, or see `streaming_search.prototypes`.
    """
    protocol, asked = PROTOCOLS[kind], choices or Choices()
    asked.check(data)
    listed, people = data.gallery.people, data.probes.people
    mated = np.isin(people, listed)
    open_set = is_open(data)
    if not mated.any():
        raise InputError("no probe shows anybody of the gallery", fix="check the lists")
    rows = sides.gallery.enrolled_rows
    names: Labels = listed[sides.gallery.enrolled]
    if protocol.prototypes:
        rows, names = prototypes(rows, names)
    found = search(
        sides.probes.enrolled_rows,
        people[sides.probes.enrolled],
        rows,
        names,
        precisions=not open_set,
        advance=advance,
    )
    found = with_failures(found, people, sides.probes.enrolled, listed)
    wanted = tuple(asked.fpirs or protocol.fpirs)
    strangers = int((~mated).sum())
    resolved = tuple(fpir for fpir in wanted if open_set and allowed_accepts(fpir, strangers))
    figures: Retrieval | WatchList
    if open_set:
        figures = watch_list(
            found,
            people,
            rank=asked.rank or protocol.rank,
            fpirs=resolved,
            replicates=replicates,
            seed=seed,
        )
    else:
        figures = retrieve(
            found, people, ranks=asked.ranks or protocol.ranks, replicates=replicates, seed=seed
        )
    sha256 = hashlib.sha256(
        f"{data.inventory.sha256}\n{sides.gallery.sha256}\n{sides.probes.sha256}\n".encode()
    ).hexdigest()
    return SearchResult(
        benchmark=kind,
        probes=_side(probes, sides.probes, len(np.unique(people))),
        gallery=_side(gallery, sides.gallery, len(np.unique(listed))),
        mated=int(mated.sum()),
        nonmated=strangers,
        gallery_rows=len(rows),
        prototypes=protocol.prototypes,
        fit=probes.look.fit,
        flip=flip,
        family=probes.look.degradation.family,
        interpolation=probes.look.degradation.interpolation,
        replicates=replicates,
        seed=seed,
        inventory=data.inventory,
        data_sha256=sha256,
        figures=figures,
        unresolved=tuple(fpir for fpir in wanted if open_set and fpir not in resolved),
    )


def _side(eye: Eye, embedded: Embedded, people: int) -> Side:
    card = eye.encoder.card
    return Side(
        model=eye.name,
        model_sha256=card.sha256,
        state_id=eye.encoder.state_id,
        size=eye.look.size,
        pictures=len(embedded.enrolled),
        people=people,
        failed=embedded.failed,
        first_fault=embedded.first_fault,
        kept=embedded.kept,
        native=tuple(embedded.side_quantiles()),
    )
