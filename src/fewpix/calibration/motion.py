"""Strangers in motion: several sights of one face, as a film shows it, and the template that they become."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.degrade import per_item_rng
from fewpix.degrade.chain import Chain
from fewpix.degrade.compress import MACROBLOCK
from fewpix.degrade.draws import Uniform
from fewpix.degrade.photograph import Spread, photograph, surrounded
from fewpix.degrade.step import step
from fewpix.detect.aligner import Aligner
from fewpix.detect.face import Face
from fewpix.embed.fusion import fuse, independent
from fewpix.embed.protocol import Encoder
from fewpix.image.align import TEMPLATE, align
from fewpix.image.align import pixels as pixels_of
from fewpix.image.resize import Crop
from fewpix.quality.sharpness import sharpness
from fewpix.quality.sight import weight

COUNTS = (1, 2, 4, 8)
"""Numbers of sights that are measured; beyond, scores hardly change."""

_IN_BLOCK = Uniform(0, MACROBLOCK - 1)

FILM = Chain(
    (
        step("defocus", p=0.4, radius=Uniform(0.3, 1.0)),
        step("motion_blur", p=0.3, length=Uniform(1, 2.5), angle=Uniform(0, 180)),
        step("downscale", side=16),
        step("contrast", p=0.3, gain=Uniform(0.6, 1.15), offset=Uniform(-15, 15)),
        step("sensor_noise", read=Uniform(1, 6), shot=Uniform(0, 0.15)),
        step("video_frame", qp=Uniform(20, 34), left=_IN_BLOCK, top=_IN_BLOCK),
    ),
    name="film",
)
"""What a camera does to all sights of a track alike; noise and the place in a block are each sight's own."""

SEEN = 0.5
"""The score that a search is taken to give where none was made: neither for a face nor against one."""

_NEARER, _BRIGHTER = 0.05, 0.06  # how much sizes and brightness vary within a track
_TRIES = 2  # rounds in which the sights are to be found that are asked for
_BOX = (1 / 1.41, 1 / 1.03)  # a detector's box beside the side of the face


@dataclass(frozen=True, eq=False)
class Sights:
    """What was found of one track.

    Args:
        crops: N aligned faces.
        weights: (N,) of them in the template.
    """

    crops: tuple[Crop, ...]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """How one sharp picture of somebody becomes the sights of a track.

    Each sight lies elsewhere between the pixels, a little turned, larger and brighter, with noise of its own;
    the lens, the light and the compression are the track's. Its points are as far off as a detector's are,
    and the aligner puts them right. What it does not take for a face is no sight.

    Args:
        counts: numbers of sights, rising from 1.
        seed: with a picture's digest it decides all that is random in its track.
        faint: the score below which the detector would not have told of a face.
    """

    counts: tuple[int, ...] = COUNTS
    seed: int = 0
    faint: float = 0.45

    family = FILM.name

    @property
    def key(self) -> str:
        """Names all that a template depends on, beside picture, size and encoder."""
        state = hashlib.sha256(f"{FILM.to_json()} {Spread()} {SEEN} {self!r}".encode())
        return f"{self.family}:{state.hexdigest()[:16]}"

    def __str__(self) -> str:
        """The numbers of sights in words."""
        return f"templates of {', '.join(map(str, self.counts))} sights; {FILM.describe()}"

    def sights(self, crop: Crop, digest: str, size: float, side: int, aligner: Aligner) -> Sights:
        """The sights of one person; fewer than were asked for where the aligner does not see a face.

        Args:
            crop: (s, s, 3) uint8 BGR, aligned and sharp.
            digest: of the picture, hexadecimal.
            size: of the face in the film, in pixels.
            side: of the crops that are cut out.
            aligner: the one of the detector.
        """
        number = int.from_bytes(hashlib.sha256(digest.encode()).digest()[:8], "big")
        rng = per_item_rng(self.seed, number, round(10 * size))
        place, canvas, wanted = FILM.place(rng), surrounded(crop), self.counts[-1]
        crops: list[Crop] = []
        weights: list[float] = []
        for _ in range(_TRIES):
            pictures, faces = found_in(canvas, size, place, wanted - len(crops), rng)
            for face in aligner.refine(pictures, faces):
                if face.score >= self.faint:
                    crops.append(align(pictures, face.points, side))
                    weights.append(weight(face.pixels, sharpness(pictures, face.box), face.score))
            if len(crops) == wanted:
                break
        return Sights(tuple(crops), np.array(weights))

    def templates(self, tracks: Sequence[Sights], encoder: Encoder) -> NDArray[np.float32]:
        """(N, L, D + 1) of N tracks, for each of L numbers of sights the template, and how many independent
        ones it is of; 0 where there are not so many.
        """
        rows = encoder.embed([crop for track in tracks for crop in track.crops])
        out = np.zeros((len(tracks), len(self.counts), encoder.card.space.dim + 1), dtype=np.float32)
        first = 0
        for track, templates in zip(tracks, out, strict=True):
            mine = rows[first : first + len(track.crops)]
            first += len(track.crops)
            for count, template in zip(self.counts, templates, strict=True):
                if len(mine) >= count:
                    weights = track.weights[:count]
                    template[:-1] = fuse(mine[:count], np.zeros(1, np.int64), weights).embeddings[0]
                    template[-1] = independent(weights)
        return out


def found_in(
    canvas: Crop, size: float, place: Chain, count: int, rng: np.random.Generator
) -> tuple[Crop, list[Face]]:
    """Small pictures of one face side by side in one, and the faces in it as a search would tell of them.

    Args:
        canvas: (224, 224, 3) uint8 BGR, see `surrounded`.
        size: of the face, in pixels, about.
        place: what the camera does.
        count: of the pictures.
        rng: all randomness.
    """
    made: list[tuple[Crop, NDArray[np.float32]]] = []
    for _ in range(count):
        seen = float(size * np.exp(_NEARER * rng.uniform(-1, 1)))
        gain = float(1 + _BRIGHTER * rng.standard_normal())
        lit = np.asarray(cv2.convertScaleAbs(canvas, alpha=gain), dtype=np.uint8)
        picture, (turn, move) = photograph(lit, seen, place, rng)
        off, shift = Spread().draw(seen, rng)
        there = (off * (TEMPLATE[:, 0] + 1j * TEMPLATE[:, 1]) + shift - move) / turn
        made.append((picture, np.stack([there.real, there.imag], axis=1).astype(np.float32)))
    side = max(len(picture) for picture, _ in made)
    strip = np.concatenate([_padded(picture, side) for picture, _ in made], axis=1)
    width, height = (share * size for share in _BOX)
    faces = []
    for n, (_, points) in enumerate(made):
        points = points + np.array([n * side, 0], dtype=np.float32)
        x, y = (float(value) for value in points.mean(axis=0))
        box = (x - width / 2, y - height / 2, width, height)
        faces.append(Face(box, points, SEEN, pixels_of(points)))
    return strip, faces


def _padded(picture: Crop, side: int) -> Crop:
    """The picture with its last row and column repeated until it is so large."""
    more = side - len(picture)
    return np.asarray(cv2.copyMakeBorder(picture, 0, more, 0, more, cv2.BORDER_REPLICATE), dtype=np.uint8)
