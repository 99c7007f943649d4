"""Pictures to templates: embedded once, fused as soon as a template is whole, and forgotten.

Memory holds the templates, one chunk of pictures, and what has been embedded of one template. A picture that
gives no embedding is left out of its template; a template of which no picture gives one fails to enrol.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.picture_embedding import QUANTILES, embed_chunks
from fewpix.evaluate.search_benchmark import Eye
from fewpix.evaluate.templates import Fusion, fuse
from fewpix.evaluate.views import Advance
from fewpix.image.align import pixels


@dataclass(frozen=True)
class Fusing:
    """How a template is made of its pictures' embeddings, which are of unit length.

    Args:
        how: of `templates.Fusion`.
        weighted: whether a picture counts by its quality, as the benchmark's list gives it.
        words: the same for people.
    """

    how: Fusion
    weighted: bool
    words: str


FUSIONS = {
    "media": Fusing("media", False, "mean of each medium, then their sum"),
    "media-quality": Fusing(
        "media", True, "mean of each medium, weighted by the detector's score, then their sum"
    ),
    "mean": Fusing("mean", False, "mean of all pictures"),
    "quality": Fusing("quality", True, "mean of all pictures, weighted by the detector's score"),
}
"""Ways of fusing by name. `norm` of `templates` is not among them: encoders give unit length."""


def fusing(name: str) -> Fusing:
    """The way of fusing of a name.

    Raises:
        ConfigError: there is none.
    """
    if name not in FUSIONS:
        raise ConfigError(f"fuse: there is no way {name!r}", fix=f"use {', '.join(FUSIONS)}")
    return FUSIONS[name]


@dataclass(frozen=True, eq=False)
class TemplatePictures:
    """N pictures of templates.

    Args:
        folder: of the benchmark.
        names: paths relative to it.
        templates: (N,) int64.
        media: (N,) int64, the video or still picture that each comes from.
        points: (N, 5, 2) five points that each is aligned by; None for pictures that are aligned crops.
        quality: (N,) 0 or more; None where the benchmark has none.
    """

    folder: Path
    names: tuple[str, ...]
    templates: NDArray[np.int64]
    media: NDArray[np.int64]
    points: NDArray[np.float32] | None = None
    quality: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def count(self, ids: NDArray[np.integer]) -> int:
        """How many pictures some templates have."""
        return int(np.isin(self.templates, ids).sum())

    def of(self, ids: NDArray[np.integer]) -> TemplatePictures:
        """The pictures of some templates, template by template in rising order."""
        rows = np.flatnonzero(np.isin(self.templates, ids))
        rows = rows[np.argsort(self.templates[rows], kind="stable")]
        return TemplatePictures(
            self.folder,
            tuple(self.names[n] for n in rows),
            self.templates[rows],
            self.media[rows],
            None if self.points is None else self.points[rows],
            None if self.quality is None else self.quality[rows],
        )


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


def check_fusion(pictures: TemplatePictures, fusion: Fusing) -> None:
    """Refuse to weigh by qualities that there are not.

    Raises:
        ConfigError: see above.
    """
    if fusion.weighted and pictures.quality is None:
        raise ConfigError("fuse: this benchmark gives its pictures no quality", fix="use media or mean")


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
