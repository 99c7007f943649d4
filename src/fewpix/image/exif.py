"""How a camera was held, by the orientation in EXIF data, and a picture turned upright."""

from __future__ import annotations

import struct
from typing import Any

from numpy.typing import NDArray

UPRIGHT = 1
_ORIENTATION = 0x0112


def orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, in EXIF data that begin as a TIFF file; 1 where they name none.

    Args:
        exif: of a PNG's `eXIf` or a WebP's `EXIF` chunk; JPEG's own mark at the beginning may stand there.
    """
    data = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
    try:
        at = struct.unpack_from(f"{order}I", data, 4)[0] if order else len(data)
        for entry in range(at + 2, at + 2 + 12 * struct.unpack_from(f"{order}H", data, at)[0], 12):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", data, entry)
            if (tag, kind) == (_ORIENTATION, 3) and 1 <= value <= 8:
                return int(value)
    except struct.error:  # it ends early
        pass
    return UPRIGHT


def upright(image: NDArray[Any], value: int) -> NDArray[Any]:
    """A picture (H, W, ...) turned and mirrored as its orientation says; a view of it."""
    if value >= 5:
        image = image.swapaxes(0, 1)
    rows = -1 if value in (3, 4, 7, 8) else 1
    columns = -1 if value in (2, 3, 6, 7) else 1
    return image[::rows, ::columns]
