"""NormState: what FaceBN learnt about a target, as data: the raw moments of its faces per BatchNorm layer.

Only moments of the target are kept; they are mixed with the source's on application, so that the file says
exactly what was measured. Needs numpy only: exported models adapt without torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from fewpix.adapt.expected import Expected, frozen
from fewpix.errors import ConfigError, InputError, WeightsError
from fewpix.files import PathLike, atomic, path_of
from fewpix.foreign import MALFORMED, json_of

Mode = Literal["source", "batch", "prior", "alpha", "ema", "excess"]

METADATA_KEY = "fewpix_state"

FLOOR = 1e-3
"""Of a channel's source variance: what both variances are raised by before one is divided by the other."""

FAMILIAR = 2.0
"""Standard deviations from training faces of its size within which a place is like those of training."""


@dataclass(frozen=True)
class LayerStats:
    """The target's moments at the input of one BatchNorm layer.

    Args:
        mean: (C,) float64, over images and positions.
        var: (C,) float64, biased (divided by the number of values, not by one less).
        count: how many images they come from; positions are not counted.
        expected: what training faces look like there; the target moves the source's statistics only as far
            as it lies outside of that. When None, it is mixed with the source's statistics.

    Raises:
        ConfigError: shapes differ, a value is not finite, a variance is negative, or count is below 1.
    """

    mean: NDArray[np.float64]
    var: NDArray[np.float64]
    count: int
    expected: Expected | None = None

    def __post_init__(self) -> None:
        for name in ("mean", "var"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        if self.mean.ndim != 1 or self.mean.shape != self.var.shape:
            raise ConfigError(
                f"layer statistics: mean {self.mean.shape} and var {self.var.shape} must be (C,)"
            )
        if not np.isfinite(self.mean).all() or not np.isfinite(self.var).all() or (self.var < 0).any():
            raise ConfigError("layer statistics: means must be finite, variances finite and not negative")
        if self.count < 1:
            raise ConfigError(f"layer statistics: count must be at least 1, not {self.count}")
        if self.expected is not None and self.expected.mean.shape != self.mean.shape:
            raise ConfigError(
                f"layer statistics: {self.mean.size} channels, {self.expected.mean.size} are expected"
            )


@dataclass(frozen=True)
class NormState:
    """An adaptation: what to put into a model's BatchNorm layers.

    Args:
        model_sha256: the digest of the weights it was estimated for; no other model takes it.
        mode: "source" (no adaptation), "batch" (the target's moments alone), "prior" and "alpha" (mixed with
            the source's), "ema" (online), or "excess" (what no place of training explains); see `estimate`.
        weight: the weight of the source in the mixture, 0 to 1.
        count: how many target faces.
        date: ISO date of the estimate.
        source: where the faces came from, in words: the camera's name, for one.
        layers: moments by the layer's module path; a layer that is missing keeps its source statistics.
        pixels: the smallest and the largest side of the faces, the resolution class that the state is for;
            None when unknown.
        forced: the guard's reasons against this state, which somebody overrode.

    Raises:
        ConfigError: a value is out of range.
    """

    model_sha256: str
    mode: Mode
    weight: float
    count: int
    date: str
    source: str
    layers: Mapping[str, LayerStats]
    pixels: tuple[int, int] | None = None
    forced: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise ConfigError(f"state: mode must be one of {', '.join(get_args(Mode))}, not {self.mode!r}")
        if not 0 <= self.weight <= 1:
            raise ConfigError(f"state: weight must be from 0 to 1, not {self.weight}")
        if self.count < 1:
            raise ConfigError(f"state: count must be at least 1, not {self.count}")
        if self.mode == "source" and (self.weight != 1 or self.layers):
            raise ConfigError("state: mode 'source' changes nothing: weight 1 and no layers")
        if any((layer.expected is not None) != (self.mode == "excess") for layer in self.layers.values()):
            raise ConfigError("state: mode 'excess', and no other, needs what training faces look like")
        object.__setattr__(self, "layers", MappingProxyType(dict(self.layers)))
        object.__setattr__(self, "forced", tuple(self.forced))
        if self.pixels is not None:
            low, high = self.pixels
            object.__setattr__(self, "pixels", (int(low), int(high)))

    @property
    def id(self) -> str:
        """16 hexadecimal digits over all that changes an embedding: model, weight, moments. Not the date."""
        content = hashlib.sha256(f"{self.model_sha256}:{float(self.weight)!r}".encode())
        for name in sorted(self.layers):
            layer = self.layers[name]
            content.update(f":{name}:{layer.mean.size}:".encode())
            content.update(layer.mean.astype("<f8").tobytes())
            content.update(layer.var.astype("<f8").tobytes())
            for value in vars(layer.expected).values() if layer.expected else ():
                content.update(b":expected:" + value.astype("<f8").tobytes())
        return content.hexdigest()[:16]

    @property
    def drift(self) -> float | None:
        """The share of channels in which the place is unlike training faces of its size, by more than
        `FAMILIAR` spreads of mean or variance; None where nothing is known of those.
        """
        known = [(layer, layer.expected) for layer in self.layers.values() if layer.expected is not None]
        if not known:
            return None
        outside = [
            (np.abs(layer.mean - of.mean) > FAMILIAR * of.mean_spread)
            | (np.abs(np.log(_positive(layer.var) / _positive(of.var))) > FAMILIAR * of.var_spread)
            for layer, of in known
        ]
        return float(np.concatenate(outside).mean())

    def to_json(self) -> dict[str, Any]:
        """Everything but the moments."""
        return {
            "id": self.id,
            "model_sha256": self.model_sha256,
            "mode": self.mode,
            "weight": self.weight,
            "count": self.count,
            "date": self.date,
            "source": self.source,
            "pixels": None if self.pixels is None else list(self.pixels),
            "forced": list(self.forced),
            "layers": len(self.layers),
        }

    def __str__(self) -> str:
        """One line for people, and one for each thing that was overridden."""
        low, high = self.pixels or (0, 0)
        size = f" of {low} px" if low == high else f" of {low} to {high} px"
        faces = f"{self.count} faces{size if self.pixels else ''}"
        line = (
            f"state {self.id}: {self.mode} from {faces} ({self.source}, {self.date}), "
            f"source weight {self.weight:.3f}, {len(self.layers)} layers of model {self.model_sha256[:12]}"
        )
        return "\n".join([line, *(f"  forced although {reason}" for reason in self.forced)])


def source_state(model_sha256: str, *, count: int, source: str, date: str) -> NormState:
    """The state that changes nothing: the model's own statistics, for a place where adapting does not help.

    Args:
        model_sha256: of the model.
        count: how many faces of the place it was decided on.
        source: the place, in words.
        date: ISO date.
    """
    return NormState(model_sha256, "source", 1.0, count, date, source, {})


def mix(
    source_mean: NDArray[Any], source_var: NDArray[Any], layer: LayerStats, weight: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance between source and target, w of the one and 1 - w of the other.

    Of a target that is only measured, those of their mixture: mu = w mu_s + (1-w) mu_t;
    var = w var_s + (1-w) var_t + w (1-w) (mu_s - mu_t)^2. The last term is what averaging the variances alone
    forgets: two narrow distributions far apart are together a wide one.

    Of one that is compared with training faces of its size, the source's, moved by what these do not explain:
    mu = mu_s + (1-w) S(mu_t - mu_r, k d);  var = var_s exp((1-w) S(log(var_t / var_r), k e)), where S(x, t) =
    sign(x) max(|x| - t, 0), d and e are the spreads, and k is `FAMILIAR`. A target that looks like a place of
    training changes nothing, whatever its size. Both variances of the ratio are raised by `FLOOR` of the
    source's, so that a channel that is silent at one size cannot blow up.

    Args:
        source_mean: (C,) the model's running mean.
        source_var: (C,) the model's running variance (torch keeps the unbiased one; over a training set the
            difference is nothing).
        layer: the target's moments, (C,).
        weight: w, 0 to 1.

    Returns:
        (C,) and (C,) float64. With w = 1 exactly the source's values, with w = 0 and nothing expected exactly
        the target's.
    """
    mean_s, var_s = np.asarray(source_mean, dtype=np.float64), np.asarray(source_var, dtype=np.float64)
    if (known := layer.expected) is not None:
        floor = FLOOR * var_s + np.finfo(np.float64).tiny
        shift = _beyond(layer.mean - known.mean, FAMILIAR * known.mean_spread)
        ratio = _beyond(np.log((layer.var + floor) / (known.var + floor)), FAMILIAR * known.var_spread)
        return mean_s + (1 - weight) * shift, var_s * np.exp((1 - weight) * ratio)
    mean = weight * mean_s + (1 - weight) * layer.mean
    apart = (mean_s - layer.mean) ** 2
    return mean, weight * var_s + (1 - weight) * layer.var + weight * (1 - weight) * apart


def _positive(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """A variance by which can be divided."""
    return np.asarray(np.maximum(variance, np.finfo(np.float64).tiny))


def _beyond(value: NDArray[np.float64], within: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far values lie outside of −within to within."""
    return np.sign(value) * np.maximum(np.abs(value) - within, 0.0)


def pack_state(state: NormState) -> bytes:
    """The state as the bytes of a safetensors file; the moments stay float64."""
    tensors: dict[str, NDArray[np.float64]] = {}
    for name, layer in state.layers.items():
        tensors |= {f"{name}.mean": np.array(layer.mean), f"{name}.var": np.array(layer.var)}
        for part, value in vars(layer.expected).items() if layer.expected else ():
            tensors[f"{name}.expected.{part}"] = np.array(value)
    header = state.to_json() | {"layers": {name: layer.count for name, layer in state.layers.items()}}
    return save(tensors, metadata={METADATA_KEY: json.dumps(header, sort_keys=True)})


def save_state(path: PathLike, state: NormState) -> None:
    """Write the state as one safetensors file, atomically.

    Raises:
        StorageError: it cannot be written; what was there before is still there.
    """
    # Written by Python, whose errors `atomic` understands; safetensors has one of its own for a full disk.
    path = path_of(path)
    data = pack_state(state)
    with atomic(path) as part:
        part.write_bytes(data)


def load_state(path: PathLike) -> NormState:
    """Read what `save_state` wrote; the id is recomputed and compared.

    Raises:
        InputError: no such file.
        WeightsError: not a NormState, or damaged.
    """
    path = path_of(path)
    if not path.is_file():
        raise InputError(f"no state at {path}", fix="check the path, or make one with `fewpix adapt`")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{path} is not a NormState: {error}", fix="make one with `fewpix adapt`"
        ) from error
    return unpack_state(data, str(path))


