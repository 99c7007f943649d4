"""The terms `arcface`, `cosface` and `adaface`: a weight vector per person, learnt with the student."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fewpix.losses.geometry import unit
from fewpix.losses.margins import adaface, arcface, cosface, norm_quality
from fewpix.losses.sample import Sample


class People(nn.Module):
    """C weight vectors of the embedding's dimension; only their directions count.

    Args:
        dim: D.
        classes: C, how many people there are.

    Memory: C·D parameters, and with AdamW two moments of each.
    """

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(F.normalize(torch.randn(classes, dim), dim=1))

    def forward(self, embeddings: Tensor) -> Tensor:
        """(B, D) unit vectors to (B, C) cosines."""
        return embeddings @ unit(self.weight).T


class ArcFace(nn.Module):
    """The term `arcface`.

    Args:
        dim: D.
        classes: C, how many people there are.
        margin: m, radians.
        scale: s.
    """

    def __init__(self, dim: int, classes: int, margin: float = 0.5, scale: float = 64.0) -> None:
        super().__init__()
        self.margin, self.scale = margin, scale
        self.people = People(dim, classes)

    def forward(self, sample: Sample) -> Tensor:
        """See `losses.margins.arcface`."""
        return arcface(self.people(sample.student), sample.labels_for("arcface"), self.margin, self.scale)


class CosFace(nn.Module):
    """The term `cosface`.

    Args:
        dim: D.
        classes: C, how many people there are.
        margin: m, a difference of cosines.
        scale: s.
    """

    def __init__(self, dim: int, classes: int, margin: float = 0.35, scale: float = 64.0) -> None:
        super().__init__()
        self.margin, self.scale = margin, scale
        self.people = People(dim, classes)

    def forward(self, sample: Sample) -> Tensor:
        """See `losses.margins.cosface`."""
        return cosface(self.people(sample.student), sample.labels_for("cosface"), self.margin, self.scale)


class AdaFace(nn.Module):
    """The term `adaface`; mean and deviation of the embeddings' lengths are followed over the batches.

    Args:
        dim: D.
        classes: C, how many people there are.
        margin: m.
        scale: s.
        concentration: h.
        rate: share of the newest batch in the running mean and deviation.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        dim: int,
        classes: int,
        margin: float = 0.4,
        scale: float = 64.0,
        concentration: float = 0.333,
        rate: float = 0.99,
    ) -> None:
        super().__init__()
        self.margin, self.scale, self.concentration, self.rate = margin, scale, concentration, rate
        self.people = People(dim, classes)
        # The starting values of the paper's code; after one batch a hundredth of them is left.
        self.register_buffer("mean", torch.tensor(20.0))
        self.register_buffer("deviation", torch.tensor(100.0))

    def forward(self, sample: Sample) -> Tensor:
        """See `losses.margins.adaface` and `norm_quality`."""
        labels = sample.labels_for("adaface")
        norms = sample.norms.detach().clamp(1e-3, 100)
        # One face has no deviation, and would teach the running one NaN.
        if self.training and len(norms) > 1:
            self.mean = torch.lerp(self.mean, norms.mean().to(self.mean), self.rate)
            self.deviation = torch.lerp(self.deviation, norms.std().to(self.deviation), self.rate)
        quality = norm_quality(norms, self.mean, self.deviation, self.concentration)
        return adaface(self.people(sample.student), labels, quality, self.margin, self.scale)
