"""A gallery: the enrolled people and their embeddings, all of one space, in a file or on a server."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError, SpaceError
from fewpix.gallery.embeddings import check_embeddings
from fewpix.gallery.matched import Match
from fewpix.gallery.memory import InMemory
from fewpix.gallery.names import person_name
from fewpix.gallery.records import Records
from fewpix.gallery.rows import Added, Original, Shrunk
from fewpix.gallery.search import Candidate
from fewpix.gallery.storage.database import Database
from fewpix.gallery.storage.location import open_database
from fewpix.models.space import Space

_MIXED_BYTES = 1 << 29
"""Bound on the mixed rows of all sizes that are held at once, beside those of the last one."""


class Gallery(Records):
    """An open gallery; use it as a context manager. Made by `Gallery.open`.

    Every change is one transaction, flushed to the disk before the method returns. The embeddings are read
    into memory at the first search and again only after this or another process has changed the gallery.
    """

    def __init__(self, database: Database, space: Space) -> None:
        super().__init__(database, space)
        self._memory: tuple[Hashable, InMemory] | None = None
        self._mixed: dict[Match, InMemory] = {}

    @classmethod
    def open(cls, location: str | Path, space: Space | None = None, *, write: bool = True) -> Gallery:
        """Open a gallery whose embeddings are comparable with those of `space`.

        Args:
            location: a file path, or the address of a PostgreSQL database, `postgresql://...`.
            space: the space of the encoder that is going to add or to search; None takes an existing
                gallery as it is, whatever its space.
            write: False opens for searching only, and does not make a missing gallery.

        Raises:
            InputError: missing and not to be made, or the file is no gallery.
            SpaceError: the gallery holds embeddings of another space.
            StorageError: it cannot be opened or made.
            UnavailableError: the location is of an unknown kind, or its package is not installed.
        """
        database = open_database(location, write=write, make=space is not None)
        try:
            stored = database.space()
            if stored is None and write and space is not None:
                stored = database.create(space)
            if stored is None:
                raise InputError(f"the gallery {database.location} is empty", fix="enrol people first")
            if space is not None and stored != space:
                raise SpaceError(
                    f"the gallery {database.location} holds {stored}, the encoder writes {space}",
                    fix="use a model of the gallery's teacher, another gallery with --gallery, "
                    "or `fewpix gallery reembed` where originals were kept",
                )
        except BaseException:
            database.close()
            raise
        return cls(database, stored)

    def __enter__(self) -> Gallery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; a second call does nothing."""
        self._memory = None
        self._mixed.clear()
        self.database.close()

    def add(
        self,
        name: str,
        embedding: NDArray[np.float32],
        *,
        pixels: float,
        encoder_sha256: str,
        state_id: str,
        source: str,
        quality: float | None = None,
        original: Original | None = None,
        face: int | None = None,
        shrunk: Sequence[Shrunk] = (),
    ) -> Added:
        """Enrol one embedding; on return it is on the disk.

        Args:
            name: the person, made when new.
            embedding: (D,) float32 of this gallery's space.
            pixels: side of the face in source pixels, above 0.
            encoder_sha256: the encoder's card digest.
            state_id: the NormState it was embedded under; empty for none.
            source: where the photo came from, for people to read.
            quality: how good the face is, 0 to 1; weighs it in the person's template.
            original: the photo's pixels, kept for embedding them again.
            face: add a row (another encoder or size) to this face of the same person; None makes a face.
            shrunk: rows of small sizes of the same photo; those that it has already stay as they are.

        Raises:
            ConfigError: the name cannot be stored, a number is out of range, or the face is somebody else's.
            InputError: the embedding is not one of this space.
            StorageError: it cannot be written; the gallery is as it was.
        """
        name = person_name(name)
        with self.database.transaction():
            return self.write(
                name,
                embedding,
                pixels=pixels,
                encoder_sha256=encoder_sha256,
                state_id=state_id,
                source=source,
                quality=quality,
                original=original,
                face=face,
                shrunk=shrunk,
            )

    def search(
        self,
        embeddings: NDArray[np.float32],
        k: int,
        *,
        templates: bool = False,
        exact: bool = False,
        match: Match | None = None,
    ) -> list[list[Candidate]]:
        """The k best people for each embedding by exact cosine; see `ExactIndex.search`.

        Where the database has an index of its own (`fewpix gallery index hnsw`), that index proposes people,
        and exact cosines rank them.

        Args:
            embeddings: (N, D) float32 of this gallery's space.
            k: at most how many candidates, at least 1.
            templates: compare with each person's template (see `weight`) instead of with every photo.
            exact: pass over the database's own index.
            match: compare with a mix of each photo and the same photo shrunk, see `matched`; a photo that has
                no such row is compared as it is. Always exact: the database's index knows sharp photos only.

        Raises:
            ConfigError: k is below 1.
            InputError: the embeddings are not of this space, or the gallery is damaged.
        """
        queries = check_embeddings(embeddings, self.space)
        indexed = k > 0 and not exact and match is None
        proposed = self.database.neighbours(queries, k) if indexed else None
        if proposed is None:
            return self._in_memory(match).chosen(templates).search(queries, k)
        found = []
        for query, people in zip(queries, proposed, strict=True):
            some = InMemory.read(self.database, self.space.dim, people)
            found.append(some.chosen(templates).search(query[None], k)[0])
        return found

    def _in_memory(self, match: Match | None) -> InMemory:
        # Read before the rows, so that a change in between is at worst read twice.
        version = self.database.version()
        if self._memory is None or self._memory[0] != version:
            self._memory = None  # two copies of a large gallery need not fit into memory
            self._memory = (version, InMemory.read(self.database, self.space.dim))
            self._mixed.clear()
        if match is None:
            return self._memory[1]
        if match not in self._mixed:
            each = self._memory[1].embeddings.nbytes
            while self._mixed and (len(self._mixed) + 1) * each > _MIXED_BYTES:
                self._mixed.pop(next(iter(self._mixed)))
            self._mixed[match] = self._memory[1].mixed(self.database, match)
        return self._mixed[match]


def open_enrolled(location: str | Path, space: Space) -> Gallery:
    """A gallery to look for people in.

    Args:
        location: as in `Gallery.open`.
        space: of the encoder.

    Raises:
        InputError: there is none, or nobody is in it.
        SpaceError: it is of another space.
    """
    gallery = Gallery.open(location, space, write=False)
    if gallery.is_empty():
        gallery.close()
        raise InputError(
            f"nobody is enrolled in the gallery {gallery.location}", fix="run `fewpix enrol` first"
        )
    return gallery
