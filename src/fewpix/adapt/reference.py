"""What training faces of one size look like to a student's BatchNorm layers: what is familiar to FaceBN.

A student is trained on faces of all sizes, out of all kinds of places at once, and its statistics are those
of the mixture. Faces of a camera are of one size and of one place: their moments differ from the source's by
the size, which the student knows and makes use of, by what is like some place of training, which it knows as
well, and by what it never saw. Only the last is to be made good. So the moments of training faces are kept
by size, with how far a place of training lies from them, beside the weights in one safetensors file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fewpix.adapt.expected import Expected, hold
from fewpix.errors import ConfigError, InputError, WeightsError
from fewpix.files import PathLike, atomic, path_of
from fewpix.foreign import MALFORMED, json_of

METADATA_KEY = "fewpix_reference"

SUFFIX = ".reference.safetensors"
"""Of the file that lies beside a student's weights."""


@dataclass(frozen=True)
class Familiar:
    """Training faces of one size at the input of one BatchNorm layer.

    A place is a camera with its lens, light and compression: one draw of the training chain's steps. Spreads
    are standard deviations, (C,) float64.

    Args:
        mean: (C,) float64, over faces of all places, and positions.
        var: (C,) float64, likewise.
        mean_place: of the mean of one place, beyond what its faces explain.
        mean_face: of the mean of one face among those of its place; of n faces it is √n times smaller.
        var_place: as `mean_place`, of the logarithm of the variance.
        var_face: as `mean_face`, of the logarithm of the variance.

    Raises:
        ConfigError: shapes differ, a value is not finite, or a variance or a spread is negative.
    """

    mean: NDArray[np.float64]
    var: NDArray[np.float64]
    mean_place: NDArray[np.float64]
    mean_face: NDArray[np.float64]
    var_place: NDArray[np.float64]
    var_face: NDArray[np.float64]

    def __post_init__(self) -> None:
        hold(self, "familiar")

    def of(self, faces: int) -> Expected:
        """What so many faces of one place of training look like."""
        return Expected(
            self.mean,
            self.var,
            np.sqrt(self.mean_place**2 + self.mean_face**2 / faces),
            np.sqrt(self.var_place**2 + self.var_face**2 / faces),
        )


PARTS = tuple(field.name for field in fields(Familiar))


@dataclass(frozen=True)
class Reference:
    """What is familiar to a student, by size, under its own statistics.

    Args:
        model_sha256: the digest of the weights; no other model takes it.
        faces_sha256: of the faces that the student was trained on.
        chain: in words, how they were made small.
        seed: of the faces drawn and their degradation.
        faces: how many were looked at, at each size.
        sizes: side in pixels to what is familiar, by layer; the same layers at every size, at least one size.

    Raises:
        ConfigError: no size, or other layers at one size than at another.
    """

    model_sha256: str
    faces_sha256: str
    chain: str
    seed: int
    faces: int
    sizes: Mapping[int, Mapping[str, Familiar]]

    def __post_init__(self) -> None:
        found = {int(size): dict(layers) for size, layers in sorted(self.sizes.items())}
        if not found or len({tuple(sorted(layers)) for layers in found.values()}) != 1:
            raise ConfigError("a reference holds the same layers at each of its sizes, and at least one size")
        object.__setattr__(
            self, "sizes", MappingProxyType({size: MappingProxyType(found[size]) for size in found})
        )

    def __str__(self) -> str:
        """One line for people."""
        sizes, first = ", ".join(str(size) for size in self.sizes), next(iter(self.sizes.values()))
        return (
            f"reference {self.id}: {self.faces} training faces at {sizes} px, {len(first)} layers of model "
            f"{self.model_sha256[:12]}"
        )

    @property
    def id(self) -> str:
        """16 hexadecimal digits over the model and all moments, as the file holds them."""
        content = hashlib.sha256(self.model_sha256.encode())
        for size, layers in self.sizes.items():
            for name in sorted(layers):
                content.update(f":{size}:{name}:".encode())
                for part in PARTS:
                    content.update(getattr(layers[name], part).astype("<f4").tobytes())
        return content.hexdigest()[:16]

    def at(self, pixels: Sequence[float]) -> dict[str, Expected]:
        """What faces of one place of training look like that are as many and as large as these.

        Between two sizes a face counts for both, by its place between them on a scale of logarithms; beyond
        the smallest and the largest it counts for that one. Moments are those of the mixture over the faces,
        spreads the root mean square.

        Args:
            pixels: the side of each face of the target, at least one.

        Raises:
            ConfigError: no faces.
        """
        if not len(pixels):
            raise ConfigError("there are no faces to compare with a reference")
        sizes = np.array(list(self.sizes))
        shares = np.zeros(len(sizes))
        place = np.interp(np.log(np.asarray(pixels, dtype=np.float64)), np.log(sizes), np.arange(len(sizes)))
        low = np.floor(place).astype(np.int64)
        np.add.at(shares, low, 1 - (place - low))
        np.add.at(shares, np.minimum(low + 1, len(sizes) - 1), place - low)
        shares /= shares.sum()
        used = [(int(size), float(share)) for size, share in zip(sizes, shares, strict=True) if share > 0]
        return {
            name: _mixture([(self.sizes[size][name].of(len(pixels)), share) for size, share in used])
            for name in self.sizes[used[0][0]]
        }


