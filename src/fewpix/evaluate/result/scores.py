"""`X.scores.npz` beside a result `X.json`: every single score, so that two results can be compared later.

A plain NPZ, read without pickles. `X.json` has its SHA-256 as `scores_sha256`, so a file that was changed, or
belongs to another run, is refused.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.files import atomic

Arrays = Mapping[str, NDArray[np.generic]]


def scores_path(result: Path) -> Path:
    """Where the scores of a result lie."""
    return result.with_suffix(".scores.npz")


def packed(measured: Iterable[tuple[Mapping[str, str], Arrays, Arrays]]) -> bytes | None:
    """The content of the file: equal arrays give equal bytes; None where nothing is kept.

    Args:
        measured: part, arrays that all models have in common and arrays of one model, in the order of the
            result's cells. The arrays of a gallery begin with its name and a dot.
    """
    shared: dict[str, Arrays] = {}
    own: dict[str, list[Arrays]] = {}
    for part, common, mine in measured:
        if common:
            shared[group_of(part)] = common
            own.setdefault(group_of(part), []).append(mine)
    if not shared:
        return None
    arrays: dict[str, NDArray[np.generic]] = {}
    for group, common in shared.items():
        before = f"{group}." if group else ""
        arrays |= {f"{before}{key}": array for key, array in common.items()}
        arrays |= {f"{before}{key}": np.stack([one[key] for one in own[group]]) for key in own[group][0]}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def group_of(part: Mapping[str, str]) -> str:
    """Whose arrays a part's are: those of a gallery or of a kind of detection; all protocols share theirs."""
    return part.get("gallery", "") or part.get("faces", "")


def unpacked(arrays: Arrays, group: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of one group, by their own names."""
    before = f"{group}." if group else ""
    mine = {key: array for key, array in arrays.items() if key.rpartition(".")[0] == group}
    return {key.removeprefix(before): array for key, array in mine.items()}


def digest(content: bytes) -> str:
    """SHA-256 of the file's content, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def write_scores(result: Path, content: bytes) -> None:
    """Write the scores of a result, atomically.

    Raises:
        StorageError: they cannot be written.
    """
    with atomic(scores_path(result)) as part:
        part.write_bytes(content)


def read_scores(result: Path, sha256: str) -> dict[str, NDArray[np.generic]]:
    """The arrays that belong to a result.

    Args:
        result: the path of `X.json`.
        sha256: what `X.json` says of them.

    Raises:
        InputError: the file is missing, is another one, or is no NPZ of plain arrays.
    """
    path = scores_path(result)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the scores {path} of {result.name} cannot be read: {error.strerror or error}",
            fix="keep both files together, or measure again with --out",
        ) from error
    if digest(content) != sha256:
        raise InputError(
            f"{path} hashes to {digest(content)[:12]}, but {result.name} was written with {sha256[:12]}",
            fix="it was changed or is of another run: measure again with --out",
        )
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is no file of scores: {error}", fix="measure again with --out") from error


def names_array(names: Sequence[str]) -> NDArray[np.uint8]:
    """Names as one array of bytes: UTF-8, a zero byte after each."""
    return np.frombuffer("".join(f"{name}\0" for name in names).encode(), dtype=np.uint8)


def names_of(array: NDArray[np.generic]) -> tuple[str, ...]:
    """What `names_array` was made from."""
    return tuple(array.tobytes().decode().split("\0")[:-1])
