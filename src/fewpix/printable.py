"""Text from elsewhere, made safe to print: what a terminal would obey, or nobody could see, is written out.

Names of files and people, messages of libraries and fields of foreign files may hold control characters,
direction controls that reorder a line, characters without width, and line ends that forge lines.
"""

from __future__ import annotations

import re

IGNORED = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Ranges of characters that show nothing: of direction, without width, fillers, variation selectors, tags."""

CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
"""Ranges of control characters (C0 and C1), line and paragraph separators, halves of surrogate pairs."""

UNSAFE = re.compile(f"[{CONTROLS}{IGNORED}]")
_UNSAFE_BUT_LINES = re.compile(f"(?!\n)[{CONTROLS}{IGNORED}]")


def escaped(text: str, *, lines: bool = False) -> str:
    r"""The text with `\x1b`, `\u202e`, `\n` and the like in place of what cannot be printed safely.

    Args:
        text: any text.
        lines: keep line feeds: for text whose foreign parts were escaped before.
    """
    return (_UNSAFE_BUT_LINES if lines else UNSAFE).sub(_written, text)


def _written(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
