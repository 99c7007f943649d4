"""Options that the verbs of `fewpix gallery` share, and how they open the gallery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option

if TYPE_CHECKING:
    from fewpix.gallery.store import Gallery

Location = Annotated[
    str | None,
    Option(
        "--gallery",
        help="The gallery file, or postgresql://...; FEWPIX_GALLERY or ./fewpix.db when not given.",
        show_default=False,
    ),
]
DryRun = Annotated[bool, Option("--dry-run", help="Change nothing, say what would happen.")]
Yes = Annotated[bool, Option("--yes", help="Do not ask.")]
AsJson = Annotated[bool, Option("--json", help="Print one JSON object.")]


def open_gallery(location: str | None, *, write: bool) -> Gallery:
    """An existing gallery of whatever space.

    Raises:
        InputError: there is none.
    """
    from fewpix.config import gallery_location
    from fewpix.gallery.store import Gallery

    return Gallery.open(location or gallery_location(), write=write)
