"""The ways from a photograph to an embedding that `photos.py` compares: who finds, cuts and embeds a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from photo_set import Rows

from fewpix.detect import Detector, Face, default_detector
from fewpix.detect.yunet import YuNet, installed_yunet
from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError
from fewpix.identify.faces import AlignedFace, align_faces
from fewpix.image.align import pixels
from fewpix.image.codec import Image
from fewpix.models.teacher import sface

MIN_SCORE = 0.6
"""Of every detector. OpenCV's own examples say 0.9, which finds fewer small faces."""


@dataclass(frozen=True)
class Arm:
    """One way.

    Args:
        finder: a key of `finders`.
        model: of the probes; the gallery is always embedded by the teacher.
        facebn: "" as the model is, "plain" under a state of other people's small faces, "reference" under one
            that was compared with training faces of their size.
    """

    finder: str
    model: str
    facebn: str = ""

    @property
    def gallery(self) -> Arm:
        """How the sharp photographs are enrolled: nobody enlarges those."""
        return Arm("fewpix" if self.finder == "fewpix" else "yunet", "teacher")


PLAIN = "yunet + sface"
ENLARGED = "yunet x3 + sface"
ROUTER = "fewpix + auto"
ARMS: dict[str, Arm] = {
    PLAIN: Arm("yunet", "teacher"),
    ENLARGED: Arm("yunet-x3", "teacher"),
    "fewpix + sface": Arm("fewpix", "teacher"),
    "fewpix + fewpix-s": Arm("fewpix", "fewpix-s"),
    "fewpix + fewpix-l": Arm("fewpix", "fewpix-l"),
    ROUTER: Arm("fewpix", "auto"),
    "fewpix + auto, FaceBN": Arm("fewpix", "auto", "plain"),
    "fewpix + auto, FaceBN by size": Arm("fewpix", "auto", "reference"),
}


class Finder(Protocol):
    """Finds faces in a picture and cuts them out; `words` say how."""

    words: str

    def find(self, image: Image) -> Rows:
        """(N, 15) as YuNet gives them, in pixels of `image`."""
        ...

    def cut(self, image: Image, row: Rows, encoder: Encoder) -> AlignedFace:
        """One of them for an encoder."""
        ...


class OpenCV:
    """YuNet on the picture as a whole and OpenCV's own alignment to 112 px, as other tools have them.

    Args:
        network: YuNet.
        scale: what the picture is enlarged by first.
    """

    def __init__(self, network: YuNet, scale: int = 1) -> None:
        self.words = f"YuNet (score {MIN_SCORE}) and alignCrop of OpenCV" + (
            f" on the picture enlarged {scale} times" if scale > 1 else ""
        )
        self._network, self._scale = network, scale
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._aligner = cv2.FaceRecognizerSF.create(str(sface().path), "")
        finally:
            cv2.utils.logging.setLogLevel(level)

    def find(self, image: Image) -> Rows:
        """See `Finder.find`."""
        rows = self._network.find(self._enlarged(image))
        rows = rows[rows[:, 14] >= MIN_SCORE]
        rows[:, :14] /= self._scale
        return rows

    def cut(self, image: Image, row: Rows, encoder: Encoder) -> AlignedFace:
        """See `Finder.cut`."""
        scaled = row.copy()
        scaled[:14] *= self._scale
        crop = np.asarray(self._aligner.alignCrop(self._enlarged(image), scaled), dtype=np.uint8)
        face = face_of(row)
        return AlignedFace(face.box, face.pixels, face.score, crop, encoder, face.points)

    def _enlarged(self, image: Image) -> Image:
        if self._scale == 1:
            return image
        size = (image.shape[1] * self._scale, image.shape[0] * self._scale)
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


class Fewpix:
    """The detector of `fewpix identify`, and its alignment straight to the encoder's side."""

    def __init__(self, detector: Detector) -> None:
        self.words = f"fewpix.detect (score {detector.min_score}, scales {detector.scales})"
        self._detector = detector

    def find(self, image: Image) -> Rows:
        """See `Finder.find`."""
        rows = [(*face.box, *face.points.ravel(), face.score) for face in self._detector.detect(image)]
        return np.array(rows, dtype=np.float32).reshape(-1, 15)

    def cut(self, image: Image, row: Rows, encoder: Encoder) -> AlignedFace:
        """See `Finder.cut`."""
        return align_faces(image, [face_of(row)], encoder)[0]


def finders() -> dict[str, Finder]:
    """All of them.

    Raises:
        UnavailableError: YuNet or SFace is not installed.
    """
    network = installed_yunet(MIN_SCORE)
    return {
        "yunet": OpenCV(network),
        "yunet-x3": OpenCV(network, 3),
        "fewpix": Fewpix(default_detector(MIN_SCORE)),
    }


def usable(rows: Rows) -> Rows:
    """Those whose five points can be aligned."""
    keep = []
    for row in rows:
        try:
            pixels(row[4:14].reshape(5, 2))
        except InputError:
            keep.append(False)
        else:
            keep.append(True)
    return rows[np.array(keep, dtype=bool)] if len(rows) else rows


def face_of(row: Rows) -> Face:
    """A row as a face."""
    points = row[4:14].reshape(5, 2)
    x, y, width, height = (float(value) for value in row[:4])
    return Face((x, y, width, height), points, float(row[14]), pixels(points))
