"""Several processes that train one student together: each sees its part of every batch, all learn the same.

A step gives what one process would have learnt from the whole batch. What looks at the whole batch does so
here, too: the BatchNorms share their statistics, and the embeddings of all parts are brought together before
the objective compares them, so that relations and negatives reach across processes. torch's own SyncBatchNorm
refuses tensors of the CPU; this one works with gloo as with nccl.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import once_differentiable

from fewpix.errors import ConfigError


@dataclass(frozen=True)
class Ranks:
    """One of the processes, and how many there are.

    Args:
        rank: of this one, from 0.
        count: of all.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and tells of progress."""
        return self.rank == 0

    def part(self, batch: int) -> slice:
        """The slots of a batch that this process sees; equally many for each.

        Raises:
            ConfigError: the batch cannot be shared equally.
        """
        if batch % self.count:
            raise ConfigError(
                f"run.batch is {batch}, which {self.count} processes cannot share equally",
                fix=f"set it to a multiple of {self.count}, or start fewer",
            )
        each = batch // self.count
        return slice(self.rank * each, (self.rank + 1) * each)

    def gather(self, mine: Tensor) -> Tensor:
        """The parts of all processes, in their order.

        All of them then compute the same loss, so that the gradient of a part is right as it is there.

        Args:
            mine: (B / count, ...) of this process.

        Returns:
            (B, ...).
        """
        if self.count == 1:
            return mine
        out: Tensor = _Gather.apply(mine, self.rank, self.count)  # type: ignore[no-untyped-call]
        return out

    def add_up(self, parameters: Iterable[nn.Parameter]) -> None:
        """Add up the gradients of all processes, in place."""
        if self.count == 1:
            return
        grads = [each.grad for each in parameters if each.grad is not None]
        flat = torch.cat([grad.reshape(-1) for grad in grads])
        distributed.all_reduce(flat)
        parts = torch.split(flat, [grad.numel() for grad in grads])
        for grad, summed in zip(grads, parts, strict=True):
            grad.copy_(summed.view_as(grad))

    def share(self, model: nn.Module) -> None:
        """Give all processes the weights of the first one."""
        if self.count > 1:
            with torch.no_grad():
                for tensor in model.state_dict().values():
                    distributed.broadcast(tensor, 0)

    def wait(self) -> None:
        """Until every process is here."""
        if self.count > 1:
            distributed.barrier()


ALONE = Ranks()


@contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """The processes that `torchrun` started; one alone where it did not.

    Args:
        device: a torch device's name; gloo connects CPUs, nccl CUDA devices.

    Raises:
        ConfigError: the device of another kind.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    kind = device.partition(":")[0]
    if kind not in ("cpu", "cuda"):
        raise ConfigError(f"several processes cannot train on {device}", fix="use --device cpu or cuda")
    # The others wait while the first one asks the teacher; `torchrun` ends all when one fails.
    distributed.init_process_group("gloo" if kind == "cpu" else "nccl", timeout=timedelta(days=1))
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


def own_device(device: str) -> str:
    """The device of this process: of several on one machine each has a CUDA device of its own."""
    return f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" and "LOCAL_RANK" in os.environ else device


def share_statistics(model: nn.Module, ranks: Ranks) -> nn.Module:
    """Have the BatchNorms of a model in training see the whole batch, in place.

    Args:
        model: parameters and their names stay.
        ranks: whose parts make the batch.

    Returns:
        The same model.
    """
    if ranks.count > 1:
        for module in model.modules():
            sharing = _SHARING.get(type(module))
            if sharing is not None:
                module.__class__ = sharing
                cast("_Sharing1d | _Sharing2d", module).ranks = ranks
    return model


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, mine: Tensor, rank: int, count: int) -> Tensor:
        ctx.part = slice(rank * len(mine), (rank + 1) * len(mine))
        parts = [torch.empty_like(mine, memory_format=torch.contiguous_format) for _ in range(count)]
        distributed.all_gather(parts, mine.contiguous())
        return torch.cat(parts)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return grads[0][ctx.part], None, None


class _Sum(torch.autograd.Function):
    """The sum over all processes; each one's loss depends on it only through its own part."""

    @staticmethod
    def forward(ctx: Any, mine: Tensor) -> Tensor:
        out = mine.clone()
        distributed.all_reduce(out)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        out = grads[0].clone()
        distributed.all_reduce(out)
        return out


def _shared(norm: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor, ranks: Ranks) -> Tensor:
    """BatchNorm in training mode, by the statistics of the whole batch."""
    axes, shape = [0, *range(2, x.dim())], (1, -1, *[1] * (x.dim() - 2))
    wide = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
    count = ranks.count * x.numel() // x.shape[1]
    mean = _Sum.apply(wide.sum(axes)) / count  # type: ignore[no-untyped-call]
    off = wide - mean.view(shape)
    var = _Sum.apply((off * off).sum(axes)) / count  # type: ignore[no-untyped-call]
    with torch.no_grad():
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert norm.num_batches_tracked is not None
        norm.num_batches_tracked += 1
        share = 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
        norm.running_mean.lerp_(mean.to(norm.running_mean), share)
        norm.running_var.lerp_((var * (count / (count - 1))).to(norm.running_var), share)
    scale = torch.rsqrt(var + norm.eps)
    if not norm.affine:
        return torch.mul(off, scale.view(shape)).to(x.dtype)
    return torch.addcmul(norm.bias.view(shape), off, (scale * norm.weight).view(shape)).to(x.dtype)


class _Sharing1d(nn.BatchNorm1d):
    ranks: Ranks

    def forward(self, x: Tensor) -> Tensor:
        return _shared(self, x, self.ranks) if self.training else super().forward(x)


class _Sharing2d(nn.BatchNorm2d):
    ranks: Ranks

    def forward(self, x: Tensor) -> Tensor:
        return _shared(self, x, self.ranks) if self.training else super().forward(x)


_SHARING: dict[type[nn.Module], type[_Sharing1d] | type[_Sharing2d]] = {
    nn.BatchNorm1d: _Sharing1d,
    nn.BatchNorm2d: _Sharing2d,
}
