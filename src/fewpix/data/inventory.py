"""What was found of a benchmark on disk, beside what its authors published."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.data.passed_over import NOTHING, LeftOut
from fewpix.errors import InputError


@dataclass(frozen=True)
class Count:
    """One number of a benchmark.

    Args:
        what: in words, such as "probe pictures".
        found: on this disk.
        published: by its authors; None if they say nothing.
    """

    what: str
    found: int
    published: int | None = None

    @property
    def differs(self) -> bool:
        """Whether another number was published."""
        return self.published is not None and self.found != self.published

    def __str__(self) -> str:
        said = f", published: {self.published:,}" if self.differs else ""
        return f"{self.found:,} {self.what}{said}"


@dataclass(frozen=True)
class Inventory:
    """What was found of a benchmark.

    Args:
        kind: of the benchmark, as in `fewpix data check KIND`.
        folder: where it lies.
        counts: what is there, beside what was published.
        listed: how many pictures its lists name.
        missing: those of them that are not there, relative to `folder`.
        sha256: over its lists and the names of all pictures that they name; not over the pictures.
        left_out: where a folder says which pictures there are, what else is in it.
    """

    kind: str
    folder: Path
    counts: tuple[Count, ...]
    listed: int
    missing: tuple[str, ...]
    sha256: str
    left_out: LeftOut = NOTHING

    @property
    def complete(self) -> bool:
        """Whether nothing is missing and every published number was found."""
        return not self.missing and not any(count.differs for count in self.counts)

    @property
    def coverage(self) -> float:
        """The share of listed pictures that are there, 0 to 1."""
        return 1 - len(self.missing) / self.listed if self.listed else 0.0

    def __str__(self) -> str:
        lines = [f"{self.kind} in {self.folder}", *(f"  {count}" for count in self.counts)]
        if self.missing:
            lines.append(
                f"  {len(self.missing):,} of {self.listed:,} listed pictures are missing, "
                f"the first one {self.missing[0]}"
            )
        if any(count.published is not None for count in self.counts):
            state = "as published" if self.complete else "not as published"
        else:  # one's own, of which nothing was published
            state = "complete" if self.complete else "not complete"
        lines.append(f"  {state}; lists {self.sha256[:12]}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values; of the missing pictures the first hundred."""
        return {
            "kind": self.kind,
            "folder": str(self.folder),
            "counts": [
                {"what": count.what, "found": count.found, "published": count.published}
                for count in self.counts
            ],
            "listed": self.listed,
            "missing": len(self.missing),
            "missing_first": list(self.missing[:100]),
            "coverage": self.coverage,
            "complete": self.complete,
            "sha256": self.sha256,
        }

    def require_pictures(self, *, allow_missing: bool) -> None:
        """Refuse a benchmark with missing pictures, unless they may be missing; warn of what was passed over.

        Raises:
            InputError: some are missing and may not be, or all are.
        """
        if self.listed and len(self.missing) == self.listed:
            raise InputError(
                f"{self.folder} holds none of the {self.listed:,} pictures that its lists name, "
                f"such as {self.missing[0]}",
                fix="name the folder that the benchmark was unpacked into",
            )
        if self.missing and not allow_missing:
            raise InputError(
                f"{len(self.missing):,} of {self.listed:,} pictures are missing in {self.folder}, "
                f"the first one {self.missing[0]}",
                fix="complete the folder, or leave them out with --allow-missing",
            )
        if self.left_out:
            logging.getLogger("fewpix").warning("%s: %s", self.folder, self.left_out)


def digest(lists: Sequence[Path], names: Iterable[str]) -> str:
    """SHA-256 over the content of list files, in the order given, and over names, sorted.

    Raises:
        InputError: a list cannot be read.
    """
    total = hashlib.sha256()
    for path in lists:
        try:
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise InputError(
                f"cannot read {path}: {error.strerror or error}", fix="check the path"
            ) from error
    for name in sorted(names):
        total.update(f"{name}\n".encode())
    return total.hexdigest()


def require_folder(folder: Path, *parts: str, kind: str) -> None:
    """Refuse a folder that lacks what every copy of a benchmark has.

    Raises:
        InputError: the folder is not there, or one of `parts` in it.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}", fix="check the path")
    absent = [part for part in parts if not (folder / part).exists()]
    if absent:
        raise InputError(
            f"{folder} is not a folder of {kind}: it lacks {', '.join(absent)}",
            fix="name the folder that the benchmark was unpacked into, with its original names",
        )
