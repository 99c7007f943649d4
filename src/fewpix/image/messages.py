"""What libjpeg, libpng, libtiff and OpenCV print while they decode: caught, so that it can name the file.

They print to file descriptor 2, past Python. For as long as a picture is decoded, that descriptor leads into
a file. Lines that none of these libraries writes come from another thread, and are passed on.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

_FROM_LIBRARIES = re.compile(
    r"Corrupt JPEG|Premature end of JPEG|Inconsistent progression|Invalid (SOS|Adobe|component|crop|JPEG)"
    r"|Warning: (unknown JFIF|thumbnail)|Caution: quantization|Unsupported marker|Application transferred"
    r"|libpng |\[ *(WARN|ERROR|FATAL|INFO|DEBUG):|.*grfmt_|TIFF|OpenCV"
)
_DAMAGE = re.compile(
    r"Corrupt JPEG data(?!.*before marker 0xd9)|Premature end|Inconsistent progression|Invalid SOS"
    r"|\[ *(ERROR|FATAL):|libpng error|libpng warning: IDAT"
)


class _Descriptor:
    """Descriptor 2 of this process, and the file that it leads into now and then."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin with a lock and a file of its own, as a process does."""
        self.lock = threading.Lock()
        self.file: FileIO | None = None

    @staticmethod
    def _open() -> FileIO:
        """A file without a name, open as long as the process."""
        number, path = tempfile.mkstemp(prefix="fewpix-")
        with suppress(OSError):  # Windows cannot remove an open file
            Path(path).unlink()
        return FileIO(number, "r+")

    def begin(self) -> int | None:
        """Lead the descriptor into the file; gives what it was, None where there is no such descriptor."""
        try:
            if self.file is None:
                self.file = self._open()
            self.file.seek(0)
            self.file.truncate()
            with suppress(AttributeError, ValueError, OSError):  # no stderr, or a closed one
                sys.stderr.flush()
            before = os.dup(2)
        except OSError:
            return None
        os.dup2(self.file.fileno(), 2)
        return before

    def end(self, before: int) -> list[str]:
        """Lead it back, and give what was written."""
        assert self.file is not None
        os.dup2(before, 2)
        os.close(before)
        if not self.file.seek(0, os.SEEK_END):
            return []
        self.file.seek(0)
        return self.file.read().decode(errors="replace").splitlines()


_STDERR = _Descriptor()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_STDERR.renew)


@contextmanager
def caught() -> Iterator[list[str]]:
    """The lines that libraries print while the block runs, there when it has ended; one thread at a time."""
    lines: list[str] = []
    with _STDERR.lock:
        before = _STDERR.begin()
        try:
            yield lines
        finally:
            written = [] if before is None else _STDERR.end(before)
    for line in written:
        if _FROM_LIBRARIES.match(line):
            lines.append(line.strip())
        elif line:
            with suppress(OSError):
                os.write(2, f"{line}\n".encode())


def tells_damage(line: str) -> bool:
    """Whether a library's line says that a part of the picture was lost."""
    return bool(_DAMAGE.search(line))
