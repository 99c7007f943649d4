"""H.264 files of frames that come at any times, through PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from fewpix.errors import StorageError, UnavailableError
from fewpix.files import PathLike, atomic, path_of
from fewpix.image.codec import Image
from fewpix.image.mark import MARK
from fewpix.optional import require

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf")
"""H.264 encoders by preference; which are there depends on the build of FFmpeg in PyAV."""

_BASE = Fraction(1, 90_000)
_OPTIONS = {"libx264": {"crf": "18", "preset": "veryfast"}}  # finer than the default: faces are few pixels


def h264_encoder() -> str:
    """The name of an H.264 encoder that is here.

    Raises:
        UnavailableError: there is none, or no PyAV.
    """
    require("av", use="writing videos")
    from av.codec import codecs_available

    for name in ENCODERS:
        if name in codecs_available:
            return name
    raise UnavailableError(
        "this build of PyAV has no H.264 encoder",
        fix='install the one of PyPI: pip install --force-reinstall "fewpix[video]"',
    )


class H264Writer:
    """Writes frames to an open container; made by `h264_file`."""

    def __init__(self, container: OutputContainer, encoder: str) -> None:
        self.frames = 0
        self._container, self._encoder = container, encoder
        self._stream: VideoStream | None = None
        self._began = 0.0
        self._last = -1

    def write(self, image: Image, time: float) -> None:
        """Add a frame; all are made the size of the first.

        Args:
            image: (H, W, 3) uint8 BGR.
            time: seconds, above those before.
        """
        import av

        if self._stream is None:
            self._stream = self._open(image, time)
        size = self._stream.width, self._stream.height
        high, wide = image.shape[:2]
        if (wide + wide % 2, high + high % 2) == size:
            fitted = cv2.copyMakeBorder(image, 0, high % 2, 0, wide % 2, cv2.BORDER_REPLICATE)
        else:
            fitted = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(fitted, dtype=np.uint8), format="bgr24")
        self._last = max(self._last + 1, round((time - self._began) / _BASE))
        frame.pts, frame.time_base = self._last, _BASE
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
        self.frames += 1

    def flush(self) -> None:
        """Write what the encoder still holds."""
        if self._stream is not None:
            for packet in self._stream.encode():
                self._container.mux(packet)

    def _open(self, image: Image, time: float) -> VideoStream:
        options = dict(_OPTIONS.get(self._encoder, {}))
        stream = cast("VideoStream", self._container.add_stream(self._encoder, rate=30, options=options))
        high, wide = image.shape[:2]
        # Colours have half the resolution, so sides must be even.
        stream.width, stream.height, stream.pix_fmt = wide + wide % 2, high + high % 2, "yuv420p"
        # Frames that refer to later ones would shift all times, which fragments cannot say.
        stream.codec_context.max_b_frames = 0
        stream.time_base = stream.codec_context.time_base = _BASE
        self._began = time
        return stream


@contextmanager
def h264_file(path: PathLike) -> Iterator[H264Writer]:
    """An MP4 file that is there, whole, when the block ends, also by an exception; not without a frame.

    Until then it grows beside `path` in fragments, so that even what a killed process leaves can be played.

    Raises:
        UnavailableError: no PyAV, or no H.264 encoder in it.
        StorageError: it cannot be written; what was there before is still there.
    """
    path = path_of(path)
    encoder = h264_encoder()
    import av

    failure: BaseException | None = None
    try:
        with atomic(path) as part:
            flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
            with av.open(str(part), "w", format="mp4", options=flags) as container:
                container.metadata["comment"] = MARK
                writer = H264Writer(container, encoder)
                try:
                    yield writer
                except BaseException as error:
                    if not writer.frames:
                        raise
                    failure = error  # what was drawn is kept, and then the error goes on
                writer.flush()
            if not writer.frames:
                raise _NothingDrawnError
    except _NothingDrawnError:
        return
    except av.error.FFmpegError as error:
        raise StorageError(
            f"cannot write {path}: {error}", fix="free space or choose another path"
        ) from error
    if failure is not None:
        raise failure


class _NothingDrawnError(Exception):
    """There was no frame, so there is no file."""
