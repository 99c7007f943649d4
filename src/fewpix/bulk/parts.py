"""The folder that bulk work is written into: Parquet files, each whole or absent, and how they were made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fewpix.errors import ConfigError, InputError, StorageError
from fewpix.files import atomic, check_folder, write_text
from fewpix.foreign import MALFORMED, json_file
from fewpix.optional import require

MANIFEST = "_made.json"
"""The file that says how the parts were made. Readers of folders of Parquet pass over such names."""

_DIGEST = b"fewpix_made"


@dataclass(frozen=True)
class Parts:
    """Parts of one piece of work, in a folder.

    A part is written under another name and renamed, so that none is ever torn; and what is in it follows
    from its number and from how it was made, so that it does not matter how often it was written, or by whom.

    Args:
        folder: theirs.
        made: how: JSON values. Of another way of making them, none is taken for whole.
    """

    folder: Path
    made: Mapping[str, Any]

    @cached_property
    def digest(self) -> str:
        """Names the way of making them."""
        return hashlib.sha256(json.dumps(dict(self.made), sort_keys=True).encode()).hexdigest()

    def path(self, number: int) -> Path:
        """Of a part, from 0."""
        return self.folder / f"part-{number:06d}.parquet"

    def begin(self, *, replace: bool) -> None:
        """Go on in the folder, or make it.

        Args:
            replace: parts that were made in another way are deleted.

        Raises:
            ConfigError: there are parts that were made in another way.
            InputError: how they were made is not known, or other files are there.
            StorageError: it cannot be written.
        """
        check_folder(self.folder, "parts")
        manifest, there = self.folder / MANIFEST, sorted(self.folder.glob("[!.]*"))
        if not replace and there not in ([], [manifest]):  # without any part it does not matter how
            if not manifest.is_file():
                raise InputError(
                    f"{self.folder} is a folder of other files than parts: {MANIFEST} is missing",
                    fix="name another folder, or begin anew with --replace",
                )
            self._check(manifest)
            return
        for part in sorted(self.folder.glob("part-*.parquet")):
            try:
                part.unlink()
            except OSError as error:
                raise StorageError(
                    f"cannot delete {part}: {error.strerror or error}", fix="name another folder"
                ) from error
        write_text(manifest, json.dumps(dict(self.made), indent=2, sort_keys=True) + "\n")

    def _check(self, manifest: Path) -> None:
        try:
            before = dict(json_file(manifest))
        except (OSError, *MALFORMED) as error:
            raise InputError(
                f"how the parts in {self.folder} were made is not known: {MANIFEST} is damaged",
                fix="name another folder, or begin anew with --replace",
            ) from error
        differ = [key for key in {**before, **self.made} if before.get(key) != self.made.get(key)]
        if differ:
            words = "; ".join(f"{key} was {before.get(key)}, now {self.made.get(key)}" for key in differ)
            raise ConfigError(
                f"the parts in {self.folder} were made in another way: {words}",
                fix="run it as before, name another folder, or begin anew with --replace",
            )

    def is_whole(self, number: int) -> bool:
        """Whether a part is there, can be read to its end, and was made in this way."""
        parquet, arrow = _parquet()
        path = self.path(number)
        if not path.is_file():
            return False
        try:
            metadata = parquet.read_schema(str(path)).metadata or {}
        except (OSError, arrow.ArrowException):
            return False
        return bool(metadata.get(_DIGEST) == f"{self.digest} {number}".encode())

    def write(self, number: int, table: Any) -> None:
        """Write a part: a `pyarrow.Table`.

        Raises:
            StorageError: it cannot be written.
        """
        parquet, _ = _parquet()
        metadata = {_DIGEST: f"{self.digest} {number}".encode()}
        with atomic(self.path(number)) as part:
            parquet.write_table(table.replace_schema_metadata(metadata), str(part))

    def failed(self, count: int) -> Iterator[tuple[str, str]]:
        """The pictures of the first `count` parts that could not be used, with the reason.

        Raises:
            InputError: a part cannot be read.
        """
        parquet, arrow = _parquet()
        for number in range(count):
            try:
                with parquet.ParquetFile(str(self.path(number))) as file:
                    if file.metadata.num_rows:
                        table = file.read(columns=["picture", "error"])
                        bad = table.filter(table["error"].is_valid())
                        yield from zip(bad["picture"].to_pylist(), bad["error"].to_pylist(), strict=True)
            except (OSError, arrow.ArrowException) as error:
                raise InputError(
                    f"cannot read {self.path(number)}: {error}", fix="delete it and run again"
                ) from error


def _parquet() -> tuple[Any, Any]:
    require("pyarrow", use="bulk work")
    import pyarrow
    from pyarrow import parquet

    return parquet, pyarrow
