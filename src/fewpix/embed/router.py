"""The router: each face goes to the encoder that was measured to be best at its size."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, SpaceError, WeightsError
from fewpix.foreign import MALFORMED, json_file
from fewpix.image.array import squares
from fewpix.image.resize import Crop

TABLE = Path(__file__).parent.parent / "weights" / "router.json"


class Router:
    """Encoders of one space behind the face of one.

    The size of a crop is its side in pixels: a caller that cut a face of 12 source pixels passes a crop of 12
    px, not one blown up to 112.

    Args:
        bands: (side in pixels, encoder): who takes faces from that side on. The first begins at 0; a
            NormState is the business of the encoder that runs under it.

    Raises:
        ConfigError: the sides do not begin at 0 or do not rise.
        SpaceError: the encoders write into different spaces.
    """

    def __init__(self, bands: Sequence[tuple[float, Encoder]]) -> None:
        self.starts = tuple(float(start) for start, _ in bands)
        self.encoders = tuple(encoder for _, encoder in bands)
        if not bands or self.starts[0] != 0 or list(self.starts) != sorted(set(self.starts)):
            raise ConfigError(
                f"a router's bands must begin at 0 px and rise, not {list(self.starts)}",
                fix="name for each encoder the side from which on it is the best",
            )
        largest = self.encoders[-1]
        for encoder in self.encoders:
            if encoder.card.space != largest.card.space:
                raise SpaceError(
                    f"{encoder.card.name} writes into {encoder.card.space}, "
                    f"{largest.card.name} into {largest.card.space}",
                    fix="route between a teacher and students that were distilled from it",
                )
        self.runtime = largest.runtime
        self.device = largest.device
        self.state_id = "+".join(encoder.state_id for encoder in self.encoders if encoder.state_id)
        cards = [encoder.card for encoder in self.encoders]
        parts = [(start, card.name, card.sha256) for start, card in zip(self.starts, cards, strict=True)]
        # `preprocess` is that of the largest faces' encoder; each uses its own.
        self.card = replace(
            largest.card,
            name="auto",
            arch="router",
            sha256=routed_sha256(parts),
            terms="; ".join(f"{card.name}: {card.terms}" for card in cards),
            provenance={"bands": _told(parts)},
        )

    def encoder(self, pixels: float) -> Encoder:
        """The encoder for faces of this size, for what must be recorded with an embedding."""
        return self.encoders[max(bisect_right(self.starts, pixels) - 1, 0)]

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See `Encoder.embed`; each crop by the encoder for its side."""
        crops = squares(crops)
        out = np.empty((len(crops), self.card.space.dim), dtype=np.float32)
        chosen = [self.encoder(crop.shape[0]) for crop in crops]
        for encoder in self.encoders:
            indices = [n for n, taken in enumerate(chosen) if taken is encoder]
            if indices:
                out[indices] = encoder.embed([crops[n] for n in indices])
        return out


def routed_sha256(bands: Iterable[tuple[float, str, str]]) -> str:
    """The digest of a router's card.

    Args:
        bands: (side in pixels, name, digest) of each encoder, smallest faces first.
    """
    return hashlib.sha256(json.dumps(_told(bands), sort_keys=True).encode()).hexdigest()


def _told(bands: Iterable[tuple[float, str, str]]) -> list[dict[str, float | str]]:
    return [{"from_px": start, "model": name, "sha256": sha256} for start, name, sha256 in bands]


def encoder_for(encoder: Encoder, pixels: float) -> Encoder:
    """The encoder that takes a face of this size: a router's choice, or the encoder itself."""
    return encoder.encoder(pixels) if isinstance(encoder, Router) else encoder


def read_bands(table: Path = TABLE) -> list[tuple[float, str]]:
    """Which model was measured to be best from which side on, smallest faces first.

    Args:
        table: JSON with `bands`, each of `from_px` and `model`, and `source`, the result they were read from.

    Raises:
        WeightsError: the table is missing or damaged.
    """
    try:
        bands = json_file(table)["bands"]
        return [(float(band["from_px"]), str(band["model"])) for band in bands]
    except (OSError, *MALFORMED) as error:
        raise WeightsError(
            f"{table} is not a router's table: {error!r}", fix="install fewpix again"
        ) from error
