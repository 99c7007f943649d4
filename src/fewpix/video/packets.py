"""PyAV: from an opened file or stream to upright pictures, over whatever is damaged in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.image.codec import Image
from fewpix.optional import require
from fewpix.video.counts import Counts
from fewpix.video.source import Source

if TYPE_CHECKING:
    from fractions import Fraction

    from av import VideoFrame
    from av.container import InputContainer


OPEN_SECONDS, READ_SECONDS = 10.0, 5.0
"""How long a stream may take to answer, and then to send the next packet, before it counts as broken."""

_BAD_IN_A_ROW = 200
"""So many packets in a row of which no frame comes out are no damage, but another format."""

_ROUNDED = 0.5
"""Seconds by which the length of a file may be wrong without being cut off."""

_ERRORS = (OSError, ValueError, EOFError)
"""What PyAV's errors are, whichever of FFmpeg's they stand for."""


class BrokenStreamError(Exception):
    """Nothing more comes out of a stream, for now."""


@dataclass(frozen=True)
class Decoded:
    """A whole frame before its pixels are converted, which costs more than to leave it out.

    Args:
        time: seconds as the file or stream counts them; None when it does not say.
        frame: of PyAV.
        shape: width of a pixel divided by its height, where it is not square.
    """

    time: float | None
    frame: VideoFrame
    shape: Fraction | None

    def image(self) -> Image:
        """(H, W, 3) uint8 BGR: with square pixels, and turned upright as the file says."""
        from av.video.reformatter import Interpolation

        # By default FFmpeg rounds down and repeats colours: 1 to 4 grey levels too dark, coloured edges.
        flags = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
        image: NDArray[Any] = self.frame.to_ndarray(format="bgr24", interpolation=flags)
        if self.shape:
            width = max(1, round(image.shape[1] * float(self.shape)))
            method = cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_LINEAR
            image = cv2.resize(image, (width, image.shape[0]), interpolation=method)
        # PyAV gives the angle counter-clockwise, in which direction NumPy turns too.
        turns = round(self.frame.rotation / 90) % 4
        return np.ascontiguousarray(np.rot90(image, turns), dtype=np.uint8)


class Opened:
    """An open video.

    Args:
        source: what is opened.
        counts: takes what is corrupt.

    Raises:
        UnavailableError: PyAV is not installed.
        InputError: it cannot be opened, or holds no video.
    """

    def __init__(self, source: Source, counts: Counts) -> None:
        require("av", use="reading videos")
        import av

        self.source, self._counts = source, counts
        timeout = None if source.kind == "file" else (OPEN_SECONDS, READ_SECONDS)
        try:
            self._container: InputContainer = av.open(
                source.target,
                mode="r",
                format=source.format,
                options=dict(source.options),
                timeout=timeout,
                metadata_errors="replace",
            )
        except _ERRORS as error:
            raise InputError(f"cannot open {source.name}: {_reason(error)}", fix=_fix(source)) from error
        if not self._container.streams.video:
            self._container.close()
            raise InputError(f"{source.name} holds no video", fix="name a video")
        self._stream = self._container.streams.video[0]
        # Threads that take a frame each hold back as many frames, which a live stream has no time for.
        self._stream.thread_type = "AUTO" if source.kind == "file" else "SLICE"
        shape = self._stream.sample_aspect_ratio
        self._shape = shape if shape and shape != 1 else None
        self.packets = 0

    @property
    def duration(self) -> float | None:
        """Seconds; None for a stream without an end."""
        length = self._container.duration
        return None if length is None or length <= 0 else length / 1_000_000

    @property
    def start(self) -> float:
        """The time of the first frame, as the file counts."""
        start, base = self._stream.start_time, self._stream.time_base
        return 0.0 if start is None or base is None else float(start * base)

    @property
    def interval(self) -> float | None:
        """Seconds from frame to frame by the file's own word."""
        rate = self._stream.average_rate
        return float(1 / rate) if rate else None

    def absent(self, last: float | None) -> int:
        """How many frames the file promises beyond those that were in it; 0 where it promises nothing.

        Args:
            last: time of the last frame, as the file counts; None when unknown.
        """
        if self._stream.frames:
            return max(0, self._stream.frames - self.packets)
        interval, alone = self.interval, len(self._container.streams) == 1
        # The length is that of the longest stream, and is rounded in some formats.
        if self.duration is None or last is None or not interval or not alone:
            return 0
        lost = self.duration - (last - self.start + interval)
        return round(lost / interval) if lost > max(_ROUNDED, interval) else 0

    def seek(self, seconds: float) -> None:
        """Go to the last key frame before a time; where a file has no index, reading goes on from here."""
        base = self._stream.time_base
        if base is None:
            return
        try:
            self._container.seek(int((seconds + self.start) / base), stream=self._stream)
        except _ERRORS:
            return

    def frames(self) -> Iterator[Decoded]:
        """The whole frames in the order in which they are to be shown; damaged ones are counted, not given.

        Raises:
            BrokenStreamError: reading stopped before the end.
        """
        bad = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except _ERRORS as error:
                raise BrokenStreamError(_reason(error)) from error
            if packet is None:
                return
            self.packets += packet.size > 0
            try:
                frames = packet.decode()
            except EOFError:
                return
            except _ERRORS:
                self._counts.corrupt += 1
                bad += 1
                if bad > _BAD_IN_A_ROW:
                    raise BrokenStreamError("its packets cannot be decoded") from None
                continue
            for frame in frames:
                bad = 0
                if frame.is_corrupt:
                    self._counts.corrupt += 1
                    continue
                self._counts.decoded += 1
                yield Decoded(frame.time, frame, self._shape)

    def close(self) -> None:
        """Close it; a second call does nothing."""
        self._container.close()


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _fix(source: Source) -> str:
    if source.kind == "file":
        return "it is no video, damaged, or cut off before its index"
    return "check that the camera is there and sends"
