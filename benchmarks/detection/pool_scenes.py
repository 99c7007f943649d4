"""Pictures of 1280 x 720 px with faces of the training pool, whose places are known exactly.

The faces are ones that the aligner never saw. Each is cut to an ellipse with a soft edge, made small between
the pixels of a photograph without people (package scikit-learn), and every second picture is a JPEG.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.scenes import HEIGHT, WIDTH
from fewpix.data.faces import FaceSet
from fewpix.image.align import TEMPLATE, TEMPLATE_SIDE, pixels
from fewpix.image.codec import Image
from fewpix.image.places import resized

QUALITY = 85
"""Of the JPEG."""

NEAR = 0.35
"""A found face is a true one when its middle is off by less than this share of that one's size, and its size
by less than a factor of 1.6."""


@dataclass(frozen=True)
class PoolScene:
    """A picture, the points (N, 5, 2) of its faces in its pixels, and which of the set these are."""

    image: Image
    points: NDArray[np.float32]
    rows: tuple[int, ...] = ()


def small_face(crop: Image, size: float, phase: tuple[float, float]) -> tuple[Image, NDArray[np.float64]]:
    """A face of `size` px whose upper left corner lies `phase` pixels inside the result's.

    Returns:
        (s, s, 3) uint8, and (s, s, 1) how much of each pixel is the face's, 0 to 1.
    """
    wide, dense = math.ceil(size) + 1, max(1, math.ceil(TEMPLATE_SIDE / size))
    ratio = size / TEMPLATE_SIDE * dense
    matrix = np.array([[ratio, 0, phase[0] * dense], [0, ratio, phase[1] * dense]])
    matrix[:, 2] += 0.5 * ratio - 0.5
    fine = (wide * dense,) * 2
    inside = np.zeros((TEMPLATE_SIDE, TEMPLATE_SIDE), np.float32)
    cv2.ellipse(inside, (56, 58), (44, 52), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    inside = cv2.GaussianBlur(inside, (0, 0), 3)
    face = cv2.warpAffine(crop, matrix, fine, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(inside, matrix, fine, flags=cv2.INTER_LINEAR)
    small = cv2.resize(face, (wide, wide), interpolation=cv2.INTER_AREA)
    share = cv2.resize(mask, (wide, wide), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), share[:, :, None].astype(np.float64)


def put(image: Image, small: Image, share: NDArray[np.float64], x: int, y: int) -> None:
    """Lay a face over the picture, what is outside of it left out."""
    left, top = max(0, -x), max(0, -y)
    part = image[max(0, y) : y + small.shape[0], max(0, x) : x + small.shape[1]]
    high, wide = part.shape[:2]
    face, alpha = (each[top : top + high, left : left + wide] for each in (small, share))
    part[:] = np.round(alpha * face + (1 - alpha) * part).astype(np.uint8)


def points_of(size: float, corner: tuple[float, float]) -> NDArray[np.float32]:
    """(5, 2) of a face of `size` px with this upper left corner, counted from the picture's own."""
    return resized(TEMPLATE, size / TEMPLATE_SIDE) + np.array(corner, np.float32)


def pool_scenes(
    faces: FaceSet, rows: Sequence[int], size: float, count: int, *, seed: int, each: int = 40
) -> Iterator[PoolScene]:
    """Pictures with `each` faces of about `size` px, apart from each other; `rows` are taken in turn."""
    from sklearn.datasets import load_sample_image

    rng = np.random.default_rng([seed, round(100 * size)])
    taken = 0
    for n in range(count):
        back = load_sample_image(("china.jpg", "flower.jpg")[n // 2 % 2])[:, :, ::-1]
        image = np.ascontiguousarray(cv2.resize(back, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC))
        free, points, members = np.ones((HEIGHT, WIDTH), dtype=bool), [], []
        for _ in range(each):
            row = int(rows[taken % len(rows)])
            crop, taken = faces.crop(row), taken + 1
            drawn = size * rng.uniform(0.9, 1.1)
            phase = float(rng.uniform()), float(rng.uniform())
            small, share = small_face(crop, drawn, phase)
            wide = len(small)
            for _ in range(200):
                x, y = int(rng.integers(WIDTH - wide)), int(rng.integers(HEIGHT - wide))
                around = free[max(0, y - 8) : y + wide + 8, max(0, x - 8) : x + wide + 8]
                if around.all():
                    free[y : y + wide, x : x + wide] = False
                    put(image, small, share, x, y)
                    points.append(points_of(drawn, (x + phase[0], y + phase[1])))
                    members.append(row)
                    break
        yield PoolScene(image if n % 2 else as_jpeg(image), np.array(points), tuple(members))


def as_jpeg(image: Image) -> Image:
    """The picture as a decoder gives it."""
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def hits(found: Sequence[NDArray[np.float32]], true: NDArray[np.float32]) -> list[int | None]:
    """For each found face the true one that it is, each once, the first ones first; None for none.

    Args:
        found: points (5, 2) of each, by falling score.
        true: (N, 5, 2).
    """
    middles = true.mean(axis=1)
    sizes = np.array([pixels(each) for each in true])
    left, out = np.ones(len(true), dtype=bool), []
    for points in found:
        off = np.linalg.norm(middles - points.mean(axis=0), axis=1) / sizes
        off[~left | (np.abs(np.log(pixels(points) / sizes)) > math.log(1.6))] = np.inf
        best = int(off.argmin()) if len(off) else -1
        hit = best >= 0 and off[best] < NEAR
        if hit:
            left[best] = False
        out.append(best if hit else None)
    return out
