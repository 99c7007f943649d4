"""Estimating a NormState from unlabelled faces of the target: FaceBN without a gradient.

What enters a layer depends on how the layers before it normalise. A layer's moments therefore count only
under the statistics that its upstream layers will use when the state is applied, so the layers are measured
one after the other, each with all earlier ones already exchanged.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from fewpix.adapt.apply import restored
from fewpix.adapt.estimate.layers import Layers, choose
from fewpix.adapt.estimate.passes import exchange, flowing, one_pass, reached, up_to
from fewpix.adapt.expected import Expected
from fewpix.adapt.guard import MINIMUM_FACES, check_faces
from fewpix.adapt.stats import LayerStats, NormState, source_state
from fewpix.errors import ConfigError, GuardError
from fewpix.progress import Advance

Order = Literal["sequential", "batch-upstream", "naive"]
Offline = Literal["source", "batch", "prior", "alpha", "excess"]

PRIOR_FACES = 256
"""How many faces the source's statistics are worth in mode "prior" when nothing is said."""

FINAL = False
"""Whether a BatchNorm1d at the model's end adapts when nothing is said, in every mode but "excess"."""

MEMORY_MB = 1024
"""Activations that may be held at once: 668 faces of fewpix-s; more go through the model once per layer."""

CHUNK = 64
"""Faces per forward pass where the set does not go through the model at once."""


def estimate(
    model: nn.Module,
    faces: Tensor,
    *,
    model_sha256: str,
    source: str,
    mode: Offline | None = None,
    prior_faces: float | None = None,
    weight: float | None = None,
    layers: Layers = "all",
    final: bool | None = None,
    order: Order = "sequential",
    minimum: int = MINIMUM_FACES,
    memory_mb: int = MEMORY_MB,
    expected: Mapping[str, Expected] | None = None,
    date: str = "",
    advance: Advance = lambda done, total: None,
) -> NormState:
    """Measure the BatchNorm moments of a set of target faces. The model is as before afterwards.

    Mode "ema", online over batches, is `follow`.

    Args:
        model: a student; on any device, in any mode.
        faces: (N, 3, side, side) float32 as its first layer takes them (`Preprocess.apply`).
        model_sha256: from the model's card; only that model takes the state.
        source: where the faces come from, in words.
        mode: "source" measures nothing and changes nothing; "batch" uses the target's moments alone;
            "prior" and "alpha" mix them with the source's: "prior" by how many faces there are, so that one
            face moves the statistics by 1 / (N + 1) only, "alpha" by a fixed weight, however many there are;
            "excess" moves the source's as far as training faces do not explain the target, see `stats.mix`.
            When None, "alpha" if a weight is given, "excess" if `expected` is, else "prior".
        prior_faces: for "prior": N of the source's weight N / (N + n), n the number of faces.
        weight: for "alpha": the source's weight itself, 0 to 1 (1 - alpha of alpha-BN, arXiv 2110.04065).
        layers: "all", or module paths of BatchNorm layers, or patterns of them; see `layers.choose`.
        final: whether a BatchNorm1d at the model's end adapts too. It centres the embedding space that the
            gallery was enrolled in, so moving it moves the probes against the gallery. When None, in mode
            "excess" only.
        order: what a layer is measured under. "sequential": earlier layers as mixed, which is what the state
            will do; "batch-upstream": earlier layers with the target's moments alone; "naive": all layers
            with the source's, in one pass. The last is wrong for every layer but the first and is here to be
            compared with.
        minimum: how many different faces it takes.
        memory_mb: up to this estimate of activations the whole set goes through the model once; above, in
            chunks and once per layer. The result is the same.
        expected: for "excess": by layer, what training faces as many and as large as these look like
            (`Reference.at`); layers that it has not stay as they are.
        date: ISO date of the estimate; today when empty.
        advance: told after every layer, or every chunk that has reached one.

    Raises:
        ConfigError: an option is unknown or contradicts another, or a layer's name is not one of the model.
        GuardError: too few faces, or few faces repeated; one face without a weight of the source, whose
            spread is zero in a layer without positions.
    """
    if mode is None and expected is not None and weight is None and prior_faces is None:
        mode = "excess"
    mode, share = source_weight(mode, len(faces), prior_faces, weight)
    if (mode == "excess") != (expected is not None):
        raise ConfigError(
            "mode 'excess', and no other, needs what training faces look like",
            fix="make a reference with `fewpix reference`",
        )
    final = (FINAL or mode == "excess") if final is None else final
    if order not in get_args(Order):
        raise ConfigError(f"order must be one of {', '.join(get_args(Order))}, not {order!r}")
    if mode == "source":
        return source_state(model_sha256, count=len(faces), source=source, date=date or today())
    check_faces(faces.detach().cpu().numpy(), minimum)
    if len(faces) == 1 and share == 0:
        raise GuardError("the statistics of one face alone are no statistics", fix="use mode 'prior'")
    upstream = 0.0 if order == "batch-upstream" else share
    with restored(model) as norms, torch.no_grad():
        sizes = reached(model, faces[:1])
        names = choose(list(sizes), norms, layers, final=final)
        chosen = {name: norms[name] for name in names if expected is None or name in expected}
        chunks = torch.split(faces, CHUNK)
        # Input, output, a residual and the convolution's workspace are alive at the same time.
        needed = 4 * 4 * max(sizes.values()) * len(faces)
        compare = partial(_with_expected, expected or {})
        if order == "naive":
            found = {name: compare(name, item) for name, item in one_pass(model, chunks, chosen).items()}
        elif needed <= memory_mb * 2**20:
            found = flowing(model, faces, chosen, upstream, compare, advance)
        else:
            found = {}
            work = _Work([1 + list(sizes).index(name) for name in chosen], len(chunks), advance)
            for name, layer in chosen.items():
                found[name] = compare(name, up_to(model, chunks, name, work.told))
                exchange(layer, found[name], upstream)
    return NormState(model_sha256, mode, share, len(faces), date or today(), source, found)


