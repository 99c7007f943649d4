"""Faces of strangers, a calibration planned from them, and its scores by brute force."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.calibration.impostors import strangers
from fewpix.calibration.plan import plan
from fewpix.data.faces import FaceSet
from fewpix.degrade.degradation import Degradation
from fewpix.image.codec import encode_image
from grey_encoder import Grey

SIDE = 64


def crop(rng: np.random.Generator) -> NDArray[np.uint8]:
    """4x4 patches, so that making it small changes little."""
    return np.kron(rng.integers(30, 220, (4, 4, 1)), np.ones((SIDE // 4, SIDE // 4, 3))).astype(np.uint8)


def faces(count: int, seed: int, folders: int = 0) -> FaceSet:
    rng = np.random.default_rng(seed)
    keys = [f"p{n % folders:03d}/{n:04d}" if folders else f"{seed}-{n:04d}" for n in range(count)]
    data = [encode_image(crop(rng), ".png") for _ in range(count)]
    return FaceSet(tuple(sorted(keys)), ("some", "other") * (count // 2), tuple(data))


def planned(probes: FaceSet, gallery: FaceSet, **more):
    sides = strangers(probes, "A", one_each=True), strangers(gallery, "B", one_each=True)
    encoder = more.pop("encoder", Grey())
    return plan("grey", encoder, *sides, **{"sizes": (8, 16), "galleries": (5, 25), "same": 0.999, **more})


def brute(probes: FaceSet, gallery: FaceSet, pixels: int) -> NDArray[np.float32]:
    """(60, 50) cosines of small probes with the gallery's faces as they are."""
    how = Degradation()
    small = [how.apply(probes.crop(n), probes.digests[n], pixels) for n in range(len(probes))]
    return Grey().embed(small) @ Grey().embed([gallery.crop(n) for n in range(len(gallery))]).T
