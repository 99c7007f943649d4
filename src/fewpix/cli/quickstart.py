"""`fewpix quickstart`: the whole way on sample faces."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from typer import Option

from fewpix.cli.kinds import QUICKSTART
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.targets import Writes


def quickstart(
    out: Annotated[Path, Option(help="The folder to write to."), Writes(QUICKSTART)] = Path("quickstart"),
    seed: Annotated[int, Option(min=0, help="Of every draw; the same seed gives the same figures.")] = 0,
    steps: Annotated[
        int | None, Option(min=1, help="Of training; those of the recipe if not given.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Go the whole way on sample faces: align, distil, adapt, evaluate, identify, report.

    Takes a few minutes on two cores and ends with report.html. The faces are those of ORL, an easy set, from
    a package that the extra `samples` installs.
    """
    from fewpix.threads import prepare_torch

    prepare_torch()
    from fewpix.optional import require

    require("torch")
    require("matplotlib", use="the report")
    from fewpix.quickstart.run import run

    emit(run(out, seed=seed, steps=steps, show=partial(progress, as_json=as_json)), as_json)
