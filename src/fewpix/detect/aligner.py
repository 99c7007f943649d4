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
from fewpix.detect.runtime import chosen_network
from fewpix.errors import FewpixError, WeightsError
from fewpix.image.align import TEMPLATE_SIDE, Similarity, similarity
from fewpix.image.codec import Image
from fewpix.image.window import CENTRE, cut_window
from fewpix.models.aligner_file import ALIGNER

PASSES = 3
"""How often a face is looked at, each time cut out by the points of the time before; the last time with its
mirror image."""

LEAST_SCORE = 0.3
"""Of being a face: where the network is less sure, the detector's points stay."""

HOPELESS = 8.0
"""A stated error, in pixels of the template, from which on there is no second pass."""

EXACT, STEEP = 0.5, 4
SMALL, FULL = 8.0, 28.0
"""A find of `SMALL` to `FULL` pixels is as likely a face as the search says when its points are exact to
`EXACT` pixels of the picture; larger and smaller ones when they are as exact in the template as those are.
The odds fall with the error to the power of `STEEP`. Chosen on held-out faces of the pool, turned ones among
them, in compressed pictures, and on pictures without a face (`results/detection/sureness.json`)."""

SUREST = 0.999
"""Of a search: its score says no more beyond this."""

TOGETHER = 64
"""Windows that the network sees in one pass."""

TRIAL = (8, 3, 32, 32)
"""What runtimes are compared on."""


_MIRRORED = np.array([1, -1, -1, 1, 1, 1])  # what is said of a mirrored face turns and moves the other way


class Aligner:
    """The network. Several threads may use one at the same time.

    `side` is that of its input in pixels.

    Args:
        data: the ONNX file's bytes; None for the shipped one.
        threads: of the runtime; 0 leaves it to the runtime.
        runtime: as for `YuNet`.

    Raises:
        ConfigError: no such runtime.
        UnavailableError: it is not installed.
        WeightsError: it is not an aligner.
    """

    def __init__(self, data: bytes | None = None, threads: int = 0, runtime: str = "onnxruntime") -> None:
        model = ALIGNER.read_bytes() if data is None else data
        try:
            self._network = chosen_network(model, runtime, threads, TRIAL, plans=0)
        except FewpixError:
            raise
        except Exception as error:  # runtimes raise their own families of errors
            raise WeightsError(f"this is not an aligner: {error}", fix="install fewpix again") from error
        side = self._network.shape[-1]
        if self._network.outputs != ("errors",) or side is None:
            raise WeightsError("this network is not an aligner", fix="install fewpix again")
        self.side = side

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
        return self._network.run(np.ascontiguousarray(planes))["errors"].astype(np.float64)


def sureness(found: float, alignment: Alignment, pixels: float) -> float:
    """How sure it is that a face is one, 0 to 1, by what the search and the aligner say of it.

    The aligner is exact about faces and about nothing else. How exact it can be about a small face depends on
    the picture's pixels, so its error is counted in these.

    Args:
        found: the score of the search.
        alignment: what the aligner says.
        pixels: of the face, as `Face.pixels`.
    """
    found = min(found, SUREST)
    error = alignment.error * min(max(pixels, SMALL), FULL) / TEMPLATE_SIDE
    odds = found / (1 - found) * (EXACT / error) ** STEEP
    return alignment.score * odds / (1 + odds)


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
    moved = alignment.score >= LEAST_SCORE
    pixels = TEMPLATE_SIDE / abs(after[0]) if moved else face.pixels
    face = replace(face, pixels=pixels, score=sureness(face.score, alignment, pixels))
    if not moved:
        return replace(face, alignment=replace(alignment, moved=False))
    places = face.points[:, 0] + 1j * face.points[:, 1].astype(np.float64)
    places = (before[0] * places + before[1] - after[1]) / after[0]
    points = np.stack([places.real, places.imag], axis=1).astype(np.float32)
    return replace(face, points=points, alignment=alignment)
