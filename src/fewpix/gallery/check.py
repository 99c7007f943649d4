"""What may be wrong with a gallery, looked for row by row, and how good its approximate index is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fewpix.errors import FewpixError, InputError
from fewpix.gallery.cameras import cameras
from fewpix.gallery.embeddings import check_embeddings
from fewpix.gallery.rows import Face
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

    def __str__(self) -> str:
        lines = [
            f"{self.gallery}: {self.people} people, {self.faces} photos ({self.originals} with their "
            f"pixels), {self.rows} embeddings, {self.cameras} cameras"
        ]
        lines += [f"  {rows} embeddings by the encoder {digest[:12]}" for digest, rows in self.encoders]
        if self.recall is not None:
            lines.append(
                f"  HNSW finds {100 * self.recall:.1f} % of the exact candidates ({self.probes} searches)"
            )
        lines += [f"  fault: {fault}" for fault in self.faults] or ["no faults"]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return vars(self) | {"encoders": dict(self.encoders), "faults": list(self.faults)}

    def error(self) -> InputError | None:
        """What a command ends with when something is wrong."""
        if not self.faults:
            return None
        return InputError(
            f"the gallery {self.gallery} has {len(self.faults)} faults, the first: {self.faults[0]}",
            fix="restore it from a copy, or remove and enrol again what is named",
        )


def check_gallery(gallery: Gallery) -> Check:
    """Read every row, original and state of a gallery, and ask its database about itself.

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
    except InputError as error:
        faults.append(error.what)
    people, faces = gallery.people(), gallery.faces()
    faults += [f"{person.name} has no embedding" for person in people if not person.rows]
    faults += _originals(gallery, faces)
    try:
        states = len(cameras(gallery))
    except FewpixError as error:
        states = 0
        faults.append(error.what)
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
    )


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
