"""Changes to who is in a gallery: rename, merge, remove. Each is one transaction, or a trial of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fewpix.counted import counted
from fewpix.errors import ConfigError, InputError
from fewpix.gallery.history import note
from fewpix.gallery.names import person_name, stored_name
from fewpix.gallery.storage.digests import seal
from fewpix.gallery.store import Gallery


@dataclass(frozen=True)
class Changed:
    """What a change did, or would do.

    Args:
        action: "renamed", "merged", "moved" or "removed".
        people: whose entries were changed.
        into: the name that they have afterwards; empty when they are gone.
        faces: how many photos moved or went.
        same: of merged ones how many were there already, and were not doubled.
        dry_run: nothing was written.
        remains: what of removed rows could not be overwritten yet, and why; empty for nothing. See
            `Database.forget`.
    """

    action: str
    people: tuple[str, ...]
    into: str
    faces: int
    same: int = 0
    dry_run: bool = False
    remains: str = ""

    def __str__(self) -> str:
        would = "would be " if self.dry_run else ""
        to = f" into {self.into}" if self.action == "merged" else f" to {self.into}" if self.into else ""
        photos = counted(self.faces, "photo")
        twice = f", {self.same} of them there already" if self.same else ""
        return f"{', '.join(self.people)}: {would}{self.action}{to} ({photos}{twice})"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "action": self.action,
            "people": list(self.people),
            "into": self.into or None,
            "faces": self.faces,
            "same": self.same,
            "dry_run": self.dry_run,
            "remains": self.remains or None,
        }


class _TrialOverError(Exception):
    """Ends a trial; the transaction takes everything back."""


@contextmanager
def change(gallery: Gallery, *, dry_run: bool) -> Iterator[None]:
    """A transaction; with `dry_run` one that is taken back at its end, so that a trial meets every check."""
    try:
        with gallery.database.transaction():
            yield
            if dry_run:
                raise _TrialOverError
    except _TrialOverError:
        pass


def forgotten(gallery: Gallery, dry_run: bool, wait: float) -> str:
    """What is left of removed rows after `Database.forget`; nothing was removed in a trial."""
    return "" if dry_run else gallery.database.forget(wait)


def rename(gallery: Gallery, old: str, new: str, *, dry_run: bool = False) -> Changed:
    """Give a person another name; photos, embeddings and history stay theirs.

    Raises:
        ConfigError: the new name cannot be stored.
        InputError: nobody has the old name, or somebody else has the new one.
    """
    old, new = stored_name(old), person_name(new)
    with change(gallery, dry_run=dry_run):
        person = gallery.person(old)
        if old != new:
            if list(gallery.database.select("SELECT 1 FROM people WHERE name = ?", new)):
                raise InputError(
                    f"the gallery {gallery.location} already has somebody named {new}",
                    fix=f"if they are the same person, `fewpix gallery merge` {old} into {new}",
                )
            gallery.database.execute("UPDATE people SET name = ? WHERE id = ?", new, person)
            seal(gallery.database, "people", "id", person)
            note(gallery, person, "renamed", f"from {old}")
        faces = _faces(gallery, person)
    return Changed("renamed", (old,), new, faces, dry_run=dry_run)


def merge(
    gallery: Gallery, people: Sequence[str], into: str, *, dry_run: bool = False, wait: float = 0.0
) -> Changed:
    """Make several entries one: all photos, embeddings and history go to `into`.

    A photo that `into` has already, to the last bit, is not doubled.

    Args:
        gallery: open for writing.
        people: whose entries end.
        into: whose entry takes them; may not be new.
        dry_run: write nothing, say what would happen.
        wait: as in `Database.forget`, for photos that are not doubled.

    Raises:
        ConfigError: `into` is among the others, or nobody is.
        InputError: nobody has one of these names.
    """
    names, into = _names(people), stored_name(into)
    if into in names:
        raise ConfigError(f"{into} cannot be merged into {into}", fix="name the others only")
    moved = same = 0
    with change(gallery, dry_run=dry_run):
        target = gallery.person(into)
        for name in names:
            person = gallery.person(name)
            faces = _faces(gallery, person)
            doubled = _doubled(gallery, person, target)
            for face, twin in doubled:
                if twin is not None:
                    _keep_shrunk(gallery, face, twin)
                gallery.database.execute("DELETE FROM faces WHERE id = ?", face)
            for table in ("faces", "history"):
                gallery.database.execute(f"UPDATE {table} SET person = ? WHERE person = ?", target, person)
                seal(gallery.database, table, "person", target)
            gallery.database.execute("DELETE FROM people WHERE id = ?", person)
            note(gallery, target, "merged", f"{name}, {counted(faces, 'photo')}")
            moved, same = moved + faces, same + len(doubled)
    return Changed("merged", names, into, moved, same, dry_run, forgotten(gallery, dry_run, wait))


def move_faces(
    gallery: Gallery,
    name: str,
    to: Mapping[str, Sequence[int]],
    *,
    new: bool = False,
    dry_run: bool = False,
    wait: float = 0.0,
) -> Changed:
    """Give photos of a person to others; all of them in one transaction.

    Of a photo that its new owner has already, to the last bit, one is kept. A person without photos ends.

    Args:
        gallery: open for writing.
        name: whose photos they are.
        to: numbers of photos by the name of who gets them.
        new: make those who are not there.
        dry_run: write nothing, say what would happen.
        wait: as in `Database.forget`, for photos that are not doubled.

    Raises:
        ConfigError: `name` is among those who get photos, nobody is, or a name cannot be stored.
        InputError: nobody has one of these names, or a photo is not this person's; nothing was moved.
    """
    name = stored_name(name)
    owners = {_names([owner])[0]: list(dict.fromkeys(faces)) for owner, faces in to.items()}
    if not owners or name in owners:
        raise ConfigError(f"photos of {name} are moved to somebody else", fix="name another person")
    moved = same = 0
    with change(gallery, dry_run=dry_run):
        person = gallery.person(name)
        for owner, faces in owners.items():
            made = datetime.now(UTC).isoformat(timespec="seconds") if new else ""
            target = gallery.person(person_name(owner) if new else owner, created=made)
            twins = dict(_doubled(gallery, person, target))
            for face in faces:
                if not gallery.database.execute(
                    "UPDATE faces SET person = ? WHERE id = ? AND person = ?", target, face, person
                ):
                    raise InputError(
                        f"{name} has no photo {face}",
                        fix="`fewpix gallery show` lists the photos with numbers",
                    )
                seal(gallery.database, "faces", "id", face)
                if (twin := twins.get(face)) is not None:
                    _keep_shrunk(gallery, face, twin)
                    gallery.database.execute("DELETE FROM faces WHERE id = ?", face)
                    same += 1
            moved += len(faces)
            numbers = ", ".join(map(str, faces))
            note(gallery, target, "moved", f"photos {numbers} from somebody else")
            note(gallery, person, "moved", f"photos {numbers} to somebody else")
        if not _faces(gallery, person):
            gallery.database.execute("DELETE FROM people WHERE id = ?", person)
    remains = forgotten(gallery, dry_run, wait) if same else ""
    return Changed("moved", (name,), ", ".join(owners), moved, same, dry_run, remains)


def remove(gallery: Gallery, people: Sequence[str], *, dry_run: bool = False, wait: float = 0.0) -> Changed:
    """Remove people with all that is known of them: photos, embeddings, originals, history.

    Args:
        gallery: open for writing.
        people: who goes.
        dry_run: write nothing, say what would happen.
        wait: as in `Database.forget`.

    Raises:
        ConfigError: nobody is named.
        InputError: nobody has one of these names; nothing was removed.
    """
    names = _names(people)
    with change(gallery, dry_run=dry_run):
        numbers = [gallery.person(name) for name in names]
        faces = sum(_faces(gallery, person) for person in numbers)
        for person in numbers:
            gallery.database.execute("DELETE FROM people WHERE id = ?", person)
    remains = forgotten(gallery, dry_run, wait)
    return Changed("removed", names, "", faces, dry_run=dry_run, remains=remains)


def remove_faces(
    gallery: Gallery, name: str, faces: Sequence[int], *, dry_run: bool = False, wait: float = 0.0
) -> Changed:
    """Remove some photos of a person, who stays.

    Args:
        gallery: open for writing.
        name: the person.
        faces: numbers of photos, as `Gallery.faces` has them.
        dry_run: write nothing, say what would happen.
        wait: as in `Database.forget`.

    Raises:
        InputError: a photo is not this person's, or they are all that there are; nothing was removed.
    """
    name, numbers = stored_name(name), list(dict.fromkeys(faces))
    with change(gallery, dry_run=dry_run):
        person = gallery.person(name)
        for face in numbers:
            if not gallery.database.execute("DELETE FROM faces WHERE id = ? AND person = ?", face, person):
                raise InputError(
                    f"{name} has no photo {face}", fix="`fewpix gallery show` lists the photos with numbers"
                )
        if not _faces(gallery, person):
            raise InputError(f"these are all photos of {name}", fix="remove the person instead")
        note(gallery, person, "removed faces", ", ".join(map(str, numbers)))
    remains = forgotten(gallery, dry_run, wait)
    return Changed("removed", (name,), "", len(numbers), dry_run=dry_run, remains=remains)


def _names(people: Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(stored_name(name) for name in people))
    if not names:
        raise ConfigError("nobody is named", fix="name at least one person")
    return names


def _faces(gallery: Gallery, person: int) -> int:
    ((count,),) = gallery.database.select("SELECT count(*) FROM faces WHERE person = ?", person)
    return int(count)


def _doubled(gallery: Gallery, person: int, target: int) -> list[tuple[int, int | None]]:
    """Photos of a person of which the other has every embedding, each with the other's photo, if any."""
    rows = gallery.database.select(
        "SELECT f.id, (SELECT min(g.id) FROM embeddings e, faces g JOIN embeddings o ON o.face = g.id"
        " WHERE e.face = f.id AND g.person = ? AND o.embedding = e.embedding"
        " AND o.encoder_sha256 = e.encoder_sha256 AND o.state_id = e.state_id)"
        " FROM faces f WHERE f.person = ? AND NOT EXISTS (SELECT 1 FROM embeddings e"
        " WHERE e.face = f.id AND NOT EXISTS (SELECT 1 FROM embeddings o JOIN faces g ON o.face = g.id"
        " WHERE g.person = ? AND o.embedding = e.embedding AND o.encoder_sha256 = e.encoder_sha256"
        " AND o.state_id = e.state_id)) ORDER BY f.id",
        *(target, person, target),
    )
    return [(int(face), None if twin is None else int(twin)) for face, twin in rows]


def _keep_shrunk(gallery: Gallery, face: int, twin: int) -> None:
    """Give a photo's rows of small sizes to the same photo of somebody else, as far as it has none."""
    gallery.database.execute(
        "UPDATE matched SET face = ? WHERE face = ? AND NOT EXISTS (SELECT 1 FROM matched o WHERE o.face = ?"
        " AND o.encoder_sha256 = matched.encoder_sha256 AND o.pixels = matched.pixels)",
        *(twin, face, twin),
    )
    seal(gallery.database, "matched", "face", twin)
