"""A gallery's embeddings in memory, ready to be searched: every photo, and every person's template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fewpix.gallery.database import Database
from fewpix.gallery.search import ExactIndex
from fewpix.gallery.template import fuse, weight


@dataclass(frozen=True)
class InMemory:
    """All rows of one moment, those of one person next to one another.

    Args:
        embeddings: (M, D) float32.
        starts: (P,) first row of each person, ascending.
        names: the P names, ascending.
        weights: (M,) of the rows in their person's template.
    """

    embeddings: NDArray[np.float32]
    starts: NDArray[np.int64]
    names: tuple[str, ...]
    weights: NDArray[np.float64]

    @classmethod
    def read(cls, database: Database, dim: int, people: Sequence[int] | None = None) -> InMemory:
        """Read all rows, or those of some people by their numbers.

        Raises:
            InputError: the gallery is damaged.
        """
        # IN () is no SQL; nobody has the number -1.
        where = "" if people is None else f" WHERE f.person IN ({', '.join('?' * len(people)) or -1})"
        chosen = () if people is None else tuple(people)
        joined = f"FROM embeddings e JOIN faces f ON e.face = f.id JOIN people p ON f.person = p.id{where}"
        with database.snapshot():
            ((count,),) = database.select(f"SELECT count(*) {joined}", *chosen)
            matrix = np.empty((count, dim), dtype=np.float32)
            weights = np.empty(count, dtype=np.float64)
            starts: list[int] = []
            names: list[str] = []
            for n, (name, value, quality) in enumerate(
                database.select(
                    f"SELECT p.name, e.embedding, f.quality {joined} ORDER BY p.name, e.id", *chosen
                )
            ):
                matrix[n] = database.embedding(value, dim)
                weights[n] = weight(quality)
                if not names or names[-1] != name:
                    names.append(name)
                    starts.append(n)
        return cls(matrix, np.asarray(starts, dtype=np.int64), tuple(names), weights)

    @cached_property
    def index(self) -> ExactIndex:
        """Every photo; a person's score is that of the most similar one."""
        return ExactIndex(self.embeddings, self.starts, self.names)

    @cached_property
    def templates(self) -> ExactIndex:
        """One template per person."""
        fused = fuse(self.embeddings, self.starts, self.weights)
        return ExactIndex(fused, np.arange(len(fused), dtype=np.int64), self.names)

    def chosen(self, templates: bool) -> ExactIndex:
        """The templates, or every photo."""
        return self.templates if templates else self.index
