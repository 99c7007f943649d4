"""Student backbones that see a face at its native resolution, so that cost falls with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

STRIDE_STAGES = 3
"""Halvings between the input and the last stage: the input's side must be a multiple of 8."""

_KEPT_FACES = 4


class ConvBN(nn.Module):
    """Convolution (3×3 unless said otherwise) and BatchNorm, with PReLU or without."""

    def __init__(
        self,
        inside: int,
        outside: int,
        stride: int = 1,
        *,
        kernel: int = 3,
        groups: int = 1,
        active: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outside)
        self.act: nn.Module = nn.PReLU(outside) if active else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, inside, h, w) to (B, outside, ⌈h/stride⌉, ⌈w/stride⌉)."""
        out: Tensor = self.act(self.bn(self.conv(x)))
        return out


class Residual(nn.Module):
    """x + two convolutions, then PReLU (He et al., CVPR 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = ConvBN(width, width)
        self.second = ConvBN(width, width, active=False)
        self.act = nn.PReLU(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, h, w) to the same shape."""
        out: Tensor = self.act(x + self.second(self.first(x)))
        return out


class Head(nn.Module):
    """The last map to an embedding: one linear layer over all positions, and a BatchNorm to centre the space.

    Global pooling would forget where the eyes are; in an aligned face, position is information.
    """

    def __init__(self, features: int, dim: int) -> None:
        super().__init__()
        self.fc = nn.Linear(features, dim)
        self.bn = nn.BatchNorm1d(dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) to (B, dim)."""
        out: Tensor = self.bn(self.fc(torch.flatten(x, 1)))
        return out


class ResidualStudent(nn.Module):
    """A plain residual network with four stages at side, side/2, side/4 and side/8.

    Args:
        widths: channels of the stages.
        depths: residual blocks in each.
        side: of the input in pixels, a multiple of 8.
        dim: of the embedding.
    """

    def __init__(self, widths: Sequence[int], depths: Sequence[int], side: int, dim: int) -> None:
        super().__init__()
        self.side = side
        stages: list[nn.Module] = []
        for n, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            entry = ConvBN(3, width) if n == 0 else ConvBN(widths[n - 1], width, stride=2)
            stages.append(nn.Sequential(entry, *(Residual(width) for _ in range(depth))))
        self.stages = nn.Sequential(*stages)
        self.head = Head(widths[-1] * (side // 2**STRIDE_STAGES) ** 2, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, side, side) preprocessed faces to (B, dim) embeddings, not normalised."""
        out: Tensor = self.head(self.stages(x))
        return out


class Separable(nn.Module):
    """A depthwise 3×3 and a pointwise convolution, BatchNorm and PReLU behind each (MobileNet v1)."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.depth = ConvBN(inside, inside, stride, groups=inside)
        self.point = ConvBN(inside, outside, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inside, h, w) to (B, outside, ⌈h/stride⌉, ⌈w/stride⌉)."""
        out: Tensor = self.point(self.depth(x))
        return out


def _separables(inside: int, blocks: Sequence[tuple[int, int]]) -> nn.Sequential:
    """Separable blocks of these (channels, stride), one behind the other."""
    widths = [inside, *(width for width, _ in blocks)]
    return nn.Sequential(*(Separable(widths[n], width, stride) for n, (width, stride) in enumerate(blocks)))


def _side_behind(side: int, blocks: Sequence[tuple[int, int]]) -> int:
    """The side of the map behind blocks of these (channels, stride)."""
    for _, stride in blocks:
        side = -(-side // stride)
    return side


class WholeStudent(nn.Module):
    """All layers of a MobileNet-like recogniser at its own resolution: a teacher, to be tuned on small faces.

    Args:
        first: channels of the dense convolution at the beginning.
        blocks: (channels, stride) of each separable block.
        side: of the input in pixels.
        dim: of the embedding.
        eps: of the BatchNorms behind convolutions. Where a channel hardly varies, it decides how much of that
            is seen, also in training, and must be the teacher's.
    """

    def __init__(
        self, first: int, blocks: Sequence[tuple[int, int]], side: int, dim: int, eps: float
    ) -> None:
        super().__init__()
        self.side = side
        self._kept: list[nn.Module] = []
        width = blocks[-1][0]
        self.entry = ConvBN(3, first)
        self.blocks = _separables(first, blocks)
        for layer in self.modules():
            if isinstance(layer, ConvBN):
                layer.bn.eps = eps
        self.last = nn.Sequential(OrderedDict(bn=nn.BatchNorm2d(width)))
        self.head = Head(width * _side_behind(side, blocks) ** 2, dim)

    def keep(self, blocks: int) -> None:
        """Train no more the first convolution and this many blocks behind it; their BatchNorms stay as they
        are, in training mode too.

        Args:
            blocks: fewer than there are.
        """
        self._kept = [self.entry, *(self.blocks[n] for n in range(blocks))]
        for part in self._kept:
            part.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> WholeStudent:
        """As of any module, but what is kept stays in evaluation mode."""
        super().train(mode)
        for part in self._kept:
            part.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, side, side) preprocessed faces to (B, dim) embeddings, not normalised."""
        if self._kept:
            # A few faces at a time: their maps stay in the CPU's cache, and nothing is kept for gradients.
            x = torch.cat([self._run_kept(part) for part in torch.split(x, _KEPT_FACES)])
            blocks = self.blocks[len(self._kept) - 1 :]
        else:
            x, blocks = self.entry(x), self.blocks
        out: Tensor = self.head(self.last(blocks(x)))
        return out

    def _run_kept(self, x: Tensor) -> Tensor:
        for part in self._kept:
            x = part(x)
        return x


class SeparableStudent(nn.Module):
    """A small dense stem at the face's own resolution, then the deep layers of a MobileNet-like recogniser.

    The trunk has the widths and strides of a teacher's last separable blocks, so that it can start from them
    (`train.transplant`), at their resolution or at half of it. The layers that the teacher has before them
    give way to the stem. For a cheaper student, a block may stand for several of the teacher's in a row.

    Args:
        stem: channels at side and at side/2.
        depth: residual blocks of the stem, at side/2.
        trunk: (channels, stride) of each separable block.
        rank: channels that the last feature map is squeezed to before the head reads every position of it.
        side: of the input in pixels.
        dim: of the embedding.
        coarser: 1 for a trunk at the teacher's resolution, 2 for one at half of it.
        merged: how many of the teacher's blocks each block of the trunk stands for; one each when empty.
        entry: channels that the trunk reads; those of its first block when 0.
    """

    def __init__(
        self,
        stem: tuple[int, int],
        depth: int,
        trunk: Sequence[tuple[int, int]],
        rank: int,
        side: int,
        dim: int,
        coarser: int = 2,
        *,
        merged: Sequence[int] = (),
        entry: int = 0,
    ) -> None:
        super().__init__()
        self.side, self.coarser = side, coarser
        self.merged = tuple(merged) or (1,) * len(trunk)
        first, second = stem
        entry = entry or trunk[0][0]
        self.stem = nn.Sequential(
            ConvBN(3, first),
            ConvBN(first, second, stride=2),
            *(Residual(second) for _ in range(depth)),
            ConvBN(second, entry, kernel=1),
        )
        self.trunk = _separables(entry, trunk)
        self.squeeze = ConvBN(trunk[-1][0], rank, kernel=1, active=False)
        self.head = Head(rank * _side_behind(-(-side // 2), trunk) ** 2, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, side, side) preprocessed faces to (B, dim) embeddings, not normalised."""
        out: Tensor = self.head(self.squeeze(self.trunk(self.stem(x))))
        return out
