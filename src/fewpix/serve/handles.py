"""What stands for a person or a photo in addresses: a number that cannot come to mean somebody else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from fewpix.foreign import json_of
from fewpix.gallery.rows import Face, Person
from fewpix.gallery.store import Gallery
from fewpix.serve.problems import ProblemError

PATTERN = r"^[1-9]\d{0,17}-[0-9a-f]{8}$"

Item = TypeVar("Item")


def handle(number: int, created: str) -> str:
    """For a row of the gallery. A number is given again when its owner is gone, so the time goes with it."""
    return f"{number}-{hashlib.blake2b(created.encode(), digest_size=4).hexdigest()}"


def handle_of(person: Person) -> str:
    """For a person."""
    return handle(person.number, person.created)


def present(gallery: Gallery, names: Iterable[str]) -> dict[str, Person]:
    """Those of these names who are in a gallery, by name."""
    return {name: person for name in names for person in gallery.people(name=name)}


def person_of(gallery: Gallery, text: str) -> Person:
    """The person of a handle.

    Raises:
        ProblemError: there is none.
    """
    if re.match(PATTERN, text):
        for person in gallery.people(number=int(text.partition("-")[0])):
            if handle_of(person) == text:
                return person
    raise ProblemError("no-person")


def photo_of(gallery: Gallery, person: Person, text: str) -> Face:
    """The photo of a handle.

    Raises:
        ProblemError: the person has none such.
    """
    for face in gallery.faces(person.name):
        if handle(face.face, face.created) == text:
            return face
    raise ProblemError("no-photo")


def number_of(text: str, code: str) -> int:
    """The number that stands in an address.

    Raises:
        ProblemError: of this code, where it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ProblemError(code)
    return int(text)


def cursor(after: str | int | list[Any]) -> str:
    """What continues a list after this item."""
    return base64.urlsafe_b64encode(json.dumps(after).encode()).decode().rstrip("=")


def after_of(text: str | None, kind: type[Item]) -> Item | None:
    """What a cursor continues after; None for the beginning.

    Raises:
        ProblemError: it is none of this list.
    """
    if text is None:
        return None
    try:
        found: Any = json_of(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        raise ProblemError("cursor") from None
    if type(found) is not kind:
        raise ProblemError("cursor")
    return found


def page(items: Sequence[Item], most: int) -> tuple[Sequence[Item], bool]:
    """The first items of a list, of which one more than wanted was read, and whether there are more."""
    return items[:most], len(items) > most
