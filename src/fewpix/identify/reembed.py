"""Embedding a gallery again with another model, from the originals that were kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.counted import counted
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import InputError
from fewpix.gallery.edit import change, forgotten
from fewpix.gallery.history import note
from fewpix.gallery.matched import Matching, shipped_matching
from fewpix.gallery.rows import Face, Row, Shrunk
from fewpix.gallery.store import Gallery
from fewpix.identify.faces import AlignedFace, embed_faces
from fewpix.identify.original import align_original
from fewpix.identify.shrinking import shrink
from fewpix.image.resize import Crop
from fewpix.models.space import Space

BATCH = 16
"""Photos that are embedded together."""


@dataclass(frozen=True)
class Reembedded:
    """What became of a gallery's photos.

    Args:
        gallery: its location.
        model: the encoder's name.
        again: how many photos were embedded again.
        current: how many had this encoder's embedding already.
        left: how many keep an older embedding of the same space, since no original is kept.
        dropped: how many were removed, since nothing of them fits the new space.
        space: of the embeddings from now on.
        dry_run: nothing was written.
        remains: what of older embeddings could not be overwritten yet, and why; empty for nothing.
        matched: of how many photos rows of small sizes were made that were missing.
    """

    gallery: str
    model: str
    again: int
    current: int
    left: int
    dropped: int
    space: Space
    dry_run: bool
    remains: str = ""
    matched: int = 0

    def __str__(self) -> str:
        would = "would be " if self.dry_run else ""
        small = f", {self.matched} {would}kept shrunk to small sizes, too" if self.matched else ""
        return (
            f"{self.gallery}: {counted(self.again, 'photo')} {would}embedded again by {self.model}, "
            f"{self.current} were current, {self.left} without an original keep what they have, "
            f"{self.dropped} {would}removed{small}\n"
            f"  {self.space}"
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return vars(self) | {"space": self.space.to_json(), "remains": self.remains or None}


@dataclass(frozen=True)
class _Fresh:
    """A photo's new embedding."""

    face: Face
    pixels: float
    embedding: NDArray[np.float32]
    encoder_sha256: str
    state_id: str


@dataclass(frozen=True)
class _Work:
    """What is to be written: new embeddings, and rows of small sizes by photo."""

    fresh: list[_Fresh]
    shrunk: dict[int, tuple[Shrunk, ...]]


