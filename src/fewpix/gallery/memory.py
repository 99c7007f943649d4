"""A gallery's embeddings in memory, ready to be searched: every photo, and every person's template."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fewpix.embed.fusion import by_quality, fuse, heaviest
from fewpix.gallery.matched import Match, mixed
from fewpix.gallery.search import ExactIndex
from fewpix.gallery.storage.database import Database


@dataclass(frozen=True)
class InMemory:
    """All rows of one moment, those of one person next to one another.

    Args:
        embeddings: (M, D) float32.
        starts: (P,) first row of each person, ascending.
        names: the P names, ascending.
        weights: (M,) of the rows in their person's template; 0 for those of another encoder than its own.
        faces: (M,) the photo of each row.
    """

    embeddings: NDArray[np.float32]
    starts: NDArray[np.int64]
    names: tuple[str, ...]
    weights: NDArray[np.float64]
    faces: NDArray[np.int64]

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
            faces = np.empty(count, dtype=np.int64)
            starts: list[int] = []
            names: list[str] = []
            makers: list[tuple[str, str]] = []
            rows = database.select(
                f"SELECT p.name, e.embedding, f.quality, f.id, e.encoder_sha256, e.state_id {joined}"
                " ORDER BY p.name, e.id",
                *chosen,
            )
            for n, (name, value, quality, faces[n], *maker) in enumerate(rows):
                matrix[n] = database.embedding(value, dim)
                weights[n] = by_quality(quality)
                makers.append((sys.intern(maker[0]), sys.intern(maker[1])))
                if not names or names[-1] != name:
                    names.append(name)
                    starts.append(n)
        for first, end in pairwise((*starts, len(makers))):
            if len(set(makers[first:end])) > 1:
                own = heaviest(makers[first:end], weights[first:end].tolist())
                weights[first:end] *= [maker == own for maker in makers[first:end]]
        return cls(matrix, np.asarray(starts, dtype=np.int64), tuple(names), weights, faces)

    def mixed(self, database: Database, match: Match) -> InMemory:
        """The same photos, each mixed with what it is at a small size; those without such a row as they are.

        Raises:
            InputError: the gallery is damaged.
        """
        if not database.keeps_matched():
            return self
        dim, chosen = self.embeddings.shape[1], (match.encoder_sha256, match.pixels)
        where = "FROM matched WHERE encoder_sha256 = ? AND pixels = ?"
        with database.snapshot():
            ((count,),) = database.select(f"SELECT count(*) {where}", *chosen)
            small, known = np.empty((count, dim), dtype=np.float32), np.empty(count, dtype=np.int64)
            rows = database.select(f"SELECT face, embedding {where} ORDER BY face", *chosen)
            for n, (known[n], value) in enumerate(rows):
                small[n] = database.embedding(value, dim)
        if not count:
            return self
        places = np.minimum(np.searchsorted(known, self.faces), count - 1)
        has = known[places] == self.faces
        embeddings = self.embeddings.copy()
        embeddings[has] = mixed(self.embeddings[has], small[places[has]], match.weight)
        return replace(self, embeddings=embeddings)

    @cached_property
    def index(self) -> ExactIndex:
        """Every photo; a person's score is that of the most similar one."""
        return ExactIndex(self.embeddings, self.starts, self.names)

    @cached_property
    def templates(self) -> ExactIndex:
        """One template per person."""
        # One photo stays what it is, so that a face enrolled under two names stays a tie.
        fused = fuse(self.embeddings, self.starts, self.weights, keep_single=True).embeddings
        return ExactIndex(fused, np.arange(len(fused), dtype=np.int64), self.names)

    def chosen(self, templates: bool) -> ExactIndex:
        """The templates, or every photo."""
        return self.templates if templates else self.index
