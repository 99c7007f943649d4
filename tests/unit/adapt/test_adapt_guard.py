"""The guard refuses what cannot help, and says why."""

from __future__ import annotations

import numpy as np
import pytest

from fewpix.adapt.guard import MINIMUM_FACES, check_faces
from fewpix.errors import GuardError

FACES = np.random.default_rng(0).integers(0, 256, (64, 24, 24, 3), dtype=np.uint8)


def test_enough_different_faces_pass():
    check_faces(FACES)
    check_faces(FACES[:MINIMUM_FACES])
    check_faces(np.concatenate([FACES[:32], FACES[:32]]))
    check_faces(FACES[:5].transpose(0, 3, 1, 2), minimum=5)


def test_too_few_faces():
    with pytest.raises(GuardError, match=r"31 faces are too few .* at least 32") as caught:
        check_faces(FACES[:31])
    assert caught.value.exit_code == 8
    with pytest.raises(GuardError, match="0 faces"):
        check_faces(FACES[:0], minimum=1)


def test_one_picture_repeated():
    with pytest.raises(GuardError, match="only 1 of 500 faces are different"):
        check_faces(np.repeat(FACES[:1], 500, axis=0))
    with pytest.raises(GuardError, match="only 31 of 62"):
        check_faces(np.repeat(FACES[:31], 2, axis=0))
