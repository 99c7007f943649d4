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
from fewpix.errors import WeightsError
from fewpix.foreign import json_of
from fewpix.image.align import TEMPLATE_SIDE, Similarity, similarity
from fewpix.image.codec import Image
from fewpix.image.window import CENTRE, cut_window
from fewpix.models.aligner_file import ALIGNER, KEY

PASSES = 2
"""How often a face is looked at, each time cut out by the points of the time before."""

LEAST_SCORE = 0.3
"""Of being a face: where the network is less sure, the detector's points stay."""

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
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # warnings are nothing that a user could act on
        model = ALIGNER.read_bytes() if data is None else data
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
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
            The faces in their order, with `alignment`; the points of one that the network does not take for a
            face stay as they were.
        """
        if not faces:
            return []
        found = [similarity(face.points) for face in faces]
        better, error, score = list(found), np.zeros(len(faces)), np.zeros(len(faces))
        for _ in range(PASSES):
            out = self._look(image, better)
            better = [corrected(each, row) for each, row in zip(better, out, strict=True)]
            error, score = np.sqrt(2 * np.exp(out[:, 4])), 1 / (1 + np.exp(-out[:, 5]))
        return [
            _moved(face, before, after, Alignment(float(e), float(s)))
            for face, before, after, e, s in zip(faces, found, better, error, score, strict=True)
        ]

    def _look(self, image: Image, similarities: Sequence[Similarity]) -> NDArray[np.float64]:
        """(N, 6) what the network says of each face, the mean of what it says of the face and its mirror
        image.
        """
        windows = np.stack([cut_window(image, each, self.side) for each in similarities])
        planes = windows[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        parts = []
        for start in range(0, len(planes), TOGETHER):
            part = np.ascontiguousarray(planes[start : start + TOGETHER])
            both = np.concatenate([part, part[..., ::-1]])
            out = np.asarray(self._session.run(None, {self._input: both})[0], dtype=np.float64)
            plain, mirrored = out[: len(part)], out[len(part) :]
            parts.append((plain + mirrored * _MIRRORED) / 2)
        return np.concatenate(parts)


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
    """The face with its points where `after` says."""
    if alignment.score < LEAST_SCORE:
        return replace(face, alignment=replace(alignment, moved=False))
    places = face.points[:, 0] + 1j * face.points[:, 1].astype(np.float64)
    places = (before[0] * places + before[1] - after[1]) / after[0]
    points = np.stack([places.real, places.imag], axis=1).astype(np.float32)
    return replace(face, points=points, pixels=TEMPLATE_SIDE / abs(after[0]), alignment=alignment)
