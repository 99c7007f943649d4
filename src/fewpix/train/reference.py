"""The reference of a student: what training faces of each size look like to its BatchNorm layers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fewpix.adapt.apply import restored
from fewpix.adapt.estimate.passes import one_pass
from fewpix.adapt.reference import Reference
from fewpix.data.faces import FaceSet
from fewpix.degrade import PRESETS
from fewpix.errors import ConfigError
from fewpix.models.card import Card
from fewpix.train.recipe import Recipe

FACES = 1024
"""How many training faces are looked at, at each size."""

_SEED = 4  # names the random stream of these faces; 0 to 3 are those of the split, the views, the fit, people
_CHUNK = 64


def measure_reference(
    model: nn.Module,
    card: Card,
    recipe: Recipe,
    faces: FaceSet,
    members: NDArray[np.int64],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Reference:
    """Moments of training faces at every size of the recipe's chain, under the student's own statistics.

    Args:
        model: the student; as before afterwards.
        card: its card.
        recipe: of its training; its chain makes the faces small, as in training but for the size, which is
            one at a time.
        faces: that it was trained on.
        members: (n,) those of them that were not held out. `FACES` of them are drawn, by the recipe's seed,
            of sources that are seen as they are in training.
        on_progress: called with (sizes done, all of them).

    Raises:
        ConfigError: the chain does not make faces smaller, or no face is seen as it is.
    """
    chain = PRESETS[recipe.degrade.chain]
    weights = recipe.data.weights
    seen = [int(n) for n in members if weights.get(faces.sources[int(n)], 1.0) > 0]
    if not chain.sides or not seen:
        what = "has no size" if not chain.sides else "sees no face as it is"
        raise ConfigError(f"the chain '{recipe.degrade.chain}' {what}: there is nothing to compare with")
    rng = np.random.default_rng([recipe.run.seed, _SEED])
    drawn = rng.permutation(seen)[:FACES]
    crops = [faces.crop(int(n)) for n in drawn]
    device = next(model.parameters()).device
    sizes = {}
    with restored(model) as norms, torch.no_grad():
        for done, side in enumerate(chain.sides, 1):
            one_size = chain.at(side)
            small = [one_size.apply(crop, rng) for crop in crops]
            pixels = torch.from_numpy(card.preprocess.apply(small)).to(device)
            sizes[side] = one_pass(model, torch.split(pixels, _CHUNK), norms)
            on_progress(done, len(chain.sides))
    return Reference(card.sha256, faces.sha256, chain.describe(), recipe.run.seed, sizes)
