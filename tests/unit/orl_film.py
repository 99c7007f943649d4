"""Films made of ORL faces: small, moving over a textured wall, in real H.264."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from fewpix.data.orl import load_orl
from fewpix.image.codec import Image

WIDTH, HEIGHT, RATE = 400, 240, 10


@dataclass(frozen=True)
class Walker:
    """Somebody who walks through the film.

    Args:
        person: 0 to 39.
        pictures: numbers of ORL pictures that take turns.
        width: of the face, px.
        start: upper left corner in the first frame.
        speed: px per frame.
        frames: the first one, and the one after the last.
    """

    person: int
    pictures: tuple[int, ...]
    width: int
    start: tuple[float, float]
    speed: tuple[float, float]
    frames: tuple[int, int] = (0, 10**6)

    def corner(self, frame: int) -> tuple[int, int]:
        return tuple(round(s + v * frame) for s, v in zip(self.start, self.speed, strict=True))


def wall(seed: int = 0) -> Image:
    """Soft clouds, without anything that looks like a face."""
    rng = np.random.default_rng(seed)
    clouds = cv2.resize(rng.uniform(80, 150, (4, 6)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.repeat(clouds[:, :, None], 3, axis=2).round().astype(np.uint8)


def pictures(walkers: Sequence[Walker], frames: int) -> Iterator[Image]:
    """The frames before they are encoded."""
    faces = load_orl().images
    for n in range(frames):
        image = wall()
        for walker in walkers:
            if not walker.frames[0] <= n < walker.frames[1]:
                continue
            face = faces[10 * walker.person + walker.pictures[n // 3 % len(walker.pictures)]]
            high = round(walker.width * face.shape[0] / face.shape[1])
            x, y = walker.corner(n)
            image[y : y + high, x : x + walker.width] = cv2.resize(
                face, (walker.width, high), interpolation=cv2.INTER_AREA
            )
        yield image


def write_film(
    path: Path,
    images: Iterator[Image],
    *,
    container: str | None = None,
    left_out: Sequence[int] = (),
    rotation: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode; frames of `left_out` keep their time and are not written, as a bad line loses them."""
    import av
    from av.video.reformatter import Interpolation

    with av.open(str(path), "w", format=container, options=options or {}) as out:
        stream = None
        for n, image in enumerate(images):
            if stream is None:
                stream = out.add_stream("libx264", rate=RATE, options={"crf": "16", "g": "10", "bf": "0"})
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = "yuv420p"
                if rotation:
                    stream.set_display_rotation(rotation)
            if n in left_out:
                continue
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            frame = frame.reformat(format="yuv420p", interpolation=Interpolation.ACCURATE_RND)
            frame.pts, frame.time_base = n, Fraction(1, RATE)
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return path
