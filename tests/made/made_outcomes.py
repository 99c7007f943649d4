"""Benchmarks in memory, and what models make of them, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.data.inventory import Inventory
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Asked, Benchmark, Items, Pairs, Searches
from fewpix.evaluate.embedding.embed import Embedded
from fewpix.evaluate.result.model import Cell, Change
from fewpix.evaluate.statistics.estimate import Draws
from fewpix.evaluate.tasks.outcomes import Measured, Outcomes, differences
from fewpix.evaluate.tasks.pairs import PairList, PairOutcomes
from fewpix.image.codec import Image, encode_image


@dataclass
class Memory:
    """Pictures that never were files; `reads` holds the number of each that was read."""

    images: Sequence[Image | bytes]
    reads: list[int] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{n}.png" for n in range(len(self.images)))

    def read(self, n: int) -> bytes:
        self.reads.append(n)
        image = self.images[n]
        if isinstance(image, bytes):
            if not image:
                raise InputError(f"cannot read {self.origin(n)}: No such file or directory")
            return image
        return encode_image(image)

    def origin(self, n: int) -> str:
        return f"/home/somebody/faces/{self.names[n]}"

    def stamp(self, n: int) -> str:
        return ""


def noise(height: int, width: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def items_of(people: Sequence[object] | NDArray[np.generic], **more: object) -> Items:
    """Items of these people, a picture each that nobody may look at."""
    return Items(Memory([b""] * len(people)), np.asarray(people), **more)  # type: ignore[arg-type]


def benchmark_of(items: Items, comparisons: Pairs | Searches, **more: object) -> Benchmark:
    found = Inventory("made", Path("made"), (), len(items.pictures.names), (), "a" * 64)
    return Benchmark("made", found, items, comparisons, **more)  # type: ignore[arg-type]


def embedded_of(
    rows: NDArray[np.floating], enrolled: NDArray[np.bool_] | None = None, failed: Sequence[int] = ()
) -> Embedded:
    """Items with these rows; `enrolled` none or `failed` some of them have none."""
    there = np.ones(len(rows), dtype=np.bool_) if enrolled is None else enrolled.copy()
    there[list(failed)] = False
    count = len(rows)
    return Embedded(
        np.where(there[:, None], rows, 0).astype(np.float32),
        there,
        np.zeros((count, 2), dtype=np.int32),
        np.zeros(count, dtype=np.bool_),
        ~there,
        np.zeros((count, 32), dtype=np.uint8),
    )


def pair_outcomes(
    scores: NDArray[np.floating],
    pairs: Pairs,
    people: NDArray[np.generic],
    *,
    fars: tuple[float, ...] = Asked().fars,
    quality: NDArray[np.float64] | None = None,
) -> PairOutcomes:
    """What a model made of pairs of which all are kept."""
    listed = PairList.of(pairs, items_of(people, quality=quality))
    return PairOutcomes.of(listed, pairs.same, scores, Asked(fars=fars))


def cell_of(outcomes: Outcomes, replicates: int = 20, seed: int = 0) -> Cell:
    return outcomes.cell("m", None, {}, Draws(replicates, seed))


def measured(name: str, outcomes: Outcomes) -> Measured:
    """Without figures, for what needs none."""
    nothing = Cell(
        model=name,
        size=None,
        part={},
        counts={},
        seen=None,
        figures=[],
        curve=None,
        ranks=None,
        histogram=None,
        worst=None,
    )
    return nothing, outcomes


def changes_of(
    one: Outcomes, other: Outcomes, replicates: int = 20, seed: int = 0
) -> dict[tuple[str, str], Change]:
    """One minus the other, by measure and what it is at."""
    found = differences([measured("other", other), measured("one", one)], "other", Draws(replicates, seed))
    return {(change.measure, change.at): change for change in found[0].changes} if found else {}
