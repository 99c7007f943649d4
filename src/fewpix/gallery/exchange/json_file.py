"""An exported gallery as one JSON file: the largest of the formats, and the one that everything reads."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from fewpix.files import atomic
from fewpix.foreign import MALFORMED, json_file
from fewpix.gallery.exchange.document import Document
from fewpix.gallery.exchange.parse import document_of, header_of, refusal

_MOST_BYTES = 1 << 36  # a million embeddings have 3 GB here

_COLUMNS = ("face", "name", "encoder_sha256", "pixels", "state_id", "source", "created", "quality", "points")

_ADDED = {"shrunk_px": 0}
"""Columns that files of before have not, and what stands for them."""


def write_json(path: Path, document: Document) -> None:
    """Write the document: its header with `rows`, one object and one line per embedding.

    Raises:
        StorageError: it cannot be written.
    """
    columns = document.columns()
    plain = {name: list(map(_plain, columns[name])) for name in (*_COLUMNS, *_ADDED)}
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        head = json.dumps(document.header(), ensure_ascii=False)
        file.write(f'{head[:-1]}, "rows": [')
        for n in range(len(columns["name"])):
            row = {name: values[n] for name, values in plain.items()}
            row["crop"] = base64.b64encode(columns["crop"][n]).decode()
            row["embedding"] = columns["embedding"][n].tolist()
            file.write(f"{',' if n else ''}\n{json.dumps(row, ensure_ascii=False, allow_nan=False)}")
        file.write("\n]}\n")


def read_json(path: Path) -> Document:
    """Read what `write_json` wrote.

    Raises:
        InputError: it is not such a file.
    """
    origin = str(path)
    try:
        value = json_file(path, most=_MOST_BYTES)
        space, people, cameras = header_of(value, origin)
        rows = value["rows"]
        columns: dict[str, Any] = {name: [row[name] for row in rows] for name in _COLUMNS}
        columns |= {name: [row.get(name, value) for row in rows] for name, value in _ADDED.items()}
        columns["quality"] = [math.nan if quality is None else quality for quality in columns["quality"]]
        columns["crop"] = [base64.b64decode(row["crop"], validate=True) for row in rows]
        embeddings = np.array([row["embedding"] for row in rows], dtype=np.float64)
        if not np.isfinite(embeddings).all() or (np.abs(embeddings) > np.finfo(np.float32).max).any():
            raise ValueError("an embedding holds values that are not finite")
        columns["embedding"] = embeddings.astype(np.float32).reshape(len(rows), -1 if rows else space.dim)
    except (OSError, *MALFORMED) as error:
        raise refusal(origin, error) from error
    return document_of(space, people, cameras, columns, origin)


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and math.isnan(value) else value
