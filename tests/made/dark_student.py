"""A weights file of a small student for dark faces, in the space of the shipped models."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fewpix.data.orl import load_orl
from fewpix.image.codec import Image
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.models.teacher import sface
from fewpix.models.weights import save_weights


def dark(image: Image) -> Crop:
    """A face of ORL in bad light, 16 px."""
    small = cv2.resize(image[12:104], (16, 16), interpolation=cv2.INTER_AREA)
    return np.asarray(small * 0.4, dtype=np.uint8)


def student(path: Path, seed: int) -> Path:
    """A small student with random weights: enough to see that files and numbers find their way.

    Its statistics are those of dark faces, so that different faces lie apart as under a distilled student.
    """
    import torch

    from fewpix.adapt.apply import fold
    from fewpix.adapt.estimate import estimate
    from fewpix.models.zoo import architecture, build, tensors_of

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build("lr24-tiny", 128)
    faces = architecture("lr24-tiny").preprocess.apply([dark(image) for image in load_orl().images[5::10]])
    options = {"model_sha256": "0" * 64, "source": "dark faces", "final": True}
    model = fold(model, estimate(model, torch.from_numpy(faces), mode="batch", **options))
    card = Card(
        f"tiny-{seed}",
        "lr24-tiny",
        "",
        sface().card.space,
        architecture("lr24-tiny").preprocess,
        terms="tests",
    )
    save_weights(path, tensors_of(model), card)
    return path
