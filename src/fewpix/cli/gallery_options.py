"""Options that verbs with a gallery share, and how they open it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.errors import StorageError

if TYPE_CHECKING:
    from fewpix.gallery.store import Gallery
    from fewpix.models.space import Space

Location = Annotated[
    str | None,
    Option(
        "--gallery",
        help="The gallery file, or postgresql://...; FEWPIX_GALLERY or ./fewpix.db when not given.",
        show_default=False,
    ),
]
Yes = Annotated[bool, Option("--yes", help="Do not ask.")]
Wait = Annotated[
    float,
    Option(
        min=0,
        max=86400,
        help="Seconds to wait for others who are using the gallery, until what was removed is overwritten.",
    ),
]
WAIT = 5.0
"""Longer than anybody takes to read a gallery of usual size."""


def overwritten(remains: str) -> None:
    """End with an error where removed bytes could not be overwritten; the removal itself is done.

    Raises:
        StorageError: with what `Database.forget` says.
    """
    if remains:
        raise StorageError(
            remains,
            fix="when that has ended, the next command that opens the gallery overwrites them, or is told to "
            "wait by --wait",
        )


def open_gallery(location: str | None, *, write: bool) -> Gallery:
    """An existing gallery of whatever space.

    Raises:
        InputError: there is none.
    """
    from fewpix.config import gallery_location
    from fewpix.gallery.store import Gallery

    return Gallery.open(location or gallery_location(), write=write)


@contextmanager
def enrolled(location: str | None, space: Space) -> Iterator[Gallery]:
    """A gallery of this space to look for people in.

    Raises:
        InputError: there is none, it is of another space, or nobody is in it.
    """
    from fewpix.config import gallery_location
    from fewpix.gallery.store import open_enrolled

    with open_enrolled(location or gallery_location(), space) as gallery:
        yield gallery
