"""The one place where fewpix prints: no text from elsewhere reaches a terminal as it is.

A test looks that nothing else prints. Results go through `output.emit`, which escapes their texts before they
are laid out; what is left, one line at a time, through `line`.
"""

from __future__ import annotations

import sys
from typing import TextIO

from fewpix.printable import escaped


def line(text: str, *, to: TextIO | None = None) -> None:
    """Print one line; line ends within it are escaped with everything else that cannot be printed safely.

    Args:
        text: the line, with whatever foreign texts are in it.
        to: where to; stdout when None.
    """
    show(escaped(text), to=to)


def show(text: str, *, to: TextIO | None = None) -> None:
    """Print lines of text whose foreign parts cannot hold line ends; everything else unsafe is escaped here.

    Args:
        text: the lines.
        to: where to; stdout when None.
    """
    stream = sys.stdout if to is None else to
    code = getattr(stream, "encoding", None) or "utf-8"
    safe = escaped(text, lines=True).encode(code, "backslashreplace").decode(code)
    print(safe, file=stream, flush=True)
