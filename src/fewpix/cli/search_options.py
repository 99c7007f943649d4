"""Where people are looked for, and how faces are compared with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.cli.calibration_options import Matched
from fewpix.cli.gallery_options import Location

if TYPE_CHECKING:
    from fewpix.embed.protocol import Encoder
    from fewpix.gallery.store import Gallery
    from fewpix.identify.faces import Finder
    from fewpix.identify.pipeline import Identifier
    from fewpix.identify.rule import Rule

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

    def identifier(self, detector: Finder | None, encoder: Encoder, store: Gallery, by: Rule) -> Identifier:
        """What names faces, or templates of tracks, by a rule; arguments and errors as `Identifier`."""
        from fewpix.identify.pipeline import Identifier

        return Identifier(
            detector,
            encoder,
            store,
            top=self.top,
            threshold=by.threshold,
            templates=not self.photos,
            calibrated=by.calibrated,
            fpir=by.fpir,
            matched=self.matched,
        )
