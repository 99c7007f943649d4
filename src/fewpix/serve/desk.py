"""An open gallery in a thread of its own: what requests want of one collection is done there, in turn.

A connection to SQLite belongs to the thread that opened it, and writers of a gallery wait for one another in
any case. What takes long, finding and embedding faces, is done elsewhere before.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from fewpix.errors import FewpixError, SpaceError
from fewpix.gallery.store import Gallery
from fewpix.identify.pipeline import Identifier
from fewpix.identify.resemblance import Resemblance
from fewpix.serve.batching import DEADLINE, time_left
from fewpix.serve.inference import Sight
from fewpix.serve.problems import ProblemError, problem_of

log = logging.getLogger("fewpix.serve")

Value = TypeVar("Value")

IDENTIFIERS = 8
"""Ways of identifying that are kept, with what they know of the gallery."""


class Desk:
    """The open gallery of a collection.

    Args:
        name: of the collection, which stands for the gallery's path in messages.
        opening: opens the gallery, in the thread of the desk.
    """

    def __init__(self, name: str, opening: Callable[[], Gallery]) -> None:
        self.name = name
        self.opening = opening
        self._thread = ThreadPoolExecutor(1, f"fewpix-{name}")
        self._gallery: Gallery | None = None
        self._identifiers: OrderedDict[Hashable, Identifier] = OrderedDict()
        self._resemblance: Resemblance | None = None
        self.busy = 0

    async def run(self, work: Callable[[Gallery], Value]) -> Value:
        """Do something with the gallery when its turn comes.

        Raises:
            ProblemError: what went wrong; the time of the request was over before it began.
        """
        deadline = DEADLINE.get()

        def timed() -> Value:
            DEADLINE.set(deadline)
            time_left()
            try:
                return work(self.gallery)
            finally:
                # Not done again at once: nobody knows whether a change came to be.
                if self._gallery is not None and self._gallery.database.is_lost():
                    self.forget()

        self.busy += 1
        try:
            future: Future[Value] = self._thread.submit(timed)
        except RuntimeError:  # it was closed between the finding and now
            self.busy -= 1
            raise ProblemError("no-collection", f"the collection {self.name} was closed") from None
        try:
            # What was begun is done: a write whose caller has gone must not end half told.
            return await asyncio.shield(asyncio.wrap_future(future))
        except FewpixError as error:
            problem = problem_of(error, self._shown())
            if problem.kind.status >= 500:
                log.error("the collection %s: %s", self.name, error)
            raise problem from error
        finally:
            self.busy -= 1

    @property
    def gallery(self) -> Gallery:
        """The gallery; in the thread of the desk only."""
        if self._gallery is None:
            self._gallery = self.opening()
        return self._gallery

    def resemblance(self, sight: Sight) -> Resemblance:
        """What compares new photos with those that are there; in the thread of the desk only."""
        self.check(sight)
        if self._resemblance is None:
            self._resemblance = Resemblance(self.gallery, sight.calibrated)
        return self._resemblance

    def identifier(self, sight: Sight, how: Hashable, make: Callable[[Gallery], Identifier]) -> Identifier:
        """What identifies in this way, kept for the next time; in the thread of the desk only."""
        self.check(sight)
        found = self._identifiers.pop(how, None) or make(self.gallery)
        self._identifiers[how] = found
        while len(self._identifiers) > IDENTIFIERS:
            self._identifiers.popitem(last=False)
        return found

    def check(self, sight: Sight) -> None:
        """Refuse a gallery of another space; in the thread of the desk only.

        Raises:
            SpaceError: it is.
        """
        wanted = sight.encoder.card.space
        if self.gallery.space != wanted:
            raise SpaceError(
                f"the collection {self.name} holds {self.gallery.space}, the service writes {wanted}",
                fix="use a service with a model of the collection's teacher",
            )

    def forget(self) -> None:
        """Let go of all that is in memory of the gallery; in the thread of the desk only."""
        self._identifiers.clear()
        self._resemblance = None
        if self._gallery is not None:
            self._gallery.close()
            self._gallery = None

    def close(self) -> None:
        """Do what waits, then close the gallery and end the thread."""
        self._thread.submit(self.forget)
        self._thread.shutdown(wait=True)

    def _shown(self) -> dict[str, str]:
        if self._gallery is None:
            return {}
        return {f"the gallery {self._gallery.location}": f"the collection {self.name}"}
