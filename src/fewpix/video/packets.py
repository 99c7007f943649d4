"""PyAV: from an opened file or stream to upright pictures, over whatever is damaged in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

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

_BACK = (2.0, 10.0, 60.0)
"""Seconds before a wanted time where a key frame is looked for, one after the other."""

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
        return np.ascontiguousarray(_upright(image, self.frame), dtype=np.uint8)


class Opened:
    """An open video.

    Args:
        source: what is opened.
        counts: takes what is corrupt.
        most_pixels: of a frame; larger ones are damage, and a file that says to have such is refused.

    Raises:
        UnavailableError: PyAV is not installed.
        InputError: it cannot be opened, holds no video, or one of too large frames.
    """

    def __init__(self, source: Source, counts: Counts, most_pixels: int | None = None) -> None:
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
        # The cover of a song is a stream of one picture.
        cover = av.stream.Disposition.attached_pic
        streams = [each for each in self._container.streams.video if not each.disposition & cover]
        if not streams:
            what = "sound, but no video" if self._container.streams.audio else "no video"
            self._container.close()
            raise InputError(f"{source.name} holds {what}", fix="name a video")
        self._stream = streams[0]
        if most_pixels is not None:
            self._limit(most_pixels)
        # Threads that take a frame each hold back as many frames, which a live stream has no time for. Those
        # that take a slice each spoil H.264 from RTSP, where every slice comes in a packet of its own.
        self._stream.thread_type = "AUTO" if source.kind == "file" else "NONE"
        shape = self._stream.sample_aspect_ratio
        self._shape = shape if shape and shape != 1 else None
        self._packets = self._known = 0
        self._in_fields = False

    def _limit(self, most: int) -> None:
        """Refuse frames of too many pixels, as the file says, and as the decoder finds later."""
        codec = self._stream.codec_context
        if codec.width * codec.height > most:
            self._container.close()
            size = f"{codec.width} x {codec.height}"
            raise InputError(
                f"{self.source.name} has frames of {size} pixels; the limit is {most}",
                fix="make a smaller copy of it",
            )
        codec.options = {"max_pixels": str(most)}

    @property
    def duration(self) -> float | None:
        """Seconds; None for a stream without an end."""
        length = self._container.duration
        return None if length is None or length <= 0 else length / 1_000_000

    @property
    def timed(self) -> bool:
        """Whether the format has times; where it has none they are counted at the rate that FFmpeg takes."""
        from av.format import Flags

        return Flags.no_timestamps not in Flags(self._container.format.flags)

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

    def absent(self, last: float | None, interval: float) -> int:
        """How many frames the file promises beyond those that were in it; 0 where it promises nothing.

        Args:
            last: time of the last frame, as the file counts; None when unknown.
            interval: usual seconds from frame to frame.
        """
        most = self._stream.frames
        if last is None:
            return max(0, most - self._packets)
        behind = last - self.start + interval
        if not most:
            # The length is that of the longest stream, and is rounded in some formats.
            alone = len(self._container.streams) == 1
            lost = (self.duration or 0.0) - behind
            return round(lost / interval) if alone and lost > max(_ROUNDED, interval) else 0
        # AVI counts a frame for every tick of its clock, whether there is one or not, so that time decides.
        length, base = self._stream.duration, self._stream.time_base
        ends = [] if length is None or base is None else [float(length * base)]
        lost = max(*ends, most * (self.interval or interval), 0.0) - behind
        return max(0, min(most - self._packets, round(lost / interval)))

    @property
    def swallowed(self) -> int:
        """Of what was read so far, packets of which neither a frame nor an error came.

        After damage, a decoder may say nothing until it finds its way again.
        """
        # Where a picture is coded as two fields, each is a packet.
        return 0 if self._in_fields else max(0, self._packets - self._known)

    def seek(self, seconds: float) -> None:
        """Go to the last key frame before a time.

        A file without an index is searched by time for any packet, which may lie behind its key frame; then
        reading begins earlier. A file without times is read from here.
        """
        base = self._stream.time_base
        if base is None or self.duration is None or not self.timed:
            return
        wanted = seconds + self.start
        for back in (0.0, *_BACK, seconds):
            at = max(self.start, wanted - back)
            try:
                self._container.seek(int(at / base), stream=self._stream)
                key = next((each for each in self._container.demux(self._stream) if each.is_keyframe), None)
                self._container.seek(int(at / base), stream=self._stream)
            except _ERRORS:
                return
            if key is not None and key.pts is not None and float(key.pts * base) <= wanted:
                return

    def frames(self) -> Iterator[Decoded]:
        """The whole frames in the order in which they are to be shown; damaged ones are counted, not given.

        Raises:
            BrokenStreamError: reading stopped before the end.
        """
        bad = 0
        whole = False
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except _ERRORS as error:
                raise BrokenStreamError(_reason(error)) from error
            if packet is None:
                return
            self._packets += packet.size > 0
            try:
                frames = packet.decode()
            except EOFError:
                return
            except _ERRORS:
                self._counts.corrupt += 1
                self._known += 1
                bad += 1
                if bad > _BAD_IN_A_ROW and not (whole and self.source.kind == "file"):
                    raise BrokenStreamError("its packets cannot be decoded") from None
                continue
            for frame in frames:
                bad, whole = 0, True
                self._known += 1
                self._in_fields |= frame.interlaced_frame
                if frame.is_corrupt:
                    self._counts.corrupt += 1
                    continue
                self._counts.decoded += 1
                yield Decoded(frame.time, frame, self._shape)

    def close(self) -> None:
        """Close it; a second call does nothing."""
        self._container.close()


def _upright(image: NDArray[Any], frame: VideoFrame) -> NDArray[Any]:
    """Turned and mirrored by the frame's matrix, (x, y) to (ax + cy, bx + dy), in quarter turns."""
    try:
        matrix = cast("Mapping[str, Any]", frame.side_data)["DISPLAYMATRIX"]
    except KeyError:
        return image
    a, b, _, c, d = np.frombuffer(bytes(matrix), dtype=np.int32)[:5]
    if abs(int(a)) < abs(int(b)):
        image, a, d = image.swapaxes(0, 1), c, b
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _fix(source: Source) -> str:
    if source.kind == "file":
        return "it is no video, damaged, or cut off before its index"
    return "check that the camera is there and sends"
