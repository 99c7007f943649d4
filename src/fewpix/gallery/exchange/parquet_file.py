"""An exported gallery as Parquet, for data tools; needs the extra `parquet`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from fewpix.files import atomic
from fewpix.foreign import MALFORMED, json_of
from fewpix.gallery.exchange.document import Document
from fewpix.gallery.exchange.parse import TEXTS, document_of, header_of, refusal
from fewpix.optional import require

_HEADER = b"fewpix"
_MOST_EXPANSION = 20  # as for NPZ


def write_parquet(path: Path, document: Document) -> None:
    """Write the document: a row per embedding, the header in the file's metadata.

    Raises:
        StorageError: it cannot be written.
        UnavailableError: pyarrow is not installed.
    """
    pyarrow, parquet = _pyarrow()
    columns = document.columns()
    flat = pyarrow.array(columns["embedding"].ravel(), type=pyarrow.float32())
    arrays = {
        "face": pyarrow.array(columns["face"]),
        "name": pyarrow.array(columns["name"], type=pyarrow.string()),
        "embedding": pyarrow.FixedSizeListArray.from_arrays(flat, document.space.dim),
        "pixels": pyarrow.array(columns["pixels"]),
        "shrunk_px": pyarrow.array(columns["shrunk_px"]),
        "quality": pyarrow.array(columns["quality"]),
        "crop": pyarrow.array(columns["crop"], type=pyarrow.binary()),
    }
    arrays |= {name: pyarrow.array(columns[name], type=pyarrow.string()) for name in TEXTS}
    table = pyarrow.table(arrays, metadata={_HEADER: json.dumps(document.header()).encode()})
    with atomic(path) as part:
        parquet.write_table(table, str(part))


def read_parquet(path: Path) -> Document:
    """Read what `write_parquet` wrote.

    Raises:
        InputError: it is not such a file.
        UnavailableError: pyarrow is not installed.
    """
    pyarrow, parquet = _pyarrow()
    origin = str(path)
    try:
        with parquet.ParquetFile(str(path), pre_buffer=False) as file:
            header = json_of((file.schema_arrow.metadata or {})[_HEADER])
            space, people, cameras = header_of(header, origin)
            size = file.metadata.num_rows * 4 * space.dim
            if size > _MOST_EXPANSION * path.stat().st_size + (1 << 20):
                raise ValueError(f"its embeddings would have {size} bytes, more than can be in this file")
            names = ["face", "pixels", "quality", "crop", *TEXTS]
            names += [name for name in ("shrunk_px",) if name in file.schema_arrow.names]  # files of before
            table = file.read(columns=[*names, "embedding"])
        columns: dict[str, Any] = {name: table.column(name).to_pylist() for name in names}
        kind = table.schema.field("embedding").type
        if kind != pyarrow.list_(pyarrow.float32(), space.dim) or table.column("embedding").null_count:
            raise ValueError(f"embeddings are {kind}, not {space.dim} float32")
        flat = table.column("embedding").combine_chunks().flatten()
        columns["embedding"] = np.asarray(flat.to_numpy(zero_copy_only=False), dtype=np.float32).reshape(
            -1, space.dim
        )
    except (pyarrow.ArrowException, OSError, *MALFORMED) as error:
        raise refusal(origin, error) from error
    return document_of(space, people, cameras, columns, origin)


def _pyarrow() -> tuple[Any, Any]:
    require("pyarrow", use="Parquet")
    import pyarrow
    from pyarrow import parquet

    return pyarrow, parquet
