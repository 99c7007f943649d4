"""What lies on the disk, to look whether something is still there."""

from __future__ import annotations

import contextlib
from pathlib import Path


def stored(folder: Path) -> bytes:
    """All files below a folder, one after the other.

    A server or service may write there meanwhile: a file that it removes is passed over.
    """
    parts = []
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            parts.append(path.read_bytes())
    return b"\n".join(parts)
