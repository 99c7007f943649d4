"""A student's first weights from its teacher: deep layers carried over to half their resolution.

The deep layers of a recogniser have seen millions of faces, the pool here some ten thousands. What cannot be
learnt from so few is taken over: each convolution of the student is the least-squares answer, in closed
form, to "what does the teacher's layer say of this face, at half its resolution, judged from what the
student has computed so far?" Errors of earlier layers are thus seen, and made good as far as they can be, by
later ones (He et al., "Channel pruning for accelerating very deep neural networks", ICCV 2017, solve the same
problem for thinner layers). Only the stem, which stands for the teacher's layers at higher resolutions, has
no counterpart; it is trained by gradient to give the feature map that they give.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fewpix.errors import ConfigError
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop
from fewpix.models.backbones import ConvBN, SeparableStudent
from fewpix.models.chain import read_chain
from fewpix.train.fast import quicken
from fewpix.train.schedule import lr_factor

_CHUNK = 32
_BATCH, _LR, _WARMUP = 48, 2e-3, 20  # of the stem
_RIDGE = 2e-3
"""Of a convolution, in shares of its inputs' mean power; a pointwise one is drawn towards the teacher's."""
_HEAD_RIDGES = (1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Of the head, which has as many inputs as there are faces; a tenth of the faces chooses."""


@dataclass(frozen=True)
class _Unit:
    """A convolution of the teacher with what follows it."""

    conv: nn.Conv2d
    norm: nn.BatchNorm2d
    act: nn.PReLU


