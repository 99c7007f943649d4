"""The collections of a service: one gallery each, in a folder, a shared database, or where settings say."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from fewpix.errors import ConfigError
from fewpix.gallery import edit
from fewpix.gallery.storage.location import is_absent
from fewpix.gallery.storage.postgres_address import Address
from fewpix.gallery.storage.postgres_watch import drop
from fewpix.gallery.store import Gallery
from fewpix.models.space import Space
from fewpix.serve.desk import Desk
from fewpix.serve.problems import ProblemError

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""What a collection may be called: it is the name of a file, and stands in addresses."""

PERMITTED = "take small letters, digits, - and _"

MOST_OPEN = 32
"""Galleries that are open at once, with their embeddings in memory; beyond, idle ones are closed."""

WAIT = 5.0
"""Seconds that a deletion waits for other processes, until the bytes are overwritten."""

_DEVICES = re.compile(r"con|prn|aux|nul|(com|lpt)\d")  # no names of files on Windows


class Collections:
    """Which there are, and the desk of each.

    Args:
        folder: where galleries are made; itself made when it is missing.
        elsewhere: galleries that lie elsewhere, by the collection's name; made where nothing is there.
        space: that new ones are of; None as long as nobody knows.
        store: a database that other services may use, too: its collections are this service's, beside those
            of the folder, and new ones are made there. None for no such.

    Raises:
        ConfigError: a name is none.
    """

    def __init__(
        self,
        folder: Path,
        elsewhere: Mapping[str, str],
        space: Callable[[], Space | None] = lambda: None,
        store: Address | None = None,
    ) -> None:
        for name in elsewhere:
            if not is_name(name):
                raise ConfigError(f"a collection cannot be called {name!r}", fix=PERMITTED)
        self._folder, self.elsewhere, self._space = folder, dict(elsewhere), space
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        self._store, self._shared = store, set[str]()
        self.complete = store is None
        """Whether it is known which there are: the store may be away when a service starts."""

    def names(self) -> list[str]:
        """Of all, ascending."""
        here = {path.stem for path in self._folder.glob("*.db") if is_name(path.stem)}
        return sorted(here | self._shared | set(self.elsewhere))

    def share(self, names: Iterable[str]) -> None:
        """Note which collections there are in the store; one that is open was made meanwhile, and stays."""
        self._shared = set(names) | (self._shared & set(self._desks))
        self.complete = True

    def release(self, name: str, *, gone: bool) -> Desk | None:
        """Let go of a collection that is gone, or another than it was; what is to be closed."""
        if gone:
            self._shared.discard(name)
        return self._desks.pop(name, None)

    def desk(self, name: str) -> Desk:
        """Where a collection is worked with.

        Raises:
            ProblemError: there is none of this name.
        """
        desk = self._desks.pop(name, None)
        if desk is None:
            if not self._is_there(name):
                raise ProblemError("no-collection", f"there is no collection {name[:80]!a}")
            desk = Desk(name, partial(self._open, name))
        self._desks[name] = desk
        self._close_idle()
        return desk

    def location(self, name: str) -> str | Path:
        """Where the gallery of a collection lies; errors as `desk`."""
        self.desk(name)
        return self.elsewhere.get(name) or self._own(name)

    async def create(self, name: str, space: Space) -> Desk:
        """Make an empty collection.

        Raises:
            ProblemError: the name is taken, or none that a collection may have.
        """
        if not is_name(name):
            raise ProblemError("setting", f"a collection cannot be called {name[:80]!a}", fix=PERMITTED)
        if self._is_there(name) or self._path(name).exists():
            raise ProblemError("exists", f"there is a collection {name} already")
        desk = Desk(name, partial(self._make, name, space))
        self._desks[name] = desk
        try:
            await desk.run(lambda gallery: None)
        except BaseException:
            del self._desks[name]
            desk.close()
            raise
        if self._store is not None:
            self._shared.add(name)
        # What still waits when it is deleted must not make it again.
        desk.opening = partial(self._open, name)
        return desk

    async def delete(self, name: str) -> str:
        """Remove a collection with everybody in it; bytes of a file are overwritten before it goes.

        Returns:
            What is left of it and why; empty for nothing.

        Raises:
            ProblemError: there is none of this name, or it lies elsewhere.
        """
        desk = self.desk(name)
        if name in self.elsewhere:
            raise ProblemError("fixed-collection", f"the collection {name} stands in the settings")

        place = self._own(name)

        def fall(gallery: Gallery) -> str:
            desk.forget()
            drop(str(place))
            return ""

        def empty(gallery: Gallery) -> str:
            people = [person.name for person in gallery.people()]
            left = edit.remove(gallery, people, wait=WAIT).remains if people else ""
            with gallery.database.transaction():
                gallery.database.execute("DELETE FROM cameras")
            left = gallery.database.forget(WAIT) or left
            desk.forget()
            path = self._path(name)
            for ending in ("", "-wal", "-shm", "-journal"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            return left

        left = await desk.run(empty if isinstance(place, Path) else fall)
        self._shared.discard(name)
        self._desks.pop(name, None)
        desk.close()
        return left.replace(str(self._path(name)), f"the collection {name}")

    def close(self) -> None:
        """Close all galleries, when what was begun is done."""
        while self._desks:
            self._desks.popitem()[1].close()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.db"

    def _is_there(self, name: str) -> bool:
        known = name in self.elsewhere or name in self._shared
        return is_name(name) and (known or self._path(name).is_file())

    def _own(self, name: str) -> str | Path:
        """Where a collection lies, or is to be made, that stands in no setting."""
        if self._store is None or self._path(name).is_file():
            return self._path(name)
        return str(self._store.with_collection(name))

    def _make(self, name: str, space: Space) -> Gallery:
        place = self._own(name)
        if not isinstance(place, Path) and not is_absent(place):  # another service was faster
            raise ProblemError("exists", f"there is a collection {name} already")
        return Gallery.open(place, space)

    def _open(self, name: str) -> Gallery:
        place = self.elsewhere.get(name)
        if place is not None:
            return Gallery.open(place, self._space() if is_absent(place) else None)
        if not self._is_there(name):  # it was deleted while this waited
            raise ProblemError("no-collection", f"there is no collection {name}")
        return Gallery.open(self._own(name))

    def _close_idle(self) -> None:
        for name, desk in list(self._desks.items())[:-1]:
            if len(self._desks) <= MOST_OPEN:
                return
            if not desk.busy:
                del self._desks[name]
                desk.close()


def is_name(text: str) -> bool:
    """Whether a collection may be called so."""
    return bool(NAME.fullmatch(text)) and not _DEVICES.fullmatch(text)
