"""Noise-contrastive estimation with a constant for the partition function, the critic of CRD and CRCD."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def nce(positive: Tensor, negative: Tensor, blocked: Tensor, log_z: Tensor, defined: Tensor) -> Tensor:
    """Is a score the partner's or noise's (Gutmann and Hyvärinen 2010; CRD, arXiv 1910.10699, eq. 18).

    −mean_a [ log h(u⁺_a) + Σ_k log(1 − h(u_ak)) ] with h(u) = e^u / (e^u + K_a Z), over the K_a negatives of
    anchor a that are not blocked. This is RepDistiller's p/(p + K/n) with p = e^u/(n Z): the number n of
    images cancels. Written as σ(u − log(K Z)) it needs no ε against log 0.

    Args:
        positive: (…) scores of the partners, cosine over temperature.
        negative: (…, K) scores of others.
        blocked: (…, K) bool, True where an other is no negative.
        log_z: log Z, a scalar; Z is the mean of e^u over noise.
        defined: (…) bool, True for the anchors that count.

    Returns:
        A scalar >= 0; 0 when no anchor is defined. An anchor without negatives adds 0. Memory: the size of
        `negative`, a few times.
    """
    if not bool(defined.any()):
        return positive.sum() * 0
    kept = ~blocked & defined[..., None]
    # log 0 = −inf makes h = 1 for an anchor without negatives; its gradient is then exactly 0.
    noise = kept.sum(dim=-1).to(positive.dtype).log() + log_z
    partner = F.softplus(noise - positive).masked_fill(~defined, 0).sum()
    # −inf must not meet the masked scores: inf·0 would be NaN.
    level = torch.where(kept.any(dim=-1), noise, 0.0)[..., None]
    others = F.softplus(negative - level).masked_fill(~kept, 0).sum()
    return (partner + others) / defined.sum()


def log_mean(scores: Tensor, kept: Tensor) -> Tensor:
    """The logarithm of the mean of e^u over the scores that are kept; there must be one."""
    return torch.logsumexp(scores[kept], dim=0) - kept.sum().to(scores.dtype).log()


class Partition(nn.Module):
    """Z: the mean score of the first batch that has negatives, from then on fixed, as in RepDistiller.

    Unlike there the positives are left out: the first batch has few negatives here, and one trained pair
    among them would be most of the mean. `log_z` is infinite until it is estimated, and part of the
    checkpoint. In eval mode nothing is kept: before the first estimate each batch has its own.
    """

    log_z: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("log_z", torch.tensor(torch.inf))

    def forward(self, negative: Tensor, blocked: Tensor) -> Tensor:
        """(…, K) scores and what is blocked of them to log Z, without gradient."""
        if not bool(torch.isinf(self.log_z)):
            return self.log_z.clone()
        kept = ~blocked
        if not bool(kept.any()):
            return torch.zeros_like(self.log_z)
        found = log_mean(negative.detach(), kept).to(self.log_z)
        if self.training:
            self.log_z.copy_(found)
        return found
