"""The ways from a photograph to an embedding that `photos.py` compares: who finds, cuts and embeds a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from benchmarks.photos.people import Rows
from fewpix.detect import Detector, Face
from fewpix.detect.detector import SEARCH_SCORE
from fewpix.detect.yunet import installed_yunet, yunet_file
from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError
from fewpix.identify.faces import AlignedFace, align_faces
from fewpix.image.align import pixels
from fewpix.image.codec import Image
from fewpix.models.teacher import sface
from fewpix.quality.assess import assess_face

MIN_SCORE = 0.6
"""Of every detector. OpenCV's own examples say 0.9, which finds fewer small faces."""


@dataclass(frozen=True)
class Arm:
    """One way.

    Args:
        finder: a key of `finders`.
        model: of the probes; the gallery is always embedded by the teacher.
        facebn: "" as the model is; else the mode of `fewpix adapt` of a state of other people's small faces:
            "prior", or "excess", which compares them with training faces of their size.
        matched: whether small faces are compared with the gallery's photographs shrunk to their size, too, as
            `fewpix identify` does it.
    """

    finder: str
    model: str
    facebn: str = ""
    matched: bool = False

    @property
    def gallery(self) -> Arm:
        """How the sharp photographs are enrolled: nobody enlarges those."""
        return Arm("fewpix" if self.finder == "fewpix" else "yunet", "teacher")


PLAIN = "yunet + sface"
ENLARGED = "yunet x3 + sface"
ROUTER = "fewpix + auto"
MATCHED = "fewpix + auto, matched"
ARMS: dict[str, Arm] = {
    PLAIN: Arm("yunet", "teacher"),
    ENLARGED: Arm("yunet-x3", "teacher"),
    "fewpix + sface": Arm("fewpix", "teacher"),
    "fewpix + fewpix-s": Arm("fewpix", "fewpix-s"),
    "fewpix + fewpix-l": Arm("fewpix", "fewpix-l"),
    ROUTER: Arm("fewpix", "auto"),
    MATCHED: Arm("fewpix", "auto", matched=True),
    "fewpix + auto, FaceBN prior": Arm("fewpix", "auto", "prior"),
    "fewpix + auto, FaceBN excess": Arm("fewpix", "auto", "excess"),
}


class Finder(Protocol):
    """Finds faces in a picture and cuts them out; `words` say how."""

    words: str

    def find(self, image: Image) -> Rows:
        """(N, 15) as YuNet gives them, in pixels of `image`."""
        ...

    def cut(self, image: Image, row: Rows, encoder: Encoder) -> AlignedFace:
        """One of them for an encoder, or for the one that a router takes for it."""
        ...


class OpenCV:
    """YuNet as OpenCV runs it on the whole picture, and OpenCV's alignment to 112 px: what other tools have.

    Args:
        scale: what the picture is enlarged by first.
    """

    def __init__(self, scale: int = 1) -> None:
        self.words = f"FaceDetectorYN (score {MIN_SCORE}) and alignCrop of OpenCV" + (
            f" on the picture enlarged {scale} times" if scale > 1 else ""
        )
        self._scale = scale
        model = np.frombuffer(yunet_file().read_bytes(), dtype=np.uint8)
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._network = cv2.FaceDetectorYN.create(
                "onnx", model, np.empty(0, np.uint8), (32, 32), MIN_SCORE
            )
            self._aligner = cv2.FaceRecognizerSF.create(str(sface().path), "")
        finally:
            cv2.utils.logging.setLogLevel(level)

    def find(self, image: Image) -> Rows:
        """See `Finder.find`."""
        seen = self._enlarged(image)
        self._network.setInputSize((seen.shape[1], seen.shape[0]))
        found = self._network.detect(seen)[1]
        rows = np.zeros((0, 15), np.float32) if found is None else np.array(found, np.float32).reshape(-1, 15)
        rows = rows[np.isfinite(rows).all(axis=1)]
        rows[:, :14] /= self._scale
        return rows

    def cut(self, image: Image, row: Rows, encoder: Encoder) -> AlignedFace:
        """See `Finder.cut`."""
        scaled = row.copy()
        scaled[:14] *= self._scale
        crop = np.asarray(self._aligner.alignCrop(self._enlarged(image), scaled), dtype=np.uint8)
        face = face_of(row)
        quality = assess_face(image, face.box, face.points, pixels=face.pixels, score=face.score)
        return AlignedFace(face.box, face.pixels, quality, crop, encoder, face.points)

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


def finders(threads: int = 0) -> dict[str, Finder]:
    """All of them.

    Args:
        threads: of fewpix' detector; 0 leaves it to the runtime.

    Raises:
        UnavailableError: YuNet or SFace is not installed.
    """
    network = installed_yunet(SEARCH_SCORE, threads)
    return {"yunet": OpenCV(), "yunet-x3": OpenCV(3), "fewpix": Fewpix(Detector(network, MIN_SCORE))}


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
