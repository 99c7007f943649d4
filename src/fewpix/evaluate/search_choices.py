"""What is to be reported of a search: of a closed set ranks, of an open set rates at a rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fewpix.errors import ConfigError
from fewpix.evaluate.benchmark import Search


@dataclass(frozen=True)
class Choices:
    """What is to be reported; None for what the protocol has.

    Args:
        ranks: the k of rank-k, of a closed set only.
        rank: the place up to which the right person counts, of an open set only.
        fpirs: the false positive identification rates, of an open set only.

    Raises:
        ConfigError: one of them is out of range.
    """

    ranks: tuple[int, ...] | None = None
    rank: int | None = None
    fpirs: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        for value in (*(self.ranks or ()), *(() if self.rank is None else (self.rank,))):
            if value < 1:
                raise ConfigError(f"rank: {value} is out of range", fix="count places from 1")
        for rate in self.fpirs or ():
            if not 0 < rate < 1:
                raise ConfigError(f"fpirs: {rate:g} is out of range", fix="use rates above 0 and below 1")

    def check(self, data: Search) -> None:
        """Refuse a choice that a set has no use for.

        Raises:
            ConfigError: there is one.
        """
        if is_open(data) and self.ranks is not None:
            raise ConfigError(
                "ranks are for closed sets; here some probes show nobody of the gallery",
                fix="use --rank and --fpirs",
            )
        if not is_open(data) and (self.rank is not None or self.fpirs is not None):
            raise ConfigError(
                "rank and fpirs are for open sets; here every probe shows somebody of the gallery",
                fix="use --ranks",
            )


def is_open(data: Search) -> bool:
    """Whether some probes show nobody of the gallery."""
    return not bool(np.isin(data.probes.people, data.gallery.people).all())
