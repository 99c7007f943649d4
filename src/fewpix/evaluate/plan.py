"""What a run does with a benchmark: which models see which side at which sizes, and what is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, SpaceError
from fewpix.evaluate.benchmark import Asked, Benchmark, Pairs, Searches
from fewpix.evaluate.degraded import Degradation, check_size
from fewpix.evaluate.embedding.fuse import FUSIONS, Fusing, check_fusion
from fewpix.evaluate.statistics.estimate import Draws
from fewpix.evaluate.view import Look

PROTOCOLS = {
    "native": "both sides as they are, to the model",
    "hr-lr": "one side made small, to the model; the other one as it is, to the teacher",
    "lr-lr": "both sides made small, to the model",
}
"""What happens to the two sides of a pair."""

SIDES = ("first", "second")
"""Of a pair, one of which is small under `hr-lr`."""

Others = Mapping[str, tuple[str, Encoder]]
"""By the model's name who sees the other side of its comparisons: a name, and what runs."""


@dataclass(frozen=True, eq=False)
class Plan:
    """How a benchmark is measured.

    Args:
        models: by name; they see the small side.
        others: see the other side: of pairs under `hr-lr`, of searches the gallery. None where each model
            itself does.
        sizes: sides in pixels, 8 to 112, that the small side is made to; None for pictures as they are.
        other_size: of a search, that the gallery is made to; None for its own.
        protocols: of pairs, any of `PROTOCOLS`; of searches there is none.
        small: of `SIDES`, under `hr-lr`.
        degradation: how pictures get small.
        fit: of `view.FITS`, how they become square.
        flip: whether the mirrored picture's embedding is added, on both sides.
        fusion: how templates are made.
        store: a folder that keeps embeddings; None for none.
        asked: what is reported; None for what the benchmark's authors report.
        baseline: the model that each other one is compared with; None for the first.
        draws: of the bootstrap over people.
    """

    models: Mapping[str, Encoder]
    others: Others | None = None
    sizes: Sequence[int | None] = (None,)
    other_size: int | None = None
    protocols: tuple[str, ...] = ("native",)
    small: str = "second"
    degradation: Degradation = field(default_factory=Degradation)
    fit: str = "pad"
    flip: bool = False
    fusion: Fusing = FUSIONS["media"]
    store: Path | None = None
    asked: Asked | None = None
    baseline: str | None = None
    draws: Draws = field(default_factory=Draws)

    def looks(self) -> dict[int | None, Look]:
        """How pictures come to the models, by size.

        Raises:
            ConfigError: a size out of range, or an unknown fit.
        """
        every = dict.fromkeys((*self.sizes, self.other_size, None))
        return {size: Look(size, self.fit, self.degradation) for size in every}

    def first(self) -> str:
        """The baseline's name."""
        return self.baseline or next(iter(self.models))

    def check(self, benchmark: Benchmark) -> None:
        """Refuse what could not be measured, before a picture is read.

        Raises:
            ConfigError: an unknown protocol, side, fit or baseline; a size out of range, or one that does not
                fit the protocol; or qualities are to weigh and there are none.
            SpaceError: two spaces would be compared; both models are named.
            InputError: no probe shows anybody of a gallery.
        """
        self.looks()
        if self.first() not in self.models:
            raise ConfigError(
                f"the baseline {self.baseline} is none of the models",
                fix=f"use one of {', '.join(self.models)}",
            )
        if not benchmark.items.single:
            check_fusion(benchmark.items.quality, self.fusion)
        if isinstance(benchmark.comparisons, Pairs):
            check_protocols(self.protocols, self.sizes, self.small)
            if "hr-lr" in self.protocols and self.others is None:
                raise ConfigError("the protocol hr-lr needs a teacher for the sharp faces")
        else:
            for gallery in benchmark.comparisons.galleries:
                benchmark.comparisons.mated(gallery, benchmark.items.people)
        for name, (other, encoder) in (self.others or {}).items():
            check_space(name, self.models[name], other, encoder)

    def modes(self, benchmark: Benchmark) -> list[Mode]:
        """What is compared, one for each protocol; of searches one."""
        count = len(benchmark.items)
        first, second = benchmark.comparisons.sides(count)
        if isinstance(benchmark.comparisons, Searches):
            return [Mode("", first, second, self.others, self.other_size)]
        found = []
        for protocol in self.protocols:
            if protocol == "hr-lr":
                low, high = (first, second) if self.small == "first" else (second, first)
                found.append(Mode(protocol, low, high, self.others, None))
            else:
                found.append(Mode(protocol, first | second, None, None, None))
        return found


@dataclass(frozen=True, eq=False)
class Mode:
    """One way to compare.

    Args:
        protocol: of pairs; "" of searches.
        low: (U,) bool, the items that go to the model and are made small.
        high: (U,) bool, those that go to somebody else; None where there is one side only.
        others: who that is, see `Plan`; None where it is the model itself.
        other_size: that these are made small to.
    """

    protocol: str
    low: NDArray[np.bool_]
    high: NDArray[np.bool_] | None
    others: Others | None
    other_size: int | None


def check_protocols(protocols: Sequence[str], sizes: Sequence[int | None], small: str) -> None:
    """Refuse protocols, sizes and a small side that do not fit one another.

    Raises:
        ConfigError: they do not.
    """
    if small not in SIDES:
        raise ConfigError(f"small: a pair has no side {small!r}", fix=f"use {' or '.join(SIDES)}")
    for protocol in protocols:
        if protocol not in PROTOCOLS:
            raise ConfigError(f"unknown protocol {protocol!r}", fix=f"use {', '.join(PROTOCOLS)}")
    for size in sizes:
        if size is not None:
            check_size(size)
    if "native" in protocols and any(size is not None for size in sizes):
        raise ConfigError(
            "the protocol native compares pictures as they are, at no other size",
            fix="make them small with --protocol lr-lr or hr-lr, or leave --size out",
        )
    if "lr-lr" in protocols and None in sizes:
        raise ConfigError(
            "the protocol lr-lr needs a size to make pictures small to",
            fix="give one with --size, or compare them as they are with --protocol native",
        )


def check_space(name: str, encoder: Encoder, other: str, sharp: Encoder) -> None:
    """Refuse to compare embeddings of two spaces.

    Raises:
        SpaceError: the model and whoever sees the other side write into different ones.
    """
    if encoder.card.space != sharp.card.space:
        raise SpaceError(
            f"{name} writes into {encoder.card.space}, {other} of the other side into {sharp.card.space}",
            fix="name the model's own teacher (--teacher, --gallery-model), or same for the model itself",
        )
