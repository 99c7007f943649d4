"""Every benchmark that searches a gallery, by the name that `fewpix evaluate search` knows it by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.errors import ConfigError
from fewpix.evaluate.open_set import FPIRS
from fewpix.evaluate.readers import scface, survface, table, tinyface
from fewpix.evaluate.readers.benchmark import Search
from fewpix.evaluate.retrieval import RANKS, WATCH_LIST_FPIRS, WATCH_LIST_RANK


@dataclass(frozen=True)
class Protocol:
    """How a benchmark is read and searched.

    Args:
        read: (path, options, allow_missing=) to the search.
        options: those that a user may set.
        required: those of them that one must.
        prototypes: whether a person of the gallery is one row, the mean of their pictures, as the benchmark's
            protocol has it.
        ranks: the k of rank-k, where every probe shows somebody of the gallery.
        rank: the place up to which the right person counts, where some probes show others.
        fpirs: the false positive identification rates there.
    """

    read: Callable[..., Search]
    options: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    prototypes: bool = False
    ranks: tuple[int, ...] = RANKS
    rank: int = 1
    fpirs: tuple[float, ...] = FPIRS


def _scface(path: Path, *, distance: int, ids: str = "all", allow_missing: bool) -> Search:
    return scface.read(path, distance, ids=ids, allow_missing=allow_missing)


PROTOCOLS: dict[str, Protocol] = {
    "tinyface": Protocol(tinyface.read, ("aligned",)),
    "scface": Protocol(_scface, ("distance", "ids"), ("distance",)),
    "survface": Protocol(survface.read, prototypes=True, rank=WATCH_LIST_RANK, fpirs=WATCH_LIST_FPIRS),
    "table": Protocol(table.read_search, ("folder",)),
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
    if kind not in PROTOCOLS:
        raise ConfigError(f"'{kind}' has no gallery to search", fix=f"use one of {', '.join(PROTOCOLS)}")
    protocol = PROTOCOLS[kind]
    chosen = {name: value for name, value in options.items() if value is not None}
    for name in chosen:
        if name not in protocol.options:
            raise ConfigError(f"{kind} takes no option --{name}")
    for name in protocol.required:
        if name not in chosen:
            raise ConfigError(f"{kind} needs --{name}")
    return protocol.read(path, allow_missing=allow_missing, **chosen)
