"""How a command ends: every exception becomes one line on stderr and an exit code, in this one place."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress

from fewpix.cli.terminal import line, show
from fewpix.cli.verbosity import shows_tracebacks
from fewpix.errors import FewpixError

BUG = 1
"""Exit code of an error that fewpix did not raise on purpose."""

STDOUT_FULL = 10
"""Exit code when the result cannot be written to stdout; that of `StorageError`."""

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the signal's number, as shells report it."""

BROKEN_PIPE = 141
"""Exit code when the reader of stdout has gone: 128 and the signal's number."""


def ended(error: BaseException) -> int:
    """Say on stderr how the command ended, and give its exit code.

    Args:
        error: what came out of the verb.
    """
    if isinstance(error, FewpixError):
        _say(f"error: {error}")
        return error.exit_code
    if isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt):
        _say(f"interrupted; {error if error.args else 'what was written before is whole'}")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        _silence_stdout()
        return BROKEN_PIPE
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else BUG
    return _of_typer(error)


def _of_typer(error: BaseException) -> int:
    """Typer's own endings, and after them whatever nobody foresaw."""
    import typer

    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, typer.Abort):
        _say("interrupted; nothing was done")
        return INTERRUPTED
    usage = typer.BadParameter.__mro__[1]  # the base of all usage errors has no public name
    if isinstance(error, usage):
        context = getattr(error, "ctx", None)
        fix = f" (`{context.command_path} --help` shows the usage)" if context else ""
        _say(f"error: {error.format_message()}{fix}")  # type: ignore[attr-defined]
        return int(getattr(error, "exit_code", 2))
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
        _say("error: cannot write the result: no space left on the device behind stdout (free space)")
        _silence_stdout()
        return STDOUT_FULL
    if shows_tracebacks():
        show("".join(traceback.format_exception(error)).rstrip(), to=sys.stderr)
    hint = "" if shows_tracebacks() else " (-vv shows where)"
    _say(f"this is a bug in fewpix: {type(error).__name__}: {error}{hint}")
    return BUG


def _silence_stdout() -> None:
    """The interpreter flushes stdout once more when it ends, and would complain about it again."""
    with suppress(OSError, ValueError):  # stdout may be an object without a descriptor, or closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    """One line on stderr; line breaks and control characters, say from a file name, cannot make it two."""
    line(" ".join(text.split()), to=sys.stderr)
