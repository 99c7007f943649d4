"""Annotated pictures: every face framed, and beside the picture enlarged, with names that a person can read.

A label written over a face of 12 px covers it and its neighbours. So the picture stays free but for thin
frames; panels at its sides show each face large with its text, joined to its frame by a line of one colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fewpix.identify.pipeline import IdentifiedFace, IdentifiedPicture
from fewpix.identify.rating import UNRATED
from fewpix.image.array import picture as checked
from fewpix.image.codec import Image

Color = tuple[int, int, int]

COLORS: tuple[Color, ...] = (
    (80, 220, 255),
    (120, 230, 90),
    (255, 190, 70),
    (140, 120, 255),
    (255, 130, 230),
    (60, 160, 255),
    (200, 235, 130),
    (255, 255, 160),
)
"""BGR, bright enough for dark pictures and the dark panel; the outline makes them visible on bright ones."""

PANEL: Color = (34, 30, 28)
TEXT: Color = (240, 240, 240)
FAINT: Color = (170, 170, 170)
DARK: Color = (0, 0, 0)

_LEAST_HEIGHT = 480  # a thumbnail is enlarged, so that its panel's text is not larger than itself
_MOST_ENLARGED = 4
_TILES = 6  # tiles that fill a panel of the picture's height
_LEAST_TILE, _LARGEST_TILE = 88, 480  # pixels; text is a sixth of it


@dataclass(frozen=True)
class _Sizes:
    """Everything that scales with the canvas, in pixels."""

    enlarged: int
    tile: int

    @property
    def gap(self) -> int:
        return max(6, self.tile // 12)

    @property
    def font(self) -> int:
        return max(14, self.tile // 6)

    @property
    def line(self) -> int:
        return max(1, self.tile // 90)

    @property
    def panel(self) -> int:
        """Width: face, gaps and about twenty-five characters."""
        return self.tile + 15 * self.font + 3 * self.gap


def enlargement(height: int) -> int:
    """How many times a picture of this height is enlarged to be drawn on."""
    return int(np.clip(-(-_LEAST_HEIGHT // height), 1, _MOST_ENLARGED))


def draw(image: Image, picture: IdentifiedPicture) -> Image:
    """The picture with its faces marked and named; the input is not written to.

    Args:
        image: (H, W, 3) uint8 BGR, the pixels of `picture`.
        picture: what was found in it.

    Returns:
        A larger (H', W', 3) uint8 BGR picture with a panel to the right, and one to the left where there are
        many faces; a copy of the picture when no face was found. Characters that OpenCV's fonts lack come out
        as question marks.

    Raises:
        InputError: not a picture.
    """
    image = checked(image)
    if not picture.faces:
        return image.copy()
    enlarged = enlargement(image.shape[0])
    height, width = image.shape[0] * enlarged, image.shape[1] * enlarged
    order = sorted(range(len(picture.faces)), key=lambda n: picture.faces[n].box[0])
    cut = 0 if len(order) <= _TILES - 1 else len(order) // 2
    left, right = order[:cut], order[cut:]
    most = max(_TILES, len(right) + 1)
    sizes = _Sizes(enlarged, int(np.clip(height // most, _LEAST_TILE, _LARGEST_TILE)))
    needed = len(right) * (sizes.tile + sizes.gap) + sizes.gap
    origin = sizes.panel if left else 0
    canvas = np.empty((max(height, needed), origin + width + sizes.panel, 3), dtype=np.uint8)
    canvas[:] = PANEL
    shown = canvas[:height, origin : origin + width]
    shown[:] = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
    clean = shown.copy()
    for members, x in ((left, 0), (right, origin + width)):
        _draw_panel(canvas, image, picture, members, x, origin, sizes)
    for n, face in enumerate(picture.faces):  # last, since a line to another face may have crossed this one
        x0, y0, x1, y1 = _frame(face, sizes)
        inside = np.s_[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
        shown[inside] = clean[inside]
        for shade, extra in ((DARK, 2), (COLORS[n % len(COLORS)], 0)):
            corners = (origin + x0, y0), (origin + x1, y1)
            cv2.rectangle(canvas, *corners, shade, sizes.line + extra)
    return canvas


def _draw_panel(
    canvas: Image,
    image: Image,
    picture: IdentifiedPicture,
    members: Sequence[int],
    x: int,
    origin: int,
    sizes: _Sizes,
) -> None:
    """Tiles in the order of the faces from top to bottom, so that the lines to them hardly cross."""
    by_height = sorted(members, key=lambda n: picture.faces[n].box[1])
    frames = [_frame(picture.faces[n], sizes) for n in by_height]
    centres = [(y0 + y1) // 2 for _, y0, _, y1 in frames]
    tops = _tops(centres, canvas.shape[0], sizes)
    is_left = x < origin
    for n, frame, centre, top in zip(by_height, frames, centres, tops, strict=True):
        start = (origin + (frame[0] if is_left else frame[2]), centre)
        end = (x + sizes.panel if is_left else x + sizes.gap, top + sizes.tile // 2)
        for shade, extra in ((DARK, 2), (COLORS[n % len(COLORS)], 0)):  # outlined, to show on any background
            cv2.line(canvas, start, end, shade, sizes.line + extra, cv2.LINE_AA)
        _draw_tile(canvas, image, picture, n, (x, top), sizes)


def _tops(centres: Sequence[float], height: int, sizes: _Sizes) -> list[int]:
    """Where tiles begin: level with their faces if there is room, pushed apart and into the canvas if not."""
    step = sizes.tile + sizes.gap
    tops: list[int] = []
    for centre in centres:
        wanted = round(centre - sizes.tile / 2)
        tops.append(max(wanted, tops[-1] + step if tops else sizes.gap))
    limit = height - step
    for n in reversed(range(len(tops))):
        tops[n] = min(tops[n], limit)
        limit = tops[n] - step
    return tops


def _frame(face: IdentifiedFace, sizes: _Sizes) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the frame on the enlarged picture, outside of the face on every side."""
    x, y, width, height = (value * sizes.enlarged for value in face.box)
    margin = sizes.line + 3
    # The last pixel of a slice is one before its end.
    right, bottom = round(x + width) - 1, round(y + height) - 1
    return round(x) - margin, round(y) - margin, right + margin, bottom + margin


