"""Margins for faces with labels: a face is to be nearer to its own person than to others by some."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def arcface(cosines: Tensor, labels: Tensor, margin: float = 0.5, scale: float = 64.0) -> Tensor:
    """Cross-entropy with cos(θ_y + m) for the own person (Deng et al., ArcFace, arXiv 1801.07698).

    Past θ_y = π − m, where cos(θ + m) would rise again with θ, the own cosine is cos θ − m sin m instead, as
    in the paper's code: it goes on falling, after one step down by cos m + m sin m − 1 (0.12 at m = 0.5).

    Args:
        cosines: (B, C) of the faces to the people's weight vectors.
        labels: (B,) int64, the person from 0, or -1 where unknown.
        margin: m, radians.
        scale: s.

    Returns:
        A scalar >= 0; 0 when no face has a label.
    """
    own = _own(cosines, labels)
    past = own < -math.cos(margin)
    target = torch.where(past, own - margin * math.sin(margin), turned(own, torch.full_like(own, margin)))
    return margin_softmax(cosines, labels, target, scale)


def cosface(cosines: Tensor, labels: Tensor, margin: float = 0.35, scale: float = 64.0) -> Tensor:
    """Cross-entropy with cos θ_y − m for the own person (Wang et al., CosFace, arXiv 1801.09414).

    Arguments and result as `arcface`, but `margin` is a difference of cosines.
    """
    return margin_softmax(cosines, labels, _own(cosines, labels) - margin, scale)


def adaface(
    cosines: Tensor, labels: Tensor, quality: Tensor, margin: float = 0.4, scale: float = 64.0
) -> Tensor:
    """Cross-entropy with cos(θ_y − m q) − m (1 + q) for the own person (Kim et al., arXiv 2204.00964).

    A good picture (q = 1) is pushed by an additive margin and most when it is hard; a poor one (q = −1) by an
    angular one, and least when it is hard: it may not be recognisable at all. The angle θ − m q stays in
    0..π, as in the paper's code; where it is held there, the own cosine has no gradient.

    Args:
        cosines: (B, C) as in `arcface`.
        labels: (B,) as in `arcface`.
        quality: (B,) in −1..1, see `norm_quality`; no gradient flows into it in the paper.
        margin: m.
        scale: s.

    Returns:
        A scalar >= 0; 0 when no face has a label.
    """
    target = turned(_own(cosines, labels), -margin * quality) - margin * (1 + quality)
    return margin_softmax(cosines, labels, target, scale)


def norm_quality(norms: Tensor, mean: Tensor, deviation: Tensor, concentration: float = 0.333) -> Tensor:
    """The length of an embedding as the quality of its picture, in −1..1 (AdaFace, arXiv 2204.00964).

    clip(h (‖z‖ − μ)/σ, −1, 1), without gradient.

    Args:
        norms: (B,) lengths of the embeddings before normalisation.
        mean: μ, running mean of the lengths, a scalar.
        deviation: σ, running standard deviation.
        concentration: h.
    """
    gap = norms.detach() - mean.detach()
    # As in the paper's code, so that equal lengths are not divided by 0.
    return (concentration * gap / (deviation.detach() + 1e-3)).clamp(-1, 1)


def turned(cosines: Tensor, angle: Tensor) -> Tensor:
    """cos(θ + a) from cos θ, with θ + a held in 0..π; no arc cosine.

    cos θ cos a − sin θ sin a with sin θ = √((1 − c)(1 + c)). Where θ + a is held, and where sin θ is 0, its
    gradient is 0 and not infinite: seen from the embedding, identical and opposite vectors have no direction
    to turn in.

    Args:
        cosines: (…) in −1..1, or a rounding error outside.
        angle: (…) in −π..π, radians.
    """
    square = (1 - cosines) * (1 + cosines)
    bent = square > 0
    sine = torch.where(bent, torch.where(bent, square, 1.0).sqrt(), 0.0)
    result = cosines * angle.cos() - sine * angle.sin()
    # θ > π − a and θ < −a, said in cosines: the cosine falls over 0..π.
    beyond = (angle > 0) & (cosines < -angle.cos())
    before = (angle < 0) & (cosines > angle.cos())
    return result.masked_fill(beyond, -1.0).masked_fill(before, 1.0)


def margin_softmax(cosines: Tensor, labels: Tensor, target: Tensor, scale: float) -> Tensor:
    """Cross-entropy of scaled cosines with the own person's replaced; the inputs are left alone.

    Args:
        cosines: (B, C).
        labels: (B,) int64, from 0, or -1 where unknown; such faces are left out.
        target: (B,) what stands for the own person's cosine.
        scale: s.

    Returns:
        A scalar >= 0, the mean over the faces with a label; 0 when there is none. Memory: B·C numbers, a few
        times.
    """
    known = labels >= 0
    if not bool(known.any()):
        return cosines.sum() * 0
    rows, own = cosines[known], labels[known]
    logits = torch.scatter(rows, 1, own[:, None], target[known][:, None])
    return F.cross_entropy(scale * logits, own)


def _own(cosines: Tensor, labels: Tensor) -> Tensor:
    """(B,) cosine to the own person's weight vector; to the first one where the person is unknown."""
    return cosines.gather(1, labels.clamp(min=0)[:, None])[:, 0]
