"""A student in torch, from its safetensors weights: on the CPU, CUDA or Apple's MPS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fewpix.adapt.apply import fold
from fewpix.adapt.stats import NormState
from fewpix.embed.graph import check_state
from fewpix.embed.protocol import in_batches
from fewpix.errors import ConfigError, UnavailableError
from fewpix.image.resize import Crop
from fewpix.models.card import Card


class TorchEncoder:
    """A student in torch.

    Args:
        model: the student, as `models.zoo.load_student` gives it. It is copied, and never written to.
        card: its card.
        device: "auto" (CUDA where there is one, else the CPU), "cpu", "cuda", "cuda:1" or "mps".
        state: the NormState to run under; None for the model's own statistics.
        batch: faces per call.

    Raises:
        UnavailableError: the device is not here.
        WeightsError: the state belongs to another model.
    """

    runtime = "torch"

    def __init__(
        self,
        model: nn.Module,
        card: Card,
        *,
        device: str = "auto",
        state: NormState | None = None,
        batch: int = 32,
    ) -> None:
        if batch < 1:
            raise ConfigError(f"batch must be at least 1, not {batch}")
        check_state(card, state)
        self.card = card
        self.device = pick_device(device)
        self.state_id = state.id if state else ""
        self._batch = batch
        self._model = fold(model, state).eval().to(self.device)

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See `Encoder.embed`."""
        return in_batches(crops, self._forward, batch=self._batch, card=self.card)

    def _forward(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        # On CUDA torch lets convolutions round to TF32 (10 bits), which no other runtime does.
        exact = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact:
            features = self._model(torch.from_numpy(block).to(self.device))
        return np.asarray(features.float().cpu().numpy(), dtype=np.float32)


def pick_device(device: str) -> str:
    """The torch device of this name, checked to be here.

    Raises:
        ConfigError: the name is not one of a device.
        UnavailableError: there is no such device, or this torch cannot use it.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = device.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (index and (kind != "cuda" or not index.isdigit())):
        raise ConfigError(f"unknown device '{device}'", fix="one of auto, cpu, cuda, cuda:1, mps")
    if kind == "cuda" and not (torch.cuda.is_available() and int(index or 0) < torch.cuda.device_count()):
        raise UnavailableError(
            f"torch has no device '{device}' here", fix="install torch's CUDA build, or use --device cpu"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise UnavailableError("torch has no device 'mps' here", fix="use --device cpu")
    return device
