"""Which BatchNorm layers take part in an adaptation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal

from torch import nn

from fewpix.adapt.apply import Norm
from fewpix.errors import ConfigError

Layers = Literal["all"] | Sequence[str]
"""All layers, or names and patterns of them."""


def choose(order: Sequence[str], norms: Mapping[str, Norm], layers: Layers, *, final: bool) -> list[str]:
    """The layers to measure, in the order of the forward pass.

    Args:
        order: names of the layers that the model uses, in the order of the forward pass.
        norms: the layers by name.
        layers: "all"; or module paths, or patterns of them with `*`, `?` and `[...]` (`stages.0.*`).
        final: whether the layers at will include a BatchNorm1d at the model's end. One that is named in
            full takes part whatever this says.

    Raises:
        ConfigError: a name or pattern fits no layer that the model uses, or none is left.
    """
    if isinstance(layers, str) and layers != "all":
        raise ConfigError(f"layers must be 'all' or a list of names, not {layers!r}")
    wanted = ("*",) if layers == "all" else tuple(layers)
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in order):
            raise ConfigError(
                f"the model has no BatchNorm layer '{pattern}'", fix=f"layers: {', '.join(order)}"
            )
    chosen = [name for name in order if any(fnmatchcase(name, pattern) for pattern in wanted)]
    last = order[-1] if order else ""
    if not final and last in chosen and last not in wanted and isinstance(norms[last], nn.BatchNorm1d):
        chosen.remove(last)
    if not chosen:
        raise ConfigError("no BatchNorm layer is left to adapt")
    return chosen
