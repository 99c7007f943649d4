"""What may be wrong with a gallery, looked for row by row, and how good its approximate index is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fewpix.calibration.lookup import Calibrated
from fewpix.check.labels import Labels, check_labels
from fewpix.counted import counted
from fewpix.errors import FewpixError, InputError
from fewpix.gallery.cameras import cameras
from fewpix.gallery.embeddings import check_embeddings
from fewpix.gallery.names import name_fault
from fewpix.gallery.photos import Photos
from fewpix.gallery.rows import Face, Person
from fewpix.gallery.storage.digests import altered
from fewpix.gallery.store import Gallery

PROBES = 200
"""Embeddings of the gallery that are searched for again, disturbed, to measure the recall of an index."""

NOISE = 0.5
"""Length of the disturbance beside an embedding of length 1."""

CANDIDATES = 5


@dataclass(frozen=True)
class Check:
    """What was found.

    Args:
        gallery: its location.
        people: how many.
        faces: how many photos.
        rows: how many embeddings.
        encoders: digest of an encoder, how many rows it made.
        originals: of how many photos the pixels are kept.
        cameras: how many.
        faults: what is wrong; empty when nothing is.
        recall: share of the exact 5 best candidates that the database's own index finds, over `probes`
            searches; None where there is no such index.
        probes: how many searches.
        sealed: since when every row has a digest, which tells whether it was changed; None where there are
            none yet.
        remains: what of removed rows may still be in the files, and why; empty for nothing.
        shrunk: encoder, side in pixels and number of photos of the rows of small sizes.
        labels: whether the names fit the faces; None where embeddings cannot be compared. What is doubtful
            is no fault: it may be right.
    """

    gallery: str
    people: int
    faces: int
    rows: int
    encoders: tuple[tuple[str, int], ...]
    originals: int
    cameras: int
    faults: tuple[str, ...]
    recall: float | None
    probes: int
    sealed: str | None
    remains: str
    labels: Labels | None
    shrunk: tuple[tuple[str, int, int], ...] = ()

    def __str__(self) -> str:
        lines = [
            f"{self.gallery}: {counted(self.people, 'person', 'people')}, {counted(self.faces, 'photo')} "
            f"({self.originals} with their pixels), {counted(self.rows, 'embedding')}, "
            f"{counted(self.cameras, 'camera')}"
        ]
        lines += [f"  {rows} embeddings by the encoder {digest[:12]}" for digest, rows in self.encoders]
        for encoder in dict.fromkeys(digest for digest, _, _ in self.shrunk):
            sizes = [
                f"{counted(n, 'photo')} at {px} px" for digest, px, n in self.shrunk if digest == encoder
            ]
            lines.append(f"  kept shrunk, too, by the encoder {encoder[:12]}: {', '.join(sizes)}")
        if self.recall is not None:
            lines.append(
                f"  HNSW finds {100 * self.recall:.1f} % of the exact candidates ({self.probes} searches)"
            )
        if self.sealed is None:
            lines.append("  no digests yet, which would tell that a value was changed: any change makes them")
        elif self.sealed:
            lines.append(f"  digests since {self.sealed}: what was changed before is not noticed")
        if self.remains:
            lines.append(f"  {self.remains}")
        if self.labels is not None:
            lines += [f"  {line}" for line in self.labels.lines()]
        lines += [f"  fault: {fault}" for fault in self.faults]
        doubts = 0 if self.labels is None else self.labels.doubts
        told = f", {doubts} doubt{'' if doubts == 1 else 's'}: look at these people" if doubts else ""
        return "\n".join([*lines, *([] if self.faults else [f"no faults{told}"])])

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return vars(self) | {
            "encoders": dict(self.encoders),
            "faults": list(self.faults),
            "remains": self.remains or None,
            "shrunk": [
                {"encoder_sha256": digest, "pixels": pixels, "photos": count}
                for digest, pixels, count in self.shrunk
            ],
            "labels": None if self.labels is None else self.labels.to_json(),
        }

    def error(self) -> InputError | None:
        """What a command ends with when something is wrong."""
        if not self.faults:
            return None
        return InputError(
            f"the gallery {self.gallery} has {len(self.faults)} faults, the first: {self.faults[0]}",
            fix="restore it from a copy, or remove and enrol again what is named",
        )


def check_gallery(gallery: Gallery, calibrated: Calibrated | None = None) -> Check:
    """Read every row, original and state of a gallery, compare digests, and ask its database about itself.

    Then compare all photos with one another, to find names that do not fit.

    Args:
        gallery: an open one.
        calibrated: tells how alike strangers are; None for nobody's telling.

    Raises:
        StorageError: it cannot be read.
    """
    faults = gallery.database.faults()
    encoders: dict[str, int] = {}
    rows = 0
    sample: list[np.ndarray[Any, np.dtype[np.float32]]] = []
    try:
        for row in gallery.rows():
            rows += 1
            encoders[row.encoder_sha256] = encoders.get(row.encoder_sha256, 0) + 1
            try:
                check_embeddings(row.embedding[None], gallery.space)
            except InputError as error:
                faults.append(f"photo {row.face} of {row.name}: {error.what}")
            else:
                if rows % 7 == 1 and len(sample) < PROBES:
                    sample.append(row.embedding)
        for face, small in gallery.shrunk():
            try:
                check_embeddings(small.embedding[None], gallery.space)
            except InputError as error:
                faults.append(f"the row of {small.pixels} px of photo {face}: {error.what}")
    except InputError as error:
        faults.append(error.what)
    sound = not faults
    people, faces = gallery.people(), gallery.faces()
    faults += _names(people)
    faults += _without_embedding(gallery, people)
    faults += _originals(gallery, faces)
    sealed = gallery.database.sealed()
    if sealed is not None:
        faults += _altered(gallery)
    states, damaged = _states(gallery)
    faults += damaged
    recall = _recall(gallery, np.array(sample)) if sample and not faults else None
    return Check(
        gallery=gallery.location,
        people=len(people),
        faces=len(faces),
        rows=rows,
        encoders=tuple(sorted(encoders.items())),
        originals=sum(face.kept for face in faces),
        cameras=states,
        faults=tuple(faults),
        recall=recall,
        probes=0 if recall is None else len(sample),
        sealed=sealed,
        remains=gallery.database.left(),
        labels=check_labels(Photos.read(gallery), calibrated) if rows and sound else None,
        shrunk=gallery.shrunk_sizes(),
    )


def _names(people: Sequence[Person]) -> list[str]:
    """Names that nobody could have been given."""
    return [fault for person in people if (fault := name_fault(person.name))]


def _without_embedding(gallery: Gallery, people: Sequence[Person]) -> list[str]:
    nobody = [f"{person.name} has no embedding" for person in people if not person.rows]
    lone = gallery.database.select(
        "SELECT f.id, p.name FROM faces f JOIN people p ON f.person = p.id WHERE NOT EXISTS"
        " (SELECT 1 FROM embeddings e WHERE e.face = f.id) AND EXISTS (SELECT 1 FROM embeddings e"
        " JOIN faces g ON e.face = g.id WHERE g.person = p.id) ORDER BY f.id"
    )
    return nobody + [f"photo {face} of {name} has no embedding" for face, name in lone]


_WHOSE = {
    "people": "SELECT 'the entry of ' || name FROM people WHERE id = ?",
    "faces": "SELECT 'photo ' || f.id || ' of ' || p.name FROM faces f JOIN people p ON f.person = p.id"
    " WHERE f.id = ?",
    "embeddings": "SELECT 'the embedding of photo ' || f.id || ' of ' || p.name FROM embeddings e"
    " JOIN faces f ON e.face = f.id JOIN people p ON f.person = p.id WHERE e.id = ?",
    "matched": "SELECT 'the row of ' || m.pixels || ' px of photo ' || f.id || ' of ' || p.name"
    " FROM matched m JOIN faces f ON m.face = f.id JOIN people p ON f.person = p.id WHERE m.id = ?",
    "history": "SELECT 'the history of ' || p.name FROM history h JOIN people p ON h.person = p.id"
    " WHERE h.id = ?",
}


def _altered(gallery: Gallery) -> list[str]:
    faults = []
    for table, number in list(altered(gallery.database)):
        named = [text for (text,) in gallery.database.select(_WHOSE[table], number)]
        faults.append(f"{named[0] if named else f'row {number} of {table}'} is not as fewpix wrote it")
    return faults


def _states(gallery: Gallery) -> tuple[int, list[str]]:
    """How many cameras there are, and what is wrong with their states."""
    try:
        found = {camera.name: camera.state for camera in cameras(gallery)}
    except FewpixError as error:
        return 0, [error.what]
    wrong = [
        f"the state of camera {name} is not the one that its entry names"
        for name, state_id, model in gallery.database.select(
            "SELECT name, state_id, model_sha256 FROM cameras"
        )
        if (found[name].id, found[name].model_sha256) != (state_id, model)
    ]
    return len(found), [*wrong, *(fault for name in found if (fault := name_fault(name)))]


def _originals(gallery: Gallery, faces: Sequence[Face]) -> list[str]:
    from fewpix.image.codec import decode_image

    faults = []
    for face in faces:
        try:
            original = gallery.original(face.face) if face.kept else None
            if original is not None:
                decode_image(original.png, "its original")
        except (FewpixError, ValueError, TypeError) as error:
            faults.append(f"photo {face.face} of {face.name}: {error}")
    return faults


def _recall(gallery: Gallery, sample: np.ndarray[Any, np.dtype[np.float32]]) -> float | None:
    """How many of the exact best the database's own index proposes; None without one."""
    noise = np.random.default_rng(0).standard_normal(sample.shape)
    noisy = sample + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    queries = np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), dtype=np.float32)
    if gallery.database.neighbours(queries[:1], 1) is None:
        return None
    found = gallery.search(queries, CANDIDATES)
    exact = gallery.search(queries, CANDIDATES, exact=True)
    hits = [
        len({c.name for c in a} & {c.name for c in b}) / len(b) for a, b in zip(found, exact, strict=True)
    ]
    return float(np.mean(hits))
