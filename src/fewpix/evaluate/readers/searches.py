"""Every benchmark that searches a gallery, by the name that `fewpix evaluate search` knows it by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.evaluate.benchmark import Search
from fewpix.evaluate.readers import scface, survface, table, tinyface
from fewpix.evaluate.readers.kinds import SEARCH, chosen

RANKS = (1, 5, 10, 20, 50)
"""Those of TinyFace's official evaluation."""
FPIRS = (1e-1, 1e-2)


@dataclass(frozen=True)
class Protocol:
    """How a benchmark is read and searched.

    Args:
        read: (path, options, allow_missing=) to the search; the options are those of `kinds`.
        prototypes: whether a person of the gallery is one row, the mean of their pictures, as the benchmark's
            protocol has it.
        ranks: the k of rank-k, where every probe shows somebody of the gallery.
        rank: the place up to which the right person counts, where some probes show others.
        fpirs: the false positive identification rates there.
    """

    read: Callable[..., Search]
    prototypes: bool = False
    ranks: tuple[int, ...] = RANKS
    rank: int = 1
    fpirs: tuple[float, ...] = FPIRS


PROTOCOLS: dict[str, Protocol] = {
    "tinyface": Protocol(tinyface.read),
    "scface": Protocol(scface.read),
    "survface": Protocol(survface.read, prototypes=True, rank=survface.RANK, fpirs=survface.FPIRS),
    "table": Protocol(table.read_search),
}
"""Name → its protocol."""


def read_search(kind: str, path: Path, *, allow_missing: bool = False, **options: Any) -> Search:
    """The gallery and the probes of a benchmark.

    Args:
        kind: of `PROTOCOLS`.
        path: of its folder or table.
        allow_missing: leave out missing pictures instead of refusing.
        options: of the protocol; None for what was not set.

    Raises:
        ConfigError: no such kind, an option that it does not know, or one that it needs is not set.
        InputError: see its reader.
    """
    set_ = chosen(SEARCH, kind, options)
    return PROTOCOLS[kind].read(path, allow_missing=allow_missing, **set_)