def transplant(
    student: SeparableStudent,
    teacher: Path,
    crops: Sequence[Crop],
    preprocess: Preprocess,
    teacher_preprocess: Preprocess,
    *,
    stem_steps: int,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Fill a student from a teacher of the MobileNet kind, in place, on the CPU.

    Args:
        student: the last separable blocks of the teacher have the widths and strides of its trunk.
        teacher: an ONNX file whose layers form a chain.
        crops: sharp faces, some thousands.
        preprocess: the student's.
        teacher_preprocess: the teacher's.
        stem_steps: of gradient descent.
        seed: of the stem's batches.
        on_progress: called with (layers done, layers in all).

    Returns:
        By layer, the share of the variance of the teacher's feature map that the student's does not give, and
        under "embedding" 1 minus the mean cosine on faces that the head was not fitted to.

    Raises:
        ConfigError: the teacher's layers are not those of the student's trunk.
        WeightsError: the teacher is not a chain of layers.
    """
    before, units, after = _match(student, teacher)
    report = on_progress or (lambda done, total: None)
    todo = len(units) + 1
    left: dict[str, float] = {}
    with torch.no_grad():
        theirs = _run(nn.Sequential(*before), _faces(crops, teacher_preprocess))
    ours = _faces(crops, preprocess)
    entry, *rest = units
    fit_stem(student.stem, ours, _halved(_raw(entry, theirs)), steps=stem_steps, seed=seed)
    with torch.no_grad():
        _last(student.stem).act.load_state_dict(entry.act.state_dict())
        ours = _run(student.stem, ours)
        theirs = _run(nn.Sequential(entry.conv, entry.norm, entry.act), theirs)
        report(1, todo)
        layers = [(name, layer) for name, layer in student.trunk.named_modules() if isinstance(layer, ConvBN)]
        for n, ((name, layer), unit) in enumerate(zip(layers, rest, strict=True)):
            raw = _raw(unit, theirs)
            target = _halved(raw)
            solve = _solve_depthwise if unit.conv.groups > 1 else _solve_pointwise
            kernel, bias = solve(ours, target, unit)
            layer.conv.weight.copy_(kernel)
            plain = _run(layer.conv, ours)
            _keep(layer.bn, plain, bias)
            layer.act.load_state_dict(unit.act.state_dict())
            found = _run(layer.bn, plain)
            spread = target - target.mean((0, 2, 3), keepdim=True)
            left[f"trunk.{name}"] = float((found - target).square().sum() / spread.square().sum())
            ours, theirs = _run(layer.act, found), _run(unit.act, raw)
            report(n + 2, todo)
        left["embedding"] = 1 - _fit_head(student, ours, _run(after, theirs), after)
        report(todo, todo)
    student.zero_grad(set_to_none=True)
    student.train()
    return {name: round(value, 4) for name, value in left.items()}


def _match(student: SeparableStudent, teacher: Path) -> tuple[list[nn.Module], list[_Unit], nn.Sequential]:
    """The teacher in three parts: before the trunk's entry, its convolutions from there on, and behind them.

    Raises:
        ConfigError: they are not those of the student.
    """
    chain = read_chain(teacher)
    places = [n for n, layer in enumerate(chain) if isinstance(layer, nn.Conv2d)]
    wanted = [layer.conv for layer in student.trunk.modules() if isinstance(layer, ConvBN)]
    places = places[-len(wanted) - 1 :]
    units = []
    for place in places:
        conv, norm, act = chain[place : place + 3]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d) and isinstance(act, nn.PReLU):
            units.append(_Unit(conv, norm, act))
    shapes = [(tuple(unit.conv.weight.shape), unit.conv.stride) for unit in units[1:]]
    if shapes != [(tuple(conv.weight.shape), conv.stride) for conv in wanted] or not isinstance(
        chain[-1], nn.BatchNorm1d
    ):
        raise ConfigError(
            f"{teacher.name} has not the layers of this student's trunk at its end",
            fix='set model.init to "random", or choose another model.arch',
        )
    return chain[: places[0]], units, nn.Sequential(*chain[places[-1] + 3 :])


def fit_stem(stem: nn.Sequential, faces: Tensor, target: Tensor, *, steps: int, seed: int) -> None:
    """Train the stem to give the teacher's feature map, before its activation.

    Args:
        stem: in place.
        faces: (N, 3, s, s) preprocessed.
        target: (N, C, h, w).
        steps: of 48 faces.
        seed: of the batches.
    """
    generator = torch.Generator().manual_seed(seed)
    spread = target.std((0, 2, 3)).view(1, -1, 1, 1)
    last = _last(stem)
    act, last.act = last.act, nn.Identity()
    quicken(stem.to(memory_format=torch.channels_last).train())  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(stem.parameters(), lr=_LR, weight_decay=0.01)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = _LR * lr_factor(step, steps, _WARMUP)
        drawn = torch.randint(len(faces), (min(_BATCH, len(faces)),), generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            found = stem(faces[drawn].float().to(memory_format=torch.channels_last))
        loss = ((found.float() - target[drawn]) / spread).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    last.act = act
    stem.eval()


def _last(stem: nn.Sequential) -> ConvBN:
    last = stem[-1]
    assert isinstance(last, ConvBN)
    return last


def _faces(crops: Sequence[Crop], preprocess: Preprocess) -> Tensor:
    """(N, 3, s, s) float32; sharp faces are the last thing here that is small enough for it."""
    return torch.from_numpy(preprocess.apply(crops))


def _parts(x: Tensor) -> tuple[Tensor, ...]:
    """Some faces at a time."""
    return torch.split(x, _CHUNK)


def _run(layer: nn.Module, x: Tensor) -> Tensor:
    """A layer over all faces, in bfloat16 between layers, so that thousands of feature maps fit in memory."""
    layer.eval()
    return torch.cat([layer(part.float()).bfloat16() for part in _parts(x)])


def _raw(unit: _Unit, x: Tensor) -> Tensor:
    """What the teacher's convolution and BatchNorm give, before the activation."""
    with torch.no_grad():
        return _run(nn.Sequential(unit.conv, unit.norm), x)


def _halved(x: Tensor) -> Tensor:
    """(N, C, h, w) to (N, C, ⌈h/2⌉, ⌈w/2⌉) float32: a binomial blur of 3 taps at every second position.

    Both nets' strided convolutions are centred on every second position, so that position n here is
    position 2n of the teacher.
    """
    taps = torch.tensor([1.0, 2.0, 1.0])
    width = x.shape[1]
    kernel = (taps[:, None] * taps).expand(width, 1, 3, 3).contiguous()
    inside = F.conv2d(torch.ones(1, width, *x.shape[2:]), kernel, None, 2, 1, 1, width)
    return torch.cat([F.conv2d(part.float(), kernel, None, 2, 1, 1, width) / inside for part in _parts(x)])


def _solve_depthwise(x: Tensor, target: Tensor, unit: _Unit) -> tuple[Tensor, Tensor]:
    """Kernel (C, 1, 3, 3) and bias (C,) by least squares, each channel for itself."""
    width, stride = x.shape[1], unit.conv.stride
    gram = torch.zeros(width, 10, 10, dtype=torch.float64)
    right = torch.zeros(width, 10, dtype=torch.float64)
    for part, wanted in zip(_parts(x), _parts(target), strict=True):
        taps = F.unfold(part.float(), 3, padding=1, stride=stride).view(len(part), width, 9, -1)
        taps = taps.permute(1, 0, 3, 2).reshape(width, -1, 9)
        taps = torch.cat([taps, torch.ones(*taps.shape[:2], 1)], 2)
        gram += (taps.mT @ taps).double()
        right += (taps.mT @ wanted.transpose(0, 1).reshape(width, -1, 1)).squeeze(2).double()
    power = gram.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
    found = torch.linalg.solve(gram + _RIDGE * power * torch.eye(10, dtype=torch.float64), right).float()
    return found[:, :9].reshape(width, 1, 3, 3), found[:, 9]


def _solve_pointwise(x: Tensor, target: Tensor, unit: _Unit) -> tuple[Tensor, Tensor]:
    """Kernel (D, C, 1, 1) and bias (D,) by least squares, drawn towards the teacher's own."""
    width = x.shape[1]
    gram = torch.zeros(width + 1, width + 1, dtype=torch.float64)
    right = torch.zeros(width + 1, target.shape[1], dtype=torch.float64)
    for part, wanted in zip(_parts(x), _parts(target), strict=True):
        rows = part.float().permute(0, 2, 3, 1).reshape(-1, width)
        rows = torch.cat([rows, torch.ones(len(rows), 1)], 1)
        gram += (rows.T @ rows).double()
        right += (rows.T @ wanted.permute(0, 2, 3, 1).reshape(len(rows), -1)).double()
    norm = unit.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
    own = unit.conv.bias if unit.conv.bias is not None else torch.zeros(len(gain))
    prior = torch.cat(
        [
            (unit.conv.weight.flatten(1) * gain[:, None]).T,
            ((own - norm.running_mean) * gain + norm.bias)[None],
        ]
    ).double()
    pull = _RIDGE * gram.diagonal().mean()
    found = torch.linalg.solve(
        gram + pull * torch.eye(width + 1, dtype=torch.float64), right + pull * prior
    ).float()
    return found[:-1].T[:, :, None, None], found[-1]


def _keep(norm: nn.BatchNorm2d | nn.BatchNorm1d, x: Tensor, bias: Tensor) -> None:
    """Give a BatchNorm the statistics of its input, and the gain and shift with which it only adds `bias`."""
    axes = [axis for axis in range(x.ndim) if axis != 1]
    mean, var = x.float().mean(axes), x.float().var(axes)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(var)
    norm.weight.copy_((var + norm.eps).sqrt())
    norm.bias.copy_(mean + bias)


def _fit_head(student: SeparableStudent, x: Tensor, embeddings: Tensor, after: nn.Sequential) -> float:
    """Squeeze and head from the teacher's own last linear layer; the mean cosine on a tenth of the faces.

    The teacher's layer reads every position of a map twice as fine. Read through bilinear interpolation it
    becomes one on the student's positions; its best approximation by `rank` channels, under the covariance of
    the student's features, gives the squeeze and a head. A ridge regression, drawn towards that head, makes
    good what is lost.
    """
    wanted = embeddings.float()
    width, height = x.shape[1], x.shape[2]
    linear = next(layer for layer in after if isinstance(layer, nn.Linear))
    matrix = linear.weight.clone()
    fine = math.isqrt(matrix.shape[1] // width)
    norms = [layer for layer in after if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm1d)]
    for norm in norms:
        assert norm.running_var is not None
        gain = norm.weight / (norm.running_var + norm.eps).sqrt()
        if isinstance(norm, nn.BatchNorm2d):
            matrix *= gain.repeat_interleave(fine**2)[None, :]
        else:
            matrix *= gain[:, None]
    between = _interpolation(height, fine)
    cube = torch.einsum("dcyx,yp,xq->dpqc", matrix.view(-1, width, fine, fine), between, between)
    rows = cube.reshape(-1, width).double()
    flat = x.float().permute(0, 2, 3, 1).reshape(-1, width)
    covariance = torch.cov(flat.T).double()
    values, vectors = torch.linalg.eigh(covariance)
    values = values.clamp_min(1e-6 * float(values.max()))
    root, inverse = ((vectors * values**power) @ vectors.T for power in (0.5, -0.5))
    left, strength, right = torch.linalg.svd(rows @ root, full_matrices=False)
    rank = student.squeeze.conv.out_channels
    student.squeeze.conv.weight.copy_((right[:rank] @ inverse).float()[:, :, None, None])
    plain = _run(student.squeeze.conv, x)
    _keep(student.squeeze.bn, plain, torch.zeros(rank))
    # Standardised: rank comparable inputs suit the head and its weight decay.
    mean, var = student.squeeze.bn.running_mean, student.squeeze.bn.running_var
    assert mean is not None
    assert var is not None
    student.squeeze.bn.weight.fill_(1.0)
    student.squeeze.bn.bias.fill_(0.0)
    inputs = _run(student.squeeze.bn, plain).float().flatten(1)
    start = (left[:, :rank] * strength[:rank]).view(-1, height * height, rank)  # (dim, positions, rank)
    start = (start * (var + student.squeeze.bn.eps).sqrt().double()).transpose(1, 2).reshape(len(matrix), -1)

    def solve(chosen: slice, ridge: float) -> tuple[Tensor, Tensor]:
        a, b = inputs[chosen], wanted[chosen]
        a0, b0 = a.mean(0), b.mean(0)
        gram, pairs = ((a - a0).T @ (a - a0)).double(), ((a - a0).T @ (b - b0)).double()
        pull = ridge * gram.diagonal().mean()
        eye = torch.eye(len(gram), dtype=torch.float64)
        weight = torch.linalg.solve(gram + pull * eye, pairs + pull * start.T).float()
        return weight, b0 - a0 @ weight

    fitted = len(inputs) - len(inputs) // 10

    def cosine(ridge: float) -> float:
        weight, bias = solve(slice(fitted), ridge)
        found = inputs[fitted:] @ weight + bias
        return float(F.cosine_similarity(found, wanted[fitted:], dim=1).mean())

    scores = {ridge: cosine(ridge) for ridge in _HEAD_RIDGES}
    best = max(scores, key=lambda ridge: scores[ridge])
    weight, bias = solve(slice(len(inputs)), best)
    student.head.fc.weight.copy_(weight.T)
    student.head.fc.bias.copy_(bias)
    _keep(student.head.bn, inputs @ weight + bias, torch.zeros(len(bias)))
    return scores[best]


def _interpolation(coarse: int, fine: int) -> Tensor:
    """(fine, coarse) weights that read a coarse row at each fine position; coarse n lies at fine 2n."""
    at = torch.arange(fine) / 2
    low = at.floor().long().clamp_max(coarse - 1)
    high = (low + 1).clamp_max(coarse - 1)
    share = at - low
    out = torch.zeros(fine, coarse)
    out[torch.arange(fine), low] += 1 - share
    out[torch.arange(fine), high] += share
    return out
