"""The command line: one binary, one file per verb.

`main` finds the verb, sets up logging and turns every ending into an exit code and at most one line. It
parses no verb's options itself: that is typer's work, done after the verb's module has been imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fewpix.cli.ending import ended
from fewpix.cli.terminal import line, show
from fewpix.cli.verbosity import set_up_logging, take_verbosity
from fewpix.cli.verbs import VERBS, command

__all__ = ["VERBS", "main"]

USAGE = 2
"""Exit code of a command line that cannot be parsed, as in most tools."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        argv: the arguments after the program's name; `sys.argv[1:]` when None.

    Returns:
        The exit code: 0 done, 1 a bug, 2 usage, 130 interrupted, else the `exit_code` of the error's class.
    """
    words, level = take_verbosity(sys.argv[1:] if argv is None else list(argv))
    set_up_logging(level)
    try:
        return _run(words)
    except BaseException as error:
        return ended(error)


def _run(words: list[str]) -> int:
    """Answer `--help` and `--version` without importing anything; otherwise hand over to the verb."""
    if not words or words[0] in ("-h", "--help", "help"):
        show(help_text())
        return 0 if words else USAGE
    if words[0] == "--version":
        from fewpix import __version__

        show(f"fewpix {__version__}")
        return 0
    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        return _unknown(verb)
    parser = command(verb)
    with parser.make_context(f"fewpix {verb}", rest) as context:
        parser.invoke(context)
    return 0


def help_text() -> str:
    """What `fewpix --help` shows: every verb with one line."""
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:<{width}}  {line}" for name, (_, line) in VERBS.items())
    return f"""\
fewpix recognises faces from few pixels.

Usage: fewpix [-v | -vv | -q] VERB ...
       fewpix VERB --help

Verbs:
{verbs}

Options, before or after the verb:
  -v, --verbose  tell more on stderr; -vv also shows tracebacks
  -q, --quiet    no progress and no warnings
  --version      print the version and stop
  --help         this text, or the verb's own after a verb

Results go to stdout, with --json as one JSON object; everything else goes to stderr."""


def _unknown(verb: str) -> int:
    """One line for a word that is no verb, with the nearest one that is."""
    from difflib import get_close_matches

    kind = "option" if verb.startswith("-") else "verb"
    near = get_close_matches(verb, VERBS, n=1)
    fix = f"did you mean '{near[0]}'?" if near else "`fewpix --help` lists them"
    line(f"error: unknown {kind} {verb!r} ({fix})", to=sys.stderr)
    return USAGE
