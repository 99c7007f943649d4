"""What may be written to a gallery or searched for in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.models.space import Space

_UNIT_TOLERANCE = 1e-3


def check_embeddings(embeddings: NDArray[np.float32], space: Space) -> NDArray[np.float32]:
    """Embeddings (N, D) of this space, or an error: a long vector would win every search, NaN spoil it.

    Raises:
        InputError: another shape or type, a value that is not finite, or not of unit length.
    """
    if not isinstance(embeddings, np.ndarray):
        raise InputError(
            f"embeddings must be an array (N, {space.dim}) float32, not {type(embeddings).__name__}",
            fix="embed with an Encoder",
        )
    if embeddings.ndim != 2 or embeddings.shape[1] != space.dim or embeddings.dtype != np.float32:
        raise InputError(
            f"embeddings must be (N, {space.dim}) float32, not {embeddings.shape} {embeddings.dtype}"
        )
    if not np.isfinite(embeddings).all():
        raise InputError("an embedding holds values that are not finite")
    if space.normalised and embeddings.size:
        norms = np.sqrt(np.square(embeddings, dtype=np.float64).sum(axis=1))
        if np.abs(norms - 1).max() > _UNIT_TOLERANCE:
            raise InputError("an embedding does not have unit length", fix="embed with an Encoder")
    return np.ascontiguousarray(embeddings)
