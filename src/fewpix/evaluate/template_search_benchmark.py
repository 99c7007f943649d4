"""Models that search templates in the galleries of a benchmark, as its pictures are or made small."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.benchmark import TemplatePeople, TemplateSearchData
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.native import Eye, Look, check_gallery_space
from fewpix.evaluate.results import model_facts
from fewpix.evaluate.statistics.bootstrap import REPLICATES
from fewpix.evaluate.template_embedding import EmbeddedTemplates, Seen, embed_templates
from fewpix.evaluate.template_search import RANKS, RATES, GallerySearch, JoinedSearch, joined_search, search
from fewpix.evaluate.template_search_result import TemplateSearchCell, TemplateSearchResult
from fewpix.evaluate.templates import Fusing, check_fusion
from fewpix.progress import Parts, Told


@dataclass(frozen=True)
class Searching:
    """How templates are searched, but for who sees them.

    Args:
        fusion: how they are made.
        gallery_size: side in pixels that the galleries' pictures are made small to; None for their own.
        degradation: how pictures get small.
        fit: how crops that are not square become so, see `square.FITS`.
        flip: whether the mirrored picture's embedding is added.
        ranks: the k of rank-k.
        fpirs: the false positive identification rates.

    Raises:
        ConfigError: a rank or a rate is out of range.
    """

    fusion: Fusing
    gallery_size: int | None = None
    degradation: Degradation = field(default_factory=Degradation)
    fit: str = "pad"
    flip: bool = False
    ranks: tuple[int, ...] = RANKS
    fpirs: tuple[float, ...] = RATES

    def __post_init__(self) -> None:
        if min(self.ranks) < 1:
            raise ConfigError(f"rank: {min(self.ranks)} is out of range", fix="count places from 1")
        for rate in self.fpirs:
            if not 0 < rate < 1:
                raise ConfigError(f"fpirs: {rate:g} is out of range", fix="use rates above 0 and below 1")

    def look(self, size: int | None) -> Look:
        """How pictures come to a model at a size."""
        return Look(size, self.fit, self.degradation)


def evaluate_template_search(
    data: TemplateSearchData,
    models: Mapping[str, Encoder],
    gallery: tuple[str, Encoder] | None,
    how: Searching,
    *,
    sizes: Sequence[int | None] = (None,),
    store: Path | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    advance: Told | None = None,
) -> TemplateSearchResult:
    """Search the probes in each gallery, seen by every model at every size.

    Args:
        data: see `readers.registry.open_template_search`.
        models: see the probes; by name.
        gallery: the name and the model that sees the galleries; None where each model sees its own.
        how: the rest.
        sizes: of the probes, sides in pixels, 8 to 112; None for pictures as they are.
        store: a folder that keeps embeddings of pictures, see `embedding_store`.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
        advance: told the number of pictures embedded and of all, part by part.

    Raises:
        ConfigError: a size out of range, or qualities are to weigh and there are none.
        SpaceError: the two sides would write into different spaces.
        InputError: see `embed_templates` and `template_search.search`.
        StorageError: the store cannot be written.
    """
    check_fusion(data.pictures, how.fusion)
    looks = {size: how.look(size) for size in (*sizes, how.gallery_size)}
    if gallery is not None:
        sharp = Eye(*gallery, looks[how.gallery_size])
        for name, encoder in models.items():
            check_gallery_space(name, encoder, sharp)
    enrolled_ids = np.concatenate([part.ids for part in data.galleries.values()])
    owners = {"": gallery} if gallery else {name: (name, encoder) for name, encoder in models.items()}
    parts = Parts(len(owners) + len(sizes) * len(models), advance)

    def made(eye: Eye, ids: NDArray[np.int64]) -> EmbeddedTemplates:
        told = parts.part()
        return embed_templates(data.pictures, ids, eye, how.fusion, flip=how.flip, store=store, advance=told)

    contents = [data.inventory.sha256]
    enrolled: dict[str, EmbeddedTemplates] = {}
    for owner, (name, encoder) in owners.items():
        enrolled[owner] = made(Eye(name, encoder, looks[how.gallery_size]), enrolled_ids)
        contents.append(enrolled[owner].sha256)
    cells = []
    for size in sizes:
        for name, encoder in models.items():
            probes = made(Eye(name, encoder, looks[size]), data.probes.ids)
            contents.append(probes.sha256)
            owner = "" if gallery else name
            seen = enrolled[owner]
            found = {}
            for label, part in data.galleries.items():
                found[label] = _searched(data.probes, probes, part, seen, how, replicates, seed)
            joined, why = _joined(data, probes, seen, how)
            cells.append(
                TemplateSearchCell(
                    name, size, owners[owner][0], Seen.of(probes), Seen.of(seen), found, joined, why
                )
            )
    facts = {name: model_facts(encoder) for name, encoder in models.items()}
    if gallery is not None:
        facts.setdefault(gallery[0], model_facts(gallery[1]))
    return TemplateSearchResult(
        data=data,
        fusion=how.fusion,
        gallery_size=how.gallery_size,
        degradation=how.degradation,
        fit=how.fit,
        flip=how.flip,
        cells=tuple(cells),
        ranks=how.ranks,
        fpirs=how.fpirs,
        models=facts,
        # whatever the number of models and sizes, the pictures are the same
        data_sha256=hashlib.sha256("\n".join(dict.fromkeys(contents)).encode()).hexdigest(),
        replicates=replicates,
        seed=seed,
    )


def _searched(
    listed: TemplatePeople,
    probes: EmbeddedTemplates,
    part: TemplatePeople,
    enrolled: EmbeddedTemplates,
    how: Searching,
    replicates: int,
    seed: int,
) -> GallerySearch:
    """One gallery."""
    at, inside = probes.places(listed.ids), enrolled.places(part.ids)
    return search(
        probes.rows[at],
        listed.people,
        enrolled.rows[inside],
        part.people,
        ranks=how.ranks,
        fpirs=how.fpirs,
        failed=~probes.enrolled[at],
        gallery_failed=~enrolled.enrolled[inside],
        replicates=replicates,
        seed=seed,
    )


def _joined(
    data: TemplateSearchData, probes: EmbeddedTemplates, enrolled: EmbeddedTemplates, how: Searching
) -> tuple[JoinedSearch | None, str]:
    """The galleries as one, as public code searches them; or why that cannot be had."""
    ids = np.concatenate([part.ids for part in data.galleries.values()])
    people = np.concatenate([part.people for part in data.galleries.values()])
    at, inside = probes.places(data.probes.ids), enrolled.places(ids)
    try:
        found = joined_search(
            probes.rows[at],
            data.probes.people,
            enrolled.rows[inside],
            people,
            ranks=how.ranks,
            rates=how.fpirs,
            failed=~probes.enrolled[at],
            gallery_failed=~enrolled.enrolled[inside],
        )
    except InputError as error:
        return None, error.what
    return found, ""
