"""What students make of a photo shrunk to a few small sizes, for a matched gallery."""

from __future__ import annotations

from collections.abc import Sequence

from fewpix.embed.protocol import Encoder
from fewpix.gallery.matched import Matching
from fewpix.gallery.rows import Shrunk
from fewpix.identify.faces import AlignedFace
from fewpix.image.align import TEMPLATE_SIDE, align
from fewpix.image.codec import Image
from fewpix.image.resize import Crop, resize_square


def sharp_crop(image: Image, face: AlignedFace) -> Crop:
    """A face as sharp as its photo has it, to be shrunk: an encoder of small faces got a smaller cut.

    Args:
        image: (H, W, 3) uint8 BGR, the photo; the crop itself where no face was looked for.
        face: the face as it was found in it.
    """
    if face.points is None or len(face.crop) >= TEMPLATE_SIDE:
        return face.crop
    return align(image, face.points, TEMPLATE_SIDE)


def shrink(crops: Sequence[Crop], encoder: Encoder, matching: Matching) -> list[tuple[Shrunk, ...]]:
    """The rows of small sizes of each photo, rising by size.

    An encoder under a NormState makes none: the state is of a camera's pictures and not of photos.

    Args:
        crops: aligned faces, sharp.
        encoder: the one that enrols, or a router, whose encoder for each size makes that size's rows.
        matching: which sizes.
    """
    rows: list[list[Shrunk]] = [[] for _ in crops]
    for taken, part in matching.parts(encoder):
        if taken.state_id:
            continue
        for pixels in part.kept:
            embedded = taken.embed([resize_square(crop, pixels) for crop in crops]) if crops else ()
            for own, row in zip(rows, embedded, strict=True):
                own.append(Shrunk(pixels, row, taken.card.sha256))
    return [tuple(own) for own in rows]
