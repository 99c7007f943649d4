"""Templates: one embedding for a set of pictures and video frames of one person.

Row i of the embeddings is x_i, of unit length. A template is the sum over its rows, L2-normalised, of
q_i x_i / n_i, where n_i rows of the template share row i's medium. Without qualities q_i is 1, without media
n_i.

With media that is how insightface evaluates IJB-B and IJB-C (recognition/_evaluation_/ijb/ijb_11.py): frames
of one video are averaged first, so that a long video does not drown the still pictures; there, q_i is the
detector's score. The sum itself is `embed.fusion`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.embed import fusion
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.benchmark import Items

FUSIONS = {
    "media": "mean of each medium, then their sum",
    "media-quality": "mean of each medium, weighted by the detector's score, then their sum",
    "mean": "mean of all pictures",
    "quality": "mean of all pictures, weighted by the detector's score",
}
"""Ways of fusing by name; those by media and those by quality have it in their names."""


def check_fusion(name: str, items: Items | None = None) -> None:
    """Refuse a way of fusing that there is not, or one that weighs by qualities that there are not.

    Args:
        name: of the way.
        items: what is to be fused, where it is known.

    Raises:
        ConfigError: see above.
    """
    if name not in FUSIONS:
        raise ConfigError(f"fuse: there is no way {name!r}", fix=f"use {', '.join(FUSIONS)}")
    if items is not None and "quality" in name and not items.single and items.quality is None:
        raise ConfigError("fuse: this benchmark gives its pictures no quality", fix="use media or mean")


def fuse(
    embeddings: NDArray[np.floating],
    templates: NDArray[np.generic],
    media: NDArray[np.integer] | None = None,
    quality: NDArray[np.floating] | None = None,
) -> tuple[NDArray[np.generic], NDArray[np.float32]]:
    """One embedding per template.

    Args:
        embeddings: (N, D), L2-normalised.
        templates: (N,) the template of each row, a number or a name, in any order.
        media: (N,) the medium (video or still picture) of each row; None where each is its own.
        quality: (N,) 0 or more; None where all count the same.

    Returns:
        The T templates, rising, and their embeddings (T, D), L2-normalised.

    Raises:
        InputError: shapes do not match, a value is not finite, a quality is negative, or the rows of a
            template cancel out.
    """
    shapes = [one.shape for one in (templates, media, quality) if one is not None]
    if embeddings.ndim != 2 or not embeddings.size or set(shapes) != {embeddings.shape[:1]}:
        raise InputError(f"embeddings {embeddings.shape} do not fit lists of lengths {shapes}")
    weights = np.ones(len(embeddings)) if quality is None else np.asarray(quality, dtype=np.float64)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        raise InputError(f"the quality of picture {bad[0]} is {weights[bad[0]]}, not 0 or more")
    order = np.argsort(templates, kind="stable")
    ids, starts, number = np.unique(templates[order], return_index=True, return_inverse=True)
    if media is not None:
        numbers = np.empty(len(order), dtype=np.int64)
        numbers[order] = number
        weights = weights * fusion.by_media(numbers, media)
    fused = fusion.fuse(embeddings, starts, weights, order)
    if fused.cancelled.any():
        raise InputError(
            f"the embeddings of template {ids[fused.cancelled][0]} add up to nothing",
            fix="check its embeddings and qualities",
        )
    return ids, fused.embeddings
