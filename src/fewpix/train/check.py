"""What can be wrong with a recipe beyond its own text: names that nothing has, and faces that do not fit it.

Found before the teacher has embedded anything, since that can take an hour.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from fewpix.data.faces import FaceSet
from fewpix.data.sampling import Sampler
from fewpix.degrade import PRESETS
from fewpix.errors import ConfigError
from fewpix.losses.objective import Objective
from fewpix.models.zoo import architecture
from fewpix.train.material import count_people
from fewpix.train.recipe import FROM_TEACHER, Recipe

FEWEST = 40
"""Views that a student can be fitted to; for a useful one it takes thousands."""


def check_names(recipe: Recipe) -> None:
    """The architecture, the chain, the terms and their options exist, and each step has a term.

    Raises:
        ConfigError: one does not; it is named.
    """
    architecture(recipe.model.arch)
    if recipe.degrade.chain not in PRESETS:
        raise ConfigError(
            f"degrade.chain: no chain '{recipe.degrade.chain}'", fix=f"chains: {', '.join(PRESETS)}"
        )
    # Whether there are labels is not a question of names; who has the faces asks it.
    Objective(recipe.terms(), 1, classes=1)


def check_faces(recipe: Recipe, faces: FaceSet) -> None:
    """The sources that the recipe names occur, the faces have what its terms need, and there are enough of
    them.

    Raises:
        ConfigError: a source does not occur, a term needs labels and there are none, run.batch is larger
            than an epoch or no multiple of data.per_person, or a student is to start from its teacher's
            layers with fewer than `FEWEST` views.
    """
    Objective(recipe.terms(), 1, count_people(recipe, faces))
    data = recipe.data
    _check_sources("sources", data.sources, faces)
    faces = faces.of_sources(data.sources)
    _check_sources("weights", data.weights, faces)
    _check_sources("chips", data.chips, faces)
    _check_sources("holdout_sources", data.holdout_sources, faces)
    weights = [data.weights.get(source, 1.0) for source in faces.sources]
    made = data.mixes + data.varied
    views = sum(weight > 0 for weight in weights) * (1 + data.flip) + made * (data.mix_weight > 0)
    if recipe.model.init == FROM_TEACHER and views < FEWEST:
        raise ConfigError(
            f"model.init: {views} views are too few to fit a teacher's layers to", fix="take more faces"
        )
    Sampler(np.array([*weights, made * data.mix_weight]), recipe.run.batch, recipe.run.seed, data.per_person)


def check_stream(recipe: Recipe) -> None:
    """The recipe asks nothing of a stream that needs all faces at hand.

    Raises:
        ConfigError: it does; the key is named.
    """
    Objective(recipe.terms(), 1)
    data = recipe.data
    if not data.stream:
        raise ConfigError("data.stream is 0: shards were given to stream", fix="set it, such as to 20000")
    for key, wanted in (
        *(("holdout", 0.0), ("mixes", 0), ("varied", 0), ("weights", {}), ("chips", ()), ("sources", ())),
        *(("holdout_sources", ()), ("people", "unknown"), ("per_person", 1)),
    ):
        if getattr(data, key) != wanted:
            raise ConfigError(
                f"data.{key} needs all faces at hand, and with data.stream they are not",
                fix=f"set it to {json.dumps(wanted)}, or data.stream to 0",
            )


def _check_sources(key: str, named: Iterable[str], faces: FaceSet) -> None:
    """Refuse a source of the recipe that no face has.

    Raises:
        ConfigError: there is one.
    """
    known = sorted(set(faces.sources))
    for source in named:
        if source not in known:
            raise ConfigError(
                f"data.{key}: no face has the source {source!r}", fix=f"sources: {', '.join(known)}"
            )