def _mixture(parts: Sequence[tuple[Expected, float]]) -> Expected:
    """Of faces of several sizes, with the share of each."""
    mean = np.sum([share * part.mean for part, share in parts], axis=0)
    return Expected(
        mean,
        np.sum([share * (part.var + (part.mean - mean) ** 2) for part, share in parts], axis=0),
        np.sqrt(np.sum([share * part.mean_spread**2 for part, share in parts], axis=0)),
        np.sqrt(np.sum([share * part.var_spread**2 for part, share in parts], axis=0)),
    )


def beside(weights: Path) -> Path:
    """Where the reference of a student's weights file lies."""
    return weights.with_name(weights.name.removesuffix(".safetensors") + SUFFIX)


def save_reference(path: PathLike, reference: Reference) -> None:
    """Write it as one safetensors file, atomically, in float32.

    Raises:
        StorageError: it cannot be written; what was there before is still there.
    """
    path = path_of(path)
    tensors = {
        f"{size}/{name}.{part}": getattr(layer, part).astype(np.float32)
        for size, layers in reference.sizes.items()
        for name, layer in layers.items()
        for part in PARTS
    }
    header = {
        "model_sha256": reference.model_sha256,
        "faces_sha256": reference.faces_sha256,
        "chain": reference.chain,
        "seed": reference.seed,
        "faces": reference.faces,
        "sizes": {size: list(layers) for size, layers in reference.sizes.items()},
    }
    data = save(tensors, metadata={METADATA_KEY: json.dumps(header | {"id": reference.id}, sort_keys=True)})
    with atomic(path) as part:
        part.write_bytes(data)


def load_reference(path: PathLike) -> Reference:
    """Read what `save_reference` wrote.

    Raises:
        InputError: no such file.
        WeightsError: it is no such file, or damaged.
    """
    path = path_of(path)
    if not path.is_file():
        raise InputError(f"no reference at {path}", fix="make one with `fewpix reference`")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json_of((file.metadata() or {})[METADATA_KEY])
            sizes = {
                int(size): {
                    name: Familiar(*(file.get_tensor(f"{size}/{name}.{part}") for part in PARTS))
                    for name in names
                }
                for size, names in header["sizes"].items()
            }
        keys = ("model_sha256", "faces_sha256", "chain", "seed", "faces")
        found, named = Reference(sizes=sizes, **{key: header[key] for key in keys}), header["id"]
    except (SafetensorError, OSError, *MALFORMED, ConfigError) as error:
        raise WeightsError(
            f"{path} is not a reference: {error}", fix="make one with `fewpix reference`"
        ) from error
    if found.id != named:
        raise WeightsError(
            f"{path} is damaged: it holds reference {found.id}, its header says {named}", fix="copy it again"
        )
    return found


def reference_of(weights: Path, model_sha256: str) -> Reference | None:
    """The reference beside a student's weights; None where there is none.

    Raises:
        WeightsError: it is damaged, or of other weights.
    """
    path = beside(weights)
    if not path.is_file():
        return None
    found = load_reference(path)
    if found.model_sha256 != model_sha256:
        raise WeightsError(
            f"{path} belongs to the model {found.model_sha256[:12]}, not to {model_sha256[:12]}",
            fix="make it anew with `fewpix reference`",
        )
    return found
