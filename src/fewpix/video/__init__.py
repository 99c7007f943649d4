"""From a film or a stream to names: read, follow faces, one template and one decision for each."""

from __future__ import annotations

from fewpix.identify.learning import StateLearner
from fewpix.video.counts import Counts
from fewpix.video.draw import Annotator, Shown
from fewpix.video.early import Event
from fewpix.video.frame import Frame
from fewpix.video.live import Patience
from fewpix.video.open import open_video
from fewpix.video.pipeline import Sight, VideoIdentifier
from fewpix.video.reader import Reader
from fewpix.video.result import IdentifiedTrack
from fewpix.video.sheet import ContactSheet
from fewpix.video.source import Source, is_video, source_of
from fewpix.video.thin import Thin
from fewpix.video.tracker import Tracker
from fewpix.video.writer import h264_file

__all__ = [
    "Annotator",
    "ContactSheet",
    "Counts",
    "Event",
    "Frame",
    "IdentifiedTrack",
    "Patience",
    "Reader",
    "Shown",
    "Sight",
    "Source",
    "StateLearner",
    "Thin",
    "Tracker",
    "VideoIdentifier",
    "h264_file",
    "is_video",
    "open_video",
    "source_of",
]