def unpack_state(data: bytes, origin: str) -> NormState:
    """Read what `pack_state` made; the id is recomputed and compared.

    Args:
        data: the bytes of a safetensors file.
        origin: names them in messages.

    Raises:
        WeightsError: not a NormState, or damaged.
    """
    try:
        tensors = load(data)  # checks that the header's length, which is read below, lies within the data
        length = int.from_bytes(data[:8], "little")
        header = json_of(json_of(data[8 : 8 + length])["__metadata__"][METADATA_KEY])
        parts = [field.name for field in fields(Expected)] if header["mode"] == "excess" else []
        layers = {}
        for name, count in header["layers"].items():
            known = Expected(*(tensors[f"{name}.expected.{part}"] for part in parts)) if parts else None
            layers[name] = LayerStats(tensors[f"{name}.mean"], tensors[f"{name}.var"], int(count), known)
        keys = ("model_sha256", "mode", "weight", "count", "date", "source")
        sides, forced = header.get("pixels"), header.get("forced", [])
        for key in ("model_sha256", "date", "source"):
            if not isinstance(header[key], str):
                raise TypeError(f"'{key}' is not a text")
        if type(header["count"]) is not int or not isinstance(header["weight"], int | float):
            raise TypeError("'count' or 'weight' is not a number")
        state = NormState(
            layers=layers,
            pixels=None if sides is None else (sides[0], sides[1]),
            forced=tuple(str(reason) for reason in forced),
            **{key: header[key] for key in keys},
        )
        named = header["id"]
    except (SafetensorError, *MALFORMED, ConfigError) as error:
        raise WeightsError(
            f"{origin} is not a NormState: {error}", fix="make one with `fewpix adapt`"
        ) from error
    if state.id != named:
        raise WeightsError(
            f"{origin} is damaged: it holds state {state.id}, its header says {named}", fix="copy it again"
        )
    return state
