"""Least squares for the layers of a transplant: pure functions on feature maps, without a gradient."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CHUNK = 32
"""Faces whose maps are in float32 at a time."""

RIDGE = 2e-3
"""Of a convolution, in shares of its inputs' mean power."""

HEAD_RIDGES = (1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Of the head, which has as many inputs as there are faces; faces that it is not fitted to choose."""


def parts(x: Tensor) -> tuple[Tensor, ...]:
    """Some faces at a time."""
    return torch.split(x, CHUNK)


def coarsened(x: Tensor, times: int) -> Tensor:
    """(N, C, h, w) to float32 at the student's resolution, `times` coarser: 1 (as it is) or 2.

    By 2, it is a binomial blur of 3 taps at every second position, (N, C, ⌈h/2⌉, ⌈w/2⌉). Strided
    convolutions are centred on every second position, in the teacher as in the student, so that position n of
    the result is position 2n of x.
    """
    if times == 1:
        return x.float()
    taps = torch.tensor([1.0, 2.0, 1.0])
    width = x.shape[1]
    kernel = (taps[:, None] * taps).expand(width, 1, 3, 3).contiguous()
    inside = F.conv2d(torch.ones(1, width, *x.shape[2:]), kernel, None, 2, 1, 1, width)
    return torch.cat([F.conv2d(part.float(), kernel, None, 2, 1, 1, width) / inside for part in parts(x)])


def interpolation(coarse: int, fine: int, times: int) -> Tensor:
    """(fine, coarse) weights that read a coarse row at fine positions; coarse n lies at times · n."""
    at = torch.arange(fine) / times
    low = at.floor().long().clamp_max(coarse - 1)
    high = (low + 1).clamp_max(coarse - 1)
    share = at - low
    out = torch.zeros(fine, coarse)
    out[torch.arange(fine), low] += 1 - share
    out[torch.arange(fine), high] += share
    return out


def affine(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Gain and shift (C,) of a BatchNorm in evaluation mode: it computes gain · x + shift."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
    return gain, norm.bias - norm.running_mean * gain


def solve_depthwise(
    x: Tensor, target: Tensor, stride: int, prior: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, Tensor]:
    """The depthwise 3×3 convolution of x nearest to the target, each channel for itself.

    Args:
        x: (N, C, h, w).
        target: (N, C, ⌈h/stride⌉, ⌈w/stride⌉).
        stride: of the convolution; its padding is 1.
        prior: kernel (C, 1, 3, 3) and bias (C,) that it is drawn towards; 0 if there is none.

    Returns:
        Kernel (C, 1, 3, 3) and bias (C,).
    """
    width = x.shape[1]
    gram = torch.zeros(width, 10, 10, dtype=torch.float64)
    right = torch.zeros(width, 10, dtype=torch.float64)
    for part, wanted in zip(parts(x), parts(target), strict=True):
        taps = F.unfold(part.float(), 3, padding=1, stride=stride).view(len(part), width, 9, -1)
        taps = taps.permute(1, 0, 3, 2).reshape(width, -1, 9)
        taps = torch.cat([taps, torch.ones(*taps.shape[:2], 1)], 2)
        gram += (taps.mT @ taps).double()
        right += (taps.mT @ wanted.transpose(0, 1).reshape(width, -1, 1)).squeeze(2).double()
    pull = RIDGE * gram.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
    pull = pull * torch.eye(10, dtype=torch.float64)
    if prior is not None:
        wanted = torch.cat([prior[0].flatten(1), prior[1][:, None]], 1).double()
        right += (pull @ wanted[:, :, None]).squeeze(2)
    found = torch.linalg.solve(gram + pull, right).float()
    return found[:, :9].reshape(width, 1, 3, 3), found[:, 9]


def solve_pointwise(x: Tensor, target: Tensor, kernel: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The 1×1 convolution of x nearest to the target, drawn towards a given one.

    Args:
        x: (N, C, h, w).
        target: (N, D, h, w).
        kernel: (D, C) of the one that it is drawn towards.
        bias: (D,) of it.

    Returns:
        Kernel (D, C, 1, 1) and bias (D,).
    """
    width = x.shape[1]
    gram = torch.zeros(width + 1, width + 1, dtype=torch.float64)
    right = torch.zeros(width + 1, target.shape[1], dtype=torch.float64)
    for part, wanted in zip(parts(x), parts(target), strict=True):
        rows = part.float().permute(0, 2, 3, 1).reshape(-1, width)
        rows = torch.cat([rows, torch.ones(len(rows), 1)], 1)
        gram += (rows.T @ rows).double()
        right += (rows.T @ wanted.permute(0, 2, 3, 1).reshape(len(rows), -1)).double()
    prior = torch.cat([kernel.T, bias[None]]).double()
    pull = RIDGE * gram.diagonal().mean()
    eye = torch.eye(width + 1, dtype=torch.float64)
    found = torch.linalg.solve(gram + pull * eye, right + pull * prior).float()
    return found[:-1].T[:, :, None, None], found[-1]


def principal(rows: Tensor, x: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The best approximation of linear maps by `rank` common channels, under the covariance of what they
    read.

    Args:
        rows: (M, C), each a map from C channels to a number.
        x: (N, C, h, w), what they read; its covariance is taken over faces and positions.
        rank: at most C.

    Returns:
        squeeze (rank, C) and factors (M, rank) with factors @ squeeze ≈ rows.
    """
    covariance = torch.cov(x.float().permute(1, 0, 2, 3).flatten(1)).double()
    values, vectors = torch.linalg.eigh(covariance)
    values = values.clamp_min(1e-6 * float(values.max()))
    root, inverse = ((vectors * values**power) @ vectors.T for power in (0.5, -0.5))
    left, strength, right = torch.linalg.svd(rows.double() @ root, full_matrices=False)
    return (right[:rank] @ inverse).float(), (left[:, :rank] * strength[:rank]).float()


def ridge(inputs: Tensor, wanted: Tensor, start: Tensor, pull: float) -> tuple[Tensor, Tensor]:
    """A linear layer from inputs to what is wanted, drawn towards `start`.

    Args:
        inputs: (N, K).
        wanted: (N, D).
        start: (D, K).
        pull: in shares of the inputs' mean power.

    Returns:
        Weight (D, K) and bias (D,).
    """
    at, to = inputs.mean(0), wanted.mean(0)
    gram, right = ((inputs - at).T @ (inputs - at)).double(), ((inputs - at).T @ (wanted - to)).double()
    pulled = pull * gram.diagonal().mean()
    eye = torch.eye(len(gram), dtype=torch.float64)
    weight = torch.linalg.solve(gram + pulled * eye, right + pulled * start.T.double()).float().T
    return weight.contiguous(), to - weight @ at
