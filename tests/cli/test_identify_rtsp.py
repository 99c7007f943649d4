"""`fewpix identify` from a real RTSP server that is killed in the middle and comes back."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from fewpix.cli import main
from fewpix.image.codec import write_image
from orl_film import RATE, Walker, pictures, write_film
from orl_scene import portrait
from rtsp_server import Server, free_port

pytestmark = [pytest.mark.slow, pytest.mark.needs("samples", "video", "rtsp")]


def test_a_stream_is_identified_before_and_after_its_server_was_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Somebody walks by for eight seconds, again and again."""
    write_image(tmp_path / "people" / "Cy" / "0.png", portrait(2, 0))
    gallery = tmp_path / "g.db"
    words = ["enrol", str(tmp_path / "people"), "--folder-per-person", "--gallery", str(gallery), "-q"]
    assert main(words) == 0
    film = write_film(tmp_path / "f.h264", pictures([Walker(2, (4, 8), 24, (60, 60), (0.3, 0))], 8 * RATE))
    port = free_port()
    servers = [Server(film, RATE, port)]

    def leave_and_return() -> None:
        servers[0].wait_for_viewer()
        time.sleep(6)
        servers[0].kill()
        time.sleep(3)
        servers.append(Server(film, RATE, port))

    leaving = threading.Thread(target=leave_and_return)
    capsys.readouterr()
    try:
        leaving.start()
        options = [
            "--fps",
            "2",
            "--gap",
            "4",
            "--end",
            "20",
            "--threshold",
            "0.4",
            "--json",
            "--gallery",
            str(gallery),
        ]
        code = main(["identify", servers[0].url, *options])
    finally:
        servers[0].kill()  # also where nobody came
        leaving.join()
        servers[-1].kill()
    done = capsys.readouterr()
    tracks = [json.loads(line) for line in done.out.splitlines()]
    assert code == 0, done.err
    assert len(tracks) >= 2, done.err
    assert {track["decision"] for track in tracks} == {"Cy"}
    assert {track["path"] for track in tracks} == {servers[0].url}
    assert all(track["clock"] for track in tracks)
    assert min(track["first"] for track in tracks) < 6
    assert max(track["last"] for track in tracks) > 9
    assert "it is opened again" in done.err
    assert "reconnect" in done.err
