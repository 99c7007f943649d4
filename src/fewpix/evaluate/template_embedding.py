"""Pictures to templates: embedded once, fused as soon as a template is whole, and forgotten.

Memory holds the templates, one chunk of pictures, and what has been embedded of one template. A picture that
gives no embedding is left out of its template; a template of which no picture gives one fails to enrol.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.benchmark import TemplatePictures
from fewpix.evaluate.native import Eye
from fewpix.evaluate.picture_embedding import QUANTILES, embed_chunks
from fewpix.evaluate.templates import Fusing, check_fusion, fuse
from fewpix.image.align import pixels
from fewpix.progress import Advance


@dataclass(frozen=True, eq=False)
class EmbeddedTemplates:
    """T templates as one model sees them.

    Args:
        ids: (T,) int64, rising.
        rows: (T, D) float32 of unit norm; zero for one that failed to enrol.
        enrolled: (T,) bool.
        pictures: how many they were made of, failures included.
        failed_pictures: how many of them gave no embedding.
        first_fault: why the first of these did not; "" where all did.
        kept: pictures with fewer pixels than the size asked for, which stayed as they were.
        face_px: quantiles 0, 25, 50, 75 and 100 % of the faces' pixels as they are in the files, where five
            points tell; else None.
        sha256: over the names and contents of the pictures.
    """

    ids: NDArray[np.int64]
    rows: NDArray[np.float32]
    enrolled: NDArray[np.bool_]
    pictures: int
    failed_pictures: int
    first_fault: str
    kept: int
    face_px: tuple[float, ...] | None
    sha256: str

    @property
    def failed(self) -> int:
        """Templates without an embedding."""
        return int((~self.enrolled).sum())

    def places(self, ids: NDArray[np.integer]) -> NDArray[np.int64]:
        """The row of each id; all of them have one."""
        return np.searchsorted(self.ids, ids).astype(np.int64)


NAMES = ("min", "p25", "median", "p75", "max")


@dataclass(frozen=True, eq=False)
class Seen:
    """Templates as a model saw them, without their embeddings.

    Args:
        templates: how many.
        failed_templates: how many failed to enrol.
        pictures: that they were made of.
        failed_pictures: how many of these gave no embedding.
        first_fault: why the first of them did not.
        already_smaller: pictures that were to be made small and had fewer pixels already.
        face_px: quantiles of the faces' pixels, None where they are not known.
    """

    templates: int
    failed_templates: int
    pictures: int
    failed_pictures: int
    first_fault: str
    already_smaller: int
    face_px: tuple[float, ...] | None

    @classmethod
    def of(cls, made: EmbeddedTemplates) -> Seen:
        """From what was embedded."""
        return cls(
            len(made.ids),
            made.failed,
            made.pictures,
            made.failed_pictures,
            made.first_fault,
            made.kept,
            made.face_px,
        )

    def lines(self) -> list[str]:
        """What is known of them, for people."""
        size = ""
        if self.face_px:
            low, first, middle, third, high = self.face_px
            size = f", faces of {middle:g} px, half of them {first:g} to {third:g}, all {low:g} to {high:g}"
        said = [f"{self.templates:,} templates of {self.pictures:,} pictures{size}"]
        if self.already_smaller:
            said.append(f"{self.already_smaller:,} pictures were smaller already and stayed so")
        if self.failed_pictures:
            said.append(f"{self.failed_pictures:,} pictures failed; the first: {self.first_fault}")
        if self.failed_templates:
            said.append(f"{self.failed_templates:,} templates failed to enrol, and count")
        return said

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        sizes = None if self.face_px is None else dict(zip(NAMES, self.face_px, strict=True))
        return {**vars(self), "face_px": sizes}


def alignment(by_points: bool) -> str:
    """How pictures were aligned, in words."""
    return "aligned by the list's five points" if by_points else "pictures are aligned crops"


def embed_templates(
    pictures: TemplatePictures,
    ids: NDArray[np.integer],
    eye: Eye,
    fusion: Fusing,
    *,
    flip: bool = False,
    store: Path | None = None,
    advance: Advance | None = None,
) -> EmbeddedTemplates:
    """Embed and fuse some templates.

    Args:
        pictures: of these templates and perhaps of others, which are not looked at.
        ids: the templates wanted, in any order; one without a picture fails to enrol.
        eye: who sees them.
        fusion: see `FUSIONS`.
        flip: see `views.embed_crops`.
        store: a folder that keeps the pictures' embeddings, see `embedding_store`.
        advance: told the number of pictures done and of all.

    Raises:
        ConfigError: qualities are to weigh and there are none.
        InputError: no template can be embedded, or see `templates.fuse`.
        StorageError: the store cannot be written.
    """
    check_fusion(pictures, fusion)
    wanted = np.unique(np.asarray(ids, dtype=np.int64))
    mine = pictures.of(wanted)
    rows = np.zeros((len(wanted), eye.encoder.card.space.dim), dtype=np.float32)
    enrolled = np.zeros(len(wanted), dtype=np.bool_)
    failed, kept, first_fault, digest, done = 0, 0, "", hashlib.sha256(), 0
    waiting: list[NDArray[np.float32]] = []  # rows of the last template, which may go on in the next chunk
    places: list[NDArray[np.int64]] = []  # their numbers in `mine`

    def settle(last: int | None) -> None:
        """Fuse what is waiting, but for the template `last`."""
        if not places:
            return
        made, at = np.concatenate(waiting), np.concatenate(places)
        whole = mine.templates[at] != last if last is not None else np.ones(len(at), dtype=np.bool_)
        waiting[:], places[:] = [made[~whole]], [at[~whole]]
        if not whole.any():
            return
        part = at[whole]
        quality = mine.quality[part] if fusion.weighted and mine.quality is not None else None
        fused = fuse(made[whole], mine.templates[part], mine.media[part], how=fusion.how, quality=quality)
        here = np.searchsorted(wanted, fused.ids)
        rows[here], enrolled[here] = fused.embeddings, True

    chunks = embed_chunks(
        mine.folder,
        mine.names,
        eye.encoder,
        eye.look,
        points=mine.points,
        flip=flip,
        store=store,
        advance=advance,
    )
    for chunk, _ in chunks:
        good = np.flatnonzero(chunk.enrolled)
        failed += len(chunk.names) - len(good)
        kept += int(chunk.kept.sum())
        first_fault = first_fault or chunk.first_fault
        chunk.add_to(digest)
        waiting.append(chunk.rows[good])
        places.append(done + good)
        done += len(chunk.names)
        settle(int(mine.templates[done - 1]))
    settle(None)
    if not enrolled.any():
        raise InputError(
            f"none of {len(wanted):,} templates can be embedded"
            + (f"; the first of their {len(mine):,} pictures that failed: {first_fault}" if len(mine) else "")
        )
    return EmbeddedTemplates(
        wanted,
        rows,
        enrolled,
        len(mine),
        failed,
        first_fault,
        kept,
        _face_px(mine),
        digest.hexdigest(),
    )


def _face_px(pictures: TemplatePictures) -> tuple[float, ...] | None:
    """Quantiles of the faces' pixels; faces whose points are none are left out."""
    if pictures.points is None or not len(pictures):
        return None
    found = []
    for points in pictures.points:
        try:
            found.append(pixels(points))
        except InputError:
            continue
    if not found:
        return None
    return tuple(round(float(value), 1) for value in np.quantile(found, QUANTILES))
