"""What training faces of one size look like to a student's BatchNorm layers: FaceBN's point of comparison.

A student is trained on faces of all sizes at once, and its statistics are those of the mixture. Faces of a
camera are of one size, so their moments differ from the source's for two reasons: the place, which is to be
made good, and the size, which the student knows and which tells it what to expect of a face. Compared with
training faces of the same size, only the place is left. The moments of training faces by size are kept beside
the weights in one safetensors file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fewpix.adapt.stats import LayerStats
from fewpix.errors import ConfigError, InputError, WeightsError
from fewpix.files import atomic

METADATA_KEY = "fewpix_reference"

SUFFIX = ".reference.safetensors"
"""Of the file that lies beside a student's weights."""


@dataclass(frozen=True)
class Reference:
    """Moments of a student's training faces, by size, under its own statistics.

    Args:
        model_sha256: the digest of the weights; no other model takes it.
        faces_sha256: of the faces that the student was trained on.
        chain: in words, how they were made small.
        seed: of the faces drawn and their degradation.
        sizes: side in pixels to the moments by layer; the same layers at every size, at least one size.

    Raises:
        ConfigError: no size, or other layers at one size than at another.
    """

    model_sha256: str
    faces_sha256: str
    chain: str
    seed: int
    sizes: Mapping[int, Mapping[str, LayerStats]]

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
        count = min(layer.count for layer in first.values())
        return (
            f"reference {self.id}: {count} training faces at {sizes} px, {len(first)} layers of model "
            f"{self.model_sha256[:12]}"
        )

    @property
    def id(self) -> str:
        """16 hexadecimal digits over the model and all moments, as the file holds them."""
        content = hashlib.sha256(self.model_sha256.encode())
        for size, layers in self.sizes.items():
            for name in sorted(layers):
                content.update(f":{size}:{name}:".encode())
                content.update(layers[name].mean.astype("<f4").tobytes())
                content.update(layers[name].var.astype("<f4").tobytes())
        return content.hexdigest()[:16]

    def at(self, pixels: Sequence[float]) -> dict[str, LayerStats]:
        """The moments of training faces as large as these.

        Between two sizes a face counts for both, by its place between them on a scale of logarithms; beyond
        the smallest and the largest it counts for that one. The result is the mixture over the faces.

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
        return {name: LayerStats(*moments, count) for name, moments, count in self._mixed(sizes, shares)}

    def _mixed(self, sizes: Any, shares: Any) -> Iterator[tuple[str, tuple[Any, Any], int]]:
        used = [(int(size), float(share)) for size, share in zip(sizes, shares, strict=True) if share > 0]
        for name in self.sizes[used[0][0]]:
            parts = [(self.sizes[size][name], share) for size, share in used]
            mean = sum(share * part.mean for part, share in parts)
            var = sum(share * (part.var + (part.mean - mean) ** 2) for part, share in parts)
            yield name, (mean, var), min(part.count for part, _ in parts)


def beside(weights: Path) -> Path:
    """Where the reference of a student's weights file lies."""
    return weights.with_name(weights.name.removesuffix(".safetensors") + SUFFIX)


def save_reference(path: Path, reference: Reference) -> None:
    """Write it as one safetensors file, atomically, in float32.

    Raises:
        StorageError: it cannot be written; what was there before is still there.
    """
    tensors, counts = {}, {}
    for size, layers in reference.sizes.items():
        for name, layer in layers.items():
            tensors[f"{size}/{name}.mean"] = layer.mean.astype(np.float32)
            tensors[f"{size}/{name}.var"] = layer.var.astype(np.float32)
            counts[f"{size}/{name}"] = layer.count
    header = {
        "model_sha256": reference.model_sha256,
        "faces_sha256": reference.faces_sha256,
        "chain": reference.chain,
        "seed": reference.seed,
        "layers": counts,
    }
    data = save(tensors, metadata={METADATA_KEY: json.dumps(header | {"id": reference.id}, sort_keys=True)})
    with atomic(path) as part:
        part.write_bytes(data)


def load_reference(path: Path) -> Reference:
    """Read what `save_reference` wrote.

    Raises:
        InputError: no such file.
        WeightsError: it is no such file, or damaged.
    """
    if not path.is_file():
        raise InputError(f"no reference at {path}", fix="make one with `fewpix reference`")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {})[METADATA_KEY])
            sizes: dict[int, dict[str, LayerStats]] = {}
            for key, count in header["layers"].items():
                size, _, name = key.partition("/")
                sizes.setdefault(int(size), {})[name] = LayerStats(
                    file.get_tensor(f"{key}.mean"), file.get_tensor(f"{key}.var"), int(count)
                )
        keys = ("model_sha256", "faces_sha256", "chain", "seed")
        found, named = Reference(sizes=sizes, **{key: header[key] for key in keys}), header["id"]
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, AttributeError, ConfigError) as error:
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
