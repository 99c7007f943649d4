"""What a gallery needs of a database, whichever it is: rows, transactions, and a sign of every change."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.models.space import Space


def closed(location: str) -> InputError:
    """What a gallery answers that is used after it was closed."""
    return InputError(f"the gallery {location} is closed", fix="use it inside `with Gallery.open(...)`")


class Database(Protocol):
    """An open database with the tables of a gallery: people, faces, embeddings, matched, history, cameras.

    Statements are SQL that every store understands, with `?` for values; names sort by code points. All
    failures come out as fewpix's errors.

    Attributes:
        location: the gallery's path or address, as it may be shown: without a password.
    """

    @property
    def location(self) -> str: ...  # noqa: D102

    def space(self) -> Space | None:
        """The space that the gallery is bound to; None as long as it has no tables."""
        ...

    def create(self, space: Space) -> Space:
        """Make the tables, unless another process was faster; the space that the gallery now has."""
        ...

    def set_space(self, space: Space) -> None:
        """Bind the gallery to another space, inside a transaction that leaves no embedding of the old one."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """One change: on leaving it is on the disk whole, after any exception nothing of it is there."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """All that is read inside is of one moment."""
        ...

    def version(self) -> Hashable:
        """Differs from an earlier value whenever anything was changed since, by whomever."""
        ...

    def is_own(self, before: Hashable, after: Hashable) -> bool:
        """Whether what lies between two values of `version` is one transaction of this connection."""
        ...

    def is_lost(self) -> bool:
        """Whether the connection is gone for good, so that it must be opened anew; never of a file."""
        ...

    def select(self, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows that a query gives; large answers are fetched as they are read."""
        ...

    def execute(self, statement: str, *values: Any) -> int:
        """Change rows; how many were."""
        ...

    def insert(self, statement: str, *values: Any) -> int:
        """Insert one row into a table with an `id`; the id that it got."""
        ...

    def vector(self, embedding: NDArray[np.float32]) -> Any:
        """A (D,) float32 embedding as a value for a statement."""
        ...

    def embedding(self, value: Any, dim: int) -> NDArray[np.float32]:
        """What `vector` made, read back bit for bit.

        Raises:
            InputError: it is damaged.
        """
        ...

    def neighbours(self, queries: NDArray[np.float32], k: int) -> list[list[int]] | None:
        """Numbers of people among whom the k nearest of each query probably are, by an index of the database.

        Args:
            queries: (N, D) float32.
            k: how many people are wanted, at least 1.

        Returns:
            N lists of at least k people, if there are so many; None where there is no such index.
        """
        ...

    def set_index(self, wanted: bool) -> None:
        """Make the database's own index of the embeddings, or remove it.

        Raises:
            ConfigError: this kind of database has none.
        """
        ...

    def faults(self) -> list[str]:
        """What the database itself finds wrong with its files and references; empty when nothing is."""
        ...

    def sealed(self) -> str | None:
        """Since when rows have digests, UTC, ISO 8601; empty for always, None where there are none.

        A gallery of an older fewpix got them when it was first opened for writing by a newer one.
        """
        ...

    def keeps_matched(self) -> bool:
        """Whether there is a table of photos shrunk to a few sizes (see `matched`).

        A gallery of an older fewpix gets it when it is first opened for writing by a newer one.
        """
        ...

    def forget(self, wait: float = 0.0) -> str:
        """Let no byte of removed rows stay in the files.

        Args:
            wait: seconds to wait for others who are using the gallery.

        Returns:
            What is left and why, a sentence without its end; empty for nothing. The next to open the gallery
            for writing (of a file, for anything) tries again.
        """
        ...

    def left(self) -> str:
        """As `forget`; through a connection that only reads, without doing anything."""
        ...

    def close(self) -> None:
        """Close it; a second call does nothing."""
        ...
