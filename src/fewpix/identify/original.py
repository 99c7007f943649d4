"""The pixels of an enrolled photo that are kept, if the user allows, for another model to embed."""

from __future__ import annotations

import math

import numpy as np

from fewpix.detect import Face
from fewpix.embed.protocol import Encoder
from fewpix.gallery.rows import Original
from fewpix.identify.faces import AlignedFace, align_faces, whole_crop
from fewpix.identify.shrinking import sharp_crop
from fewpix.image.codec import Image, decode_image, encode_image
from fewpix.image.resize import Crop

_REACH = 0.87
"""How far from the mean of its five points a face's aligned square reaches in any direction, as a share of
`pixels`: half the square's diagonal, and 0.15 for the mean that lies below the square's centre."""

_SAMPLED = 4  # pixels beside a point that resampling looks at, rounded up


def keep_original(image: Image, face: AlignedFace) -> Original:
    """Cut out of a photo what aligning its face needs, at full resolution and without loss.

    Args:
        image: (H, W, 3) uint8 BGR, the photo, or the aligned crop.
        face: the face as it was found in it.
    """
    if face.points is None:
        return Original(encode_image(image, ".png"), None)
    height, width = image.shape[:2]
    x, y = face.points.mean(axis=0).tolist()
    reach = _REACH * face.pixels + _SAMPLED
    left, top = max(0, math.floor(x - reach)), max(0, math.floor(y - reach))
    right, bottom = min(width, math.ceil(x + reach) + 1), min(height, math.ceil(y + reach) + 1)
    # A face that lies outside its picture has no pixels there; one is kept, so that there is a picture.
    left, top = min(left, width - 1), min(top, height - 1)
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    points = tuple((float(px) - left, float(py) - top) for px, py in face.points.tolist())
    return Original(encode_image(np.ascontiguousarray(part), ".png"), points)


def align_original(
    original: Original, encoder: Encoder, *, pixels: float, origin: str
) -> tuple[AlignedFace, Crop]:
    """Cut the face out again, for this encoder, and as sharp as it is.

    Args:
        original: from `keep_original`.
        encoder: the one that is to embed it, or a router.
        pixels: side of the face as it was enrolled.
        origin: names it in messages.

    Raises:
        ImageError: the kept picture is damaged.
        InputError: its points are no face's.
    """
    image = decode_image(original.png, origin)
    if original.points is None:
        return whole_crop(image, encoder), image
    nowhere = (0.0, 0.0, 0.0, 0.0)  # the box in the photo is not kept, and aligning needs none
    face = Face(nowhere, np.array(original.points, dtype=np.float32), 1.0, pixels)
    (aligned,) = align_faces(image, [face], encoder)
    return aligned, sharp_crop(image, aligned)
