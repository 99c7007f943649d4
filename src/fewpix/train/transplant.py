"""A student's first weights from its teacher: deep layers carried over, at their resolution or half of it.

The deep layers of a recogniser have seen millions of faces, the pool here some ten thousands. What cannot be
learnt from so few is taken over: each convolution of the student is the least-squares answer, in closed
form, to "what does the teacher's layer say of this face, at the student's resolution, judged from what the
student has computed so far?" Errors of earlier layers are thus seen, and made good as far as they can be, by
later ones (He et al., "Channel pruning for accelerating very deep neural networks", ICCV 2017, solve the same
problem for thinner layers). Only the stem, which stands for the teacher's layers at higher resolutions, has
no counterpart; it is trained by gradient to give the feature map that they give.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fewpix.errors import ConfigError
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop
from fewpix.models.backbones import ConvBN, SeparableStudent
from fewpix.train.dissect import Dissected, Unit
from fewpix.train.fast import quicken
from fewpix.train.schedule import lr_factor
from fewpix.train.solve import (
    HEAD_RIDGES,
    affine,
    coarsened,
    interpolation,
    parts,
    principal,
    ridge,
    solve_depthwise,
    solve_pointwise,
)

_BATCH, _LR, _WARMUP = 48, 2e-3, 20  # of the stem


def transplant(
    student: SeparableStudent,
    teacher: Dissected,
    crops: Sequence[Crop],
    preprocess: Preprocess,
    teacher_preprocess: Preprocess,
    *,
    held: int,
    stem_steps: int,
    seed: int,
    low_precision: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Fill a student from a teacher of the MobileNet kind, in place, on the CPU.

    Needs 1 to 2 MB of memory per face for SFace's layers.

    Args:
        student: on the CPU; left in the mode that it was in.
        teacher: from `dissect`.
        crops: (N) sharp faces, some thousands.
        preprocess: the student's.
        teacher_preprocess: the teacher's.
        held: the last of the crops that the head is not fitted to and that choose its ridge, 1 to N − 2.
        stem_steps: of gradient descent.
        seed: of the stem's batches.
        low_precision: whether the stem is trained in bfloat16.
        on_progress: called with (steps of the stem and layers done, all of them).

    Returns:
        By layer, the share of the variance of the teacher's feature map that the student's does not give, and
        under "embedding" 1 minus the mean cosine on the faces of `held`.

    Raises:
        ConfigError: the stem's loss is not a number.
    """
    report = on_progress or (lambda done, total: None)
    todo = stem_steps + len(teacher.trunk) + 1
    left: dict[str, float] = {}
    was = student.training
    with torch.no_grad():
        theirs = _run(teacher.before, torch.from_numpy(teacher_preprocess.apply(crops)))
        ours = torch.from_numpy(preprocess.apply(crops))
        raw = _run(teacher.entry.raw, theirs)
    _fit_stem(
        student.stem,
        ours,
        coarsened(raw, student.coarser),
        steps=stem_steps,
        seed=seed,
        low_precision=low_precision,
        on_step=lambda done: report(done, todo),
    )
    with torch.no_grad():
        _settle(student.stem, ours)
        _last(student.stem).act.weight.copy_(teacher.entry.act.weight)  # type: ignore[operator]
        ours, theirs = _run(student.stem, ours), _run(teacher.entry.act, raw)
        layers = [(name, layer) for name, layer in student.trunk.named_modules() if isinstance(layer, ConvBN)]
        for n, ((name, layer), (*first, unit)) in enumerate(zip(layers, teacher.trunk, strict=True)):
            for passed in first:
                theirs = _run(passed.act, _run(passed.raw, theirs))
            raw = _run(unit.raw, theirs)
            target = coarsened(raw, student.coarser)
            kernel, bias = _solve(unit, ours, target, student.coarser, merged=bool(first))
            layer.conv.weight.copy_(kernel)
            plain = _run(layer.conv, ours)
            _keep(layer.bn, plain, bias)
            layer.act.weight.copy_(unit.act.weight)  # type: ignore[operator]
            found = _run(layer.bn, plain)
            spread = target - target.mean((0, 2, 3), keepdim=True)
            left[f"trunk.{name}"] = float((found - target).square().sum() / spread.square().sum())
            ours, theirs = _run(layer.act, found), _run(unit.act, raw)
            report(stem_steps + n + 1, todo)
        left["embedding"] = 1 - _fit_head(student, teacher, ours, _run(teacher.after, theirs).float(), held)
        report(todo, todo)
    student.train(was)
    return {name: round(value, 4) for name, value in left.items()}


def _run(layer: nn.Module, x: Tensor) -> Tensor:
    """A layer over all faces, in bfloat16 between layers, so that thousands of feature maps fit in memory."""
    layer.eval()
    return torch.cat([layer(part.float()).bfloat16() for part in parts(x)])


def _last(stem: nn.Sequential) -> ConvBN:
    last = stem[-1]
    assert isinstance(last, ConvBN)
    return last


