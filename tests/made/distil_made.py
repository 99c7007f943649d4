"""A short distillation from ORL faces: the recipe, the faces, a teacher that counts, and the batches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.data.faces import FaceSet
from fewpix.data.orl import load_orl
from fewpix.data.sampling import Sampler
from fewpix.data.views import make_views
from fewpix.degrade import PRESETS
from fewpix.image.codec import encode_image
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.models.space import Space
from fewpix.models.zoo import architecture
from fewpix.train.batches import BatchMaker

DIM = 48


CARD = Card("pixels", "onnx", "a" * 64, Space("a" * 64, DIM), Preprocess(4, "bgr", (0.0,) * 3, (1.0,) * 3))


RECIPE = """
name = "run"
[model]
arch = "lr24-tiny"
[data]
mixes = 9
holdout = 0.25
component_similarity = 0.999
[objective]
cosine = { weight = 2.0 }
infonce = {}
crrcd = { anchors = 3, width = 4 }
[optim]
ema = 0.5
[run]
steps = 7
batch = 5
queue = 12
log_every = 2
checkpoint_every = 3
evaluate_every = 3
"""


@cache
def pool(count: int = 24) -> FaceSet:
    """People one after the other, every third of another source."""
    orl = load_orl()
    data = [encode_image(orl.images[10 * n][12:104], ".png") for n in range(count)]
    sources = tuple("wild" if n % 3 else "cam" for n in range(count))
    return FaceSet(tuple(f"{n:03d}" for n in range(count)), sources, tuple(data))


class Teacher:
    """Sees 4x4 pixels; counts the pictures that it is asked about."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        self.seen += len(crops)
        rows = [cv2.resize(crop, (4, 4), interpolation=cv2.INTER_AREA).astype(np.float32) for crop in crops]
        flat = np.stack(rows).reshape(len(rows), -1) - 110
        return np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True), dtype=np.float32)


def lines(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]


def maker(faces: FaceSet, seed: int = 0) -> BatchMaker:
    views = make_views(faces, np.arange(len(faces)), {}, mixes=5, rng=np.random.default_rng(0))
    sampler = Sampler(views.weights, 6, seed)
    return BatchMaker(views, sampler, PRESETS["train"], architecture("lr24-tiny").preprocess, seed)
