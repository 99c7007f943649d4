"""Models on the pairs of any benchmark, as its pictures are or made small."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.evaluate.benchmark import PairData
from fewpix.evaluate.compared import Compared
from fewpix.evaluate.failures import worst_pairs
from fewpix.evaluate.pair_difference import pair_difference
from fewpix.evaluate.pair_figures import pair_figures
from fewpix.evaluate.pair_protocol import Setting, Teachers, by_model, score_pairs, teachers_of
from fewpix.evaluate.pair_result import PairCell, PairResult, Treatment
from fewpix.evaluate.results import model_facts
from fewpix.evaluate.square import fitted
from fewpix.evaluate.statistics.bootstrap import REPLICATES
from fewpix.evaluate.statistics.replicates import both
from fewpix.progress import Advance


def evaluate_pairs(
    data: PairData,
    models: Mapping[str, Encoder],
    teacher: Teachers | None = None,
    *,
    sizes: Sequence[int | None] = (None,),
    treatment: Treatment | None = None,
    fars: Sequence[float] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    advance: Advance | None = None,
) -> PairResult:
    """Measure every model at every size on the pairs of a benchmark; each picture is read once.

    Every other model is compared with the first, too.

    Args:
        data: see `readers.registry.open_pairs`.
        models: by name.
        teacher: sees the other side of `hr-lr`, see `pair_protocol.Teachers`.
        sizes: sides in pixels, 8 to 112; None for pictures as they are.
        treatment: of the pictures; as they are when None.
        fars: the false accept rates to report; the benchmark's when None.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
        advance: told after every batch of pictures.

    Raises:
        ConfigError: an unknown protocol, side or fit; or see `score_pairs`.
        SpaceError: `hr-lr` would compare embeddings of two spaces.
        InputError: a picture cannot be read, or see `pair_figures`.
    """
    how = treatment or Treatment()
    found = score_pairs(
        data.pictures,
        data.pairs,
        models,
        teacher,
        sizes=sizes,
        protocols=(how.protocol,),
        small=how.small,
        degradation=how.degradation,
        square=fitted(how.fit),
        flip=how.flip,
        advance=advance,
    )
    sides = found.views.sides[by_model(data.pairs, how.protocol, how.small)]

    rates = data.fars if fars is None else fars

    def cell(setting: Setting, scores: NDArray[np.float64]) -> PairCell:
        figures = pair_figures(
            scores, data.pairs, fars=rates, qualities=data.qualities, replicates=replicates, seed=seed
        )
        smaller = 0 if setting.size is None else int((sides < setting.size).sum())
        worst = worst_pairs(scores, data.pairs, data.pictures.names, figures.folds, figures.eer.threshold)
        return PairCell(setting.model, setting.size, smaller, figures, worst, scores)

    cells = tuple(cell(setting, scores) for setting, scores in found.cosines.items())
    base = {one.size: one for one in reversed(cells)}
    differences = tuple(
        Compared(
            one.model,
            base[one.size].model,
            one.size,
            pair_difference(
                one.scores,
                base[one.size].scores,
                data.pairs,
                fars=rates,
                drawn=both(one.figures.drawn, base[one.size].figures.drawn),
                replicates=replicates,
                seed=seed,
            ),
        )
        for one in cells
        if one is not base[one.size]
    )
    sharp = teachers_of(models, teacher) if teacher is not None and how.protocol == "hr-lr" else {}
    seen = f"{data.inventory.sha256}\n{found.views.sha256}\n"
    return PairResult(
        data=data,
        treatment=how,
        cells=cells,
        differences=differences,
        shapes=found.views.shapes,
        models={name: model_facts(encoder) for name, encoder in models.items()},
        teachers={name: model_facts(encoder) for name, encoder in sharp.items()},
        data_sha256=hashlib.sha256(seen.encode()).hexdigest(),
        replicates=replicates,
        seed=seed,
    )
