"""HEIC, as telephones write it, and AVIF: decoded by the extra `heic`."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ImageError
from fewpix.image.alpha import over_grey
from fewpix.image.signature import EXTRA, heif_installed


def decode_heif(data: bytes, format_: str, origin: str) -> NDArray[np.uint8]:
    """Decode the main picture, upright, transparent pixels laid over grey.

    Args:
        data: the whole file, whose size was looked at.
        format_: "HEIC" or "AVIF".
        origin: names it in messages.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        ImageError: the extra is not installed, or the file is damaged.
    """
    if not heif_installed():
        raise ImageError(f"{origin} is a {format_} picture", fix=f"{format_}: {EXTRA}")
    from PIL import Image, ImageOps
    from pillow_heif import open_heif

    try:
        if format_ == "HEIC":
            picture = open_heif(BytesIO(data)).to_pillow()  # libheif turns it
        else:
            picture = ImageOps.exif_transpose(Image.open(BytesIO(data), formats=("AVIF",)))
        pixels = np.asarray(picture.convert("RGBA" if picture.has_transparency_data else "RGB"))
    except (OSError, ValueError, RuntimeError, SyntaxError, EOFError) as error:
        said = " ".join(str(error).split())[:200]
        raise ImageError(
            f"{origin} is a damaged or unusual {format_} file: {said}", fix="convert it to JPEG or PNG"
        ) from error
    bgr = pixels[:, :, 2::-1]
    return np.ascontiguousarray(over_grey(bgr, pixels[:, :, 3]) if pixels.shape[2] == 4 else bgr)
