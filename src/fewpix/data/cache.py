"""Teacher embeddings, computed once per picture and model and kept in the user cache."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import StorageError
from fewpix.image.resize import Crop
from fewpix.progress import Advance

Embed = Callable[[Sequence[Crop]], NDArray[np.float32]]
"""Sharp crops to embeddings (N, D) float32."""

CHUNK = 128
_QUERY = 500  # keys in one SQL statement; SQLite's oldest limit is 999


class TeacherCache:
    """Embeddings by (model, picture) in one SQLite file.

    Every chunk is committed as it is computed, so that an interrupted run goes on where it was.

    Args:
        path: the file; made when absent.
        model_sha256: of the teacher.
        dim: length of its embeddings.
    """

    def __init__(self, path: Path, model_sha256: str, dim: int) -> None:
        self.path, self.model, self.dim = path, model_sha256, dim

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=60)
        connection.execute(
            "CREATE TABLE IF NOT EXISTS teacher (model TEXT, picture TEXT, embedding BLOB NOT NULL,"
            " PRIMARY KEY (model, picture)) WITHOUT ROWID"
        )
        return connection

    def embeddings(
        self,
        keys: Sequence[str],
        render: Callable[[int], Crop],
        embed: Embed,
        on_progress: Advance | None = None,
    ) -> NDArray[np.float32]:
        """Embeddings of all pictures, from the cache where it has them.

        Args:
            keys: one per picture, naming its content.
            render: makes picture n.
            embed: the teacher.
            on_progress: called with (pictures done, pictures in all).

        Returns:
            (len(keys), dim) float32.

        Raises:
            StorageError: the cache cannot be read or written.
        """
        return self.rows(keys, lambda chosen: embed([render(n) for n in chosen]), on_progress)

    def rows(
        self,
        keys: Sequence[str],
        make: Callable[[Sequence[int]], NDArray[np.float32]],
        on_progress: Advance | None = None,
    ) -> NDArray[np.float32]:
        """As `embeddings`, of what is made of pictures otherwise.

        Args:
            keys: one per row, naming all that it depends on.
            make: gives the rows of some places of `keys`, (n, dim) float32.
            on_progress: called with (rows done, rows in all).

        Raises:
            StorageError: the cache cannot be read or written.
        """
        out = np.zeros((len(keys), self.dim), dtype=np.float32)
        try:
            with closing(self._connect()) as connection:
                known = self._read(connection, keys)
                places: dict[str, list[int]] = {}  # of what is missing; one picture may occur more than once
                for n, key in enumerate(keys):
                    if key in known:
                        out[n] = np.frombuffer(known[key], dtype="<f4")
                    else:
                        places.setdefault(key, []).append(n)
                missing = list(places)
                done = len(keys) - sum(map(len, places.values()))
                for start in range(0, len(missing), CHUNK):
                    chunk = missing[start : start + CHUNK]
                    found = make([places[key][0] for key in chunk]).astype("<f4")
                    rows = [(self.model, key, row.tobytes()) for key, row in zip(chunk, found, strict=True)]
                    with connection:
                        connection.executemany("INSERT OR REPLACE INTO teacher VALUES (?, ?, ?)", rows)
                    for key, row in zip(chunk, found, strict=True):
                        out[places[key]] = row
                        done += len(places[key])
                    if on_progress:
                        on_progress(done, len(keys))
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"the teacher cache {self.path}: {error}", fix="free space, or delete the file"
            ) from error
        return out

    def copy(self, keys: Sequence[str], path: Path) -> TeacherCache:
        """A cache in another file, with what this one has of some pictures.

        Args:
            keys: of the pictures.
            path: of the new file.

        Raises:
            StorageError: one of the two files cannot be read or written.
        """
        other = TeacherCache(path, self.model, self.dim)
        try:
            with closing(self._connect()) as mine, closing(other._connect()) as theirs, theirs:
                rows = [(self.model, key, blob) for key, blob in self._read(mine, keys).items()]
                theirs.executemany("INSERT OR REPLACE INTO teacher VALUES (?, ?, ?)", rows)
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"the teacher cache {path}: {error}", fix="free space, or delete the file"
            ) from error
        return other

    def _read(self, connection: sqlite3.Connection, keys: Sequence[str]) -> dict[str, bytes]:
        """What is cached of `keys`; rows of a wrong length are left out and computed again."""
        known: dict[str, bytes] = {}
        for start in range(0, len(keys), _QUERY):
            chunk = list(keys[start : start + _QUERY])
            marks = ",".join("?" * len(chunk))
            rows = connection.execute(
                f"SELECT picture, embedding FROM teacher WHERE model = ? AND picture IN ({marks})",
                [self.model, *chunk],
            )
            known.update({picture: blob for picture, blob in rows if len(blob) == 4 * self.dim})
        return known
