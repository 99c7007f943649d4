"""FaceBN online: a state that follows a stream of target faces, batch after batch (mode "ema")."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn

from fewpix.adapt.apply import restored
from fewpix.adapt.estimate.layers import Layers, choose
from fewpix.adapt.estimate.offline import FINAL, today
from fewpix.adapt.estimate.passes import flowing, reached
from fewpix.adapt.guard import MINIMUM_FACES, check_faces
from fewpix.adapt.stats import LayerStats, NormState, mix
from fewpix.errors import ConfigError, WeightsError


def follow(
    model: nn.Module,
    faces: Tensor,
    *,
    model_sha256: str,
    source: str,
    start: NormState | None = None,
    momentum: float = 0.1,
    batch: int = 64,
    layers: Layers = "all",
    final: bool = FINAL,
    minimum: int = MINIMUM_FACES,
    date: str = "",
) -> NormState:
    """The state after the next faces of a stream; `start` is not changed, nor is the model.

    After a batch the statistics in use are d x (those before) + (1 - d) x (the batch's), as mixtures, with
    d = 1 - momentum for a full batch and (1 - momentum)^(n / batch) for one of n faces, so that a short last
    batch counts for what it is. Before the first batch they are the source's; the source's weight after n
    faces is therefore (1 - momentum)^(n / batch), and the state holds the rest as the target's moments. Each
    layer is measured with the layers before it already moved by the same batch.

    Args:
        model: a student with its own (source) statistics.
        faces: (N, 3, side, side) float32, in the order of the stream.
        model_sha256: from the model's card.
        source: where the faces come from, in words.
        start: the state so far; None at the beginning.
        momentum: how much of the new a full batch brings, above 0 and below 1.
        batch: faces per step.
        layers: as in `estimate`; ignored with a `start`, which has its layers.
        final: as in `estimate`; ignored with a `start`.
        minimum: how many different faces it takes, together with those of `start`.
        date: ISO date; today when empty.

    Raises:
        ConfigError: an option is out of range, or a layer's name is not one of the model.
        GuardError: too few faces, or few faces repeated.
        WeightsError: `start` belongs to another model.
    """
    if not 0 < momentum < 1 or batch < 1:
        raise ConfigError(f"momentum must be above 0 and below 1, batch at least 1, not {momentum}, {batch}")
    if start is not None and start.model_sha256 != model_sha256:
        raise WeightsError(
            f"the state {start.id} follows the model {start.model_sha256[:12]}, not {model_sha256[:12]}",
            fix="start anew with this model",
        )
    check_faces(faces.detach().cpu().numpy(), max(1, minimum - (start.count if start else 0)))
    with restored(model) as norms, torch.no_grad():
        order = list(reached(model, faces[:1]))
        if start is None:
            chosen = choose(order, norms, layers, final=final)
        else:
            chosen = choose(order, norms, tuple(start.layers), final=True)
    known = dict(start.layers) if start else {}
    weight = start.weight if start else 1.0
    for part in torch.split(faces, batch):
        kept = (1 - momentum) ** (len(part) / batch)
        old = _share(weight, kept)
        weight *= kept

        with restored(model) as norms, torch.no_grad():
            taken = {name: norms[name] for name in chosen}
            known = flowing(model, part, taken, weight, partial(_blend, known, old))
    count = len(faces) + (start.count if start else 0)
    return NormState(model_sha256, "ema", weight, count, date or today(), source, known)


def _blend(known: Mapping[str, LayerStats], old: float, name: str, new: LayerStats) -> LayerStats:
    """The target's moments with those of a new batch, `old` of the ones and the rest of the others."""
    if name not in known:
        return new
    mean, var = mix(known[name].mean, known[name].var, new, old)
    return LayerStats(mean, var, known[name].count + new.count)


def _share(weight: float, kept: float) -> float:
    """What the target so far is worth in the target after a batch that brings 1 - kept of everything."""
    return (1 - weight) * kept / (1 - weight * kept)
