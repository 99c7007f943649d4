"""Instance level (ILD): a low-resolution face goes where the teacher puts its sharp original."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def cosine(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean of 1 − s_i·t_i (F-SKD, arXiv 2303.04681, on embeddings).

    Args:
        student: (B, D) unit vectors.
        teacher: (B, D) unit vectors.

    Returns:
        A scalar in 0..2.

    Example:
        >>> import torch
        >>> a = torch.tensor([[1.0, 0.0]])
        >>> cosine(a, torch.tensor([[0.0, 1.0]])).item()
        1.0
    """
    return (1 - (student * teacher).sum(dim=1)).mean()


def infonce(student: Tensor, candidates: Tensor, blocked: Tensor, temperature: float = 0.07) -> Tensor:
    """InfoNCE with the teacher's embedding of the same face as positive (van den Oord et al. 2018, eq. 4).

    −mean_i log( exp(s_i·c_i/τ) / Σ_k exp(s_i·c_k/τ) ), the sum over all candidates that are not blocked.

    Args:
        student: (B, D) unit vectors.
        candidates: (B + K, D) unit teacher embeddings; the first B are the positives, in the order of
            `student`.
        blocked: (B, B + K) bool, True where a candidate is no negative (another picture of the same face);
            the positives themselves are always kept.
        temperature: τ.

    Returns:
        A scalar >= 0; 0 when nothing but the positives is left.
    """
    logits = student @ candidates.T / temperature
    index = torch.arange(len(student), device=student.device)
    hidden = blocked.clone()
    hidden[index, index] = False
    return F.cross_entropy(logits.masked_fill(hidden, -torch.inf), index)
