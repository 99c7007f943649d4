"""What a file says is a gallery, made into a document; it is believed only after checks."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.adapt.stats import unpack_state
from fewpix.errors import ConfigError, FewpixError, InputError
from fewpix.foreign import MALFORMED, json_of
from fewpix.gallery.cameras import Camera
from fewpix.gallery.exchange.document import FORMAT, VERSION, Document, Known
from fewpix.gallery.names import person_name
from fewpix.gallery.rows import Event, Original, Row, Shrunk
from fewpix.models.space import MOST_DIMENSIONS, Space

TEXTS = {"name": 200, "encoder_sha256": 64, "state_id": 64, "source": 4096, "created": 40, "points": 1000}
"""Text columns of a file, with the most characters that are believed."""

SHA256 = re.compile("[0-9a-f]{64}")
STATE_ID = re.compile("([0-9a-f]{16})?")

LARGEST_FACE = 1e5
"""Side of a face in source pixels: more than any picture has that is decoded."""

_PNG = b"\x89PNG\r\n\x1a\n"

_ACTIONS = 200  # characters of an event's action; its detail may be as long as a source


def header_of(value: Any, origin: str) -> tuple[Space, tuple[Known, ...], tuple[Camera, ...]]:
    """Check what `Document.header` wrote.

    Raises:
        InputError: it is not that, with the key.
    """
    try:
        if value["format"] != FORMAT or type(value["version"]) is not int:
            raise ValueError(f"format {value['format']!r}")
        if value["version"] < 1:
            raise ValueError(f"version {value['version']}")
        if value["version"] > VERSION:
            raise InputError(
                f"{origin} has version {value['version']}, this fewpix reads up to {VERSION}",
                fix="update fewpix",
            )
        people = tuple(
            Known(
                _name(person["name"]),
                _time(person["created"]),
                tuple(
                    Event(
                        _text(event["action"], _ACTIONS),
                        _text(event["detail"], TEXTS["source"]),
                        _time(event["created"]),
                    )
                    for event in person["history"]
                ),
            )
            for person in value["people"]
        )
        cameras = tuple(
            Camera(
                _name(camera["name"]),
                unpack_state(base64.b64decode(camera["state"], validate=True), "a camera"),
                _time(camera["created"]),
            )
            for camera in value["cameras"]
        )
        if len({person.name for person in people}) < len(people):
            raise ValueError("a person is listed twice")
        space = Space.from_json(value["space"])
        for digest in (space.teacher_sha256, *(camera.state.model_sha256 for camera in cameras)):
            _matches(SHA256, digest, "the hash of a model")
        if not 1 <= space.dim <= MOST_DIMENSIONS:
            raise ValueError(f"{space.dim} dimensions")
        return space, people, cameras
    except InputError:
        raise
    except (*MALFORMED, FewpixError) as error:
        raise refusal(origin, error) from error


def document_of(
    space: Space,
    people: tuple[Known, ...],
    cameras: tuple[Camera, ...],
    columns: Mapping[str, Any],
    origin: str,
) -> Document:
    """Check what `Document.columns` made and put the document together.

    Args:
        space: from `header_of`.
        people: from `header_of`.
        cameras: from `header_of`.
        columns: sequences of equal length; "embedding" an array (N, D) float32.
        origin: the file, for messages.

    Raises:
        InputError: a column is missing, of another length, or holds what no gallery holds; with the row.
    """
    names = {person.name for person in people}
    originals: dict[int, Original] = {}
    owner: dict[int, str] = {}
    rows = []
    shrunk = []
    columns = {"shrunk_px": [0] * len(columns["face"]), **columns}  # files of before have none
    try:
        embeddings = _embeddings(columns["embedding"], space)
        count = len(embeddings)
        if wrong := [name for name, column in columns.items() if len(column) != count]:
            raise ValueError(f"column '{wrong[0]}' has not {count} rows")
        for n in range(count):
            try:
                row, original = _row(columns, n, embeddings[n])
                if row.name not in names or owner.setdefault(row.face, row.name) != row.name:
                    raise ValueError(f"its person {row.name!a} is not the photo's, or not in the list")
            except (*MALFORMED, ConfigError) as error:
                raise ValueError(f"row {n}: {error}") from error
            if size := _size(columns["shrunk_px"][n], row):
                shrunk.append((row.face, Shrunk(size, row.embedding, row.encoder_sha256, row.created)))
                continue
            rows.append(row)
            if original is not None:
                originals.setdefault(row.face, original)
        if missing := sorted(names - set(owner.values())):
            raise ValueError(f"{missing[0]!a} has no photo")
        if lone := {face for face, _ in shrunk} - {row.face for row in rows}:
            raise ValueError(f"photo {min(lone)} has rows of small sizes only")
    except MALFORMED as error:
        raise refusal(origin, error) from error
    return Document(space, people, tuple(rows), originals, cameras, tuple(shrunk))


def refusal(origin: str, error: Exception | str) -> InputError:
    """The error for a file that is no exported gallery."""
    missing = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) and error.args else str(error)
    return InputError(
        f"{origin} is not an exported gallery: {missing[:300]}",
        fix="export it again with `fewpix gallery export`; nothing was written",
    )


def _embeddings(value: Any, space: Space) -> NDArray[np.float32]:
    if not isinstance(value, np.ndarray) or value.dtype != np.float32 or value.shape[1:] != (space.dim,):
        raise ValueError(f"embeddings must be (N, {space.dim}) float32")
    return value


def _row(columns: Mapping[str, Any], n: int, embedding: NDArray[np.float32]) -> tuple[Row, Original | None]:
    texts = {name: _text(columns[name][n], most) for name, most in TEXTS.items()}
    pixels, quality, face = (columns[name][n] for name in ("pixels", "quality", "face"))
    if isinstance(face, bool) or int(face) != face or not 0 <= face < 1 << 63:
        raise ValueError(f"the number of a photo is {face!r}")
    pixels, quality = float(pixels), float(quality)
    if not 0 < pixels <= LARGEST_FACE or quality < 0 or quality > 1:
        raise ValueError(f"pixels {pixels}, quality {quality}")
    row = Row(
        face=int(face),
        name=_name(texts["name"]),
        embedding=embedding,
        encoder_sha256=_matches(SHA256, texts["encoder_sha256"], "the hash of an encoder"),
        pixels=pixels,
        state_id=_matches(STATE_ID, texts["state_id"], "the number of a state"),
        source=texts["source"],
        created=_time(texts["created"]),
        quality=None if math.isnan(quality) else quality,
    )
    png = columns["crop"][n]
    if not isinstance(png, bytes):
        raise ValueError("a crop must be bytes")
    if not png:
        return row, None
    if not png.startswith(_PNG):
        raise ValueError("a crop is no PNG")
    return row, Original(png, _points(texts["points"]))


def _size(value: Any, row: Row) -> int:
    """The side that a photo was shrunk to; 0 for a row of the photo as it is."""
    if isinstance(value, bool) or int(value) != value or value < 0:
        raise ValueError(f"a photo shrunk to {value!r} px")
    if value and (row.pixels != value or row.state_id):
        raise ValueError(f"a row of {value} px says {row.pixels} px, under the state {row.state_id!a}")
    return int(value)


def _points(text: str) -> tuple[tuple[float, float], ...] | None:
    if not text:
        return None
    points: Sequence[Any] = json_of(text)
    read = tuple((float(x), float(y)) for x, y in points)
    if len(read) != 5 or not all(math.isfinite(x) and math.isfinite(y) for x, y in read):
        raise ValueError("a face has five finite points")
    return read


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        raise ValueError(f"a text of at most {most} characters is expected, not {str(value)[:60]!a}")
    value.encode()  # UnicodeEncodeError, a ValueError, for half a surrogate pair
    return str(value)


def _matches(form: re.Pattern[str], text: str, what: str) -> str:
    if not form.fullmatch(text):
        raise ValueError(f"{text[:80]!a} is not {what}")
    return text


def _name(value: Any) -> str:
    name = _text(value, TEXTS["name"])
    if person_name(name) != name:
        raise ValueError(f"the name {name!a} is not in the form that galleries keep")
    return name


def _time(value: Any) -> str:
    text = _text(value, TEXTS["created"])
    datetime.fromisoformat(text)
    return text
