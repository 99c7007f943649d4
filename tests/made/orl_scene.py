"""Photographs made of ORL faces: a portrait of one person, a scene with several."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from fewpix.data.orl import load_orl
from fewpix.image.codec import Image


def background(height: int, width: int) -> Image:
    """A dim wall with a gradient, without anything that looks like a face."""
    column = np.linspace(90, 150, height)[:, None, None]
    return np.broadcast_to(column, (height, width, 3)).round().astype(np.uint8)


def paste(image: Image, person: int, picture: int, width: int, at: tuple[int, int]) -> None:
    """Put an ORL picture, `width` px wide, into `image` with its upper left corner at `at`."""
    face = load_orl().images[10 * person + picture]
    height = round(width * face.shape[0] / face.shape[1])
    method = cv2.INTER_AREA if width < face.shape[1] else cv2.INTER_CUBIC
    x, y = at
    image[y : y + height, x : x + width] = cv2.resize(face, (width, height), interpolation=method)


def portrait(person: int, picture: int, width: int = 120) -> Image:
    """A photo of one person."""
    image = background(240, 220)
    paste(image, person, picture, width, (50, 40))
    return image


def scene(faces: Sequence[tuple[int, int, int, tuple[int, int]]]) -> Image:
    """640x480 with faces given as person, picture, width and corner."""
    image = background(480, 640)
    for person, picture, width, at in faces:
        paste(image, person, picture, width, at)
    return image