def reembed(
    gallery: Gallery,
    encoder: Encoder,
    *,
    drop_lost: bool = False,
    dry_run: bool = False,
    wait: float = 0.0,
    matching: Matching | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Reembedded:
    """Replace embeddings of other encoders by this one's, wherever an original is kept, in one transaction.

    Such photos also get the rows of small sizes that they have not, and lose those of other encoders.

    In the gallery's own space a photo without an original keeps its embedding, which stays comparable. A
    gallery of another space changes over to the encoder's; there, such a photo is lost.

    Args:
        gallery: open for writing, of any space.
        encoder: the new model, or a router.
        drop_lost: remove photos that have no original and do not fit the new space, instead of refusing.
        dry_run: write nothing, say what would happen.
        wait: as in `Database.forget`, for the older embeddings.
        matching: at which small sizes photos are kept, too; the shipped ones if None, `Matching(())` leaves
            the rows as they are.
        progress: called with the number of photos done, and of all that are to be embedded.

    Raises:
        InputError: nobody is enrolled, no photo has an original, photos would be lost, an original is
            damaged, or another process changed the gallery meanwhile; nothing was written.
        StorageError: it cannot be written; the gallery is as it was.
    """
    old, new = gallery.space, encoder.card.space
    everything = gallery.faces()
    rows: dict[int, list[Row]] = {}
    for row in gallery.rows():
        rows.setdefault(row.face, []).append(row)
    faces = [face for face in everything if face.face in rows]
    if not faces:
        raise InputError(f"nobody is enrolled in the gallery {gallery.location}", fix="enrol people first")
    if old == new and not any(face.kept or _current(rows[face.face], encoder) for face in faces):
        raise InputError(
            f"none of the photos in the gallery {gallery.location} has an original to embed again",
            fix="enrol them again, with --keep-crops",
        )
    lost = [face for face in faces if not face.kept] if old != new else []
    if lost and not drop_lost:
        raise InputError(
            f"{len(lost)} of {len(faces)} photos in the gallery {gallery.location} have no original to embed "
            f"again, the first: {lost[0].source} of {lost[0].name}",
            fix="enrol into a new gallery with --keep-crops, or remove those photos with --drop-lost",
        )
    sizes = shipped_matching() if matching is None else matching
    lacking = _lacking(gallery, faces, sizes.parts(encoder), same_space=old == new)
    stale = {
        face.face for face in faces if face.kept and not (old == new and _current(rows[face.face], encoder))
    }
    due = [face for face in faces if face.face in stale | lacking]
    work = _Work([], {})
    for start in range(0, len(due), BATCH):
        part = due[start : start + BATCH]
        aligned = [_aligned(gallery, face, rows, encoder) for face in part]
        again = [(face, cut) for face, (cut, _) in zip(part, aligned, strict=True) if face.face in stale]
        work.fresh.extend(_embedded(again, rows, same_space=old == new))
        small = {
            face.face: crop for face, (_, crop) in zip(part, aligned, strict=True) if face.face in lacking
        }
        made = shrink(list(small.values()), encoder, sizes)
        work.shrunk.update(zip(small, made, strict=True))
        progress(min(start + BATCH, len(due)), len(due))
    try:
        with change(gallery, dry_run=dry_run):
            if gallery.faces() != everything:
                raise InputError(
                    f"the gallery {gallery.location} was changed by another process meanwhile",
                    fix="run it again",
                )
            if old != new:
                gallery.database.set_index(False)
                gallery.database.set_space(new)
                gallery.space = new
            _replace(gallery, work, lost, encoder, other_space=old != new)
    finally:
        gallery.space = gallery.database.space() or old
    kept = sum(not face.kept for face in faces) - len(lost)
    return Reembedded(
        gallery=gallery.location,
        model=encoder.card.name,
        again=len(work.fresh),
        current=len(faces) - len(work.fresh) - kept - len(lost),
        left=kept,
        dropped=len(lost),
        space=new,
        dry_run=dry_run,
        remains=forgotten(gallery, dry_run, wait),
        matched=len(work.shrunk),
    )


def _lacking(
    gallery: Gallery, faces: Sequence[Face], parts: Sequence[tuple[Encoder, Matching]], *, same_space: bool
) -> set[int]:
    """Kept photos that have not all rows of small sizes that they should."""
    wanted = {
        (taken.card.sha256, pixels) for taken, part in parts if not taken.state_id for pixels in part.kept
    }
    there: dict[int, set[tuple[str, int]]] = {}
    for number, small in gallery.shrunk() if same_space else ():
        there.setdefault(number, set()).add((small.encoder_sha256, small.pixels))
    return {face.face for face in faces if face.kept and not wanted <= there.get(face.face, set())}


def _current(rows: Sequence[Row], encoder: Encoder) -> bool:
    """Whether a photo has an embedding by the encoder that takes faces of its size."""
    return _has(rows, encoder_for(encoder, _pixels(rows)))


def _has(rows: Sequence[Row], encoder: Encoder) -> bool:
    """Whether a photo has an embedding by this encoder."""
    return any((row.encoder_sha256, row.state_id) == (encoder.card.sha256, encoder.state_id) for row in rows)


def _pixels(rows: Sequence[Row]) -> float:
    return max(row.pixels for row in rows)


def _aligned(
    gallery: Gallery, face: Face, rows: dict[int, list[Row]], encoder: Encoder
) -> tuple[AlignedFace, Crop]:
    """A kept face cut out again for the encoder, and as sharp as it is."""
    original = gallery.original(face.face)
    if original is None:
        raise InputError(f"the original of photo {face.face} of {face.name} is gone", fix="run it again")
    origin = f"the original of photo {face.face} of {face.name}"
    return align_original(original, encoder, pixels=_pixels(rows[face.face]), origin=origin)


def _embedded(
    aligned: Sequence[tuple[Face, AlignedFace]], rows: dict[int, list[Row]], *, same_space: bool
) -> list[_Fresh]:
    # Only the pixels tell that a router takes a large face without detail for a small one.
    due = [(face, cut) for face, cut in aligned if not (same_space and _has(rows[face.face], cut.encoder))]
    return [
        _Fresh(face, _pixels(rows[face.face]), done.embedding, done.encoder_sha256, done.state_id)
        for (face, _), done in zip(due, embed_faces([cut for _, cut in due]), strict=True)
    ]


def _replace(
    gallery: Gallery, work: _Work, lost: Sequence[Face], encoder: Encoder, *, other_space: bool
) -> None:
    """Write the new embeddings in place of the old ones, inside a transaction."""
    for face in lost:
        gallery.database.execute("DELETE FROM faces WHERE id = ?", face.face)
    gallery.database.execute("DELETE FROM people WHERE id NOT IN (SELECT person FROM faces)")
    if other_space:
        gallery.database.execute("DELETE FROM matched")
    for photo in work.fresh:
        gallery.database.execute("DELETE FROM embeddings WHERE face = ?", photo.face.face)
        # Two photos of a person may be one picture, enrolled under two states: the second finds the first's
        # embedding there, and goes.
        added = gallery.write(
            photo.face.name,
            photo.embedding,
            pixels=photo.pixels,
            encoder_sha256=photo.encoder_sha256,
            state_id=photo.state_id,
            source=photo.face.source,
            face=photo.face.face,
        )
        if not added.new:
            gallery.database.execute("DELETE FROM faces WHERE id = ?", photo.face.face)
            work.shrunk.pop(photo.face.face, None)
    for number, shrunk in work.shrunk.items():
        gallery.database.execute("DELETE FROM matched WHERE face = ?", number)
        gallery.write_shrunk(number, shrunk)
    for name, count in Counter(photo.face.name for photo in work.fresh).items():
        note(
            gallery,
            gallery.person(name),
            "embedded again",
            f"{counted(count, 'photo')} by {encoder.card.name}",
        )
