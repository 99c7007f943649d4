"""What is known of how good a face is, and the one number that it comes to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.image.align import TEMPLATE_SIDE, align
from fewpix.image.array import square
from fewpix.image.codec import Image
from fewpix.image.resize import Crop
from fewpix.quality.pose import Pose, pose
from fewpix.quality.resolution import effective_pixels
from fewpix.quality.sharpness import sharpness

ENOUGH = 18.0
"""Effective pixels from which on a face counts in full: what `fewpix.identify.admission` asks of a photo.
Where less detail weighs less in a template, large probes gain and small ones hardly lose; with 32 in place of
this, small ones lose more (results/gallery/template_quality.json)."""


@dataclass(frozen=True)
class Quality:
    """How good a face is as a picture of somebody.

    Args:
        effective_pixels: see `quality.resolution`; at most the face's own pixels.
        sharpness: see `quality.sharpness`.
        pose: which way it looks; None for a crop, whose landmarks nobody gave.
        detector_score: 0 to 1; None for a crop that no detector saw.
        alignment_error: how far off its five points are in the mean, by the aligner's own estimate, in pixels
            of the 112 px template; None where no aligner looked.
    """

    effective_pixels: float
    sharpness: float
    pose: Pose | None = None
    detector_score: float | None = None
    alignment_error: float | None = None

    @property
    def value(self) -> float:
        """0 to 1: the product of three parts, each 1 where nothing is known.

        The detector's score; the effective pixels as a share of 18, at most 1; and the cosines of yaw and
        pitch, the share of a flat face that the camera sees. It orders faces; it is no probability.
        """
        turned = 1.0
        if self.pose is not None:
            turned = math.cos(math.radians(self.pose.yaw)) * math.cos(math.radians(self.pose.pitch))
        score = 1.0 if self.detector_score is None else self.detector_score
        return score * min(1.0, self.effective_pixels / ENOUGH) * turned

    def to_json(self) -> dict[str, Any]:
        """`quality`, the number, and what it is made of; None where nothing is known."""
        return {
            "quality": round(self.value, 4),
            "effective_pixels": round(self.effective_pixels, 2),
            "sharpness": round(self.sharpness, 4),
            "pose": None if self.pose is None else self.pose.to_json(),
            "detector_score": None if self.detector_score is None else round(self.detector_score, 4),
            "alignment_error": None if self.alignment_error is None else round(self.alignment_error, 2),
        }


def assess_face(
    image: Image,
    box: tuple[float, float, float, float],
    points: NDArray[np.floating],
    *,
    pixels: float,
    score: float,
    alignment_error: float | None = None,
) -> Quality:
    """The quality of a face in a picture.

    Args:
        image: (H, W, 3) uint8 BGR.
        box: x, y, width, height in its pixels.
        points: (5, 2) in its pixels, in the order of `fewpix.image.align.TEMPLATE`.
        pixels: side of the face in source pixels.
        score: of the detector, 0 to 1.
        alignment_error: of the aligner; see `Quality`.

    Raises:
        InputError: the points are no face's.
    """
    detail = effective_pixels(align(image, points, TEMPLATE_SIDE))
    return Quality(min(detail, pixels), sharpness(image, box), pose(points), score, alignment_error)


def assess_crop(crop: Crop) -> Quality:
    """The quality of an aligned crop.

    Args:
        crop: (s, s, 3) uint8 BGR.

    Raises:
        InputError: it is none.
    """
    side = float(square(crop).shape[0])
    return Quality(min(effective_pixels(crop), side), sharpness(crop, (0.0, 0.0, side, side)))
