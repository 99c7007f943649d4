"""What a verb shows: one result on stdout, progress on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from typer import Option

from fewpix.cli.pace import Pace, in_words
from fewpix.cli.printed import printed
from fewpix.cli.terminal import line, show
from fewpix.cli.verbosity import is_quiet, take_warnings
from fewpix.printable import escaped

if TYPE_CHECKING:
    from fewpix.data.passed_over import LeftOut

AsJson = Annotated[bool, Option("--json", help="Print one JSON object; of several results, each a line.")]

PLAIN_EVERY = 10.0
"""Seconds between two progress lines where stderr is not a terminal."""


class Result(Protocol):
    """What a library function returns: text for people by `str`, JSON values for scripts."""

    def to_json(self) -> Mapping[str, Any]:
        """The result as plain JSON values."""
        ...


def emit(result: Result, as_json: bool, left_out: LeftOut | None = None, *, about: str = "") -> None:
    """Print one result to stdout: as one line of JSON, or as text.

    Args:
        result: has `to_json()` and `__str__`.
        as_json: whether `--json` was given. NaN and infinity are refused, as JSON has none.
        left_out: what was passed over on the way to it: keys of the same object, or lines below the text.
        about: what one of several results is of, such as a picture's path: warnings that do not name it wait
            for a later result.

    With `--json`, what was warned of since the last result is in the object as `warnings`, where there was
    anything; in any case it is on stderr.
    """
    warned = take_warnings(about)
    if as_json:
        facts = dict(result.to_json()) | ({} if left_out is None else left_out.to_json())
        if warned:
            facts.setdefault("warnings", warned)
        show(json.dumps(facts, allow_nan=False))
        return
    show("\n".join([str(printed(result)), *([str(printed(left_out))] if left_out else [])]))


class Bar:
    """Where progress goes; this one goes nowhere."""

    def __call__(self, done: float, total: float | None = None, note: str = "", stage: str = "") -> None:
        """Tell how far it is.

        Args:
            done: units done so far; of the stage, where there are stages.
            total: units in all, when known by now.
            note: a few words behind the bar, such as a loss.
            stage: what is being done now, where a command does several things one after the other. The time
                left is that of the stage.
        """


class _Shown(Bar):
    """What is known of a bar that is shown."""

    def __init__(self, description: str, total: float | None) -> None:
        self.description, self.total = description, total
        self._pace = Pace()

    def left(self, done: float, total: float | None, stage: str) -> str:
        """The time that is left, in words; empty where it cannot be said yet."""
        self.total = self.total if total is None else total
        seconds = self._pace.left(time.monotonic(), done, self.total, stage)
        if seconds is None:
            return ""
        return f"about {in_words(seconds)} left{' of this stage' if stage else ''}"

    def title(self, stage: str) -> str:
        """What is going on."""
        return escaped(f"{self.description}, {stage}" if stage else self.description)


class _Plain(_Shown):
    """A line now and then, for logs."""

    def __init__(self, description: str, total: float | None) -> None:
        super().__init__(description, total)
        self.said = time.monotonic()
        line(f"{description} ...", to=sys.stderr)

    def __call__(self, done: float, total: float | None = None, note: str = "", stage: str = "") -> None:
        left = self.left(done, total, stage)
        if time.monotonic() - self.said < PLAIN_EVERY:
            return
        self.said = time.monotonic()
        far = f"{done:g}" + (f" of {self.total:g}" if self.total else "")
        line(f"{self.title(stage)}: {far} {note}".rstrip() + (f", {left}" if left else ""), to=sys.stderr)


@contextmanager
def progress(description: str, total: float | None = None, *, as_json: bool = False) -> Iterator[Bar]:
    """Show progress on stderr while the block runs: a bar on a terminal, a line every ten seconds elsewhere.

    Nothing is shown with `-q`, nor with `--json` where stderr is not a terminal.

    Args:
        description: what is going on, a few words.
        total: units in all; None when not known yet.
        as_json: whether `--json` was given.

    Example:
        with progress("embedding", len(names), as_json=as_json) as bar:
            for n, name in enumerate(names, 1):
                ...
                bar(n, note=name)
    """
    terminal = sys.stderr.isatty()
    if is_quiet() or (as_json and not terminal):
        yield Bar()
    elif not terminal:
        yield _Plain(description, total)
    else:
        yield from _on_terminal(description, total)


def _on_terminal(description: str, total: float | None) -> Iterator[Bar]:
    """A bar of rich, imported here because it takes longer than the whole of `fewpix --help`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(escaped(description), total=total, note="", left="")

        class Rich(_Shown):
            def __call__(
                self, done: float, total: float | None = None, note: str = "", stage: str = ""
            ) -> None:
                left = self.left(done, total, stage)
                shown.update(
                    task,
                    description=self.title(stage),
                    total=self.total,
                    completed=done,
                    note=escaped(note),
                    left=left,
                )

        yield Rich(description, total)
