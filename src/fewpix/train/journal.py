"""The journal of a run: one JSON object per line, appended as it happens.

On resume it is cut back to the checkpoint.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fewpix.errors import InputError, StorageError
from fewpix.files import write_text
from fewpix.foreign import MALFORMED, json_of


class Journal:
    """Appends to `path`; every line carries the step it belongs to.

    Args:
        path: a `.jsonl` file; made when absent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, step: int, kind: str, values: Mapping[str, Any]) -> None:
        """Write one line and hand it to the operating system before returning.

        Raises:
            StorageError: it cannot be written.
        """
        line = json.dumps({"step": step, "kind": kind, **values}, sort_keys=True)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(line + "\n")
        except OSError as error:
            raise StorageError(
                f"cannot write {self.path}: {error.strerror}", fix="free space and resume"
            ) from error

    def lines(self) -> list[dict[str, Any]]:
        """All whole lines; a torn last line, left by a kill, is passed over.

        Raises:
            InputError: it cannot be read, or another line is none of a journal.
        """
        if not self.path.is_file():
            return []
        entries: list[dict[str, Any]] = []
        try:
            lines = self.path.read_bytes().split(b"\n")
            for number, line in enumerate(lines, 1):
                try:
                    entry = json_of(line, finite=False) if line else None
                except ValueError:
                    if number < len(lines):
                        raise
                    continue
                if entry is not None:
                    entries.append(dict(entry) | {"step": operator.index(entry["step"])})
        except (OSError, *MALFORMED) as error:
            raise InputError(
                f"{self.path} is not the journal of a run: {error}",
                fix="move it away, or name another folder",
            ) from error
        return entries

    def cut(self, step: int) -> None:
        """Drop every line after `step`, so that a resumed run writes each of its lines once."""
        kept = [entry for entry in self.lines() if entry["step"] <= step]
        write_text(self.path, "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in kept))
