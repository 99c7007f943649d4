"""Pictures of 1280 x 720 px with faces whose place is known, and without faces, for `detect_small.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.data.orl import load_orl
from fewpix.detect.overlap import suppress
from fewpix.image.codec import Image

WIDTH, HEIGHT = 1280, 720
Rows = NDArray[np.float32]


@dataclass
class Scene:
    """A picture; `rows` (N, 15) as YuNet gives them; those with a score of 0.85 or more must be found."""

    image: Image
    rows: list[Rows] = field(default_factory=list)

    def paste(self, small: Image, x: int, y: int, rows: Rows, ratio: tuple[float, float]) -> None:
        self.image[y : y + small.shape[0], x : x + small.shape[1]] = small
        self.rows.append(moved(rows, ratio, (x, y)))

    @property
    def truth(self) -> Rows:
        return np.concatenate(self.rows)


def moved(rows: Rows, ratio: tuple[float, float], origin: tuple[float, float]) -> Rows:
    out = rows.copy()
    out[:, 0:14:2] *= ratio[0]
    out[:, 1:14:2] *= ratio[1]
    out[:, [0, 4, 6, 8, 10, 12]] += origin[0]
    out[:, [1, 5, 7, 9, 11, 13]] += origin[1]
    return out


def at_scale(find: Callable[[Image], Rows], image: Image, scale: float) -> Rows:
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=method)
    ratio = image.shape[1] / scaled.shape[1], image.shape[0] / scaled.shape[0]
    return moved(find(np.asarray(scaled, np.uint8)), ratio, (0, 0))


def _shrunk(image: Image, factor: float) -> tuple[Image, tuple[float, float]]:
    size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, (size[0] / image.shape[1], size[1] / image.shape[0])


def orl_scenes(find: Callable[[Image], Rows], width: int, count: int) -> Iterator[Scene]:
    """24 faces of `width` px each, anywhere on a photograph, apart from each other."""
    from sklearn.datasets import load_sample_image

    rng = np.random.default_rng(width)
    faces = load_orl().images
    for n in range(count):
        back = load_sample_image(("china.jpg", "flower.jpg")[n % 2])[:, :, ::-1]
        scene = Scene(np.ascontiguousarray(cv2.resize(back, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)))
        taken = np.zeros((HEIGHT, WIDTH), dtype=bool)
        for face in rng.choice(len(faces), 24, replace=False):
            rows = find(faces[face])
            rows = rows[suppress(rows)][:1]
            small, ratio = _shrunk(faces[face], width / rows[0, 2])
            high, wide = small.shape[:2]
            for _ in range(200):
                x, y = int(rng.integers(WIDTH - wide)), int(rng.integers(HEIGHT - high))
                if not taken[max(0, y - 8) : y + high + 8, max(0, x - 8) : x + wide + 8].any():
                    taken[y : y + high, x : x + wide] = True
                    scene.paste(small, x, y, rows, ratio)
                    break
        yield scene


def seen(find: Callable[[Image], Rows], photo: Image) -> Rows:
    """What YuNet sees in a photograph at three scales, the best face first."""
    rows = np.concatenate([at_scale(find, photo, scale) for scale in (0.5, 1.0, 2.0)])
    return rows[suppress(rows)]


def photo_scenes(photos: Sequence[tuple[Image, Rows]], width: int, count: int) -> Iterator[Scene]:
    """Photographs shrunk until their best face is `width` px wide, laid in rows on grey.

    Args:
        photos: each with its faces, as `seen` gives them.
        width: of the best face, in pixels.
        count: of scenes; fewer when there are too few photographs.
    """
    scene, x, y, row = Scene(np.full((HEIGHT, WIDTH, 3), 114, np.uint8)), 0, 0, 0
    for photo, rows in photos:
        if not len(rows) or rows[0, 14] < 0.85 or rows[0, 2] < 1.25 * width:
            continue
        small, ratio = _shrunk(photo, width / rows[0, 2])
        high, wide = small.shape[:2]
        if wide > WIDTH or high > HEIGHT:
            continue
        if x + wide > WIDTH:
            x, y, row = 0, y + row, 0
        if y + high > HEIGHT:
            yield scene
            count -= 1
            if not count:
                return
            scene, x, y, row = Scene(np.full((HEIGHT, WIDTH, 3), 114, np.uint8)), 0, 0, 0
        scene.paste(small, x, y, rows, ratio)
        x, row = x + wide, max(row, high)
    if scene.rows:
        yield scene


def backgrounds() -> dict[str, list[Image]]:
    """Pictures without a face: two photographs (package scikit-learn) as they are and in parts, and textures
    made here: noise of many wavelengths, pebbles, and print."""
    from sklearn.datasets import load_sample_image

    rng = np.random.default_rng(7)
    photos = []
    for name in ("china.jpg", "flower.jpg"):
        photo = load_sample_image(name)[:, :, ::-1]
        high, wide = photo.shape[:2]
        for part in (photo, photo[: high // 2, : wide // 2], photo[high // 3 :, wide // 3 :, :][:, ::-1]):
            photos.append(_whole(np.ascontiguousarray(part), cv2.INTER_CUBIC))
    return {
        "photographs": photos,
        "noise": [_noise(rng) for _ in range(4)],
        "pebbles": [_pebbles(rng) for _ in range(4)],
        "print": [_print(rng) for _ in range(2)],
    }


def _whole(image: Image, method: int) -> Image:
    return np.asarray(cv2.resize(image, (WIDTH, HEIGHT), interpolation=method), np.uint8)


def _noise(rng: np.random.Generator) -> Image:
    """Grey-brown noise with as much contrast at every wavelength."""
    total = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for step in (2, 4, 8, 16, 32, 64, 128):
        grid = rng.standard_normal((HEIGHT // step + 2, WIDTH // step + 2, 1)) + 0.3 * rng.standard_normal(
            (HEIGHT // step + 2, WIDTH // step + 2, 3)
        )
        total += cv2.resize(grid.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(120 + 22 * total, 0, 255).astype(np.uint8)


def _pebbles(rng: np.random.Generator) -> Image:
    """Shaded ellipses of 6 to 60 px, light and brown, with a few dark spots: as like faces as stones are."""
    image = np.full((HEIGHT, WIDTH, 3), 70, np.uint8)
    for _ in range(1500):
        x, y, side = int(rng.integers(WIDTH)), int(rng.integers(HEIGHT)), float(rng.uniform(3, 30))
        tone = rng.uniform(90, 220) * np.array([0.75, 0.85, 1.0])
        axes = (round(side), round(side * rng.uniform(0.8, 1.4)))
        turn = float(rng.uniform(0, 180))
        cv2.ellipse(image, (x, y), axes, turn, 0, 360, tuple(0.6 * tone), -1, cv2.LINE_AA)
        inner = (round(0.8 * axes[0]), round(0.8 * axes[1]))
        cv2.ellipse(image, (x - 1, y - 1), inner, turn, 0, 360, tuple(tone), -1, cv2.LINE_AA)
        for _ in range(int(rng.integers(4))):
            spot = (x + int(rng.normal(0, side / 3)), y + int(rng.normal(0, side / 3)))
            cv2.circle(image, spot, max(1, round(side / 8)), tuple(0.4 * tone), -1, cv2.LINE_AA)
    return image


def _print(rng: np.random.Generator) -> Image:
    """Lines of letters of all sizes."""
    image = np.full((HEIGHT, WIDTH, 3), 235, np.uint8)
    letters = "abcdefghijkmnopqrstuvwxyz0123456789@&%:;o0O8"
    y = 12
    while y < HEIGHT:
        size = float(rng.uniform(0.3, 1.6))
        line = "".join(rng.choice(list(letters), 160))
        cv2.putText(image, line, (4, y), cv2.FONT_HERSHEY_SIMPLEX, size, (40, 40, 40), 1, cv2.LINE_AA)
        y += round(10 + 24 * size)
    return image
