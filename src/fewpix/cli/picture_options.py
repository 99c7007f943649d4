"""Options of verbs that read pictures: whether they are crops, and what of them may be no use."""

from __future__ import annotations

from typing import Annotated

from typer import Option

Crops = Annotated[
    bool,
    Option("--crops", help="The pictures are aligned square crops, 8x8 px and up; no face is looked for."),
]
SkipBad = Annotated[
    bool, Option("--skip-bad", help="End well although some of the input cannot be used; it is listed.")
]
