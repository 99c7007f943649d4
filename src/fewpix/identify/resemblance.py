"""Whether a new photo fits the name that it is enrolled under, by those that are enrolled already."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from fewpix.calibration.lookup import Calibrated
from fewpix.check.likeness import alike_from, doubt, unlike_below
from fewpix.gallery.photos import Photos, Seen
from fewpix.gallery.store import Gallery
from fewpix.identify.faces import EmbeddedFace


class Resemblance:
    """Compares new photos with all that are in a gallery, and remembers those that are added meanwhile.

    The embeddings are read at the first `refresh`, and again at a later one only when others changed the
    gallery in between, or this process did by other means than `add`.

    Args:
        gallery: an open one.
        calibrated: tells how alike strangers are; None for nobody's telling.
    """

    def __init__(self, gallery: Gallery, calibrated: Calibrated | None = None) -> None:
        self._gallery, self._calibrated = gallery, calibrated
        self._version: Hashable = None

    def refresh(self) -> None:
        """Read the gallery, unless it is as it was left.

        Raises:
            InputError: the gallery is damaged.
        """
        version = self._gallery.database.version()
        if version == self._version:
            return
        photos = Photos.read(self._gallery)  # a change after the version was asked is at worst read twice
        self._version = version
        self._numbers = {name: n for n, name in enumerate(photos.names)}
        self._names = list(photos.names)
        self._count = len(photos.faces)
        self._embeddings, self._people = photos.embeddings, photos.people

    def doubts(self, face: EmbeddedFace, name: str) -> tuple[str, ...]:
        """What speaks against a face being this person's, in words; empty for nothing.

        Args:
            face: as it is to be enrolled.
            name: as `person_name` gives it.
        """
        scores = self._embeddings[: self._count] @ face.embedding
        mine = self._people[: self._count] == self._numbers.get(name, -1)
        others = np.where(mine, -2.0, scores)
        best = int(others.argmax()) if not mine.all() else None
        seen = Seen(face.encoder_sha256, face.state_id, face.routed_pixels)
        people = len(self._names) - (name in self._numbers)
        text = doubt(
            name,
            "" if best is None else self._names[self._people[best]],
            -2.0 if best is None else float(scores[best]),
            float(scores[mine].max()) if mine.any() else None,
            alike=alike_from(self._calibrated, seen, people),
            unlike=unlike_below(self._calibrated, seen),
        )
        return (f"the face {text}",) if text else ()

    def add(self, face: EmbeddedFace, name: str, *, new: bool) -> None:
        """Remember a face that was just given to the gallery.

        Args:
            face: as it was embedded.
            name: whose it is.
            new: False when it was there already.
        """
        version = self._gallery.database.version()
        own = self._gallery.database.is_own(self._version, version)
        self._version = version if own else None
        if not new:
            return
        if self._count == len(self._embeddings):
            more = max(64, self._count)
            self._embeddings = np.pad(self._embeddings, ((0, more), (0, 0)))
            self._people = np.pad(self._people, (0, more))
        number = self._numbers.setdefault(name, len(self._names))
        if number == len(self._names):
            self._names.append(name)
        self._embeddings[self._count], self._people[self._count] = face.embedding, number
        self._count += 1
