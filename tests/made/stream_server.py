"""A camera of our own over loopback TCP or HTTP, which breaks off and comes back when a test wants it to."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import numpy as np

from fewpix.image.codec import Image, encode_image

RATE = 25


def packets(images: Sequence[Image]) -> list[bytes]:
    """The bytes of each frame of an MPEG-TS stream that can be joined at its beginning."""
    import av

    buffer = io.BytesIO()
    parts: list[bytes] = []
    with av.open(buffer, "w", format="mpegts") as out:
        options = {"crf": "18", "g": "5", "bf": "0", "tune": "zerolatency"}
        stream = out.add_stream("libx264", rate=RATE, options=options)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for n, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            frame.pts, frame.time_base = n, Fraction(1, RATE)
            for packet in stream.encode(frame):
                out.mux(packet)
            parts.append(buffer.getvalue())
            buffer.seek(0)
            buffer.truncate()
        for packet in stream.encode():
            out.mux(packet)
    return [part for part in parts if part]


def pictures_in_parts(images: Sequence[Image]) -> list[bytes]:
    """The bytes of each frame of a stream of JPEG files, as many cameras send them over HTTP."""
    files = [encode_image(image, ".jpg") for image in images]
    head = "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n"
    return [head.format(len(file)).encode() + file + b"\r\n" for file in files]


MPEG_TS, JPEG_PARTS = "video/mp2t", "multipart/x-mixed-replace; boundary=frame"
"""Kinds that an HTTP server says."""


class Camera:
    """Sends the same frames to whoever connects, at their pace, one viewer after the other.

    Args:
        frames: see `packets`.
        sends: how many frames each connection gets before it breaks; the last one again and again.
        fast: how many times faster than real time.
        later: what the second connection gets, and so on; the first one's frames where there is none.
        away: seconds after a connection during which there is no camera at all.
        kind: what an HTTP server says that it sends; None for frames over TCP without HTTP.
    """

    def __init__(
        self,
        frames: list[bytes],
        sends: Sequence[int],
        fast: float = 1.0,
        later: Sequence[list[bytes]] = (),
        away: float = 0.0,
        kind: str | None = None,
    ) -> None:
        self.connections = 0
        self._later, self._away, self._kind = later, away, kind
        self._frames, self._sends, self._fast = frames, list(sends), fast
        self._stop = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'http' if self._kind else 'tcp'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._stop.is_set() and self._sends:
            try:
                viewer, _ = self._socket.accept()
            except TimeoutError:
                continue
            self.connections += 1
            frames = [self._frames, *self._later][min(self.connections - 1, len(self._later))]
            with viewer:
                if self._kind:
                    viewer.recv(1 << 16)
                    viewer.sendall(f"HTTP/1.0 200 OK\r\nContent-Type: {self._kind}\r\n\r\n".encode())
                for part in frames[: self._sends.pop(0)]:
                    if self._stop.is_set():
                        return
                    try:
                        viewer.sendall(part)
                    except OSError:
                        break
                    time.sleep(1 / RATE / self._fast)
            if self._away and self._sends:
                self._socket.close()
                self._stop.wait(self._away)
                self._socket = socket.create_server(("127.0.0.1", self.port))
                self._socket.settimeout(0.05)
        self._socket.close()  # nobody is served any more


@contextmanager
def camera(
    frames: list[bytes],
    sends: Sequence[int],
    fast: float = 1.0,
    later: Sequence[list[bytes]] = (),
    away: float = 0.0,
    kind: str | None = None,
) -> Iterator[Camera]:
    server = Camera(frames, sends, fast, later, away, kind)
    try:
        yield server
    finally:
        server.close()


def until(condition: Callable[[], bool], patience: float = 20.0) -> bool:
    """Wait for something that another thread does."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
