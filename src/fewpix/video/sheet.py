"""A contact sheet of tracks: a row for each, with its best sights enlarged and when they were seen."""

from __future__ import annotations

from collections import deque

import numpy as np

from fewpix.counted import counted
from fewpix.identify.draw import FAINT, PANEL, TEXT, size_and_rate, write
from fewpix.image.codec import Image
from fewpix.video.draw import square
from fewpix.video.result import IdentifiedTrack, shown

ROWS = 200
"""Tracks on a sheet; of more, the last ones are shown."""

SIGHTS, SIDE = 6, 96

_LABEL, _GAP, _CAPTION, _PER_COLUMN = 230, 6, 18, 40


class ContactSheet:
    """Gathers finished tracks; holds a few small patches of each."""

    def __init__(self) -> None:
        self.added = 0
        self._tracks: deque[IdentifiedTrack] = deque(maxlen=ROWS)

    def add(self, track: IdentifiedTrack) -> None:
        """Put a track on the sheet."""
        self.added += 1
        self._tracks.append(track)

    def draw(self) -> Image:
        """(H, W, 3) uint8 BGR: rows in the order in which the tracks ended, in columns when there are many.

        Each sight is the face in the frame's own pixels, each of them enlarged to a square.
        """
        columns = max(1, -(-len(self._tracks) // _PER_COLUMN))
        rows = max(1, -(-len(self._tracks) // columns))
        wide, high = _LABEL + SIGHTS * (SIDE + _GAP) + 2 * _GAP, SIDE + _CAPTION + _GAP
        canvas = np.empty((_CAPTION + 2 * _GAP + rows * high, columns * wide, 3), dtype=np.uint8)
        canvas[:] = PANEL
        title = counted(self.added, "track")
        if self.added > len(self._tracks):
            title += f", the last {len(self._tracks)}"
        write(canvas, title, (_GAP, _CAPTION), TEXT, 15, canvas.shape[1] - _GAP, True)
        for n, track in enumerate(self._tracks):
            column, row = divmod(n, rows)
            self._row(canvas, track, column * wide, _CAPTION + 2 * _GAP + row * high)
        return canvas

    def _row(self, canvas: Image, track: IdentifiedTrack, x: int, y: int) -> None:
        face = track.face
        lines = [f"#{track.track} {track.verdict.short}".rstrip()]
        lines += [f"{c.score:.3f}  {c.name}" for c in face.candidates[:2]]
        lines += [
            f"{size_and_rate(face)}, {track.frames} frames",
            f"{shown(track.first)} - {shown(track.last)}",
        ]
        for n, text in enumerate(lines):
            write(
                canvas,
                text,
                (x + _GAP, y + 18 + 20 * n),
                FAINT if n else TEXT,
                14 if n else 18,
                _LABEL - 2 * _GAP,
                not n,
            )
        for n, sample in enumerate(track.samples[:SIGHTS]):
            left = x + _LABEL + n * (SIDE + _GAP)
            canvas[y : y + SIDE, left : left + SIDE] = square(sample.patch, SIDE)
            caption = f"{shown(sample.time)}  {sample.face.pixels:.0f} px"
            write(canvas, caption, (left, y + SIDE + 14), FAINT, 12, SIDE, False)
