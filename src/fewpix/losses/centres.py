"""The term `adadistill`: people's weight vectors are averages of the teacher's embeddings, and not learnt."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fewpix.losses.geometry import unit
from fewpix.losses.groups import Groups
from fewpix.losses.margins import arcface
from fewpix.losses.sample import Sample


def moved_centres(centres: Tensor, student: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
    """The teacher's centre of each person in the batch, moved (Boutros et al., AdaDistill, arXiv 2407.01332).

    w_y ← α w_y + (1 − α) t_i with α = clamp(s_i·t_i · clamp(cos(w_y, t_i), 10⁻⁶, 1), 10⁻⁶, 1): while the
    student is far from the teacher the centre is the picture's own embedding, which is easy to reach; later
    it is an average over the person's pictures, the further from t_i the less it stays. Several pictures of
    a person in one batch are averaged, where the public code keeps the last one written.

    Args:
        centres: (C, D), of any length; zero where a person has not been seen.
        student: (B, D) unit vectors.
        teacher: (B, D) unit vectors.
        labels: (B,) int64, from 0, or -1 where unknown; such faces move nothing.

    Returns:
        (C, D), new; no gradient.
    """
    with torch.no_grad():
        known = labels >= 0
        if not bool(known.any()):
            return centres.clone()
        student, teacher, labels = student[known], teacher[known], labels[known]
        old = centres[labels]
        typical = (unit(old) * teacher).sum(dim=1).clamp(1e-6, 1)
        learnt = (student * teacher).sum(dim=1)
        kept = (learnt * typical).clamp(1e-6, 1)[:, None]
        groups = Groups(labels)
        return centres.index_copy(0, groups.numbers, groups.mean(kept * old + (1 - kept) * teacher))


class AdaDistill(nn.Module):
    """The term `adadistill`: ArcFace against centres that the teacher spans and nobody learns.

    Args:
        dim: D.
        classes: C, how many people there are.
        margin: m of ArcFace, radians.
        scale: s of ArcFace.

    Memory: C·D numbers that every checkpoint holds, and B·C while it is computed.
    """

    centres: Tensor

    def __init__(self, dim: int, classes: int, margin: float = 0.5, scale: float = 64.0) -> None:
        super().__init__()
        self.margin, self.scale = margin, scale
        # Zero has the cosine 0 to everything: a person not yet seen takes the first embedding as it is.
        self.register_buffer("centres", torch.zeros(classes, dim))

    def forward(self, sample: Sample) -> Tensor:
        """The centres move first, as in the public code; in eval mode they stay."""
        labels = sample.labels_for("adadistill")
        if self.training:
            moved = moved_centres(self.centres, sample.student.detach(), sample.teacher, labels)
            self.centres = moved
        return arcface(sample.student @ unit(self.centres).T, labels, self.margin, self.scale)
