"""What a gallery holds, read and written one by one: people, photos, embeddings."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError
from fewpix.foreign import MALFORMED, json_of
from fewpix.gallery.embeddings import check_embeddings
from fewpix.gallery.rows import Added, Face, Original, Person, Row, Shrunk
from fewpix.gallery.storage.database import Database
from fewpix.gallery.storage.digests import digest
from fewpix.models.space import Space


class Records:
    """The rows of an open database, which are of one space; `Gallery` is this and more.

    Args:
        database: an open one, with its tables.
        space: that its embeddings are of.
    """

    def __init__(self, database: Database, space: Space) -> None:
        self.database = database
        self.location = database.location
        self.space = space

    def people(
        self,
        *,
        after: str | None = None,
        most: int | None = None,
        number: int | None = None,
        name: str | None = None,
    ) -> list[Person]:
        """Everybody enrolled, by name, or a part of them.

        Args:
            after: only those whose names come after this one.
            most: how many at most.
            number: only the person with this number.
            name: only the person of this name.
        """
        wanted, values = ["1 = 1"], list[str | int]()
        for test, value in (("name > ?", after), ("id = ?", number), ("name = ?", name)):
            if value is not None:
                wanted.append(test)
                values.append(value)
        ends = "" if most is None else f" LIMIT {int(most)}"
        some = f"(SELECT * FROM people WHERE {' AND '.join(wanted)} ORDER BY name{ends})"
        rows = self.database.select(
            f"SELECT p.name, count(DISTINCT f.id), count(e.id), p.created, p.id FROM {some} p"
            " LEFT JOIN faces f ON f.person = p.id LEFT JOIN embeddings e ON e.face = f.id"
            " GROUP BY p.id, p.name, p.created ORDER BY p.name",
            *values,
        )
        return [Person(*row) for row in rows]

    def is_empty(self) -> bool:
        """Whether nobody can be found: there is no embedding. Asks for one, and counts nothing."""
        return not list(self.database.select("SELECT 1 FROM embeddings LIMIT 1"))

    def person(self, name: str, *, created: str = "") -> int:
        """The number of a person in the tables.

        Args:
            name: as `person_name` gives it.
            created: make a person who is not there, at this time; inside a transaction.

        Raises:
            InputError: nobody has this name, and nobody is to be made.
        """
        for (found,) in self.database.select("SELECT id FROM people WHERE name = ?", name):
            return int(found)
        if created:
            return self.database.insert(
                "INSERT INTO people (name, created, digest) VALUES (?, ?, ?)",
                *(name, created, digest(name, created)),
            )
        raise InputError(
            f"nobody in the gallery {self.location} is named {name}",
            fix="`fewpix gallery list` shows the names",
        )

    def rows(self, name: str | None = None) -> Iterator[Row]:
        """Every embedding with its provenance, by name and then in the order of enrolment.

        Args:
            name: only this person's.
        """
        where = "" if name is None else " WHERE p.name = ?"
        for person, face, value, *rest in self.database.select(
            "SELECT p.name, f.id, e.embedding, e.encoder_sha256, e.pixels, e.state_id, f.source,"
            " e.created, f.quality FROM embeddings e JOIN faces f ON e.face = f.id"
            f" JOIN people p ON f.person = p.id{where} ORDER BY p.name, e.id",
            *(() if name is None else (name,)),
        ):
            yield Row(face, person, self.database.embedding(value, self.space.dim), *rest)

    def faces(self, name: str | None = None, *, after: int = 0, most: int | None = None) -> list[Face]:
        """Every photo, by name and then in the order of enrolment.

        Args:
            name: only this person's.
            after: only those enrolled after the photo of this number.
            most: how many at most.
        """
        where = "" if name is None else " AND p.name = ?"
        ends = "" if most is None else f" LIMIT {int(most)}"
        rows = self.database.select(
            "SELECT f.id, p.name, f.source, f.created, f.quality, f.crop IS NOT NULL FROM faces f"
            f" JOIN people p ON f.person = p.id WHERE f.id > ?{where} ORDER BY p.name, f.id{ends}",
            *((after,) if name is None else (after, name)),
        )
        return [
            Face(face, person, source, created, quality, bool(kept))
            for face, person, source, created, quality, kept in rows
        ]

    def shrunk(self) -> Iterator[tuple[int, Shrunk]]:
        """Every row of a small size with the number of its photo, in the order of enrolment."""
        if not self.database.keeps_matched():
            return
        for face, pixels, value, *rest in self.database.select(
            "SELECT face, pixels, embedding, encoder_sha256, created FROM matched ORDER BY face, id"
        ):
            yield face, Shrunk(int(pixels), self.database.embedding(value, self.space.dim), *rest)

    def shrunk_sizes(self, name: str | None = None) -> tuple[tuple[str, int, int], ...]:
        """(encoder_sha256, side in pixels, how many photos) of the rows of small sizes, rising by size.

        Args:
            name: only of this person's photos.
        """
        if not self.database.keeps_matched():
            return ()
        of = "" if name is None else " JOIN faces f ON f.id = face JOIN people p ON f.person = p.id"
        return tuple(
            (str(sha256), int(pixels), int(count))
            for sha256, pixels, count in self.database.select(
                f"SELECT encoder_sha256, pixels, count(*) FROM matched{of}"
                f"{'' if name is None else ' WHERE p.name = ?'}"
                " GROUP BY encoder_sha256, pixels ORDER BY pixels, encoder_sha256",
                *(() if name is None else (name,)),
            )
        )

    def original(self, face: int) -> Original | None:
        """What was kept of a photo; None for nothing.

        Raises:
            InputError: the gallery is damaged there.
        """
        for png, points in self.database.select("SELECT crop, points FROM faces WHERE id = ?", face):
            if png is not None:
                try:
                    read = None if points is None else tuple((float(x), float(y)) for x, y in json_of(points))
                    return Original(bytes(png), read)
                except MALFORMED as error:
                    raise InputError(
                        f"the gallery {self.location} is damaged: the original of photo {face}: {error}",
                        fix="remove this photo and enrol it again",
                    ) from error
        return None

    def write(
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
        created: str = "",
        shrunk: Sequence[Shrunk] = (),
    ) -> Added:
        """As `add`, inside a transaction that the caller has begun, for changes of many rows.

        Args:
            name: as `person_name` gives it.
            embedding: as in `add`, like all that follow.
            pixels: above 0.
            encoder_sha256: the encoder.
            state_id: the state.
            source: the photo.
            quality: 0 to 1.
            original: the pixels.
            face: an existing one.
            created: when, UTC, ISO 8601; now when empty.
            shrunk: rows of small sizes.

        Raises:
            ConfigError: as `add`.
            InputError: as `add`.
        """
        if not (math.isfinite(pixels) and pixels > 0):
            raise ConfigError(f"pixels must be above 0, not {pixels}")
        if quality is not None and not 0 <= quality <= 1:
            raise ConfigError(f"a quality must be from 0 to 1, not {quality}")
        vector = self.database.vector(check_embeddings(np.asarray(embedding)[None], self.space)[0])
        source = source.encode("utf-8", "backslashreplace").decode()  # file names need not be valid Unicode
        now = created or datetime.now(UTC).isoformat(timespec="seconds")
        person = self.person(name, created=now)
        for (same,) in self.database.select(
            "SELECT f.id FROM faces f JOIN embeddings e ON e.face = f.id WHERE f.person = ?"
            " AND e.embedding = ? AND e.encoder_sha256 = ? AND e.state_id = ?",
            *(person, vector, encoder_sha256, state_id),
        ):
            self.write_shrunk(int(same), shrunk)
            return Added(int(same), new=False)
        if face is None:
            points = None if original is None or original.points is None else json.dumps(original.points)
            png = None if original is None else original.png
            about = (person, source, now, None if quality is None else float(quality), png, points)
            face = self.database.insert(
                "INSERT INTO faces (person, source, created, quality, crop, points, digest)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                *(*about, digest(*about)),
            )
        elif not list(self.database.select("SELECT 1 FROM faces WHERE id = ? AND person = ?", face, person)):
            raise ConfigError(f"face {face} of the gallery {self.location} is not one of {name}'s")
        row = (face, vector, encoder_sha256, float(pixels), state_id, now)
        self.database.insert(
            "INSERT INTO embeddings (face, embedding, encoder_sha256, pixels, state_id, created, digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(*row, digest(*row)),
        )
        self.write_shrunk(face, shrunk)
        return Added(face, new=True)

    def write_shrunk(self, face: int, shrunk: Sequence[Shrunk]) -> int:
        """Add rows of small sizes to a photo, inside a transaction that the caller has begun.

        Args:
            face: its number.
            shrunk: what to add; a row that is there already, of the same encoder and size, stays.

        Returns:
            How many were added.

        Raises:
            ConfigError: a size is below 1.
            InputError: an embedding is not one of this space.
        """
        if not shrunk:
            return 0
        there = {
            (str(sha256), int(pixels))
            for sha256, pixels in self.database.select(
                "SELECT encoder_sha256, pixels FROM matched WHERE face = ?", face
            )
        }
        added = 0
        for each in shrunk:
            if each.pixels < 1:
                raise ConfigError(f"a photo is shrunk to 1 px at least, not {each.pixels}")
            if (each.encoder_sha256, each.pixels) in there:
                continue
            vector = self.database.vector(check_embeddings(np.asarray(each.embedding)[None], self.space)[0])
            created = each.created or datetime.now(UTC).isoformat(timespec="seconds")
            row = (face, vector, each.encoder_sha256, int(each.pixels), created)
            self.database.insert(
                "INSERT INTO matched (face, embedding, encoder_sha256, pixels, created, digest)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                *(*row, digest(*row)),
            )
            there.add((each.encoder_sha256, each.pixels))
            added += 1
        return added
