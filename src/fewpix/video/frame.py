"""One frame of a video, as it goes through the pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from fewpix.image.codec import Image


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame that is looked at.

    Args:
        image: (H, W, 3) uint8 BGR, upright, with square pixels.
        time: seconds since the beginning of the file, or since the stream was first opened.
    """

    image: Image
    time: float
