"""A whole gallery as plain values, between a store and a file."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fewpix.adapt.stats import pack_state
from fewpix.gallery.cameras import Camera
from fewpix.gallery.rows import Event, Original, Row, Shrunk
from fewpix.models.space import Space

FORMAT = "fewpix-gallery"
VERSION = 2
"""From 2 on rows of small sizes are among the others, with their size as `shrunk_px`."""


@dataclass(frozen=True)
class Known:
    """A person in a document.

    Args:
        name: unique.
        created: UTC, ISO 8601.
        history: in order.
    """

    name: str
    created: str
    history: tuple[Event, ...]


@dataclass(frozen=True)
class Document:
    """Everything in a gallery.

    Args:
        space: of the embeddings.
        people: by name.
        rows: every embedding; rows with one `face` are of one photo.
        originals: what was kept of photos, by `face`.
        cameras: with their states.
        shrunk: rows of small sizes, each with its `face`.
    """

    space: Space
    people: tuple[Known, ...]
    rows: tuple[Row, ...]
    originals: Mapping[int, Original]
    cameras: tuple[Camera, ...]
    shrunk: tuple[tuple[int, Shrunk], ...] = ()

    def header(self) -> dict[str, Any]:
        """All but the rows, as JSON values."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "space": self.space.to_json(),
            "people": [
                {"name": p.name, "created": p.created, "history": [event.to_json() for event in p.history]}
                for p in self.people
            ],
            "cameras": [
                {
                    "name": camera.name,
                    "created": camera.created,
                    "state": base64.b64encode(pack_state(camera.state)).decode(),
                }
                for camera in self.cameras
            ],
        }

    def columns(self) -> dict[str, Any]:
        """The rows as columns: texts and bytes in lists, numbers in arrays, the embeddings (N, D) float32.

        A photo's original stands in the first of its rows. An unknown quality is NaN. Rows of small sizes
        come last, and have a `shrunk_px` above 0.
        """
        rows = [*self.rows, *self._shrunk_rows()]
        waiting = dict(self.originals)
        kept = [waiting.pop(row.face, None) for row in rows]
        embeddings = np.empty((len(rows), self.space.dim), dtype=np.float32)
        for n, row in enumerate(rows):
            embeddings[n] = row.embedding
        sizes = [0] * len(self.rows) + [row.pixels for _, row in self.shrunk]
        return {
            "face": np.array([row.face for row in rows], dtype=np.int64),
            "name": [row.name for row in rows],
            "embedding": embeddings,
            "encoder_sha256": [row.encoder_sha256 for row in rows],
            "pixels": np.array([row.pixels for row in rows], dtype=np.float64),
            "shrunk_px": np.array(sizes, dtype=np.int64),
            "state_id": [row.state_id for row in rows],
            "source": [row.source for row in rows],
            "created": [row.created for row in rows],
            "quality": np.array(
                [math.nan if row.quality is None else row.quality for row in rows], dtype=np.float64
            ),
            "crop": [b"" if original is None else original.png for original in kept],
            "points": [
                "" if original is None or original.points is None else json.dumps(original.points)
                for original in kept
            ],
        }

    def _shrunk_rows(self) -> Iterator[Row]:
        """Rows of small sizes with what their photos' rows say."""
        photos = {row.face: row for row in self.rows}
        for face, small in self.shrunk:
            yield replace(
                photos[face],
                embedding=small.embedding,
                encoder_sha256=small.encoder_sha256,
                pixels=float(small.pixels),
                state_id="",
                created=small.created,
            )
