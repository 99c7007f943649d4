"""The term `octuplet`: the baseline of four batch-hard triplets across two resolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fewpix.losses.geometry import distances
from fewpix.losses.sample import Sample


def octuplet(high: Tensor, low: Tensor, labels: Tensor, margin: float = 0.5) -> Tensor:
    """Four triplet losses with the hardest pairs of the batch (Knoche et al., arXiv 2207.06726).

    T(high, high) + T(high, low) + T(low, high) + T(low, low) with T(a, b) the mean over anchors i of
    max(0, max_p ‖a_i − b_p‖ − min_n ‖a_i − b_n‖ + m), p another picture of i's person and n one of another
    person. As published, a picture and its own low-resolution view are no pair.

    The public code counts the hardest positive as 0 for an anchor without another picture of its person, and
    detaches its distances. Here anchors without a positive or without a negative are left out, and the
    gradient is the true one; where two points coincide that of their distance is 0.

    Args:
        high: (B, D) embeddings of the sharp faces.
        low: (B, D) embeddings of their low-resolution views.
        labels: (B,) int64, the person from 0, or -1 where unknown; such faces take no part.
        margin: m, a difference of Euclidean distances.

    Returns:
        A scalar >= 0; 0 when no face has both a partner and an opponent. Memory: B² numbers, some ten times.
    """
    known = labels >= 0
    high, low, labels = high[known], low[known], labels[known]
    same = labels[:, None] == labels[None, :]
    partner = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    counted = partner.any(dim=1) & (~same).any(dim=1)
    if not bool(counted.any()):
        return (high.sum() + low.sum()) * 0
    total = torch.zeros((), dtype=low.dtype, device=low.device)
    for anchors, others in ((high, high), (high, low), (low, high), (low, low)):
        gaps = distances(anchors[counted], others)
        farthest = gaps.masked_fill(~partner[counted], -torch.inf).amax(dim=1)
        nearest = gaps.masked_fill(same[counted], torch.inf).amin(dim=1)
        total = total + (farthest - nearest + margin).clamp(min=0).mean()
    return total


class Octuplet(nn.Module):
    """The term `octuplet`.

    In the paper one network embeds both resolutions. Here the sharp faces are the frozen teacher's, so that
    T(high, high) is a constant, and the other three train the student.

    Args:
        dim: D; not used.
        classes: how many people there are; not used.
        margin: m.
    """

    def __init__(self, dim: int, classes: int, margin: float = 0.5) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, sample: Sample) -> Tensor:
        """See `octuplet`."""
        return octuplet(sample.teacher, sample.student, sample.labels_for("octuplet"), self.margin)
