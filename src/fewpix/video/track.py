"""What is kept of a face while it is followed: little, however long it stays."""

from __future__ import annotations

from fewpix.embed.protocol import Encoder
from fewpix.identify.faces import Found, align_faces
from fewpix.image.codec import Image
from fewpix.quality.sharpness import sharpness
from fewpix.quality.sight import weight
from fewpix.video.sample import Best, Sample, box_of, patch

BOXES = 64
"""Boxes kept of a track; when there are more, every second one goes, and only every second one comes."""

Box = tuple[float, float, float, float]


class Track:
    """A face that is followed.

    Args:
        number: its id in the video.
        time: seconds of its first frame.
    """

    def __init__(self, number: int, time: float) -> None:
        self.number, self.first, self.last = number, time, time
        self.frames = 0
        self.boxes: list[tuple[float, Box]] = []
        self.best = Best()
        self._stride = 1

    def add(self, image: Image, face: Found, time: float, encoder: Encoder) -> None:
        """Take in the face of one more frame.

        Args:
            image: (H, W, 3) uint8 BGR, the frame.
            face: where it is.
            time: seconds, above those before.
            encoder: the one that is to embed it, or a router.
        """
        self.last = time
        box = box_of(face)
        if self.frames % self._stride == 0:
            self.boxes.append((time, box))
            if len(self.boxes) > BOXES:
                self.boxes = self.boxes[::2]
                self._stride *= 2
        self.frames += 1
        worth = weight(face.pixels, sharpness(image, box), face.score)
        if self.best.wants(time, worth):
            (aligned,) = align_faces(image, [face], encoder)
            self.best.add(Sample(time, aligned, patch(image, box), worth))
