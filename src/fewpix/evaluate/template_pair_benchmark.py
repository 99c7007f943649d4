"""Models on the pairs of templates of a benchmark, as its pictures are or made small."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError
from fewpix.evaluate.benchmark import TemplatePairData, TemplatePairs
from fewpix.evaluate.enrolment import NO_SCORE
from fewpix.evaluate.native import Eye, Look
from fewpix.evaluate.pair_protocol import Teachers, check_space, teachers_of
from fewpix.evaluate.pair_result import Treatment
from fewpix.evaluate.pair_scores import pair_scores
from fewpix.evaluate.rates import rate_figures
from fewpix.evaluate.results import model_facts
from fewpix.evaluate.statistics.bootstrap import REPLICATES
from fewpix.evaluate.template_embedding import EmbeddedTemplates, Seen, embed_templates
from fewpix.evaluate.template_pair_record import kept, resampled
from fewpix.evaluate.template_pair_result import TemplatePairCell, TemplatePairResult
from fewpix.evaluate.templates import Fusing, check_fusion
from fewpix.progress import Parts, Told


def evaluate_template_pairs(
    data: TemplatePairData,
    models: Mapping[str, Encoder],
    teacher: Teachers | None = None,
    *,
    sizes: Sequence[int | None] = (None,),
    treatment: Treatment | None = None,
    fusion: Fusing,
    fars: Sequence[float] | None = None,
    store: Path | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    advance: Told | None = None,
) -> TemplatePairResult:
    """Measure every model at every size; each picture is read once for each of these.

    Under `hr-lr` the templates of one side of the list are made of small pictures by the model, those of the
    other side by the teacher of pictures as they are; a template that stands on both sides is made twice.

    Args:
        data: see `readers.registry.open_template_pairs`.
        models: by name.
        teacher: sees the other side of `hr-lr`, see `pair_protocol.Teachers`.
        sizes: sides in pixels, 8 to 112; None for pictures as they are.
        treatment: of the pictures; as they are when None.
        fusion: see `templates.FUSIONS`.
        fars: the false accept rates to report; the benchmark's when None.
        store: a folder that keeps embeddings of pictures, see `embedding_store`.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
        advance: told the number of pictures embedded and of all, part by part.

    Raises:
        ConfigError: a protocol, side or size that does not fit, or qualities are to weigh and there are none.
        SpaceError: `hr-lr` would compare embeddings of two spaces.
        InputError: see `embed_templates` and `rate_figures`.
        StorageError: the store cannot be written.
    """
    how = treatment or Treatment()
    how.check(sizes)
    check_fusion(data.pictures, fusion)
    small, sharp = _sides(data.pairs, how)
    owners: dict[str, Encoder] = {}
    if len(sharp):
        if teacher is None:
            raise ConfigError("the protocol hr-lr needs a teacher for the sharp faces")
        owners = teachers_of(models, teacher)
        for name, encoder in models.items():
            check_space(name, encoder, owners[name])
    distinct = {id(owner): owner for owner in owners.values()}
    parts = Parts(len(distinct) + len(sizes) * len(models), advance)

    def made(name: str, encoder: Encoder, size: int | None, ids: NDArray[np.int64]) -> EmbeddedTemplates:
        eye = Eye(name, encoder, Look(size, how.fit, how.degradation))
        return embed_templates(
            data.pictures, ids, eye, fusion, flip=how.flip, store=store, advance=parts.part()
        )

    galleries = {key: made("teacher", owner, None, sharp) for key, owner in distinct.items()}
    seen = [data.inventory.sha256, *(gallery.sha256 for gallery in galleries.values())]
    cells = []
    which = kept(data.pairs)
    clusters, held = resampled(data.pairs)
    rates = tuple(data.fars if fars is None else fars)
    for size in sizes:
        for name, encoder in models.items():
            probes = made(name, encoder, size, small)
            seen.append(probes.sha256)
            other = galleries[id(owners[name])] if owners else probes
            scores, failed = _scores(data.pairs, how, probes, other)
            figures = rate_figures(
                scores, data.pairs.same, clusters, fars=rates, held=held, replicates=replicates, seed=seed
            )
            chosen = None if which is None else scores[which]
            lost = int(np.count_nonzero(failed))
            cells.append(TemplatePairCell(name, size, Seen.of(probes), lost, figures, chosen))
    return TemplatePairResult(
        data=data,
        treatment=how,
        fusion=fusion,
        cells=tuple(cells),
        fars=rates,
        sharp={name: Seen.of(galleries[id(owner)]) for name, owner in owners.items()},
        models={name: model_facts(encoder) for name, encoder in models.items()},
        teachers={name: model_facts(owner) for name, owner in owners.items()},
        # whatever the number of models and sizes, the pictures are the same
        data_sha256=hashlib.sha256("\n".join(dict.fromkeys(seen)).encode()).hexdigest(),
        replicates=replicates,
        seed=seed,
    )


def _sides(pairs: TemplatePairs, how: Treatment) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids of the templates that go to the model, and of those that go to the teacher."""
    if how.protocol != "hr-lr":
        return pairs.ids[np.union1d(pairs.first, pairs.second)], np.empty(0, dtype=np.int64)
    first, second = pairs.ids[np.unique(pairs.first)], pairs.ids[np.unique(pairs.second)]
    return (first, second) if how.small == "first" else (second, first)


def _scores(
    pairs: TemplatePairs, how: Treatment, probes: EmbeddedTemplates, gallery: EmbeddedTemplates
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(P,) cosines, `NO_SCORE` where a template failed to enrol, and whether one did."""
    left, right = (probes, gallery) if how.small == "first" else (gallery, probes)
    rows, enrolled, shift = left.rows, left.enrolled, 0
    if left is not right:
        rows, shift = np.concatenate((left.rows, right.rows)), len(left.rows)
        enrolled = np.concatenate((left.enrolled, right.enrolled))
    # places by id, so that a side that lacks the other's templates has none for them
    first, second = (_table(pairs, side) for side in (left, right))
    scores = np.empty(len(pairs), dtype=np.float32)
    failed = np.empty(len(pairs), dtype=np.bool_)
    for part in _parts(len(pairs)):
        a, b = first[pairs.first[part]], second[pairs.second[part]] + shift
        scores[part] = pair_scores(rows, a, b)
        failed[part] = ~(enrolled[a] & enrolled[b])
    scores[failed] = NO_SCORE
    return scores, failed


def _table(pairs: TemplatePairs, side: EmbeddedTemplates) -> NDArray[np.int64]:
    """The row of each of `pairs.ids`; some number where the side has none, which no pair asks for."""
    return side.places(np.minimum(pairs.ids, side.ids[-1]))


def _parts(count: int, step: int = 1 << 20) -> Iterator[slice]:
    return (slice(start, start + step) for start in range(0, count, step))
