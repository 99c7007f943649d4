"""A folder of aligned crops of any size as one file of embeddings: `fewpix embed`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.counted import counted
from fewpix.data.folders import list_images
from fewpix.data.passed_over import NOTHING, LeftOut
from fewpix.embed.protocol import Encoder
from fewpix.errors import ImageError, InputError, WeightsError
from fewpix.files import atomic
from fewpix.image.codec import read_image
from fewpix.image.resize import Crop

SMALLEST = 8
"""The smallest side of a crop that is embedded, in pixels."""

BATCH = 64
"""Crops in memory at a time."""


@dataclass(frozen=True, eq=False)
class Embeddings:
    """What a folder of crops became.

    Args:
        names: N paths relative to the folder, with `/`, sorted by code point.
        embeddings: (N, D) float32, L2-normalised.
        failed: paths of the images that are not in it, with the reason.
        model: as the user named it, a file without its folder.
        model_sha256: from its card.
        state_id: of the NormState, "" for none.
        left_out: what else is in the folder.
    """

    names: tuple[str, ...]
    embeddings: NDArray[np.float32]
    failed: tuple[tuple[str, str], ...]
    model: str
    model_sha256: str
    state_id: str
    left_out: LeftOut = NOTHING

    def __str__(self) -> str:
        faces, dim = counted(len(self.names), "face"), counted(self.embeddings.shape[1], "dimension")
        lines = [f"{faces} embedded by {self.model} in {dim}"]
        lines += [f"left out {name}: {why}" for name, why in self.failed]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Counts and failures, without the embeddings."""
        return {
            "model": self.model,
            "model_sha256": self.model_sha256,
            "state_id": self.state_id,
            "n": len(self.names),
            "dim": int(self.embeddings.shape[1]),
            "failed": [name for name, _ in self.failed],
        }

    def save(self, path: Path) -> None:
        """Write an NPZ with `names`, `embeddings` and `failed`, without pickles, atomically.

        Raises:
            StorageError: it cannot be written; what was there before is still there.
        """
        with atomic(path) as part, part.open("wb") as file:
            np.savez(
                file,
                names=np.array(self.names, dtype=np.str_),
                embeddings=self.embeddings,
                failed=np.array([name for name, _ in self.failed], dtype=np.str_),
            )


def embed_folder(
    folder: Path,
    model: str,
    encoder: Encoder,
    *,
    skip_bad: bool = False,
    advance: Callable[[int, int], object] | None = None,
) -> Embeddings:
    """Embed every image below a folder as it is; `BATCH` crops and all embeddings are held in memory.

    Args:
        folder: holds aligned square crops of 8 px and more.
        model: the encoder's name, for the result.
        encoder: makes the embeddings.
        skip_bad: list an image that cannot be embedded in `failed` instead of stopping.
        advance: told the number of images done and of all after every batch.

    Raises:
        InputError: no folder, no image in it, or none that can be embedded.
        WeightsError: the model fails; with `skip_bad` only where it fails for all crops of a batch.
        ImageError: an image cannot be read, is not square, or is smaller than 8 px; it is named.
    """
    found = list_images(folder)
    every = found.names
    out = np.empty((len(every), encoder.card.space.dim), dtype=np.float32)
    names: list[str] = []
    failed: list[tuple[str, str]] = []
    for start in range(0, len(every), BATCH):
        part = every[start : start + BATCH]
        crops: list[Crop] = []
        done = len(names)
        for name in part:
            try:
                crops.append(read_square(folder / name))
                names.append(name)
            except InputError as error:
                if not skip_bad:
                    raise
                failed.append((name, error.what.replace(str(folder / name), "it")))
        if crops:
            rows, refused = embed_each(encoder, crops) if skip_bad else (encoder.embed(crops), {})
            if refused:
                failed += [(names[done + n], why) for n, why in refused.items()]
                names[done:] = [name for n, name in enumerate(names[done:]) if n not in refused]
            out[done : len(names)] = rows
        if advance is not None:
            advance(start + len(part), len(every))
    if not names:
        raise InputError(f"no image in {folder} can be embedded; the first, {failed[0][0]}: {failed[0][1]}")
    return Embeddings(
        tuple(names),
        out[: len(names)],
        tuple(failed),
        model,
        encoder.card.sha256,
        encoder.state_id,
        found.left_out,
    )


def embed_each(encoder: Encoder, crops: Sequence[Crop]) -> tuple[NDArray[np.float32], dict[int, str]]:
    """The embeddings of those crops for which the model gives one, and why not by the others' numbers.

    Raises:
        WeightsError: it gives one for none of them.
    """
    try:
        return encoder.embed(crops), {}
    except WeightsError:
        if len(crops) == 1:
            raise
    rows: list[NDArray[np.float32]] = []
    refused: dict[int, str] = {}
    for n, crop in enumerate(crops):
        try:
            rows.append(encoder.embed([crop]))
        except WeightsError as error:
            refused[n] = error.what
            if n == len(crops) - 1 and not rows:
                raise
    return np.concatenate(rows), refused


def read_square(path: Path) -> Crop:
    """Read an aligned crop.

    Raises:
        ImageError: not square or smaller than 8 px, or see `image.codec.read_image`.
        InputError: missing.
    """
    return check_square(read_image(path), str(path))


def check_square(crop: Crop, name: str) -> Crop:
    """A crop that can be embedded.

    Args:
        crop: any picture.
        name: for messages.

    Raises:
        ImageError: not square or smaller than 8 px.
    """
    height, width = crop.shape[:2]
    if height != width:
        raise ImageError(
            f"{name} is {width}x{height} px, not square",
            fix="crops are aligned squares; see fewpix identify for photographs",
        )
    if height < SMALLEST:
        raise ImageError(
            f"{name} is {width}x{height} px", fix=f"a crop needs at least {SMALLEST}x{SMALLEST} px"
        )
    return crop