def _draw_tile(
    canvas: Image, image: Image, picture: IdentifiedPicture, n: int, corner: tuple[int, int], sizes: _Sizes
) -> None:
    """The face enlarged, and beside it: the verdict, the candidates, the size."""
    x, y = corner
    face, color = picture.faces[n], COLORS[n % len(COLORS)]
    inset = _inset(image, face, sizes.tile)
    left = x + sizes.gap
    canvas[y : y + sizes.tile, left : left + sizes.tile] = inset
    cv2.rectangle(canvas, (left, y), (left + sizes.tile - 1, y + sizes.tile - 1), color, max(2, sizes.line))
    lines = _text(face, n + 1)
    text_x = left + sizes.tile + sizes.gap
    room = x + sizes.panel - sizes.gap - text_x
    step = sizes.tile // len(lines)
    for row, (text, is_first) in enumerate(lines):
        size = sizes.font if is_first else max(12, sizes.font * 4 // 5)
        baseline = y + row * step + (step + size) // 2 - size // 8
        write(canvas, text, (text_x, baseline), TEXT if is_first else FAINT, size, room, is_first)


def _text(face: IdentifiedFace, number: int) -> list[tuple[str, bool]]:
    """At most four lines, the first stressed when something was decided; `number` as in the text output."""
    verdict = [(face.verdict.short, True)] if face.verdict.short else []
    # The score first: a long name may be cut at its end.
    shown = [(f"{c.score:.3f}  {c.name}", False) for c in face.candidates[: 3 - len(verdict)]]
    return [*verdict, *shown, (f"{size_and_rate(face)}   #{number}", False)]


def size_and_rate(face: IdentifiedFace) -> str:
    """How large a face is, and how often strangers score so in this gallery: 14 px, strangers 1 in 2,000."""
    size = f"{face.pixels:.0f} px"
    if face.fpir is UNRATED:
        return size
    return f"{size}, {face.fpir}" if face.fpir.known is None else f"{size}, strangers {face.fpir}"


def _inset(image: Image, face: IdentifiedFace, side: int) -> Image:
    """The face with some surroundings as a square of `side` pixels; beyond the picture its border repeats."""
    x, y, width, height = face.box
    reach = 1.4 * max(width, height, 1.0)
    # A warp samples without averaging, so a shrink is sampled densely first.
    dense = side * int(np.clip(np.ceil(reach / side), 1, 8))
    scale = dense / reach
    # A pixel's centre is at whole coordinates, its edge at a half.
    move = (dense - 1) / 2 - scale * (np.array([x + width / 2, y + height / 2]) - 0.5)
    matrix = np.array([[scale, 0, move[0]], [0, scale, move[1]]])
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    warped = cv2.warpAffine(image, matrix, (dense, dense), flags=method, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(warped, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def write(
    canvas: Image, text: str, at: tuple[int, int], color: Color, size: int, room: int, bold: bool
) -> None:
    """Write one line, cut to the room there is; `at` is the left end of its baseline."""
    font, weight = cv2.FontFace("sans"), 700 if bold else 400

    def fits(part: str) -> bool:
        return cv2.getTextSize((0, 0), part, (0, 0), font, size, weight)[2] <= room

    if not fits(text):
        while text and not fits(text + "…"):
            text = text[:-1]
        text += "…"
    cv2.putText(canvas, text, at, color, font, size, weight)
