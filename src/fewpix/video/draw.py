"""Annotated frames of a video, all of one size: thin frames with numbers, and a panel that says who they are.

A panel beside the picture has a place for each of a few faces, which keep it as long as they are followed, so
that nothing jumps from frame to frame. A face is shown there enlarged, with what is known of it so far; its
number and colour are those of its frame in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fewpix.identify.draw import COLORS, DARK, FAINT, PANEL, TEXT, enlargement, size_and_rate, write
from fewpix.image.codec import Image
from fewpix.video.frame import Frame
from fewpix.video.result import IdentifiedTrack, shown
from fewpix.video.sample import patch
from fewpix.video.track import Box

PLACES = 6
"""Faces that the panel has room for; others have their frame and number only."""


@dataclass(frozen=True)
class Shown:
    """A face as it is drawn.

    Args:
        number: of its track.
        box: x, y, width, height in pixels of the frame.
        track: what is known of it so far; None while that is nothing.
    """

    number: int
    box: Box
    track: IdentifiedTrack | None


class Annotator:
    """Draws frame after frame; the first one decides the size."""

    def __init__(self) -> None:
        self._size: tuple[int, int] | None = None
        self._places: list[int | None] = [None] * PLACES

    def draw(self, frame: Frame, faces: Sequence[Shown]) -> Image:
        """The frame with its faces marked; the frame is not written to.

        Args:
            frame: of any size; one unlike the first is scaled to it.
            faces: those found in it.

        Returns:
            (H', W', 3) uint8 BGR, of the same size for every frame, with even sides.
        """
        high, wide = frame.image.shape[:2]
        if self._size is None:
            enlarged = enlargement(high)
            self._size = (wide * enlarged, high * enlarged)
        width, height = self._size
        tile = height // PLACES
        panel = tile + 11 * self._font(tile)
        canvas = np.empty((height + height % 2, width + panel + (width + panel) % 2, 3), dtype=np.uint8)
        canvas[:] = PANEL
        method = cv2.INTER_AREA if width < wide else cv2.INTER_NEAREST
        picture = canvas[:height, :width]
        picture[:] = cv2.resize(frame.image, self._size, interpolation=method)
        self._seat([face.number for face in faces])
        for face in faces:
            self._frame(picture, face, (width / wide, height / high), tile)
            if face.number in self._places:
                top = self._places.index(face.number) * tile
                self._tile(canvas, frame.image, face, (width, top), tile, panel)
        when = shown(frame.time)
        write(canvas, when, (tile // 8, height - tile // 8), TEXT, self._font(tile), width, True)
        return canvas

    def _seat(self, numbers: Sequence[int]) -> None:
        """Free the places of faces that are gone, give them to those without one."""
        self._places = [number if number in numbers else None for number in self._places]
        for number in numbers:
            if number not in self._places and None in self._places:
                self._places[self._places.index(None)] = number

    def _frame(self, picture: Image, face: Shown, scale: tuple[float, float], tile: int) -> None:
        """A thin frame around the face, never over it, with its number above."""
        color = COLORS[face.number % len(COLORS)]
        x, y, width, height = face.box
        x0, y0 = round(x * scale[0]) - 4, round(y * scale[1]) - 4
        x1, y1 = round((x + width) * scale[0]) + 3, round((y + height) * scale[1]) + 3
        for shade, thick in ((DARK, 3), (color, 1)):
            cv2.rectangle(picture, (x0, y0), (x1, y1), shade, thick)
        size = max(12, self._font(tile) * 3 // 4)
        at = (x0, y0 - 5 if y0 > size + 6 else y1 + size + 4)
        for shift in ((1, 1), (-1, -1), (1, -1), (-1, 1)):  # a dark edge, to be read on any background
            write(picture, f"#{face.number}", (at[0] + shift[0], at[1] + shift[1]), DARK, size, 999, True)
        write(picture, f"#{face.number}", at, color, size, 999, True)

    def _tile(
        self, canvas: Image, image: Image, face: Shown, corner: tuple[int, int], tile: int, panel: int
    ) -> None:
        """The face enlarged by repeating its pixels, and beside it what is known."""
        (x, y), gap = corner, max(2, tile // 20)
        side = tile - 2 * gap
        color = COLORS[face.number % len(COLORS)]
        canvas[y + gap : y + gap + side, x + gap : x + gap + side] = square(patch(image, face.box), side)
        cv2.rectangle(canvas, (x + gap, y + gap), (x + gap + side - 1, y + gap + side - 1), color, 2)
        font = self._font(tile)
        left, room = x + tile + gap, panel - tile - 2 * gap
        for row, (text, first) in enumerate(_lines(face)):
            size = font if first else max(11, font * 4 // 5)
            write(
                canvas,
                text,
                (left, y + gap + (row + 1) * tile // 4),
                TEXT if first else FAINT,
                size,
                room,
                first,
            )

    @staticmethod
    def _font(tile: int) -> int:
        return max(13, tile // 5)


def square(image: Image, side: int) -> Image:
    """An image as a square of `side` pixels: enlarged by repetition, so that its pixels can be seen."""
    high, wide = image.shape[:2]
    method = cv2.INTER_AREA if max(high, wide) > side else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(image, (side, side), interpolation=method), dtype=np.uint8)


def _lines(face: Shown) -> list[tuple[str, bool]]:
    """At most three lines, the first stressed: number and verdict, best candidate, size."""
    if face.track is None:
        return [(f"#{face.number}", True)]
    known = face.track.face
    best = f"{known.candidates[0].score:.3f}  {known.candidates[0].name}" if known.candidates else ""
    return [
        (f"#{face.number} {face.track.verdict.short}".rstrip(), True),
        (best, False),
        (f"{size_and_rate(known)}  {face.track.frames} fr.", False),
    ]
