"""What a benchmark compares, by the names of items and of people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.benchmark import Benchmark, Pairs, Searches


@dataclass(frozen=True)
class Side:
    names: tuple[str, ...]
    people: NDArray[np.generic]

    def __len__(self) -> int:
        return len(self.names)


def side(found: Benchmark, numbers: NDArray[np.integer]) -> Side:
    """Some items."""
    called = found.items.called
    return Side(tuple(called[n] for n in numbers), found.items.people[numbers])


def gallery(found: Benchmark, name: str = "") -> Side:
    assert isinstance(found.comparisons, Searches)
    return side(found, found.comparisons.galleries[name])


def probes(found: Benchmark) -> Side:
    assert isinstance(found.comparisons, Searches)
    return side(found, found.comparisons.probes)


def pairs_of(found: Benchmark) -> Pairs:
    assert isinstance(found.comparisons, Pairs)
    return found.comparisons


def named_pairs(found: Benchmark) -> list[tuple[str, str]]:
    """Both items of every pair."""
    pairs, called = pairs_of(found), found.items.called
    return [(called[a], called[b]) for a, b in zip(pairs.first, pairs.second, strict=True)]
