"""Films made of ORL faces: small, moving over a textured wall, in real H.264; and pictures of crowds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fewpix.data.orl import load_orl
from fewpix.image.codec import Image

WIDTH, HEIGHT, RATE = 400, 240, 10

_CODECS = {
    "libx264": ("yuv420p", {"crf": "16", "g": "10", "bf": "0"}),
    "libx265": ("yuv420p", {"crf": "16", "x265-params": "log-level=none:keyint=10:pools=1"}),
    "mjpeg": ("yuvj420p", {}),
    "gif": ("rgb8", {}),
}
"""The form of pixels and the options of encoders."""


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


def crowd(people: range, picture: int, widths: tuple[int, ...]) -> Image:
    """Many faces of ORL before a wall, each row of its own width in pixels."""
    across = 8
    faces, image = load_orl().images, wall(picture)
    for n, person in enumerate(people):
        width = widths[n // across]
        high = round(width * 112 / 92)
        x, y = 12 + 48 * (n % across), 20 + 72 * (n // across)
        small = cv2.resize(faces[10 * person + picture], (width, high), interpolation=cv2.INTER_AREA)
        image[y : y + high, x : x + width] = small
    return image


def write_film(
    path: Path,
    images: Iterator[Image],
    *,
    container: str | None = None,
    left_out: Sequence[int] = (),
    rotation: int = 0,
    mirrored: bool = False,
    options: dict[str, str] | None = None,
    codec: str = "libx264",
    times: Sequence[float] | None = None,
    sound: bool = False,
) -> Path:
    """Encode; frames of `left_out` keep their time and are not written, as a bad line loses them.

    Args:
        path: the file.
        images: its frames.
        container: FFmpeg's name of the format; by default the ending says it.
        left_out: numbers of frames that are not written.
        rotation: degrees counter-clockwise that the frames are to be turned by.
        mirrored: whether they are to be mirrored then, as by the camera on a telephone's front.
        options: of the container.
        codec: FFmpeg's name of the encoder.
        times: seconds of each frame, to a thousandth; by default `RATE` a second.
        sound: whether there is a silent sound track too.
    """
    import av
    from av.video.reformatter import Interpolation

    with av.open(str(path), "w", format=container, options=options or {}) as out:
        stream = None
        for n, image in enumerate(images):
            if stream is None:
                stream = out.add_stream(codec, rate=RATE, options=_CODECS.get(codec, (None, {}))[1])
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = pixels = _CODECS.get(codec, ("yuv420p", {}))[0]
                base = Fraction(1, RATE if times is None else 1000)
                stream.codec_context.time_base = base
                if mirrored:
                    stream.set_display_rotation(rotation, hflip=True)
                elif rotation:
                    stream.set_display_rotation(rotation)
                silence = out.add_stream("aac", rate=8000) if sound else None
            if n in left_out:
                continue
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            frame = frame.reformat(format=pixels, interpolation=Interpolation.ACCURATE_RND)
            frame.pts, frame.time_base = n if times is None else round(times[n] / base), base
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
        if silence is not None:
            _sound(out, silence)
    return path


def write_sound(path: Path) -> Path:
    """A file of sound alone."""
    import av

    with av.open(str(path), "w") as out:
        _sound(out, out.add_stream("aac", rate=8000))
    return path


def _sound(out: Any, stream: Any) -> None:
    """Three seconds of silence."""
    import av

    for n in range(24):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 8000, 1024 * n
        for packet in stream.encode(frame):
            out.mux(packet)
    for packet in stream.encode():
        out.mux(packet)
