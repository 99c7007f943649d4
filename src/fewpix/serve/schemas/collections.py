"""Collections, and what a change of one did."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fewpix.serve.schemas.body import CollectionName, Given, Taken


class NewCollection(Taken):
    """A collection to be made."""

    name: CollectionName


class Collection(Given):
    """A gallery."""

    name: str
    people: int
    photos: int
    space: Annotated[str, Field(description="Fingerprint of the embedding space.")]
    fixed: Annotated[bool, Field(description="It lies elsewhere and cannot be deleted here.")]


class CollectionList(Given):
    """All galleries, by name."""

    collections: list[str]


class Deleted(Given):
    """What was deleted."""

    deleted: bool
    photos: int
    remains: Annotated[
        str | None,
        Field(description="What of the bytes could not be overwritten yet, since another process uses them."),
    ]


class Undone(Given):
    """What was taken back."""

    undone: Literal["enrol", "rename", "merge", "move"]
    photos: int


class ImportBody(Given):
    """What came out of a file."""

    file: str
    people: Annotated[int, Field(description="That the file holds.")]
    new: Annotated[int, Field(description="How many of them are new in the collection.")]
    photos: Annotated[int, Field(description="That were added.")]
    same: Annotated[int, Field(description="That were there already.")]
    cameras: int
    kept: Annotated[list[str], Field(description="Cameras whose state here is another, and stayed.")]
    dry_run: bool
