"""The guard: refuses an adaptation that cannot help, and says why."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import GuardError

MINIMUM_FACES = 32
"""Below this, batch statistics are noise (Schneider et al., NeurIPS 2020, figure 3)."""


def check_faces(faces: NDArray[np.generic], minimum: int = MINIMUM_FACES) -> None:
    """Refuse too few faces, and few faces repeated until they look like many.

    Args:
        faces: (N, ...) one row per face; rows of equal bytes count once.
        minimum: how many different faces it takes.

    Raises:
        GuardError: there are fewer.
    """
    if len(faces) < minimum:
        raise GuardError(
            f"{len(faces)} faces are too few to adapt to, at least {minimum} are needed",
            fix="collect more faces of the target, or lower --minimum-faces",
        )
    different = len({hashlib.sha256(np.ascontiguousarray(face).tobytes()).digest() for face in faces})
    if different < minimum:
        raise GuardError(
            f"only {different} of {len(faces)} faces are different pictures, at least {minimum} are needed",
            fix="collect other faces of the target, or lower --minimum-faces",
        )
