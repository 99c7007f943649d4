"""The score that settings are chosen by: agreement with the teacher on faces never trained on.

It needs no labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fewpix.degrade import family, per_item_rng
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop

SIZES = (8, 12, 16, 24, 32)
MAX_FACES = 512


@dataclass(frozen=True)
class Agreement:
    """How close the student is to the teacher at each size, on area-degraded held-out faces.

    Args:
        faces: how many were scored.
        cosine: mean cosine between the degraded face's and the sharp face's embedding, by size in pixels.
        rank1: how often the nearest of all sharp held-out faces is the right one, by size; 0..1.
    """

    faces: int
    cosine: dict[int, float]
    rank1: dict[int, float]

    def to_json(self) -> dict[str, object]:
        """The fields, sizes as texts."""
        data = asdict(self)
        return {
            key: {str(k): v for k, v in data[key].items()} if key != "faces" else data[key] for key in data
        }

    def __str__(self) -> str:
        """Mean cosine and rank-1 by size."""
        parts = [f"{size} px {self.cosine[size]:.3f}/{100 * self.rank1[size]:.0f} %" for size in self.cosine]
        return f"held out ({self.faces} faces), cosine/rank-1: " + ", ".join(parts)


class HeldOut:
    """Held-out faces, degraded once, and their teacher embeddings.

    Args:
        crops: sharp faces.
        teacher: (N, D) unit embeddings of them.
        preprocess: the student's.
    """

    def __init__(self, crops: Sequence[Crop], teacher: NDArray[np.float32], preprocess: Preprocess) -> None:
        self.teacher = torch.from_numpy(teacher)
        self._faces: dict[int, Tensor] = {}
        for size in SIZES:
            chain = family("area", size)
            degraded = [
                chain.apply(crop, per_item_rng(0, size, n))
                for n, crop in enumerate(crops)
                if crop.shape[0] >= size
            ]
            if len(degraded) == len(crops) > 0:
                self._faces[size] = torch.from_numpy(preprocess.apply(degraded))

    def score(self, embed: Callable[[Tensor], Tensor]) -> Agreement:
        """Score a student.

        Args:
            embed: preprocessed faces (N, 3, side, side) to unit embeddings (N, D).
        """
        cosine, rank1 = {}, {}
        for size, faces in self._faces.items():
            similarity = embed(faces) @ self.teacher.T
            cosine[size] = round(float(similarity.diagonal().mean()), 6)
            best = similarity.argmax(dim=1) == torch.arange(len(similarity))
            rank1[size] = round(float(best.float().mean()), 6)
        return Agreement(len(self.teacher), cosine, rank1)
