"""Instance level, one layer earlier: a feature map of the small face looks where the sharp one's looks."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from fewpix.errors import ConfigError
from fewpix.losses.geometry import unit


def feature(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean of 1 − cos(vec(f^s_i), vec(f^t_i)) over the faces (F-SKD, arXiv 2303.04681).

    A pure function of maps and no term of a recipe: which layers correspond is a question about two networks,
    and a teacher that is an ONNX file shows none. The paper's student sees the small face enlarged to the
    teacher's size, so that its maps agree; a map of another size is brought to the student's by area
    averaging here.

    Args:
        student: (B, C, h, w).
        teacher: (B, C, H, W) of the sharp originals.

    Returns:
        A scalar in 0..2. A map that is zero everywhere counts as orthogonal and has no gradient. Memory: the
        size of the maps.

    Raises:
        ConfigError: the maps differ in more than their size.

    Example:
        >>> import torch
        >>> map = torch.tensor([[[[1.0, 0.0]]]])
        >>> feature(map, map.flip(3)).item()
        1.0
    """
    if student.shape[:2] != teacher.shape[:2]:
        raise ConfigError(
            f"feature: maps of {tuple(student.shape[:2])} and {tuple(teacher.shape[:2])} faces and channels",
            fix="bring the student's map to the teacher's channels by a 1×1 convolution",
        )
    if student.shape[2:] != teacher.shape[2:]:
        teacher = F.interpolate(teacher, size=student.shape[2:], mode="area")
    return (1 - (unit(student.flatten(1)) * unit(teacher.flatten(1))).sum(dim=1)).mean()
