"""Where people are looked for, and how faces are compared with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from typer import Option

from fewpix.cli.calibration_options import Matched
from fewpix.cli.gallery_options import Location

Camera = Annotated[
    str | None,
    Option(
        help="Apply the state that the gallery keeps for this camera; with `identify --adapt`, the camera's "
        "name in the state that is learned.",
        show_default=False,
    ),
]
Top = Annotated[int, Option(help="How many candidates to show per face.")]
Photos = Annotated[
    bool, Option("--photos", help="Compare with every photo of a person instead of with their template.")
]


@dataclass(frozen=True)
class SearchOptions:
    """The options, as they were given."""

    gallery: Location = None
    camera: Camera = None
    top: Top = 3
    photos: Photos = False
    matched: Matched = None
