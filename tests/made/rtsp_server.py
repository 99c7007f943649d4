"""A real RTSP server, GStreamer's, in a process of its own: it plays a film without end to whoever connects.

As a program, run by the system's Python, which has its bindings: `python3 rtsp_server.py FILM RATE PORT`. On
Debian: apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base
gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
"""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

PYTHON = "/usr/bin/python3"


def missing() -> str:
    """Why there is no such server here; empty where there is."""
    program = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if not Path(PYTHON).exists():
        return f"there is no {PYTHON}"
    done = subprocess.run([PYTHON, "-c", program], capture_output=True, check=False)
    return "" if done.returncode == 0 else "not installed: gir1.2-gst-rtsp-server-1.0"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class Server:
    """Plays a raw H.264 film again and again, from its beginning for each viewer, until it is killed."""

    def __init__(self, film: Path, rate: int, port: int) -> None:
        self.url = f"rtsp://127.0.0.1:{port}/film"
        words = [PYTHON, __file__, str(film), str(rate), str(port)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def wait_for_viewer(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "viewer\n"

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def serve(film: str, rate: str, port: str) -> None:
    import gi

    def say(word: str) -> None:
        sys.stdout.write(f"{word}\n")
        sys.stdout.flush()

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer

    Gst.init(None)
    factory = GstRtspServer.RTSPMediaFactory()
    form = f"video/x-h264,stream-format=byte-stream,framerate={rate}/1"
    factory.set_launch(
        f'( multifilesrc location="{film}" loop=true caps="{form}" ! h264parse'
        " ! rtph264pay name=pay0 config-interval=1 )"
    )
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/film", factory)
    server.attach(None)
    server.connect("client-connected", lambda *_: say("viewer"))
    say("ready")
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(*sys.argv[1:])
