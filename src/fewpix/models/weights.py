"""Weights in safetensors: float16 on disk, float32 in use, strict about names, shapes and the digest.

The digest is taken over the float32 tensors that a reader gets back, so that the same model has the same name
as safetensors, as ONNX, in torch and in onnxruntime, and a NormState finds it in each of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fewpix.errors import ConfigError, InputError, WeightsError
from fewpix.files import PathLike, atomic, path_of
from fewpix.models.card import METADATA_KEY, Card

Tensors = dict[str, NDArray[np.float32]]


def digest(tensors: Mapping[str, NDArray[np.float32]]) -> str:
    """SHA-256 over names, shapes and little-endian float32 bytes, sorted by name: 64 hexadecimal digits."""
    state = hashlib.sha256()
    for name in sorted(tensors):
        value = np.ascontiguousarray(tensors[name], dtype="<f4")
        state.update(f"{name}:{list(value.shape)}".encode())
        state.update(value.tobytes())
    return state.hexdigest()


def rounded(tensors: Mapping[str, NDArray[np.float32]]) -> Tensors:
    """What a reader gets back: matrices and kernels rounded to float16, vectors kept.

    BatchNorm statistics stay float32: they are a thousandth of the bytes, and float16 has no 1e-9.

    Raises:
        WeightsError: a value is not finite, or too large for float16.
    """
    result: Tensors = {}
    for name, value in tensors.items():
        with np.errstate(over="ignore"):  # told below, by name
            narrow = np.asarray(value, dtype=np.float16 if value.ndim > 1 else np.float32)
        if not np.isfinite(narrow).all():
            raise WeightsError(
                f"weights '{name}' hold values that float16 cannot", fix="lower the learning rate"
            )
        result[name] = narrow.astype(np.float32)
    return result


def save_weights(path: PathLike, tensors: Mapping[str, NDArray[np.float32]], card: Card) -> Card:
    """Write the weights and their card as one file, atomically.

    Args:
        path: the `.safetensors` file.
        tensors: by name, float32; rounded on the way (see `rounded`).
        card: its `sha256` is replaced by the digest of the rounded tensors.

    Returns:
        The card as written.

    Raises:
        StorageError: it cannot be written; what was there before is still there.
        WeightsError: a value is not finite.
    """
    path = path_of(path)
    kept = rounded(tensors)
    card = replace(card, sha256=digest(kept))
    stored = {k: np.ascontiguousarray(v.astype(np.float16) if v.ndim > 1 else v) for k, v in kept.items()}
    # Serialised here and written by Python: the library's own writer reports a full disk as an error of the
    # format, which nothing above would know for what it is.
    data = save(stored, metadata={METADATA_KEY: card.to_text()})
    with atomic(path) as part:
        part.write_bytes(data)
    return card


def load_weights(path: PathLike) -> tuple[Tensors, Card]:
    """Read weights and card; the digest is recomputed and compared.

    Raises:
        InputError: no such file.
        WeightsError: not safetensors, no card, or the tensors are not those that the card names.
    """
    path = path_of(path)
    if not path.is_file():
        raise InputError(f"no weights at {path}", fix="check the path")
    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            names = file.keys()
            tensors: Tensors = {name: file.get_tensor(name).astype(np.float32) for name in names}
    except (SafetensorError, OSError, ValueError, TypeError) as error:  # TypeError: a type that NumPy lacks
        raise WeightsError(f"{path} is not a safetensors file: {error}", fix="copy it again") from error
    if METADATA_KEY not in metadata:
        raise WeightsError(f"{path} has no fewpix card", fix="use a file written by `fewpix distil`")
    try:
        card = Card.from_text(metadata[METADATA_KEY], str(path))
    except ConfigError as error:
        raise WeightsError(str(error)) from error
    found = digest(tensors)
    if found != card.sha256:
        raise WeightsError(
            f"{path} is damaged: its tensors hash to {found[:12]}, its card says {card.sha256[:12]}",
            fix="copy it again",
        )
    return tensors, card
