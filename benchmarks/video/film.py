"""Films with a truth: people of `photos.tar` who walk and turn before a wall, as a camera would send them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.photos.people import Photos
from fewpix.degrade.ops import motion_blur
from fewpix.image.align import TEMPLATE, TEMPLATE_SIDE, similarity
from fewpix.image.codec import Image

WIDTH, HEIGHT = 640, 360
SECONDS = 3.0
CODECS = ("h264 23", "h264 30", "h264 36", "mjpeg")
RATES = (10, 10, 25)
"""Frames a second, and codecs, take turns from film to film."""

TOGETHER = 4
"""People in a film."""

HOLD = 0.75  # seconds that one photograph of somebody is seen
SHUTTER = 0.4  # share of a frame's time that light is taken in
_AROUND = 1.15  # radius of what is seen of a photograph, in sides of the face
_MIDDLE = complex(*TEMPLATE.mean(axis=0))


@dataclass(frozen=True)
class Cast:
    """Somebody in a film.

    Args:
        person: the name.
        photos: numbers of the photographs that take turns.
        sizes: of the face in pixels, at the beginning and at the end; between them by ratio.
        start: x and y of the face in the first frame.
        speed: pixels a second.
        tilt: degrees to which the head leans.
        phase: of all that swings, 0 to 1.
    """

    person: str
    photos: tuple[int, ...]
    sizes: tuple[float, float]
    start: tuple[float, float]
    speed: tuple[float, float]
    tilt: float
    phase: float

    def size(self, time: float) -> float:
        """Of the face, in pixels."""
        first, last = self.sizes
        return first * (last / first) ** (time / SECONDS)

    def centre(self, time: float) -> complex:
        """Of the five points."""
        x = self.start[0] + self.speed[0] * time + 0.8 * math.sin(2 * math.pi * (1.1 * time + self.phase))
        y = self.start[1] + self.speed[1] * time + 0.8 * math.sin(2 * math.pi * (1.7 * time + self.phase))
        return complex(x, y)

    def turn(self, time: float) -> complex:
        """From the template's pixels to the film's."""
        angle = self.tilt * math.sin(2 * math.pi * (0.4 * time + self.phase))
        return self.size(time) / TEMPLATE_SIDE * complex(np.exp(1j * math.radians(angle)))

    def points(self, time: float) -> NDArray[np.float32]:
        """(5, 2) the true points."""
        found = self.turn(time) * (TEMPLATE[:, 0] + 1j * TEMPLATE[:, 1] - _MIDDLE) + self.centre(time)
        return np.stack([found.real, found.imag], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Film:
    """One film.

    Args:
        kind: the size of the faces, or "walk" for those that come closer.
        number: among those of its kind.
        cast: who is in it.
        rate: frames a second.
        codec: of `CODECS`.
    """

    kind: str
    number: int
    cast: tuple[Cast, ...]
    rate: int
    codec: str

    @property
    def name(self) -> str:
        """Of the file."""
        return f"{self.kind}-{self.number:02d}-{self.rate}-{self.codec.replace(' ', '-')}"

    @property
    def times(self) -> list[float]:
        """Seconds of the frames."""
        return [n / self.rate for n in range(round(SECONDS * self.rate))]


def films(photos: Photos, enrolled: NDArray[np.int64], kind: str, seed: int) -> list[Film]:
    """All people in films of one kind, four at a time.

    Args:
        photos: of the people.
        enrolled: photographs that are enrolled, and so are in no film.
        kind: a size in pixels, or "walk".
        seed: of who meets whom, and how they move.
    """
    rng = np.random.default_rng([seed, sum(kind.encode())])
    people = rng.permutation(np.unique(photos.people))
    out = []
    for number, first in enumerate(range(0, len(people), TOGETHER)):
        group = people[first : first + TOGETHER]
        pan = rng.uniform(-15, 15, 2)  # the camera's
        cast = []
        for place, person in enumerate(group):
            shots = np.setdiff1d(np.flatnonzero(photos.people == person), enrolled)
            sizes = (8.0, 40.0) if kind == "walk" else (float(kind) * 0.95, float(kind) * 1.05)
            cast.append(
                Cast(
                    str(person),
                    tuple(int(n) for n in rng.permutation(shots)),
                    sizes,
                    (90 + 150 * place + rng.uniform(-12, 12), HEIGHT / 2 + rng.uniform(-60, 60)),
                    (float(pan[0] + rng.uniform(-8, 8)), float(0.5 * pan[1] + rng.uniform(-8, 8))),
                    float(rng.uniform(2, 8)),
                    float(rng.random()),
                )
            )
        out.append(Film(kind, number, tuple(cast), RATES[number % len(RATES)], CODECS[number % len(CODECS)]))
    return out


def frames(film: Film, photos: Photos, seed: int) -> Iterator[Image]:
    """The frames before they are encoded."""
    rng = np.random.default_rng([seed, film.number, sum(film.kind.encode())])
    wall, read, shot = _wall(rng), rng.uniform(1.5, 5), rng.uniform(0.05, 0.12)
    sway, phase = rng.uniform(0.03, 0.1), rng.random()
    for time in film.times:
        image = wall.copy()
        for each in film.cast:
            _paste(image, each, time, film.rate, photos)
        gain = 1 + sway * math.sin(2 * math.pi * (0.5 * time + phase))
        light = image.astype(np.float32) * np.float32(gain)
        spread = np.sqrt(np.float32(read**2) + np.float32(shot) * np.clip(light, 0, 255))
        light += spread * rng.standard_normal(light.shape, dtype=np.float32)
        yield np.clip(np.rint(light), 0, 255).astype(np.uint8)


def _wall(rng: np.random.Generator) -> Image:
    """Clouds of several sizes, of which none looks like a face."""
    total = np.full((HEIGHT, WIDTH, 3), rng.uniform(90, 150), dtype=np.float32)
    for step, depth in ((160, 30), (40, 8), (8, 3)):
        shape = (HEIGHT // step + 2, WIDTH // step + 2)
        grid = rng.standard_normal((*shape, 1)) + 0.3 * rng.standard_normal((*shape, 3))
        total += np.float32(depth) * cv2.resize(
            grid.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
        )
    return np.clip(total, 0, 255).astype(np.uint8)


def _paste(image: Image, each: Cast, time: float, rate: int, photos: Photos) -> None:
    """Lay the photograph of this moment over the frame: averaged over its pixels, with soft edges."""
    n = each.photos[int((time + HOLD * each.phase) / HOLD) % len(each.photos)]
    photo = photos.images[n]
    a, b = similarity(photos.faces[n, 4:14].reshape(5, 2))  # from the photograph to the template
    size, centre = each.size(time), each.centre(time)
    half = math.ceil(_AROUND * size) + 2
    left, top = math.floor(centre.real) - half, math.floor(centre.imag) - half
    side = 2 * half + 1
    if left < 0 or top < 0 or left + side > image.shape[1] or top + side > image.shape[0]:
        return
    dense = max(2, math.ceil(float(photos.pixels[n]) / size))
    turn = each.turn(time) * a
    move = each.turn(time) * (b - _MIDDLE) + centre - complex(left, top)
    # A pixel's centre is at whole numbers, so that half a pixel grows with the density.
    move = (move + 0.5 + 0.5j) * dense - (0.5 + 0.5j)
    matrix = np.array([[(turn * dense).real, -(turn * dense).imag, move.real]])
    matrix = np.concatenate([matrix, [[(turn * dense).imag, (turn * dense).real, move.imag]]])
    fine = cv2.warpAffine(
        photo, matrix, (side * dense,) * 2, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    part = np.asarray(cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    length = SHUTTER * math.hypot(*each.speed) / rate
    if length > 0.5:
        part = motion_blur(part, length, math.degrees(math.atan2(each.speed[1], each.speed[0])))
    rows, columns = np.mgrid[0:side, 0:side]
    apart = np.hypot(columns + left - centre.real, rows + top - centre.imag) / size
    share = np.clip((_AROUND - apart) / 0.15, 0, 1)[..., None]
    under = image[top : top + side, left : left + side]
    under[:] = np.rint(share * part + (1 - share) * under).astype(np.uint8)


def write(path: Path, film: Film, images: Iterator[Image]) -> None:
    """Encode as its codec says."""
    import av
    from av.video.reformatter import Interpolation

    name, _, crf = film.codec.partition(" ")
    with av.open(str(path), "w", format="avi" if name == "mjpeg" else "mp4") as out:
        if name == "mjpeg":
            stream = out.add_stream("mjpeg", rate=film.rate, options={"qmin": "6", "qmax": "6"})
            pixels = "yuvj420p"
        else:
            options = {"crf": crf, "preset": "veryfast"}
            stream = out.add_stream("libx264", rate=film.rate, options=options)
            pixels = "yuv420p"
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        for n, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            frame = frame.reformat(format=pixels, interpolation=Interpolation.ACCURATE_RND)
            frame.pts, frame.time_base = n, Fraction(1, film.rate)
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
