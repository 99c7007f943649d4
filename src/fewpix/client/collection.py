"""A collection of a service: its people, and who of them is on pictures and films."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fewpix.client.jobs import Job
from fewpix.client.records import JSON, File, Person, Photo, Picture, files_of, pictures_of
from fewpix.client.review import Review

if TYPE_CHECKING:
    from fewpix.client.service import Client


class Collection:
    """A collection of a service; made by `Client.collection` or `Client.create`."""

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._call, self.name = client, client.call, name
        self._place = f"/collections/{quote(name, safe='')}"
        self.review = Review(client, self._place)

    def enrol(self, name: str, photos: Sequence[File], **options: Any) -> JSON:
        """Enrol photos of a person; `enrolled` and `refused` say what became of each."""
        return self._call("POST", f"{self._place}/photos", files=files_of(photos), name=name, **options)

    def identify(self, pictures: Sequence[File], **options: Any) -> list[Picture]:
        """All faces of pictures with who they are; options as `fpir`, `threshold`, `top`, `crops`."""
        return pictures_of(self._call("POST", f"{self._place}/identify", files=files_of(pictures), **options))

    def send_film(self, film: str | os.PathLike[str], **options: Any) -> Job:
        """Have a film looked at; options as `fpir`, `every`, `start`, `events`, `store_templates`."""
        name = Path(film).name
        return Job(
            self._client,
            self._call("POST", f"{self._place}/videos", body=film, **{"name": name, **options})["id"],
        )

    def export(self, target: str | os.PathLike[str], **options: Any) -> None:
        """Write everything into one file, whose ending says the format: .npz, .json or .parquet."""
        form = Path(target).suffix.removeprefix(".")
        self._client.save(f"{self._place}/export", target, **{"format": form, **options})

    def import_file(self, file: str | os.PathLike[str], **options: Any) -> JSON:
        """Add everything in an exported file; `photos` and `same` say how many were new, or there."""
        form = Path(file).suffix.removeprefix(".")
        return self._call("POST", f"{self._place}/import", body=file, **{"format": form, **options})

    def people(self, name: str | None = None) -> Iterator[Person]:
        """Everybody by name, or whom this name belongs to."""
        for each in self._client.pages(f"{self._place}/people", "people", name=name):
            yield Person(**each)

    def photos(self, person: str) -> Iterator[Photo]:
        """The photos of a person, by id."""
        for each in self._client.pages(f"{self._place}/people/{person}/photos", "photos"):
            yield Photo(**each)

    def rename(self, person: str, name: str) -> Person:
        """Give a person another name."""
        return Person(**self._call("PATCH", f"{self._place}/people/{person}", json={"name": name}))

    def merge(self, into: str, people: Sequence[str]) -> Person:
        """Give all that several people have to one."""
        path = f"{self._place}/people/{into}/merge"
        return Person(**self._call("POST", path, json={"people": list(people)}))

    def move(self, person: str, photo: str, *, to: str | None = None, name: str | None = None) -> Person:
        """Give a photo to another person, by id, or to a new one, by name."""
        path = f"{self._place}/people/{person}/photos/{photo}/move"
        return Person(**self._call("POST", path, json={"person": to, "name": name}))

    def undo(self) -> str:
        """Take the last change back; which it was."""
        return str(self._call("POST", f"{self._place}/undo")["undone"])

    def delete_person(self, person: str) -> JSON:
        """Delete a person with all that is known."""
        return self._call("DELETE", f"{self._place}/people/{person}")

    def delete_photo(self, person: str, photo: str) -> JSON:
        """Delete a photo of a person who has others."""
        return self._call("DELETE", f"{self._place}/people/{person}/photos/{photo}")

    def delete(self) -> JSON:
        """Delete the collection with everybody in it."""
        return self._call("DELETE", self._place)
