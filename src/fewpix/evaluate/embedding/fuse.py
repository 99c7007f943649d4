"""Templates: one embedding for a set of pictures and video frames of one person.

Row i of the embeddings is x_i, its length |x_i|, its direction u_i = x_i / |x_i|. A template is the sum over
its rows, L2-normalised, of

    media     q_i x_i / n_i    n_i rows of the template share row i's medium; q_i is 1 without a quality
    mean      u_i
    norm      |x_i| u_i = x_i
    quality   q_i u_i

`media` is how insightface evaluates IJB-B and IJB-C (recognition/_evaluation_/ijb/ijb_11.py): frames of one
video are averaged first, so that a long video does not drown the still pictures; there, q_i is the detector's
score. `norm` trusts rows that the model gave a long embedding (AdaFace, MagFace), `quality` any score of the
pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError

Fusion = Literal["media", "mean", "norm", "quality"]

_BLOCK = (
    65_536  # numbers held at once, 512 kB as float64: in the processor's cache this is five times as fast
)


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
"""Ways of fusing by name. `norm` is not among them: encoders give unit length."""


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

    def rows_of(self, ids: NDArray[np.integer]) -> NDArray[np.int64]:
        """The row of each template id.

        Raises:
            InputError: an id is not among them.
        """
        return rows_of(self.ids, ids)


def rows_of(rising: NDArray[np.integer], ids: NDArray[np.integer]) -> NDArray[np.int64]:
    """Where each of `ids` stands in `rising`, distinct and sorted.

    Raises:
        InputError: an id is not there.
    """
    place = np.minimum(np.searchsorted(rising, ids), max(len(rising) - 1, 0))
    if len(ids) and (not len(rising) or (rising[place] != ids).any()):
        absent = ids[0] if not len(rising) else ids[rising[place] != ids][0]
        raise InputError(f"there is no template {absent}", fix="use the lists of one release together")
    return place.astype(np.int64)


def fuse(
    embeddings: NDArray[np.floating],
    templates: NDArray[np.integer],
    media: NDArray[np.integer],
    *,
    how: Fusion = "media",
    quality: NDArray[np.floating] | None = None,
) -> Templates:
    """One embedding per template.

    Sums are made in float64, in blocks of rows, by `np.add.reduceat`: nothing of the embeddings' size is
    copied, and a memory-mapped file will do.

    Args:
        embeddings: (N, D), not normalised where the length says something.
        templates: (N,) the template of each row, in any order.
        media: (N,) the medium (video or still picture) of each row; used by `media` only.
        how: see above.
        quality: (N,) 0 or more; needed by `quality`, may weight `media`, refused otherwise.

    Raises:
        InputError: shapes do not match, a value is not finite, a quality is missing, negative or useless, a
            row without length has a direction asked for, or the rows of a template cancel out.
    """
    count = _check(embeddings, templates, media, how, quality)
    order = np.argsort(templates, kind="stable")
    ids, starts = np.unique(templates[order], return_index=True)
    weights = np.ones(count) if quality is None else np.asarray(quality, dtype=np.float64)
    if how == "media":
        weights = weights / _shared(templates, media)
    fused = np.empty((len(ids), embeddings.shape[1]), dtype=np.float32)
    for first, last in _blocks(starts, count, embeddings.shape[1]):
        begin, end = int(starts[first]), int(starts[last]) if last < len(ids) else count
        rows = order[begin:end]
        x = embeddings[rows].astype(np.float64)
        w = weights[rows]
        lengths = np.sqrt(np.einsum("ij,ij->i", x, x))
        bad = np.flatnonzero(~np.isfinite(lengths))
        if len(bad):
            raise InputError(f"embedding {rows[bad[0]]} is not finite", fix="check the embeddings")
        if how in ("mean", "quality"):
            if not lengths.all():
                empty = rows[np.flatnonzero(lengths == 0)[0]]
                raise InputError(f"embedding {empty} is zero and has no direction", fix="leave it out")
            w = w / lengths
        x *= w[:, None]
        sums = np.add.reduceat(x, starts[first:last] - begin, axis=0)
        lengths = np.linalg.norm(sums, axis=1)
        if not lengths.all():
            cancelled = ids[first:last][lengths == 0][0]
            raise InputError(
                f"the embeddings of template {cancelled} add up to nothing",
                fix="check its embeddings and qualities",
            )
        fused[first:last] = sums / lengths[:, None]
    return Templates(ids.astype(np.int64), fused)


def _shared(templates: NDArray[np.integer], media: NDArray[np.integer]) -> NDArray[np.float64]:
    """(N,) how many rows of its template share each row's medium, itself included."""
    order = np.lexsort((media, templates))
    t, m = templates[order], media[order]
    first = np.concatenate(([True], (t[1:] != t[:-1]) | (m[1:] != m[:-1])))
    group = np.cumsum(first) - 1
    shared = np.empty(len(order))
    shared[order] = np.bincount(group)[group]
    return shared


def _blocks(starts: NDArray[np.int64], count: int, width: int) -> list[tuple[int, int]]:
    """Ranges of templates whose rows fit into a block together; a larger template has one of its own."""
    step = max(1, _BLOCK // max(width, 1))
    ends = np.append(starts[1:], count)
    found, first = [], 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(ends, starts[first] + step, side="right")))
        found.append((first, last))
        first = last
    return found


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
    if quality is not None and how in ("mean", "norm"):
        raise InputError(f"fusing by {how} does not use a quality")
    if quality is not None and not (np.isfinite(quality).all() and (quality >= 0).all()):
        bad = int(np.flatnonzero(~(np.isfinite(quality) & (quality >= 0)))[0])
        raise InputError(f"the quality of picture {bad} is {quality[bad]}, not 0 or more")
    return len(embeddings)