def _fit_stem(
    stem: nn.Sequential,
    faces: Tensor,
    target: Tensor,
    *,
    steps: int,
    seed: int,
    low_precision: bool,
    on_step: Callable[[int], None],
) -> None:
    """Train the stem to give the teacher's feature map (N, C, h, w), before its activation.

    Raises:
        ConfigError: the loss is not a number.
    """
    generator = torch.Generator().manual_seed(seed)
    spread = target.std((0, 2, 3)).clamp_min(1e-6).view(1, -1, 1, 1)
    # A copy, since a faster gradient is for the time of training only.
    fast = copy.deepcopy(stem).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    _last(fast).act = nn.Identity()
    quicken(fast)
    optimiser = torch.optim.AdamW(fast.parameters(), lr=_LR, weight_decay=0.01)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = _LR * lr_factor(step, steps, _WARMUP)
        drawn = torch.randint(len(faces), (min(_BATCH, len(faces)),), generator=generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=low_precision):
            found = fast(faces[drawn].to(memory_format=torch.channels_last))
        loss = ((found.float() - target[drawn]) / spread).square().mean()
        if not math.isfinite(float(loss.detach())):
            raise ConfigError("the loss of the stem is not a number", fix='set model.init to "random"')
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        on_step(step + 1)
    stem.load_state_dict({**stem.state_dict(), **fast.state_dict()})


def _settle(stem: nn.Sequential, faces: Tensor) -> None:
    """Give every BatchNorm of the stem the exact statistics of its inputs, front to back.

    What training leaves are running averages over its last batches, behind layers that were still changing.
    """
    stem.eval()
    for norm in [layer for layer in stem.modules() if isinstance(layer, nn.BatchNorm2d)]:
        seen: list[Tensor] = []
        hook = norm.register_forward_pre_hook(lambda module, args, seen=seen: seen.append(args[0].bfloat16()))
        for part in parts(faces):
            stem(part)
        hook.remove()
        _measure(norm, torch.cat(seen))


def _measure(norm: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor) -> tuple[Tensor, Tensor]:
    """Set a BatchNorm's statistics to those of its input; they are returned."""
    axes = [axis for axis in range(x.ndim) if axis != 1]
    mean, var = x.float().mean(axes), x.float().var(axes)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(var)
    return mean, var


def _keep(norm: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor, bias: Tensor) -> None:
    """Give a BatchNorm the statistics of its input, and the gain and shift with which it only adds `bias`."""
    mean, var = _measure(norm, x)
    norm.weight.copy_((var + norm.eps).sqrt())
    norm.bias.copy_(mean + bias)


def _solve(unit: Unit, x: Tensor, target: Tensor, coarser: int, *, merged: bool) -> tuple[Tensor, Tensor]:
    """The student's convolution for a unit of the teacher, or for several that end with it."""
    gain, shift = affine(unit.norm)
    own = unit.conv.bias if unit.conv.bias is not None else torch.zeros(len(gain))
    kernel, bias = unit.conv.weight * gain[:, None, None, None], own * gain + shift
    if unit.conv.groups == 1:
        prior = kernel.flatten(1)
        if merged:  # the last kernel alone says nothing of what stands between
            prior, bias = torch.zeros(len(prior), x.shape[1]), target.mean((0, 2, 3))
        return solve_pointwise(x, target, prior, bias)
    # At another resolution the teacher's own kernel says nothing.
    return solve_depthwise(x, target, unit.conv.stride[0], (kernel, bias) if coarser == 1 else None)


def _fit_head(
    student: SeparableStudent, teacher: Dissected, x: Tensor, embeddings: Tensor, held: int
) -> float:
    """Squeeze and head from the teacher's own last linear layer; the mean cosine on the held faces.

    The teacher's layer reads every position of a map that may be twice as fine. Read through bilinear
    interpolation it becomes one on the student's positions; its best approximation by a few channels gives
    the squeeze and a head. A ridge regression, drawn towards that head, makes good what is lost.
    """
    width, side = x.shape[1], x.shape[2]
    matrix = teacher.linear.weight * affine(teacher.last)[0][:, None]
    fine = math.isqrt(matrix.shape[1] // width)
    if teacher.norm is not None:
        matrix = matrix * affine(teacher.norm)[0].repeat_interleave(fine**2)
    between = interpolation(side, fine, student.coarser)
    rows = torch.einsum("dcyx,yp,xq->dpqc", matrix.view(-1, width, fine, fine), between, between)
    rank = student.squeeze.conv.out_channels
    squeeze, factors = principal(rows.reshape(-1, width), x, rank)

    student.squeeze.conv.weight.copy_(squeeze[:, :, None, None])
    plain = _run(student.squeeze.conv, x)
    # Standardised: comparable inputs suit the head and its weight decay.
    var = _measure(student.squeeze.bn, plain)[1]
    student.squeeze.bn.weight.fill_(1.0)
    student.squeeze.bn.bias.fill_(0.0)
    inputs = _run(student.squeeze.bn, plain).float().flatten(1)
    factors = factors * (var + student.squeeze.bn.eps).sqrt()
    start = factors.view(-1, side * side, rank).transpose(1, 2).reshape(len(matrix), -1)

    seen = len(inputs) - held
    scores = {}
    for pull in HEAD_RIDGES:
        weight, bias = ridge(inputs[:seen], embeddings[:seen], start, pull)
        found = F.linear(inputs[seen:], weight, bias)
        scores[pull] = float(F.cosine_similarity(found, embeddings[seen:], dim=1).mean())
    best = max(scores, key=lambda pull: scores[pull])
    weight, bias = ridge(inputs, embeddings, start, best)
    student.head.fc.weight.copy_(weight)
    student.head.fc.bias.copy_(bias)
    _keep(student.head.bn, F.linear(inputs, weight, bias), torch.zeros(len(bias)))
    return scores[best]
