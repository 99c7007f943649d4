"""Faster gradients on the CPU for two layers whose backward pass in PyTorch is far slower than it need be.

They are PReLU, and the depthwise convolution with stride 2 (`benchmarks/training/step.py`). The functions are
the same; only how their gradients are computed differs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


class _PReLU(torch.autograd.Function):
    """PReLU with one slope per channel, on (B, C, h, w)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return F.prelu(x, slope.to(x.dtype))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        x, slope = ctx.saved_tensors
        grad, width = grads[0].contiguous(memory_format=torch.channels_last), slope.numel()
        above = torch.ops.aten.threshold_backward(grad, x, 0)  # the gradient where x > 0, else 0
        below = grad - above  # exact: one of the two is 0
        above.addcmul_(below, slope.to(grad.dtype).view(1, -1, 1, 1))
        # In place: the memory for one more map costs as much as the arithmetic.
        to_slope = below.mul_(x).permute(0, 2, 3, 1).reshape(-1, width).sum(0)
        return above, to_slope.to(slope.dtype)


class _HalvingDepthwise(torch.autograd.Function):
    """A depthwise 3×3 convolution with stride 2 and padding 1."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor) -> Tensor:
        ctx.dtype = kernel.dtype
        kernel = kernel.to(x.dtype)
        ctx.save_for_backward(x, kernel)
        return F.conv2d(x, kernel, None, 2, 1, 1, len(kernel))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        x, kernel = ctx.saved_tensors
        grad = grads[0].contiguous(memory_format=torch.channels_last)
        to_kernel = torch.ops.aten.convolution_backward(
            grad, x, kernel, None, [2, 2], [1, 1], [1, 1], False, [0, 0], len(kernel), [False, True, False]
        )[1]
        # The transposed convolution: zeros between the gradients, then an ordinary one, the kernel turned.
        spread = torch.zeros_like(x, dtype=grad.dtype, memory_format=torch.channels_last)
        spread[:, :, ::2, ::2] = grad
        return F.conv2d(spread, kernel.flip(2, 3), None, 1, 1, 1, len(kernel)), to_kernel.to(ctx.dtype)


class _FastPReLU(nn.PReLU):
    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = _PReLU.apply(x, self.weight)  # type: ignore[no-untyped-call]
        return out


class _FastHalvingDepthwise(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        if torch.is_autocast_enabled(x.device.type):
            x = x.to(torch.get_autocast_dtype(x.device.type))
        out: Tensor = _HalvingDepthwise.apply(x, self.weight)  # type: ignore[no-untyped-call]
        return out


def quicken(model: nn.Module) -> nn.Module:
    """Give the layers that have one the faster gradient, in place; parameters and their names stay.

    Args:
        model: to be trained on the CPU, in float32 or under autocast to bfloat16.

    Returns:
        The same model.
    """
    for module in model.modules():
        if type(module) is nn.PReLU and module.num_parameters > 1:
            module.__class__ = _FastPReLU
        elif (
            type(module) is nn.Conv2d
            and module.groups == module.in_channels == module.out_channels
            and (module.kernel_size, module.stride, module.padding) == ((3, 3), (2, 2), (1, 1))
            and module.bias is None
        ):
            module.__class__ = _FastHalvingDepthwise
    return model
