"""What an encoder is, whatever runtime it uses, and the batching that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import WeightsError
from fewpix.image.array import squares
from fewpix.image.resize import Crop
from fewpix.models.card import Card

FACES_PER_CALL = 4
"""Faces come one to a dozen at a time from a picture, and a call that is not full is filled up."""

SHORTEST = 1e-12
"""Length of an embedding, as the model gives it, below which it counts as 0."""


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
    forward: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    *,
    batch: int,
    card: Card,
) -> NDArray[np.float32]:
    """Run `forward` on batches that all have the same size and normalise what it returns.

    The last batch is filled up with zeros whose embeddings are dropped: kernels are chosen by shape, so a
    smaller last batch could give its faces other last digits than the same faces elsewhere.

    Args:
        crops: each (s, s, 3) uint8 BGR.
        forward: (batch, 3, side, side) float32 to (batch, dim) float32, each row on its own.
        batch: faces per call.
        card: of the model: what it expects and promises, and its name for messages.

    Returns:
        (N, dim) float32 of unit L2 norm; (0, dim) for no crops.

    Raises:
        InputError: a crop is not a square uint8 BGR image.
        WeightsError: the model fails while it runs, its output has another shape than its card says, or what
            `normalised` refuses.
    """
    crops = squares(crops)
    side, dim = card.preprocess.side, card.space.dim
    out = np.empty((len(crops), dim), dtype=np.float32)
    block = np.zeros((batch, 3, side, side), dtype=np.float32)
    for start in range(0, len(crops), batch):
        part = crops[start : start + batch]
        block[: len(part)] = card.preprocess.apply(part)
        block[len(part) :] = 0
        try:
            features = forward(block)
        except Exception as error:  # each runtime raises its own family of errors, also for want of memory
            raise WeightsError(
                f"the model {card.name} fails while it runs: {brief(error)}", fix="use another model"
            ) from error
        if features.shape != (batch, dim):
            raise WeightsError(
                f"the model {card.name} gives {features.shape} numbers for {batch} faces, "
                f"its card says {dim} for each"
            )
        out[start : start + len(part)] = normalised(features[: len(part)], f"the model {card.name}")
    return out


def normalised(features: NDArray[np.float32], who: str = "the model") -> NDArray[np.float32]:
    """Rows (N, D) divided by their L2 norm, in float32.

    Args:
        features: what a model gave.
        who: gave them, for messages.

    Raises:
        WeightsError: a value is not finite, or a row has no direction: its length is 0 or overflows.
    """
    if not np.isfinite(features).all():
        raise WeightsError(
            f"{who} gives numbers that are not finite", fix="use other weights or another state"
        )
    with np.errstate(over="ignore"):  # told below
        norms = np.linalg.norm(features, axis=1, keepdims=True)
    if not ((norms > SHORTEST) & np.isfinite(norms)).all():
        raise WeightsError(
            f"{who} gives a face an embedding of length 0 or infinity, which cannot be compared",
            fix="use other weights or another picture",
        )
    return np.asarray(features / norms, dtype=np.float32)


def brief(error: Exception) -> str:
    """The first 200 characters of a message that goes on for paragraphs, in one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
