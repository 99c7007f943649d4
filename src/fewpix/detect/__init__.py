"""Faces and their five landmarks in a picture, small ones too."""

from __future__ import annotations

from fewpix.detect.detector import Detector, default_detector
from fewpix.detect.face import Face
from fewpix.detect.search import Search
from fewpix.detect.yunet import YuNet

__all__ = ["Detector", "Face", "Search", "YuNet", "default_detector"]
