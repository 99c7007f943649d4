"""The reference of a student: what training faces of each size look like to its BatchNorm layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fewpix.adapt.apply import restored
from fewpix.adapt.estimate.passes import one_pass
from fewpix.adapt.reference import Familiar, Reference
from fewpix.adapt.stats import FLOOR, LayerStats
from fewpix.data.faces import FaceSet
from fewpix.degrade import PRESETS
from fewpix.errors import ConfigError
from fewpix.models.card import Card
from fewpix.train.recipe import Recipe

PLACES = 32
"""How many places are drawn from the training chain, at each size."""

FACES = 24
"""Training faces in one of the two sets at a place; the two tell what is the faces' doing."""

_SEED = 4  # names the random stream of these faces; 0 to 3 are those of the split, the views, the fit, people


def measure_reference(
    model: nn.Module,
    card: Card,
    recipe: Recipe,
    faces: FaceSet,
    members: NDArray[np.int64],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    sides: Sequence[int] | None = None,
    places: int = PLACES,
    each: int = FACES,
) -> Reference:
    """What training faces of every size of the recipe's chain look like, under the student's own statistics.

    At each size places are drawn, `Chain.place`, and two sets of faces are seen at each. Moments are those of
    all of them. How far the means of two sets lie apart, at one place, is what so many faces make; how far
    those of places lie apart, less that, is what places make.

    Args:
        model: the student; as before afterwards.
        card: its card.
        recipe: of its training; its chain makes the faces small, as in training but for the size, which is
            one at a time.
        faces: that it was trained on.
        members: (n,) those of them that were not held out. Of these, those of sources that are seen as they
            are in training are drawn by the recipe's seed, more than once where there are few.
        on_progress: called with (sizes done, all of them).
        sides: the sizes in pixels; those of the chain when None.
        places: how many are drawn at each size, at least 2.
        each: how many faces are in one set.

    Raises:
        ConfigError: the chain does not make faces smaller, or no face is seen as it is.
    """
    chain = PRESETS[recipe.degrade.chain]
    weights = recipe.data.weights
    seen = [int(n) for n in members if weights.get(faces.sources[int(n)], 1.0) > 0]
    if not chain.sides or not seen:
        what = "has no size" if not chain.sides else "sees no face as it is"
        raise ConfigError(f"the chain '{recipe.degrade.chain}' {what}: there is nothing to compare with")
    sides = chain.sides if sides is None else sides
    rng = np.random.default_rng([recipe.run.seed, _SEED])
    drawn = np.resize(rng.permutation(seen), (places, 2, each))
    crops = {int(n): faces.crop(int(n)) for n in np.unique(drawn)}
    device = next(model.parameters()).device
    sizes = {}
    with restored(model) as norms, torch.no_grad():
        for done, side in enumerate(sides, 1):
            found: list[list[Mapping[str, LayerStats]]] = []
            for halves in drawn:
                place = chain.at(side).place(rng)
                found.append([])
                for half in halves:
                    small = [place.apply(crops[int(n)], rng) for n in half]
                    pixels = torch.from_numpy(card.preprocess.apply(small)).to(device)
                    found[-1].append(one_pass(model, [pixels], norms))
            sizes[side] = {
                name: familiar(
                    np.array([[half[name].mean for half in place] for place in found]),
                    np.array([[half[name].var for half in place] for place in found]),
                    each,
                )
                for name in norms
            }
            on_progress(done, len(sides))
    return Reference(card.sha256, faces.sha256, chain.describe(), recipe.run.seed, drawn.size, sizes)


def familiar(means: NDArray[np.float64], variances: NDArray[np.float64], faces: int) -> Familiar:
    """What is familiar, from the moments of the two halves of places.

    Args:
        means: (places, 2, C), of `faces` faces each.
        variances: (places, 2, C), likewise.
        faces: in a half.
    """
    mean = means.mean(axis=(0, 1))
    var = (variances + (means - mean) ** 2).mean(axis=(0, 1))
    floor = FLOOR * var + np.finfo(np.float64).tiny
    mean_place, mean_face = _spreads(means, faces)
    var_place, var_face = _spreads(np.log(variances + floor), faces)
    return Familiar(mean, var, mean_place, mean_face, var_place, var_face)


def _spreads(values: NDArray[np.float64], faces: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard deviations between places and between faces: one-way analysis of variance, two halves each."""
    half = (values[:, 0] - values[:, 1]) ** 2 / 2
    within = half.mean(axis=0)
    between = values.mean(axis=1).var(axis=0, ddof=1) - within / 2
    return np.sqrt(np.maximum(between, 0.0)), np.sqrt(within * faces)
