"""What stands for a person or a photo in addresses: a number that cannot come to mean somebody else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from fewpix.gallery.rows import Face, Person
from fewpix.gallery.store import Gallery
from fewpix.serve.problems import ProblemError

PATTERN = r"^[1-9]\d{0,17}-[0-9a-f]{8}$"


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
