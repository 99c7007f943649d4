"""What `photos.py` finds and embeds: each photograph at each size once per arm, kept person by person.

What is kept stands under the digest of all that it depends on: the photographs, the code of detection,
alignment and embedding, the model with its state, where it runs. So a run goes on where it was stopped, and
new weights or a new detector are measured by running it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fewpix
from benchmarks.photos.arms import Arm, Finder, face_of, usable
from benchmarks.photos.people import QUALITY, Photos, Rows, overlapping
from fewpix import __version__
from fewpix.adapt.stats import NormState, load_state, save_state
from fewpix.embed.adaptation import student_weights
from fewpix.embed.open import STUDENTS, open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.errors import GuardError
from fewpix.evaluate.embedding.store import Chunk, EmbeddingStore
from fewpix.files import write_text
from fewpix.gallery.matched import mixed, shipped_matching
from fewpix.identify.faces import embed_faces
from fewpix.identify.learning import Reservoir
from fewpix.identify.shrinking import sharp_crop, shrink
from fewpix.image.codec import Image

CODE = ("detect", "image", "quality", "embed", "identify", "models", "adapt")
"""Packages whose code decides what is found and embedded."""

MISSED = "no face where it is known to be"
Told = Callable[[], object]


def code_digest() -> str:
    """SHA-256 over the code that is measured, and over that of the arms."""
    root, here = Path(fewpix.__file__).parent, Path(__file__).parent
    files = [file for name in CODE for file in sorted((root / name).rglob("*.py"))]
    files += [here / f"{name}.py" for name in ("arms", "people", "work")]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


class Work:
    """Finds, cuts, embeds and adapts, and keeps all of it.

    Args:
        photos: what is measured on.
        finders: by name.
        folder: where results are kept.
        runtime: of the encoders.
        threads: of the runtime.
    """

    def __init__(
        self, photos: Photos, finders: Mapping[str, Finder], folder: Path, *, runtime: str, threads: int
    ) -> None:
        self.photos, self._finders, self._folder = photos, finders, folder
        self._options: dict[str, Any] = {"runtime": runtime, "threads": threads}
        self._encoders: dict[tuple[str, str], Encoder] = {}
        self._states: dict[tuple[int, int, str], tuple[NormState | None, dict[str, Any]]] = {}
        self._stores: dict[str, EmbeddingStore] = {}
        self._small: tuple[int | None, dict[int, Image]] = (None, {})
        self._code = code_digest()

    @cached_property
    def persons(self) -> list[NDArray[np.int64]]:
        """The numbers of each person's photographs, people by name."""
        people = np.unique(self.photos.people)
        return [np.flatnonzero(self.photos.people == person) for person in people]

    def encoder(self, model: str, state: NormState | None = None) -> Encoder:
        """A model, opened once under each state."""
        key = (model, state.id if state else "")
        if key not in self._encoders:
            self._encoders[key] = open_encoder(model, state=state, **self._options)
        return self._encoders[key]

    def rows(
        self, arm: Arm, size: int | None, wanted: NDArray[np.int64], told: Told
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Embeddings (N, D) of photographs at a size, zero where the face was missed, and which were found.

        Args:
            arm: how.
            size: in pixels; None for the photographs as they are.
            wanted: which photographs.
            told: called after every person.

        Raises:
            StorageError: a part cannot be written; those before are kept.
        """
        out = np.zeros((len(self.photos.names), self.encoder(arm.model).card.space.dim), dtype=np.float32)
        found = np.zeros(len(out), dtype=np.bool_)
        for person, members in self._members(wanted):
            state = self.state(size, 1 - person % 2, arm.facebn, wanted) if arm.facebn else None
            encoder = self.encoder(arm.model, state)
            key = self._key(arm.finder, size) | {
                "model_sha256": encoder.card.sha256,
                "state_id": encoder.state_id,
                "runtime": encoder.runtime,
                "device": encoder.device,
            }
            store = self._store(key, out.shape[1])
            names = self._names(members)
            part = store.load(person, names)
            if part is None:
                faces = self._faces(arm.finder, size, person, members)
                part = self._embedded(faces, arm.finder, size, members, encoder)
                store.save(person, part)
            out[members], found[members] = part.rows, part.enrolled
            told()
        return out, found

    def matched(self, arm: Arm, size: int, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """(N,) the side of the gallery's shrunk rows that each photograph is compared with; 0 for none.

        Arguments as `rows`.
        """
        router, out = self.encoder(arm.model), np.zeros(len(self.photos.names), dtype=np.int64)
        parts = {seer.card.sha256: part for seer, part in shipped_matching().parts(router)}
        for person, members in self._members(wanted):
            for n, row in self._found(arm.finder, size, person, members):
                face = self._finders[arm.finder].cut(self._picture(n, size), row, router)
                seer = face.encoder.card.sha256
                match = parts[seer].match(seer, face.routed_pixels) if seer in parts else None
                out[n] = 0 if match is None else match.pixels
        return out

    def shrunk(
        self, arm: Arm, wanted: NDArray[np.int64], sharp: NDArray[np.float32]
    ) -> dict[int, NDArray[np.float32]]:
        """(N, D) rows of the gallery's photographs by side in pixels, mixed with the sharp ones.

        Args:
            arm: of the probes.
            wanted: which photographs are the gallery.
            sharp: (N, D) their sharp rows.
        """
        router, gallery = self.encoder(arm.model), self.encoder(arm.gallery.model)
        matching = shipped_matching()
        out = {pixels: sharp.copy() for pixels in matching.kept}
        for person, members in self._members(wanted):
            for n, row in self._found(arm.gallery.finder, None, person, members):
                picture = self._picture(n, None)
                face = self._finders[arm.gallery.finder].cut(picture, row, gallery)
                (own,) = shrink([sharp_crop(picture, face)], router, matching)
                for each in own:
                    weight = dict(matching.sizes)[each.pixels]
                    out[each.pixels][n] = mixed(sharp[n : n + 1], each.embedding[None], weight)[0]
        return out

    def state(self, size: int | None, half: int, mode: str, wanted: NDArray[np.int64]) -> NormState | None:
        """The state that one half of the people gives the other at a size; None where it gives none."""
        assert size is not None
        key = (size, half, mode)
        if key not in self._states:
            self._states[key] = self._learned(size, half, mode, wanted)
        return self._states[key][0]

    @property
    def learned(self) -> list[dict[str, Any]]:
        """What became of every state."""
        return [facts for _, (_, facts) in sorted(self._states.items())]

    def _learned(
        self, size: int, half: int, mode: str, wanted: NDArray[np.int64]
    ) -> tuple[NormState | None, dict[str, Any]]:
        router = self.encoder("auto")
        faces = [
            (n, row)
            for person, members in self._members(wanted)
            if person % 2 == half
            for n, row in self._found("fewpix", size, person, members)
        ]
        takers = [
            self._finders["fewpix"].cut(self._picture(n, size), row, router).encoder.card for n, row in faces
        ]
        counts = {card.name: takers.count(card) for card in takers}
        student = max(
            (name for name in counts if name in STUDENTS), key=lambda name: counts[name], default=""
        )
        facts: dict[str, Any] = {"size": size, "half": half, "mode": mode, "student": student or None}
        facts |= {"faces": counts.get(student, 0), "id": None, "refused": None}
        if not student or 2 * counts[student] < len(faces):
            return None, facts | {"student": None, "refused": "most faces of this size go to the teacher"}
        card = next(card for card in takers if card.name == student)
        key = self._key("fewpix", size) | {"student": card.sha256, "half": half, "mode": mode}
        names = [self.photos.names[n] for n, _ in faces]
        text = json.dumps(key | {"photos": names}, sort_keys=True)
        path = self._folder / f"state-{hashlib.sha256(text.encode()).hexdigest()[:16]}.safetensors"
        refused = path.with_suffix(".refused")
        if refused.is_file():
            return None, facts | {"refused": refused.read_text(encoding="utf-8")}
        if path.is_file():
            state = load_state(path)
        else:
            reservoir = Reservoir(router, card.sha256, most=len(faces))
            for n, row in faces:
                reservoir.see(self._picture(n, size), face_of(row))
            try:
                state = reservoir.state(
                    student_weights(student), source=f"photographs at {size} px", mode=mode
                )
            except GuardError as error:
                write_text(refused, error.what)
                return None, facts | {"refused": error.what}
            save_state(path, state)
        return state, facts | {"id": state.id}

    def _found(
        self, finder: str, size: int | None, person: int, members: NDArray[np.int64]
    ) -> Iterator[tuple[int, Rows]]:
        """The photographs of a person whose face was found, with it."""
        part = self._faces(finder, size, person, members)
        for n, row, found in zip(members, part.rows, part.enrolled, strict=True):
            if found:
                yield int(n), row

    def _faces(self, finder: str, size: int | None, person: int, members: NDArray[np.int64]) -> Chunk:
        """The known face as a finder finds it, one row of 15 numbers each."""
        store = self._store(self._key(finder, size), 15)
        part = store.load(person, self._names(members))
        if part is None:
            part, faults = self._empty(members, 15), []
            for place, n in enumerate(members):
                picture = self._picture(int(n), size)
                row = overlapping(
                    usable(self._finders[finder].find(picture)), self.photos.box(int(n), picture)
                )
                faults.append(MISSED if row is None else "")
                if row is not None:
                    part.rows[place] = row
                part.sides[place] = picture.shape[1::-1]
                part.kept[place] = size is not None and self.photos.factor(int(n), size) == 1
            part = part.finished(faults)
            store.save(person, part)
        return part

    def _embedded(
        self, faces: Chunk, finder: str, size: int | None, members: NDArray[np.int64], encoder: Encoder
    ) -> Chunk:
        cuts = [
            self._finders[finder].cut(self._picture(int(n), size), row, encoder)
            for n, row, found in zip(members, faces.rows, faces.enrolled, strict=True)
            if found
        ]
        part = self._empty(members, encoder.card.space.dim)
        if cuts:
            part.rows[faces.enrolled] = np.stack([face.embedding for face in embed_faces(cuts)])
        part.sides[:], part.kept[:] = faces.sides, faces.kept
        return part.finished([str(fault) for fault in faces.faults])

    def _empty(self, members: NDArray[np.int64], dim: int) -> Chunk:
        part = Chunk.empty(self._names(members), dim)
        part.sha256[:] = self.photos.contents[members]
        return part

    def _picture(self, n: int, size: int | None) -> Image:
        """Kept in memory as long as the size stays."""
        if self._small[0] != size:
            self._small = (size, {})
        if n not in self._small[1]:
            self._small[1][n] = self.photos.picture(n, size)
        return self._small[1][n]

    def _store(self, key: Mapping[str, Any], dim: int) -> EmbeddingStore:
        name = json.dumps(dict(key), sort_keys=True)
        if name not in self._stores:
            self._stores[name] = EmbeddingStore(self._folder, key, dim)
        return self._stores[name]

    def _key(self, finder: str, size: int | None) -> dict[str, Any]:
        return {
            "fewpix": __version__,
            "code_sha256": self._code,
            "photos_sha256": self.photos.sha256,
            "finder": self._finders[finder].words,
            "size": size,
            "quality": QUALITY,
        }

    def _members(self, wanted: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Every person with those of their photographs that are wanted."""
        for person, members in enumerate(self.persons):
            yield person, members[np.isin(members, wanted)]

    def _names(self, members: NDArray[np.int64]) -> Sequence[str]:
        return [self.photos.names[n] for n in members]
