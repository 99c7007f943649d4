"""One picture at a time is searched, with all cores: requests first, then films and cameras."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fewpix.detect.tiles import Part
from fewpix.identify.faces import Found, Searched, Searcher
from fewpix.image.codec import Image
from fewpix.serve.batching import time_left
from fewpix.serve.problems import ProblemError
from fewpix.video.attention import Looker

ONE_OF = 4
"""So many searches in a row belong to requests, as long as any waits, but for one of somebody patient."""


class Turns:
    """Who may search a picture. Who is patient comes when no request waits, or after a few of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._requests = self._patient = 0
        self._in_a_row = 0

    @contextmanager
    def turn(self, *, patient: bool = False) -> Iterator[None]:
        """Wait for a turn, and have it for as long as the block runs.

        Args:
            patient: let requests go first.

        Raises:
            ProblemError: the time of the request is over.
        """
        left = min(time_left(), threading.TIMEOUT_MAX)
        with self._changed:
            self._requests += not patient
            self._patient += patient
            try:
                if not self._changed.wait_for(lambda: self._free(patient), left):
                    raise ProblemError("too-late", retry=5)
                self._taken = True
                self._in_a_row = 0 if patient else self._in_a_row + 1
            finally:
                self._requests -= not patient
                self._patient -= patient
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()

    def _free(self, patient: bool) -> bool:
        due = self._in_a_row >= ONE_OF - 1
        others = self._requests and not due if patient else self._patient and due
        return not self._taken and not others


class OneAtATime:
    """A detector that waits for its turn with every picture, until a request's time is over.

    Args:
        detector: finds faces.
        most: faces in a picture; above it is refused.
        turns: whose turn it is.
        patient: whether requests go first.
    """

    def __init__(self, detector: Searcher, most: int, turns: Turns, *, patient: bool = False) -> None:
        self._detector, self._most = detector, most
        self._turns, self._patient = turns, patient

    def detect(self, image: Image) -> Sequence[Found]:
        """See `Finder.detect`."""
        return self.search(image).faces

    def search(self, image: Image) -> Searched:
        """See `Searcher.search`.

        Raises:
            ProblemError: the time is over, or there are too many faces.
        """
        with self._turns.turn(patient=self._patient):
            found = self._detector.search(image)
        self._check(found.faces)
        return found

    def _check(self, faces: Sequence[Found]) -> None:
        if len(faces) > self._most:
            raise ProblemError("too-many-faces", f"{len(faces)} faces; the limit is {self._most}")


class LookingInTurn(OneAtATime):
    """The same for a detector that looks at parts of a picture, as films and cameras are searched.

    Args:
        looker: finds faces.
        most: as in `OneAtATime`.
        turns: as in `OneAtATime`.
    """

    def __init__(self, looker: Looker, most: int, turns: Turns) -> None:
        super().__init__(looker, most, turns, patient=True)
        self._looker = looker

    @property
    def budgeted(self) -> bool:
        """See `Looker.budgeted`."""
        return self._looker.budgeted

    def levels(self, width: int, height: int) -> list[float]:
        """See `Looker.levels`."""
        return self._looker.levels(width, height)

    def look(self, image: Image, places: Sequence[Part]) -> Sequence[Found]:
        """See `Looker.look`; errors as `search`."""
        with self._turns.turn(patient=True):
            found = self._looker.look(image, places)
        self._check(found)
        return found


def watching(detector: Searcher, most: int, turns: Turns) -> OneAtATime:
    """A detector for films and cameras; arguments as `OneAtATime`."""
    if isinstance(detector, Looker):
        return LookingInTurn(detector, most, turns)
    return OneAtATime(detector, most, turns, patient=True)
