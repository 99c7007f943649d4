"""The term `rkd`: the figure that the faces form is the same, at any scale and turned in any way."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fewpix.losses.geometry import TOUCHING, directions, distances
from fewpix.losses.sample import Sample


def rkd_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Distance-wise relational distillation (Park et al., RKD, arXiv 1904.05068).

    mean_{i≠j} huber(‖s_i − s_j‖/μ_s − ‖t_i − t_j‖/μ_t), μ the mean distance over the pairs, with gradient.

    Args:
        student: (B, D).
        teacher: (B, D') of the same faces.

    Returns:
        A scalar >= 0; 0 for fewer than two faces. Where faces coincide the gradient of their distance is 0;
        where all of them do, the distances count as 0. Memory: B² numbers, a few times.
    """
    pairs = ~torch.eye(len(student), dtype=torch.bool, device=student.device)
    if not bool(pairs.any()):
        return student.sum() * 0
    found, goal = (_by_mean(distances(points, points)[pairs]) for points in (student, teacher))
    return F.smooth_l1_loss(found, goal)


def _by_mean(values: Tensor) -> Tensor:
    """Values over their mean; all zero where they are."""
    mean = values.mean()
    return values / torch.where(mean > 0, mean, torch.ones_like(mean))


def rkd_angle(student: Tensor, teacher: Tensor, anchors: int) -> Tensor:
    """Angle-wise relational distillation (RKD, arXiv 1904.05068).

    mean huber(cos ∠ s_i s_j s_k − cos ∠ t_i t_j t_k) over the triples of different faces with the vertex j
    among the first `anchors`, where the teacher has both directions.

    Args:
        student: (B, D).
        teacher: (B, D') of the same faces.
        anchors: A, how many faces are vertices.

    Returns:
        A scalar in 0..1.5; 0 where there is no triple. A student that lies on its vertex has no direction:
        the cosine counts as 0 there, without gradient. Memory: A·B·(B + D) numbers, a few times.
    """
    index = torch.arange(len(teacher), device=teacher.device)
    apart = (distances(teacher[:anchors], teacher) > TOUCHING) & (index[:anchors, None] != index[None, :])
    triples = apart[:, :, None] & apart[:, None, :] & (index[:, None] != index[None, :])
    if not bool(triples.any()):
        return student.sum() * 0
    found, goal = (
        torch.einsum("jid,jkd->jik", rays, rays)
        for rays in (directions(points[:anchors], points) for points in (student, teacher))
    )
    gaps = F.smooth_l1_loss(found, goal, reduction="none")
    return gaps.masked_fill(~triples, 0).sum() / triples.sum()


class RKD(nn.Module):
    """The term `rkd`.

    Args:
        dim: D; not used.
        distance: weight of `rkd_distance`.
        angle: weight of `rkd_angle`; both as in the paper's metric learning and in RepDistiller.
        anchors: how many faces of the batch are vertices; bounds the memory at anchors·B² numbers, a few
            times (8 MB each at 32 anchors and a batch of 256).
    """

    def __init__(self, dim: int, distance: float = 25.0, angle: float = 50.0, anchors: int = 32) -> None:
        super().__init__()
        self.distance, self.angle, self.anchors = distance, angle, anchors

    def forward(self, sample: Sample) -> Tensor:
        """The weighted sum of the two."""
        spread = rkd_distance(sample.student, sample.teacher)
        return self.distance * spread + self.angle * rkd_angle(sample.student, sample.teacher, self.anchors)
