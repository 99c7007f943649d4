"""`-v` and `-q`: how much is told on stderr. They may stand anywhere on the command line, for every verb."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from fewpix.printable import escaped

_LOUDER = {"-v": 1, "--verbose": 1, "-vv": 2}
_QUIET = ("-q", "--quiet")


def take_verbosity(argv: Sequence[str]) -> tuple[list[str], int]:
    """Split the arguments into those for the verb and the logging level asked for.

    Args:
        argv: the arguments after the program's name; those after `--` are left alone.

    Returns:
        The other arguments in their order, and a level of `logging`: ERROR with -q, WARNING without either,
        INFO with -v, DEBUG with -vv.
    """
    end = argv.index("--") if "--" in argv else len(argv)
    louder = sum(_LOUDER.get(word, 0) for word in argv[:end])
    quiet = any(word in _QUIET for word in argv[:end])
    rest = [word for word in argv[:end] if word not in _LOUDER and word not in _QUIET]
    if quiet:
        return [*rest, *argv[end:]], logging.ERROR
    return [*rest, *argv[end:]], (logging.WARNING, logging.INFO, logging.DEBUG)[min(louder, 2)]


class _Kept(logging.Handler):
    """Keeps warnings for the JSON of the next result."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def take_warnings(about: str = "") -> list[str]:
    """What was warned of and not taken yet; only what names `about`, if that is given."""
    taken: list[str] = []
    for handler in logging.getLogger("fewpix").handlers:
        if isinstance(handler, _Kept):
            taken += [message for message in handler.messages if about in message]
            handler.messages = [message for message in handler.messages if about not in message]
    return taken


def drop_kept_warnings() -> None:
    """Keep no warnings from now on: a command that never ends has no result to put them into."""
    logger = logging.getLogger("fewpix")
    logger.handlers[:] = [each for each in logger.handlers if not isinstance(each, _Kept)]


def set_up_logging(level: int) -> None:
    """Send the logger `fewpix` to stderr at `level`, one plain line per message, and keep its warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("fewpix")
    logger.handlers[:] = [handler, _Kept()]
    logger.propagate = False
    logger.setLevel(level)


class _OneLine(logging.Formatter):
    """A message is one line, whatever texts from elsewhere are in it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line."""
        return escaped(super().formatMessage(record))


def is_quiet() -> bool:
    """Whether -q was given."""
    return not logging.getLogger("fewpix").isEnabledFor(logging.WARNING)


def shows_tracebacks() -> bool:
    """Whether -vv was given."""
    return logging.getLogger("fewpix").isEnabledFor(logging.DEBUG)
