"""Does a state do harm? Measured without labels, on faces that it was not estimated from.

Every face is seen twice, each time lightly changed, and the second time mirrored. Under a good model the two
views of one face are similar and different faces are not; how far apart these two kinds of pairs lie is d'
(Green and Swets 1966):

    d' = (mean of self-pairs - mean of cross-pairs) / sqrt((variance of self + variance of cross) / 2)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError

Array = NDArray[np.float64]
Views = tuple[NDArray[np.floating], NDArray[np.floating]]
"""Two views of the same H faces: unit rows (H, D) each."""

TOLERANCE = 0.1
"""A fall of d' by so much is harm, when the whole 95 % interval lies beyond it."""

MINIMUM = 24
"""Fewer faces in all leave fewer than eight to judge on: harm is not judged."""

MAX_FACES = 256
"""Faces that are judged on."""

REPLICATES = 500

SHIFT = 1.0
"""Largest shift of a view in pixels of the student's input, 4 % of a face of 24 px."""

GAIN = 0.1
"""Largest change of a view's contrast, as a share."""

NOISE = 0.1
"""Noise of a view, in standard deviations of the face's own values."""


@dataclass(frozen=True)
class Harm:
    """d' before and after.

    Args:
        faces: how many were judged on.
        before: under the model's own statistics.
        after: under the state.
        low: lower end of the 95 % interval of the change.
        high: its upper end.
    """

    faces: int
    before: float
    after: float
    low: float
    high: float

    @property
    def change(self) -> float:
        """After minus before."""
        return self.after - self.before

    @property
    def harmful(self) -> bool:
        """Whether the change is surely worse than the tolerance."""
        return self.high < -TOLERANCE

    @property
    def reason(self) -> str:
        """Why the guard refuses; empty when it does not."""
        if not self.harmful:
            return ""
        return (
            f"on {self.faces} faces kept out it tells faces apart less well than the model as it is "
            f"(d' {self.before:.2f} to {self.after:.2f}, change {self.low:+.2f} to {self.high:+.2f})"
        )

    def to_json(self) -> dict[str, Any]:
        """The fields, and the verdict."""
        return {
            "faces": self.faces,
            "before": self.before,
            "after": self.after,
            "change_ci95": [self.low, self.high],
            "harmful": self.harmful,
        }


def lightly(
    faces: NDArray[np.float32], rng: np.random.Generator, *, mirror: bool = False
) -> NDArray[np.float32]:
    """A view of each face: moved by a part of a pixel, a little more or less contrast, a little noise.

    Args:
        faces: (N, 3, s, s) as they enter the student; not written to.
        rng: of the changes.
        mirror: turn left and right around as well. It is the one strong change that leaves the person who
            it is; without it a state that did harm was missed that cost 8 points of rank-1.

    Returns:
        (N, 3, s, s) float32.
    """
    out = np.empty_like(faces)
    for n, face in enumerate(faces):
        dy, dx = rng.uniform(-SHIFT, SHIFT, 2)
        moved = _moved(_moved(face, dy, 1), dx, 2)
        middle = moved.mean()
        gain, noise = 1 + rng.uniform(-GAIN, GAIN), NOISE * float(face.std())
        out[n] = middle + gain * (moved - middle) + noise * rng.standard_normal(face.shape, dtype=np.float32)
    return np.ascontiguousarray(out[..., ::-1]) if mirror else out


def _moved(face: NDArray[np.float32], by: float, axis: int) -> NDArray[np.float32]:
    """Shifted along an axis by linear interpolation, borders replicated."""
    side = face.shape[axis]
    place = np.clip(np.arange(side) - by, 0, side - 1)
    first = np.floor(place).astype(np.int64)
    second = np.minimum(first + 1, side - 1)
    shape = [1, 1, 1]
    shape[axis] = side
    share = (place - first).astype(np.float32).reshape(shape)
    near, far = np.take(face, first, axis), np.take(face, second, axis)
    return np.asarray(near * (1 - share) + far * share, dtype=np.float32)


def judge_harm(before: Views, after: Views, *, replicates: int = REPLICATES, seed: int = 0) -> Harm:
    """Compare two models on the same two views of the same faces.

    The interval resamples faces, for both models alike; a cross-pair counts by the product of its faces'
    numbers. That makes intervals too wide rather than too narrow: the guard errs towards letting pass.

    Args:
        before: under the model's own statistics.
        after: under the state.
        replicates: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ConfigError: fewer than three faces, or views of different faces.
    """
    count = len(before[0])
    if count < 3 or {len(rows) for rows in (*before, *after)} != {count}:
        raise ConfigError(f"d' needs the same three faces or more in all views, not {count}")
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=replicates).astype(np.float64)
    weights = np.concatenate((np.ones((1, count)), drawn[(drawn > 0).sum(axis=1) > 1]))
    old, new = (_separation(np.asarray(a @ b.T, dtype=np.float64), weights) for a, b in (before, after))
    change = (new - old)[1:]
    low, high = np.quantile(change, (0.025, 0.975))
    return Harm(count, float(old[0]), float(new[0]), float(low), float(high))


def _separation(similarity: Array, weights: Array) -> Array:
    """The d' of (H, H) similarities between first and second views, for each row of weights (R, H)."""
    own = np.diagonal(similarity)
    others = similarity - np.diag(own)
    total = weights.sum(axis=1)
    pairs = total**2 - (weights**2).sum(axis=1)
    own_mean = weights @ own / total
    own_var = weights @ own**2 / total - own_mean**2
    mean = ((weights @ others) * weights).sum(axis=1) / pairs
    var = ((weights @ others**2) * weights).sum(axis=1) / pairs - mean**2
    spread = np.sqrt(np.maximum(own_var + var, 1e-12) / 2)
    return np.asarray((own_mean - mean) / spread, dtype=np.float64)
