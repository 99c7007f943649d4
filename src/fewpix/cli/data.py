"""`fewpix data`: look at data sets before anything is measured on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option, Typer

from fewpix.cli.evaluate_options import Ids
from fewpix.cli.output import AsJson, emit
from fewpix.cli.targets import READS
from fewpix.evaluate.readers.registry import READERS

data = Typer(add_completion=False, help="Look at data sets.")

INCOMPLETE = 1
"""Exit code where something is missing, or is not as it was published."""


@data.callback()
def _group() -> None:
    """Keeps `check` a command of its own while it is the only one."""


@data.command("check", short_help="what is there of a benchmark, and what is missing")
def check(
    kind: Annotated[str, Argument(help=f"{', '.join(READERS)}.", show_default=False)],
    path: Annotated[
        Path,
        Argument(help="Its folder or file, with the original names inside.", show_default=False),
        READS,
    ],
    pairs: Annotated[
        Path | None,
        Option(help="Of lfw: another list than PATH/pairs.txt.", show_default=False),
        READS,
    ] = None,
    ids: Ids = None,
    as_json: AsJson = False,
) -> None:
    """Say what was found of a benchmark, what is missing, and whether it matches the published counts.

    Ends with 1 where it does not.
    """
    from fewpix.evaluate.readers.registry import take_stock

    found = take_stock(kind, path, pairs=pairs, ids=ids)
    emit(found, as_json, found.left_out)
    if not found.complete:
        raise Exit(INCOMPLETE)
