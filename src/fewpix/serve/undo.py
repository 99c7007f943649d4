"""The last change of a collection, where it can be taken back, as names and numbers of photos."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fewpix.foreign import json_of
from fewpix.gallery import edit
from fewpix.gallery.store import Gallery
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.moments import now

Action = Literal["enrol", "rename", "merge", "move"]


@dataclass(frozen=True)
class Undoable:
    """A change that can be taken back.

    Args:
        action: what was done.
        name: who has the photos now, or the name now; of an enrolment empty.
        photos: numbers of photos by the name that they go back to; of an enrolment by whose they are.
    """

    action: Action
    name: str
    photos: Mapping[str, Sequence[int]]

    def revert(self, gallery: Gallery, wait: float) -> str:
        """Take it back; what is left of removed photos, as `Database.forget` says.

        Raises:
            FewpixError: it is not as it was left, as `edit`.
        """
        if self.action == "rename":
            (old,) = self.photos
            edit.rename(gallery, self.name, old)
            return ""
        if self.action != "enrol":
            return edit.move_faces(gallery, self.name, self.photos, new=True, wait=wait).remains
        left = ""
        for name, photos in self.photos.items():
            there = {face.face for face in gallery.faces(name)}
            if there <= set(photos):
                left = edit.remove(gallery, [name], wait=wait).remains or left
            else:
                left = edit.remove_faces(gallery, name, photos, wait=wait).remains or left
        return left


def keep(database: ServiceDatabase, collection: str, change: Undoable | None) -> None:
    """Keep the last change of a collection; None where it cannot be taken back, nor any one before it."""
    take(database, collection)
    if change is not None:
        photos = {name: list(numbers) for name, numbers in change.photos.items()}
        text = json.dumps({"action": change.action, "name": change.name, "photos": photos})
        at = now()
        database.execute("INSERT INTO undo VALUES (?, ?, ?)", collection, text, at)


def take(database: ServiceDatabase, collection: str) -> Undoable | None:
    """The last change, which is forgotten; None where it cannot be taken back."""
    found = database.select("SELECT change FROM undo WHERE collection = ?", collection)
    database.execute("DELETE FROM undo WHERE collection = ?", collection)
    return Undoable(**json_of(found[0][0])) if found else None
