"""Templates: one embedding for a set of pictures and video frames of one person.

Row i of the embeddings is x_i, of unit length. A template is the sum over its rows, L2-normalised, of

    media     q_i x_i / n_i    n_i rows of the template share row i's medium; q_i is 1 without a quality
    mean      x_i
    quality   q_i x_i

`media` is how insightface evaluates IJB-B and IJB-C (recognition/_evaluation_/ijb/ijb_11.py): frames of one
video are averaged first, so that a long video does not drown the still pictures; there, q_i is the detector's
score. The sum itself is `embed.fusion`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fewpix.embed import fusion
from fewpix.embed.fusion import by_media
from fewpix.errors import ConfigError, InputError

Fusion = Literal["media", "mean", "quality"]


@dataclass(frozen=True)
class Fusing:
    """How a template is made of its pictures' embeddings, which are of unit length.

    Args:
        how: of `Fusion`.
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
"""Ways of fusing by name."""


def fusing(name: str) -> Fusing:
    """The way of fusing of a name.

    Raises:
        ConfigError: there is none.
    """
    if name not in FUSIONS:
        raise ConfigError(f"fuse: there is no way {name!r}", fix=f"use {', '.join(FUSIONS)}")
    return FUSIONS[name]


def check_fusion(quality: NDArray[np.floating] | None, fusion: Fusing) -> None:
    """Refuse to weigh by qualities that there are not.

    Raises:
        ConfigError: see above.
    """
    if fusion.weighted and quality is None:
        raise ConfigError("fuse: this benchmark gives its pictures no quality", fix="use media or mean")


@dataclass(frozen=True, eq=False)
class Templates:
    """T templates.

    Args:
        ids: (T,) int64, rising.
        embeddings: (T, D) float32, L2-normalised.
    """

    ids: NDArray[np.int64]
    embeddings: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)


def fuse(
    embeddings: NDArray[np.floating],
    templates: NDArray[np.integer],
    media: NDArray[np.integer],
    *,
    how: Fusion = "media",
    quality: NDArray[np.floating] | None = None,
) -> Templates:
    """One embedding per template.

    Args:
        embeddings: (N, D), L2-normalised.
        templates: (N,) the template of each row, in any order.
        media: (N,) the medium (video or still picture) of each row; used by `media` only.
        how: see above.
        quality: (N,) 0 or more; needed by `quality`, may weight `media`, refused otherwise.

    Raises:
        InputError: shapes do not match, a value is not finite, a quality is missing, negative or useless, or
            the rows of a template cancel out.
    """
    count = _check(embeddings, templates, media, how, quality)
    order = np.argsort(templates, kind="stable")
    ids, starts = np.unique(templates[order], return_index=True)
    weights = np.ones(count) if quality is None else np.asarray(quality, dtype=np.float64)
    if how == "media":
        weights = weights * by_media(templates, media)
    fused = fusion.fuse(embeddings, starts, weights, order)
    if fused.cancelled.any():
        raise InputError(
            f"the embeddings of template {ids[fused.cancelled][0]} add up to nothing",
            fix="check its embeddings and qualities",
        )
    return Templates(ids.astype(np.int64), fused.embeddings)


def _check(
    embeddings: NDArray[np.floating],
    templates: NDArray[np.integer],
    media: NDArray[np.integer],
    how: Fusion,
    quality: NDArray[np.floating] | None,
) -> int:
    """The number of rows."""
    if how not in get_args(Fusion):
        raise InputError(f"templates are fused by {', '.join(get_args(Fusion))}, not by '{how}'")
    shapes = [embeddings.shape[:1], templates.shape, media.shape]
    shapes += [] if quality is None else [quality.shape]
    if embeddings.ndim != 2 or not embeddings.size or len({*shapes}) > 1 or templates.ndim != 1:
        raise InputError(f"embeddings {embeddings.shape} do not fit lists of lengths {shapes[1:]}")
    if quality is None and how == "quality":
        raise InputError("fusing by quality needs a quality of every picture")
    if quality is not None and how == "mean":
        raise InputError(f"fusing by {how} does not use a quality")
    if quality is not None and not (np.isfinite(quality).all() and (quality >= 0).all()):
        bad = int(np.flatnonzero(~(np.isfinite(quality) & (quality >= 0)))[0])
        raise InputError(f"the quality of picture {bad} is {quality[bad]}, not 0 or more")
    return len(embeddings)
