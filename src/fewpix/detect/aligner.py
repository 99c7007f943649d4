"""Better points for small faces: a small network looks at each face as it would be cut out, and corrects it.

A detector's points are off by several of the template's 112 pixels where a face has 8 to 24, and a face that
is cut out by them is recognised less well than one of the same size that is cut out exactly. The network is
made by `fewpix train-aligner` from sharp faces alone (`recipes/aligner.toml`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fewpix.detect.face import Alignment, Face
from fewpix.detect.session import cpu_session
from fewpix.errors import WeightsError
from fewpix.foreign import json_of
from fewpix.image.align import TEMPLATE_SIDE, Similarity, similarity
from fewpix.image.codec import Image
from fewpix.image.window import CENTRE, cut_window
from fewpix.models.aligner_file import ALIGNER, KEY

PASSES = 3
"""How often a face is looked at, each time cut out by the points of the time before; the last time with its
mirror image."""

LEAST_SCORE = 0.3
"""Of being a face: where the network is less sure, the detector's points stay."""

HOPELESS = 8.0
"""A stated error, in pixels of the template, from which on there is no second pass."""

HALF, STEEP = 3.0, 12
"""The stated error, in pixels of the template, at which something is as likely no face as one, and how fast
that changes. Chosen on held-out faces of the pool in JPEG pictures, and on pictures without a face
(`results/detection/points.json`)."""

TOGETHER = 64
"""Windows that the network sees in one pass."""


_MIRRORED = np.array([1, -1, -1, 1, 1, 1])  # what is said of a mirrored face turns and moves the other way


class Aligner:
    """The network, run by onnxruntime. Several threads may use one at the same time.

    `side` is that of its input in pixels.

    Args:
        data: the ONNX file's bytes; None for the shipped one.
        threads: of onnxruntime; 0 leaves it to onnxruntime.

    Raises:
        WeightsError: it is not an aligner.
    """

    def __init__(self, data: bytes | None = None, threads: int = 0) -> None:
        model = ALIGNER.read_bytes() if data is None else data
        try:
            self._session = cpu_session(model, threads)
            card = json_of(self._session.get_modelmeta().custom_metadata_map[KEY])
            self.side = int(card["side"])
        except Exception as error:  # onnxruntime raises its own family of errors
            raise WeightsError(f"this is not an aligner: {error}", fix="install fewpix again") from error
        self._input = self._session.get_inputs()[0].name

    def refine(self, image: Image, faces: Sequence[Face]) -> list[Face]:
        """The faces with corrected points, and how exact these are.

        The five points of a face move together, by one similarity: how they lie to one another, and with it
        the pose, stays.

        Args:
            image: (H, W, 3) uint8 BGR.
            faces: as they were found.

        Returns:
            The faces in their order, with `alignment` and the `score` that follows from it, see `sureness`;
            the points of one that the network does not take for a face stay as they were.
        """
        if not faces:
            return []
        found = [similarity(face.points) for face in faces]
        better, error, score = list(found), np.full(len(faces), np.inf), np.zeros(len(faces))
        left = list(range(len(faces)))
        for number in range(PASSES):
            out = self._look(image, [better[n] for n in left], mirrored=number == PASSES - 1)
            for n, row in zip(left, out, strict=True):
                better[n] = corrected(better[n], row)
                error[n], score[n] = np.sqrt(2 * np.exp(row[4])), 1 / (1 + np.exp(-row[5]))
            left = [n for n in left if error[n] < HOPELESS]
            if not left:
                break
        return [
            _moved(face, before, after, Alignment(float(e), float(s)))
            for face, before, after, e, s in zip(faces, found, better, error, score, strict=True)
        ]

    def _look(
        self, image: Image, similarities: Sequence[Similarity], *, mirrored: bool
    ) -> NDArray[np.float64]:
        """(N, 6) what the network says of each face; with `mirrored` the mean of that and of what it says of
        the mirror image.
        """
        windows = np.stack([cut_window(image, each, self.side) for each in similarities])
        planes = windows[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        parts = []
        for start in range(0, len(planes), TOGETHER):
            part = planes[start : start + TOGETHER]
            out = self._run(part)
            parts.append((out + self._run(part[..., ::-1]) * _MIRRORED) / 2 if mirrored else out)
        return np.concatenate(parts)

    def _run(self, planes: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(
            self._session.run(None, {self._input: np.ascontiguousarray(planes)})[0], dtype=np.float64
        )


def sureness(alignment: Alignment) -> float:
    """How sure it is that a face is one, 0 to 1, by what the aligner says of it.

    The aligner is exact about faces and about nothing else, so its error tells more than the detector's score
    does.
    """
    return alignment.score / (1 + (alignment.error / HALF) ** STEEP)


def corrected(similarity: Similarity, outputs: NDArray[np.float64]) -> Similarity:
    """The similarity that puts the face where the template has it.

    Args:
        similarity: from the picture's pixels to the template's, as the window was cut.
        outputs: (6,) of the network: growth and turn in tenths, moves in units of 8 template pixels.
    """
    growth, turn, right, down = (float(value) for value in outputs[:4])
    seen, moved = complex(1 + 0.1 * growth, 0.1 * turn), complex(8 * right, 8 * down)
    return similarity[0] / seen, (similarity[1] - CENTRE - moved) / seen + CENTRE


def _moved(face: Face, before: Similarity, after: Similarity, alignment: Alignment) -> Face:
    """The face with its points where `after` says, and its score."""
    face = replace(face, score=sureness(alignment))
    if alignment.score < LEAST_SCORE:
        return replace(face, alignment=replace(alignment, moved=False))
    places = face.points[:, 0] + 1j * face.points[:, 1].astype(np.float64)
    places = (before[0] * places + before[1] - after[1]) / after[0]
    points = np.stack([places.real, places.imag], axis=1).astype(np.float32)
    return replace(face, points=points, pixels=TEMPLATE_SIDE / abs(after[0]), alignment=alignment)
