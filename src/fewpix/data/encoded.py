"""Encoded pictures, some held in memory and some left in the RecordIO file that they lie in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from fewpix.data.record import open_records, read_record

HELD = -1
"""The file of a picture that is in memory."""


@dataclass(frozen=True, eq=False)
class Encoded(Sequence[bytes]):
    """N encoded pictures; one that lies in a file takes 12 bytes of memory.

    Args:
        held: those in memory.
        files: RecordIO files.
        file: (N,) int32, the place in `files` of each, or `HELD`.
        place: (N,) int64, the place in `held` of each, or where its record begins, in bytes.
    """

    held: tuple[bytes, ...]
    files: tuple[Path, ...]
    file: NDArray[np.int32]
    place: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.file)

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        """One picture, or some that stay where they are.

        Raises:
            InputError: its record cannot be read any more.
        """
        if isinstance(index, slice):
            return Encoded(self.held, self.files, self.file[index], self.place[index])
        file, place = int(self.file[index]), int(self.place[index])
        if file == HELD:
            return self.held[place]
        rec = self.files[file]
        with open_records(rec) as stream:
            return read_record(stream, place, f"{rec}, the record at byte {place},").data

    def __iter__(self) -> Iterator[bytes]:
        return (self[n] for n in range(len(self)))
