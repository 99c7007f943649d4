"""The file that JSON lines are added to, one per picture, so that a run over a large folder can go on.

OUT.jsonl            a line per picture, each flushed when it is written; of a film its tracks and its end
OUT.jsonl.run.json   what the lines were made with; a run that goes on must be made with the same
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from fewpix.cli.output import Result
from fewpix.errors import ConfigError, InputError, StorageError
from fewpix.files import write_text
from fewpix.foreign import MALFORMED, json_file, json_of


class LinesFile:
    """An open file of lines; use it as a context manager.

    A last line without its end is what a killed run left of a picture: it is cut off, and the picture is
    looked at again. So is a film of which the end is missing.

    Args:
        path: the file.
        settings: what the lines depend on, JSON values.
        resume: go on in a file that is there; False refuses one with lines in it.
        replace: without `resume`, begin anew whatever is in it.

    Raises:
        ConfigError: there are lines already, or they were made with other settings.
        InputError: it is no file of lines, or what it was made with is not known.
        StorageError: it cannot be written.
    """

    def __init__(
        self, path: Path, settings: Mapping[str, Any], *, resume: bool, replace: bool = False
    ) -> None:
        self.path = path
        self.done: frozenset[str] = frozenset()
        beside = path.with_name(path.name + ".run.json")
        if path.exists() and path.stat().st_size and (resume or not replace):
            if not resume:
                raise ConfigError(
                    f"{path} holds lines already",
                    fix="say --resume to go on, --replace to begin anew, or name another --out",
                )
            _check(beside, path, settings)
            self.done, whole = _read(path)
            if whole < path.stat().st_size:
                _cut(path, whole)
        else:
            write_text(path, "")
            write_text(beside, json.dumps(dict(settings), indent=2, sort_keys=True) + "\n")
        try:
            self._file: IO[str] = path.open("a", encoding="utf-8", newline="\n")
        except OSError as error:
            raise _unwritable(path, error) from error

    def __enter__(self) -> LinesFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, *results: Result) -> None:
        """Write the line of a picture, or all lines of a film, its end last, and hand them to the system.

        Raises:
            StorageError: it cannot be written; the lines before are whole.
        """
        try:
            lines = [json.dumps(dict(each.to_json()), allow_nan=False) + "\n" for each in results]
            self._file.write("".join(lines))
            self._file.flush()
        except OSError as error:
            raise _unwritable(self.path, error) from error


def _check(beside: Path, path: Path, settings: Mapping[str, Any]) -> None:
    """Refuse to go on with other settings than those that the lines were made with."""
    try:
        before = json_file(beside)
        differ = [key for key in settings if before[key] != settings[key]]
    except (OSError, *MALFORMED) as error:
        raise InputError(
            f"what the lines of {path} were made with is not known: {beside.name} is missing or damaged",
            fix="begin anew with another --out",
        ) from error
    if differ:
        words = "; ".join(f"{key} was {before[key]}, now {settings[key]}" for key in differ)
        raise ConfigError(
            f"the lines of {path} were made in another way: {words}",
            fix="run it as before, or begin anew with another --out",
        )


def _read(path: Path) -> tuple[frozenset[str], int]:
    """The paths that are done, and how many bytes their lines take.

    Raises:
        InputError: a whole line is not that of a picture.
    """
    done, whole, read = set(), 0, 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                try:
                    facts = json_of(line)
                    name, unfinished = str(facts["path"]), "track" in facts
                except MALFORMED as error:
                    raise InputError(
                        f"{path}, line {number}, is not the line of a picture",
                        fix="name the --out of an earlier run, or another file",
                    ) from error
                read += len(line)
                if not unfinished:  # tracks count when the end of their film is there
                    done.add(name)
                    whole = read
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    return frozenset(done), whole


def _cut(path: Path, whole: int) -> None:
    try:
        with path.open("rb+") as file:
            file.truncate(whole)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot write {path}: {error.strerror or error}", fix="free space or choose another path"
    )
