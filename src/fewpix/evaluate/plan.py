"""What a run does with a benchmark: which models see which side at which sizes, and what is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.degrade.degradation import Degradation, check_size
from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, SpaceError
from fewpix.evaluate.benchmark import Asked, Benchmark, Pairs, Searches
from fewpix.evaluate.embedding.fuse import FUSIONS, check_fusion
from fewpix.evaluate.result.model import Treatment
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
        fusion: of `fuse.FUSIONS`, how templates are made.
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
    fusion: str = "media"
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
            ConfigError: an unknown protocol, side, fit, fusion or baseline; a size out of range, or one that
                does not fit the protocol; `others` are not those of the models; or qualities are to weigh and
                there are none.
            SpaceError: two spaces would be compared; both models are named.
            InputError: no probe shows anybody of a gallery.
        """
        self.looks()
        if self.first() not in self.models:
            raise ConfigError(
                f"the baseline {self.baseline} is none of the models",
                fix=f"use one of {', '.join(self.models)}",
            )
        check_fusion(self.fusion, benchmark.items)
        if isinstance(benchmark.comparisons, Pairs):
            check_protocols(self.protocols, self.sizes, self.small)
            if "hr-lr" in self.protocols and self.others is None:
                raise ConfigError("the protocol hr-lr needs a teacher for the sharp faces")
        else:
            for gallery in benchmark.comparisons.galleries:
                benchmark.comparisons.mated(gallery, benchmark.items.people)
        if self.others is not None and set(self.others) != set(self.models):
            raise ConfigError(
                f"others are named for {', '.join(self.others) or 'no model'}, the models are "
                f"{', '.join(self.models)}",
                fix="name who sees the other side for every model, or leave others out",
            )
        for name, (other, encoder) in (self.others or {}).items():
            check_space(name, self.models[name], other, encoder)

    def modes(self, benchmark: Benchmark) -> list[Mode]:
        """What is compared, one for each protocol; of searches one."""
        first, second = benchmark.comparisons.sides(len(benchmark.items))
        if isinstance(benchmark.comparisons, Searches):
            return [("", first, second)]
        low, high = (first, second) if self.small == "first" else (second, first)
        return [
            (name, low, high) if name == "hr-lr" else (name, first | second, None) for name in self.protocols
        ]

    def treatment(self, benchmark: Benchmark) -> Treatment:
        """What happened to the pictures of a benchmark."""
        pairs = isinstance(benchmark.comparisons, Pairs)
        sizes = [size for size in (*self.sizes, self.other_size) if size is not None]
        both = pairs and "hr-lr" not in self.protocols
        by_points = benchmark.items.points is not None
        return Treatment(
            protocols=list(self.protocols) if pairs else [],
            small=("both" if both else self.small) if pairs else "probes",
            other_size=None if pairs else self.other_size,
            family=self.degradation.family,
            seed=self.degradation.seed,
            steps={str(size): self.degradation.describe(size) for size in dict.fromkeys(sizes)},
            interpolation=self.degradation.interpolation,
            fit=self.fit,
            flip=self.flip,
            alignment="by the list's five points" if by_points else "pictures are crops of faces",
            fusion="" if benchmark.items.single else FUSIONS[self.fusion],
            prototypes=getattr(benchmark.comparisons, "prototypes", False),
            rank=(self.asked or benchmark.asked).rank,
        )


Mode = tuple[str, NDArray[np.bool_], NDArray[np.bool_] | None]
"""One way to compare: the protocol, of pairs; the items (U,) that go to the model and are made small; and
those that go to somebody else, None where there is one side only.
"""


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
