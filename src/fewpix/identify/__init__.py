"""From a photo to names: detect, align, embed, search, decide."""

from __future__ import annotations

from fewpix.identify.draw import draw
from fewpix.identify.enrol import enrol_photo, enrol_photos
from fewpix.identify.enrolled import Enrolled, EnrolReport, Photo, Refused
from fewpix.identify.pipeline import IdentifiedFace, IdentifiedPicture, Identifier
from fewpix.identify.verdict import Verdict, decide

__all__ = [
    "EnrolReport",
    "Enrolled",
    "IdentifiedFace",
    "IdentifiedPicture",
    "Identifier",
    "Photo",
    "Refused",
    "Verdict",
    "decide",
    "draw",
    "enrol_photo",
    "enrol_photos",
]
