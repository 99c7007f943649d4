"""A digest of every row, so that a value which was changed without fewpix is noticed.

It has no key: it finds accidents and careless hands, not somebody who computes it anew.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from fewpix.gallery.storage.database import Database

COLUMNS = {
    "people": ("name", "created"),
    "faces": ("person", "source", "created", "quality", "crop", "points"),
    "embeddings": ("face", "embedding", "encoder_sha256", "pixels", "state_id", "created"),
    "history": ("person", "created", "action", "detail"),
    "matched": ("face", "embedding", "encoder_sha256", "pixels", "created"),
}
"""What the digest of a row is taken over, by table. A camera's state has an id that is one."""

_BYTES = 16

_PORTION = 1000  # rows that are read at a time


def digest(*values: Any) -> bytes:
    """The digest of a row.

    Args:
        values: in the order of `COLUMNS`: texts, whole numbers, floats, bytes, None, embeddings.
    """
    made = hashlib.blake2b(digest_size=_BYTES)
    for value in values:
        kind, data = _packed(value)
        made.update(kind + len(data).to_bytes(8, "little") + data)
    return made.digest()


def _packed(value: Any) -> tuple[bytes, bytes]:
    if value is None:
        return b"n", b""
    if isinstance(value, str):
        return b"s", value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes | bytearray | memoryview):
        return b"b", bytes(value)
    if isinstance(value, int):
        return b"i", str(value).encode()
    if isinstance(value, float):
        return b"f", struct.pack("<d", value)
    array = value if isinstance(value, np.ndarray) else value.to_numpy()  # pgvector's Vector
    return b"b", np.asarray(array, dtype="<f4").tobytes()


def seal(database: Database, table: str, column: str, value: int) -> None:
    """Compute the digests of changed rows anew, inside the transaction that changes them.

    Args:
        database: an open database.
        table: one of `COLUMNS`.
        column: of the table, which says which rows.
        value: of that column.
    """
    for (number,) in list(database.select(f"SELECT id FROM {table} WHERE {column} = ?", value)):
        _seal_from(database, table, number - 1, 1)


def seal_everything(database: Database) -> None:
    """Compute the digests of a gallery that had none, and note when; inside a transaction."""
    for table in COLUMNS:
        last: int | None = -1
        while last is not None:
            last = _seal_from(database, table, last, _PORTION)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    database.execute("UPDATE gallery SET sealed = ?", now)


def _seal_from(database: Database, table: str, last: int, count: int) -> int | None:
    """Seal so many rows after one; the last of them, None for none."""
    columns = ", ".join(COLUMNS[table])
    rows = list(
        database.select(f"SELECT id, {columns} FROM {table} WHERE id > ? ORDER BY id LIMIT ?", last, count)
    )
    for number, *values in rows:
        database.execute(f"UPDATE {table} SET digest = ? WHERE id = ?", digest(*values), number)
    return rows[-1][0] if rows else None


def altered(database: Database) -> Iterator[tuple[str, int]]:
    """Table and number of every row that is not as it was written."""
    for table, names in COLUMNS.items():
        if table == "matched" and not database.keeps_matched():
            continue
        columns = ", ".join(names)
        for number, kept, *values in database.select(
            f"SELECT id, digest, {columns} FROM {table} ORDER BY id"
        ):
            if kept is None or bytes(kept) != digest(*values):
                yield table, number