class _Work:
    """Counts passes of which each goes as deep as its layer lies, in layers passed."""

    def __init__(self, depths: Sequence[int], chunks: int, advance: Advance) -> None:
        self._costs = iter([depth for depth in depths for _ in range(chunks)])
        self._done, self._all, self._advance = 0, sum(depths) * chunks, advance

    def told(self) -> None:
        """One chunk has reached its layer."""
        self._done += next(self._costs)
        self._advance(self._done, self._all)


def _with_expected(expected: Mapping[str, Expected], name: str, layer: LayerStats) -> LayerStats:
    """A layer's moments, with what is expected there.

    Raises:
        ConfigError: the layer has another width there.
    """
    return replace(layer, expected=expected.get(name))


def source_weight(
    mode: Offline | None, count: int, prior_faces: float | None, weight: float | None
) -> tuple[Offline, float]:
    """The mode and the weight of the source that the options of `estimate` come to.

    Raises:
        ConfigError: unknown mode, contradicting or unusable options.
    """
    if weight is not None and prior_faces is not None:
        raise ConfigError("give the source's weight or its worth in faces, not both")
    mode = mode or ("prior" if weight is None else "alpha")
    if mode not in get_args(Offline):
        raise ConfigError(
            f"mode must be one of {', '.join(get_args(Offline))}, not {mode!r}", fix="for ema see `follow`"
        )
    if mode in ("source", "batch", "excess"):
        if prior_faces is not None or weight is not None:
            raise ConfigError(f"mode '{mode}' takes no weight of the source", fix="use mode 'alpha'")
        return mode, 1.0 if mode == "source" else 0.0
    if mode == "alpha":
        if weight is None or not 0 <= weight <= 1:
            raise ConfigError(f"mode 'alpha' needs the source's weight, from 0 to 1, not {weight}")
        return mode, float(weight)
    if weight is not None:
        raise ConfigError("mode 'prior' takes the source's worth in faces", fix="use mode 'alpha'")
    worth = PRIOR_FACES if prior_faces is None else prior_faces
    if worth < 0:
        raise ConfigError(f"prior_faces must not be negative, not {worth}")
    return mode, worth / max(worth + count, 1)


def today() -> str:
    """The date in UTC, ISO."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()
