"""What an encoder is, whatever runtime it uses, and the batching that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import WeightsError
from fewpix.image.array import squares
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop
from fewpix.models.card import Card

FACES_PER_CALL = 4
"""Faces come one to a dozen at a time from a picture, and a call that is not full is filled up."""


class Encoder(Protocol):
    """Crops in, embeddings out.

    Attributes:
        card: what the model is, expects and which space it writes into.
        runtime: "onnxruntime", "openvino" or "torch".
        device: where it runs: "cpu", "cuda:0", "mps".
        state_id: `NormState.id` of the adaptation it runs under, "" under its own statistics.
    """

    @property
    def card(self) -> Card: ...  # noqa: D102

    @property
    def runtime(self) -> str: ...  # noqa: D102

    @property
    def device(self) -> str: ...  # noqa: D102

    @property
    def state_id(self) -> str: ...  # noqa: D102

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """Embed aligned crops; a row depends on its own crop only, not on the batch or the order.

        Args:
            crops: each (s, s, 3) uint8 BGR; the sides may differ.

        Returns:
            (N, D) float32 of unit L2 norm.

        Raises:
            InputError: one of them is not a square uint8 BGR image.
        """
        ...


def in_batches(
    crops: Sequence[Crop],
    preprocess: Preprocess,
    forward: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    *,
    batch: int,
    dim: int,
) -> NDArray[np.float32]:
    """Run `forward` on batches that all have the same size and normalise what it returns.

    The last batch is filled up with zeros whose embeddings are dropped: kernels are chosen by shape, so a
    smaller last batch could give its faces other last digits than the same faces elsewhere.

    Args:
        crops: each (s, s, 3) uint8 BGR.
        preprocess: from the model's card.
        forward: (batch, 3, side, side) float32 to (batch, dim) float32, each row on its own.
        batch: faces per call.
        dim: what the card promises.

    Returns:
        (N, dim) float32 of unit L2 norm; (0, dim) for no crops.

    Raises:
        InputError: a crop is not a square uint8 BGR image.
        WeightsError: the model's output has another shape than its card says, or is not finite.
    """
    crops = squares(crops)
    out = np.empty((len(crops), dim), dtype=np.float32)
    block = np.zeros((batch, 3, preprocess.side, preprocess.side), dtype=np.float32)
    for start in range(0, len(crops), batch):
        part = crops[start : start + batch]
        block[: len(part)] = preprocess.apply(part)
        block[len(part) :] = 0
        features = forward(block)
        if features.shape != (batch, dim):
            raise WeightsError(f"the model gives {features.shape[1:]} numbers per face, its card says {dim}")
        out[start : start + len(part)] = normalised(features[: len(part)])
    return out


def normalised(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows (N, D) divided by their L2 norm, in float32.

    Raises:
        WeightsError: a value is not finite.
    """
    if not np.isfinite(features).all():
        raise WeightsError(
            "the model gives numbers that are not finite", fix="use other weights or another state"
        )
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(norms, 1e-12), dtype=np.float32)
