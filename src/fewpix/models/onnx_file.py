"""Reading an ONNX file with all of its weights, also those that lie in files beside it ("external data").

Whoever needs a model gets it from here as one piece, so that its hash covers every number of it, and so that
no runtime looks for files by itself: some look in the working directory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from fewpix.errors import InputError, WeightsError

if TYPE_CHECKING:
    import onnx

MOST_BYTES = (1 << 31) - 1
"""The largest model: protobuf serialises no longer message, and a runtime is handed one piece."""

_MARK = b"location"
"""Stands in every file that names another one."""


def read_whole(path: Path) -> bytes:
    """A model as one serialised piece.

    Args:
        path: the ONNX file. Weights beside it are looked for in its folder and nowhere else.

    Returns:
        The file's own bytes where all weights are in it. Otherwise the model as it would be in one file.

    Raises:
        InputError: the file cannot be read.
        WeightsError: it is not an ONNX model; its weights are not in its folder, are cut, or are too many.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _too_large(path)
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    if _MARK not in data:
        return data
    model = parsed(data, path)
    outside = [tensor for tensor in _tensors(model) if tensor.data_location == tensor.EXTERNAL]
    if not outside:
        return data
    room = MOST_BYTES - len(data)
    for tensor in outside:
        value = _weights(tensor, path, room)
        room -= len(value)
        tensor.raw_data = value
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
    try:
        return bytes(model.SerializeToString(deterministic=True))
    except Exception as error:  # of protobuf, at a message of 2 GB
        raise _too_large(path) from error


def read_onnx(path: Path) -> onnx.ModelProto:
    """The model in a file; errors as `read_whole`."""
    return parsed(read_whole(path), path)


def content_sha256(path: Path) -> str:
    """SHA-256 of `read_whole`, 64 hexadecimal digits: of the file itself where all weights are in it.

    Raises:
        InputError: as `read_whole`.
        WeightsError: as `read_whole`.
    """
    return hashlib.sha256(read_whole(path)).hexdigest()


def parsed(data: bytes, path: Path) -> onnx.ModelProto:
    """The model of these bytes, which came from `path`.

    Raises:
        WeightsError: they are no ONNX model.
    """
    import onnx

    try:
        return onnx.load_model_from_string(data)
    except Exception as error:  # protobuf raises its own family of errors
        raise WeightsError(f"{path} is not an ONNX model: {error}", fix="name an .onnx file") from error


def weights_beside(path: Path) -> list[Path]:
    """Where the weights lie that an ONNX file names and does not hold; empty for what is no ONNX file."""
    try:
        data = path.read_bytes()
        model = parsed(data, path) if _MARK in data else None
    except (OSError, WeightsError):
        return []
    if model is None:
        return []
    names = {
        entry.value
        for tensor in _tensors(model)
        for entry in tensor.external_data
        if entry.key == "location" and "\0" not in entry.value
    }
    return [path.parent / name for name in sorted(names)]


def _tensors(message: Any) -> Iterator[onnx.TensorProto]:
    """Every tensor of a message: weights, also sparse ones, constants of nodes, inner graphs, functions."""
    if message.DESCRIPTOR.name == "TensorProto":
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in [value] if hasattr(value, "ListFields") else value:
                yield from _tensors(inner)


def _weights(tensor: onnx.TensorProto, path: Path, room: int) -> bytes:
    """The bytes of one tensor from the file that it names."""
    named = {entry.key: entry.value for entry in tensor.external_data}
    file = _beside(path, named.get("location", ""), tensor.name)
    try:
        offset, length = (_number(named.get(key, "")) for key in ("offset", "length"))
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
            start = offset or 0
            count = size - start if length is None else length
            if not 0 <= count <= size - start:
                raise WeightsError(
                    f"{path}: the weights '{tensor.name}' are not whole in {file}",
                    fix="copy both files again",
                )
            if count > room:
                raise _too_large(path)
            opened.seek(start)
            return opened.read(count)
    except ValueError as error:
        raise WeightsError(f"{path}: the weights '{tensor.name}' lie at no number of bytes") from error
    except OSError as error:
        raise WeightsError(
            f"cannot read {file}, which holds weights of {path.name}: {error.strerror or error}",
            fix="check the file",
        ) from error


def _number(text: str) -> int | None:
    """A number of bytes; None where nothing is said."""
    if not text:
        return None
    if len(text) > 18 or not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def _beside(path: Path, location: str, name: str) -> Path:
    """The file that a tensor names, in the folder of the model or below it.

    Raises:
        WeightsError: it is somewhere else, also by a link, or not there.
    """
    inside = PurePosixPath(location)
    strange = "\0" in location or ".." in inside.parts or not inside.parts
    if strange or inside.is_absolute() or PureWindowsPath(location).anchor:
        raise WeightsError(
            f"{path}: the weights '{name}' are said to lie in '{location}', outside of the model's folder",
            fix=f"save the model again, with its weights in a file beside {path.name}",
        )
    file = path.parent / inside
    try:
        real = file.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"{path} has weights in the file {file}, which is not there",
            fix=f"put {inside.name} beside {path.name}",
        ) from error
    if not real.is_relative_to(path.parent.resolve()):
        raise WeightsError(
            f"{path} has weights in {file}, a link that leaves the model's folder",
            fix="put the file itself there",
        )
    if not real.is_file():
        raise WeightsError(f"{path} has weights in {file}, which is not a file", fix="check the path")
    return real


def _too_large(path: Path) -> WeightsError:
    return WeightsError(
        f"{path} has more than 2 GB with its weights, which no runtime takes in one piece",
        fix="save it with float16 weights, or use a smaller model",
    )
