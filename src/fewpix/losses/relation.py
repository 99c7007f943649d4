"""Relation level (RLD): how a low-resolution face stands to other faces is how its sharp original does."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def row_kl(
    student: Tensor,
    teacher: Tensor,
    candidates: Tensor,
    blocked: Tensor,
    student_temperature: float = 0.1,
    teacher_temperature: float = 0.1,
) -> Tensor:
    """KL divergence between softmax rows of similarities to other faces.

    As in CO2L's IRD and RRD (arXiv 2407.12073):
    mean_i KL( softmax_k(t_i·c_k/τ_t) ‖ softmax_k(s_i·c_k/τ_s) ) over the candidates that are not blocked. The
    row of a face against itself says nothing about relations, so it must be blocked.

    Args:
        student: (B, D) unit vectors.
        teacher: (B, D) unit vectors of the same faces.
        candidates: (C, D) unit teacher embeddings of other faces.
        blocked: (B, C) bool, True where candidate k is left out of row i.
        student_temperature: τ_s.
        teacher_temperature: τ_t.

    Returns:
        A scalar >= 0. Rows without a candidate are left out; 0 when there is none.
    """
    # A finite stand-in for −inf: 0·(−inf) would be NaN in the sum, and its gradient too.
    low = torch.finfo(student.dtype).min / 4
    goal = (teacher @ candidates.T / teacher_temperature).masked_fill(blocked, low)
    row = (student @ candidates.T / student_temperature).masked_fill(blocked, low)
    target, log_target = F.softmax(goal, dim=1), F.log_softmax(goal, dim=1)
    terms = (target * (log_target - F.log_softmax(row, dim=1))).masked_fill(blocked, 0)
    # A row without a candidate adds 0 and is not counted; nothing here waits for the device to say so.
    return terms.sum() / (~blocked.all(dim=1)).sum().clamp(min=1)


class RelationModule(nn.Module):
    """v_ij = W₂ ReLU(W₁ (a_i − b_j)), L2-normalised: how two embeddings relate (CRRCD, arXiv 2409.02555).

    Args:
        dim: D of the embeddings.
        width: of the hidden layer and of the relation vector.
    """

    def __init__(self, dim: int, width: int = 64) -> None:
        super().__init__()
        self.inner = nn.Linear(dim, width)
        self.outer = nn.Linear(width, width)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """(A, D) and (B, D) to (A, B, width) unit vectors."""
        # W₁(a − b) + c = W₁a − W₁b + c: A + B products instead of A·B.
        hidden = self.inner(left)[:, None, :] - F.linear(right, self.inner.weight)[None, :, :]
        return F.normalize(self.outer(F.relu(hidden)), dim=2)


def contrastive_relation(goal: Tensor, relation: Tensor, defined: Tensor, temperature: float = 0.1) -> Tensor:
    """The contrastive relation loss with the sigmoid critic h(u, v) = σ(cos(u, v)/τ).

    −mean_ij log h(v^t_ij, v^ts_ij) − mean_ij Σ_{k≠j} log(1 − h(v^t_ij, v^ts_ik)), over pairs (i, j) and slots
    k that are defined. The formula is a reconstruction from the abstract and a third party's port, see
    docs/method.md.

    Args:
        goal: (A, B, R) unit relation vectors of the teacher, v^t_ij.
        relation: (A, B, R) unit cross-resolution relation vectors, v^ts_ij.
        defined: (A, B) bool; False where i and j are the same face.
        temperature: τ.

    Returns:
        A scalar >= 0; 0 when no pair is defined. Memory: A·B² values, so keep A small.
    """
    score = torch.einsum("ijr,ikr->ijk", goal, relation) / temperature
    pair = defined[:, :, None] & defined[:, None, :]
    same = torch.eye(score.shape[1], dtype=torch.bool, device=score.device)[None]
    # log h = −softplus(−x) and log(1 − h) = −softplus(x), without overflow.
    positive = F.softplus(-score).masked_fill(~(pair & same), 0).sum()
    negative = F.softplus(score).masked_fill(~(pair & ~same), 0).sum()
    return (positive + negative) / defined.sum().clamp(min=1)
