"""Faces of tracks, taken now and then: a place's statistics are not to be one person's."""

from __future__ import annotations

from fewpix.identify.faces import Found
from fewpix.identify.reservoir import Reservoir
from fewpix.image.codec import Image

APART = 0.5
"""Seconds between two faces of one track."""


class SpacedFaces:
    """Gives the faces of tracks to a reservoir, not two of one track within `APART`.

    Args:
        reservoir: where they go.
    """

    def __init__(self, reservoir: Reservoir) -> None:
        self.reservoir = reservoir
        self._last: dict[int, float] = {}

    def see(self, image: Image, face: Found, track: int, time: float) -> bool:
        """Take in a face of a track; whether it is a new one of the student's."""
        if time - self._last.get(track, -APART) < APART or not self.reservoir.see(image, face):
            return False
        self._last[track] = time
        return True

    def forget(self, track: int) -> None:
        """A track has ended."""
        self._last.pop(track, None)
