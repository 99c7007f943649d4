"""Aligned crops to rows of embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from fewpix.bulk.job import Job
from fewpix.data.shard_index import Found
from fewpix.embed.folder import BATCH, check_square, embed_each
from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError
from fewpix.image.codec import decode_image
from fewpix.image.resize import Crop


@dataclass(frozen=True)
class EmbedJob(Job):
    """Every picture is an aligned crop; see `Job`."""

    verb: ClassVar[str] = "embed"

    def open(self) -> OpenedEmbedding:
        """The encoder. Errors as `open_encoder`."""
        return OpenedEmbedding(self.encoder())


class OpenedEmbedding:
    """Embeds crops.

    Args:
        encoder: of the job.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self.runtime = encoder, encoder.runtime
        card = encoder.card
        self.settings = {
            "verb": EmbedJob.verb,
            "model": card.name,
            "model_sha256": card.sha256,
            "state": encoder.state_id,
            "dim": card.space.dim,
        }

    def table(self, pictures: Iterable[Found]) -> Any:
        """Columns `picture`, `embedding` (D float32, L2-normalised; null where there is none) and `error`.

        Raises:
            WeightsError: the model fails for every crop of a batch.
        """
        import pyarrow

        dim = self._encoder.card.space.dim
        rows: list[tuple[str, str]] = []
        blocks = [np.zeros((0, dim), dtype=np.float32)]
        for batch in _batches(pictures):
            block = np.zeros((len(batch), dim), dtype=np.float32)
            crops: dict[int, Crop] = {}
            why = [found.why for found in batch]
            for n, found in enumerate(batch):
                try:
                    if not found.why:
                        crops[n] = check_square(decode_image(found.data, found.name), found.name)
                except InputError as error:
                    why[n] = error.what.replace(found.name, "it", 1)
            if crops:
                numbers = list(crops)
                embeddings, refused = embed_each(self._encoder, list(crops.values()))
                for n, reason in refused.items():
                    why[numbers[n]] = reason
                block[[numbers[n] for n in range(len(numbers)) if n not in refused]] = embeddings
            rows += [(found.name, reason) for found, reason in zip(batch, why, strict=True)]
            blocks.append(block)
        flat = pyarrow.array(np.concatenate(blocks).ravel(), type=pyarrow.float32())
        bad = pyarrow.array([bool(why) for _, why in rows], type=pyarrow.bool_())
        return pyarrow.table(
            {
                "picture": pyarrow.array([name for name, _ in rows], type=pyarrow.string()),
                "embedding": pyarrow.FixedSizeListArray.from_arrays(flat, dim, mask=bad),
                "error": pyarrow.array([why or None for _, why in rows], type=pyarrow.string()),
            }
        )

    def close(self) -> None:
        """Nothing is open."""


def _batches(pictures: Iterable[Found]) -> Iterator[list[Found]]:
    each = iter(pictures)
    while batch := list(islice(each, BATCH)):
        yield batch
