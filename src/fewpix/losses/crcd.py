"""The term `crcd`: from another face, the small face lies in the same direction as the sharp one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fewpix.losses.geometry import directions
from fewpix.losses.nce import Partition, nce
from fewpix.losses.sample import Sample


def crcd_scores(student: Tensor, teacher: Tensor, anchors: int, temperature: float) -> Tensor:
    """How alike a small face's relation to an anchor and every sharp face's relation to it are.

    u_jik = r^ts_ji · r^t_jk / τ with r^ts_ji = unit(s_i − t_j) and r^t_jk = unit(t_k − t_j) (CRCD, arXiv
    2103.16367, without its learned relation modules).

    Args:
        student: (B, D) unit vectors.
        teacher: (B, D) unit vectors.
        anchors: A, how many faces of the batch take the place of j.
        temperature: τ.

    Returns:
        (A, B, B) by j, i and k. Memory: A·B·(B + 2·D) numbers.
    """
    crossing = directions(teacher[:anchors], student)
    within = directions(teacher[:anchors], teacher)
    return torch.einsum("jid,jkd->jik", crossing, within) / temperature


def crcd(scores: Tensor, blocked: Tensor, log_z: Tensor) -> Tensor:
    """The contrast: of all sharp faces' relations to the anchor, i's own is the one (`nce`).

    Args:
        scores: (A, B, B) from `crcd_scores`.
        blocked: (B, B) bool, True where two faces of the batch are of the same person.
        log_z: log Z, see `nce`.

    Returns:
        A scalar >= 0; 0 when no pair (j, i) is defined.
    """
    defined, hidden = crcd_masks(blocked, len(scores))
    return nce(scores.diagonal(dim1=1, dim2=2), scores, hidden, log_z, defined)


def crcd_masks(blocked: Tensor, anchors: int) -> tuple[Tensor, Tensor]:
    """Which pairs have a relation, and which are no negatives.

    Args:
        blocked: (B, B) bool, True where two faces are of the same person.
        anchors: A.

    Returns:
        (A, B) bool, True where j and i are two people; (A, B, B) bool, True where k is i's or j's person, or
        where (j, i) has no relation.
    """
    index = torch.arange(len(blocked), device=blocked.device)
    same = blocked | (index[:, None] == index[None, :])
    defined = ~same[:anchors]
    return defined, same[None] | same[:anchors, None, :] | ~defined[:, :, None]


class CRCD(nn.Module):
    """The term `crcd`.

    The public code has a second direction, from the student's bank, which trains the teacher's projection
    only. Here student and teacher write into one space, nothing is projected, and it would train nothing.
    Its relation between gradients is not built either.

    Args:
        dim: D; not used.
        temperature: τ.
        anchors: how many faces of the batch take the place of j; bounds the memory at anchors·B² numbers, a
            few times (8 MB each at 32 anchors and a batch of 256).
    """

    def __init__(self, dim: int, temperature: float = 0.05, anchors: int = 32) -> None:
        super().__init__()
        self.temperature, self.anchors = temperature, anchors
        self.z = Partition()

    def forward(self, sample: Sample) -> Tensor:
        """See `crcd_scores` and `crcd`."""
        batch = len(sample.teacher)
        scores = crcd_scores(sample.student, sample.teacher, self.anchors, self.temperature)
        blocked = sample.blocked[:, :batch]
        return crcd(scores, blocked, self.z(scores, crcd_masks(blocked, len(scores))[1]))
