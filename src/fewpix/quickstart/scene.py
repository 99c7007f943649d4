"""One picture with small faces in it, composed so that it is known who is where, and what was found in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.identify.pipeline import IdentifiedFace
from fewpix.image.codec import Image
from fewpix.quickstart.faces import SampleFaces

WIDTH, HEIGHT = 640, 360
FACE_PIXELS = (14, 16, 18, 20, 12, 24, 28, 22, 36, 32)
"""How many pixels the faces have, in the order in which they are put down: the far row, then the near one."""

_COLUMNS = 5


@dataclass(frozen=True)
class Placed:
    """A face that was put into the picture.

    Args:
        person: who it is.
        picture: which of their pictures.
        pixels: how many pixels the face has.
        centre: x, y of the middle of the landmarks, in the picture's pixels.
        enrolled: whether the person is in the gallery.
    """

    person: str
    picture: str
    pixels: float
    centre: tuple[float, float]
    enrolled: bool


@dataclass(frozen=True)
class Verdict:
    """What became of one placed face.

    Args:
        placed: the truth.
        found: what was identified there; None when the detector missed it.
    """

    placed: Placed
    found: IdentifiedFace | None

    @property
    def outcome(self) -> str:
        """One of `right`, `wrong`, `unknown` (enrolled, but not named), `rejected` and `missed`."""
        if self.found is None:
            return "missed"
        if self.found.decision is None:
            return "unknown" if self.placed.enrolled else "rejected"
        return "right" if self.found.decision == self.placed.person and self.placed.enrolled else "wrong"

    def to_json(self) -> dict[str, Any]:
        """Truth, answer and outcome as JSON values."""
        best = self.found.candidates[0] if self.found and self.found.candidates else None
        return {
            "person": self.placed.person,
            "picture": self.placed.picture,
            "enrolled": self.placed.enrolled,
            "pixels": round(self.placed.pixels, 1),
            "outcome": self.outcome,
            "decision": self.found.decision if self.found else None,
            "best": best.name if best else None,
            "score": round(best.score, 4) if best else None,
        }


def compose(
    faces: SampleFaces, members: Sequence[int], enrolled: Sequence[bool], seed: int
) -> tuple[Image, tuple[Placed, ...]]:
    """Put pictures of people, made small, in front of a plain wall.

    Args:
        faces: the sample faces with their pictures.
        members: up to `len(FACE_PIXELS)` indices, in the order of the places.
        enrolled: for each of them whether the person is in the gallery.
        seed: of the wall's grain and of small shifts.

    Returns:
        A (HEIGHT, WIDTH, 3) uint8 BGR picture, and who is where.
    """
    rng = np.random.default_rng(seed)
    shade = np.linspace(105, 75, HEIGHT, dtype=np.float32)[:, None, None] * np.array(
        [1.04, 1.0, 0.97], np.float32
    )
    canvas = np.broadcast_to(shade, (HEIGHT, WIDTH, 3)) + rng.normal(0, 2, (HEIGHT, WIDTH, 1)).astype(
        np.float32
    )
    canvas = np.ascontiguousarray(canvas, dtype=np.float32)
    placed = []
    for place, (n, known) in enumerate(zip(members, enrolled, strict=True)):
        row, column = divmod(place, _COLUMNS)
        wanted = np.array([(column + 0.3 + 0.4 * row) / _COLUMNS * WIDTH, (0.4, 0.68)[row] * HEIGHT])
        wanted += rng.uniform(-12, 12, 2)
        factor = FACE_PIXELS[place] / float(faces.pixels[n])
        picture = faces.pictures[n]
        small = _shrink(picture, factor)
        # The picture's edge must lie on whole pixels; the landmarks then say where the face really is.
        middle = faces.points[n].mean(axis=0) * factor
        corner = np.rint(wanted - middle).astype(int)
        _shoulders(canvas, small.shape[:2], corner, tone=float(rng.uniform(35, 70)))
        _blend(canvas, small, (int(corner[0]), int(corner[1])))
        person, _, _ = faces.names[n].partition("/")
        centre = (float(corner[0] + middle[0]), float(corner[1] + middle[1]))
        placed.append(Placed(person, faces.names[n], FACE_PIXELS[place], centre, known))
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8), tuple(placed)


def judge(placed: Sequence[Placed], found: Sequence[IdentifiedFace]) -> tuple[Verdict, ...]:
    """What became of every placed face: the found one whose box holds its centre, the nearest of several."""
    verdicts = []
    for face in placed:
        inside = [item for item in found if _holds(item.box, face.centre)]
        nearest = min(inside, key=lambda item: _distance(item.box, face.centre), default=None)
        verdicts.append(Verdict(face, nearest))
    return tuple(verdicts)


def _shrink(picture: Image, factor: float) -> NDArray[np.float32]:
    size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _shoulders(
    canvas: NDArray[np.float32], size: tuple[int, ...], corner: NDArray[np.int_], tone: float
) -> None:
    """A plain dark figure under a head, so that heads do not hang in the air."""
    high, wide = size
    middle, chin = float(corner[0]) + wide / 2, float(corner[1]) + high
    y, x = np.mgrid[: canvas.shape[0], : canvas.shape[1]].astype(np.float32)
    neck = (np.abs(x - middle) < 0.22 * wide) & (np.abs(y - chin) < 0.25 * high)
    reach = np.hypot((x - middle) / (1.25 * wide), (y - chin - 1.15 * high) / (1.05 * high))
    body = (reach < 1) | ((np.abs(x - middle) < 1.25 * wide) & (y > chin + 1.15 * high))
    canvas[(neck | body) & (y > chin - 0.25 * high)] = tone


def _blend(canvas: NDArray[np.float32], small: NDArray[np.float32], corner: tuple[int, int]) -> None:
    """Lay a picture over the canvas through an oval with a soft edge; what sticks out is cut off."""
    high, wide = small.shape[:2]
    y, x = np.mgrid[:high, :wide].astype(np.float32)
    radius = np.hypot((x + 0.5) / wide * 2 - 1, (y + 0.5) / high * 2 - 1)
    share = np.clip((1.08 - radius) / 0.12, 0, 1)[:, :, None]
    left, top = corner
    x0, y0, x1, y1 = (
        max(left, 0),
        max(top, 0),
        min(left + wide, canvas.shape[1]),
        min(top + high, canvas.shape[0]),
    )
    cut = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    under = canvas[y0:y1, x0:x1]
    canvas[y0:y1, x0:x1] = under + share[cut] * (small[cut] - under)


def _holds(box: tuple[float, float, float, float], point: tuple[float, float]) -> bool:
    x, y, width, height = box
    return x <= point[0] <= x + width and y <= point[1] <= y + height


def _distance(box: tuple[float, float, float, float], point: tuple[float, float]) -> float:
    x, y, width, height = box
    return float(np.hypot(x + width / 2 - point[0], y + height / 2 - point[1]))
