"""Learning rate and averaging as pure functions of the step."""

from __future__ import annotations

import math


def lr_factor(step: int, steps: int, warmup: int) -> float:
    """Linear warm-up to 1, then a half cosine that would reach 0 at `steps` (Loshchilov and Hutter 2017).

    Args:
        step: from 0.
        steps: in the whole run.
        warmup: steps before the factor is 1.

    Returns:
        A factor in 0..1.

    Example:
        >>> lr_factor(0, 100, 10), lr_factor(10, 110, 10), round(lr_factor(60, 110, 10), 6)
        (0.1, 1.0, 0.5)
    """
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def ema_decay(step: int, decay: float) -> float:
    """The decay of the averaged weights; short at first, so that the random start is soon forgotten."""
    return min(decay, (1 + step) / (10 + step))
