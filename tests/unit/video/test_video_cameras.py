"""Several videos at once: their file, their turns, and streams that are away at first."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fewpix.errors import ConfigError, FewpixError, InputError
from fewpix.image.codec import Image
from fewpix.video import Frame, Patience, Thin, source_of
from fewpix.video.cameras import read_cameras
from fewpix.video.open import open_beside
from fewpix.video.turns import QUIET, Turns
from stream_server import camera, packets, until

SOON = Patience(first=0.05, longest=0.2, give_up=3.0)


def test_a_file_names_cameras_with_what_they_need(tmp_path: Path):
    (tmp_path / "yard.mp4").write_bytes(b"x")
    (tmp_path / "gate.safetensors").write_bytes(b"x")
    file = tmp_path / "cameras.toml"
    file.write_text(
        '[[camera]]\nname = "gate"\naddress = "rtsp://ana:secret@cam/1"\nfps = 2\n'
        'state = "gate.safetensors"\n'
        '[[camera]]\nname = "yard"\naddress = "yard.mp4"\n[[camera]]\nname = "door"\naddress = "0"\n'
    )
    gate, yard, door = read_cameras(file)
    assert (gate.name, gate.fps, gate.state) == ("gate", 2, tmp_path / "gate.safetensors")
    assert (gate.source.name, gate.source.kind) == ("rtsp://cam/1", "stream")
    assert (yard.source.target, yard.state, yard.fps) == (f"file:{tmp_path / 'yard.mp4'}", None, None)
    assert (door.source.kind, door.source.name) == ("camera", "camera 0")


@pytest.mark.parametrize(
    "text, kind, message",
    [
        ("", ConfigError, "names no camera"),
        ("camera = 3", ConfigError, "names no camera"),
        ("x = 1\n[[camera]]", ConfigError, "'x' is not known"),
        ("[[camera", InputError, "is no TOML"),
        ('[[camera]]\nname = "a"', ConfigError, "camera 1: address is missing"),
        ('[[camera]]\naddress = "0"', ConfigError, "camera 1: name is missing"),
        ('[[camera]]\nname = "a"\naddress = "0"\nrate = 3', ConfigError, "camera 1: 'rate' is not known"),
        ('[[camera]]\nname = "a"\naddress = "0"\nfps = 0', ConfigError, "fps must be a number above 0"),
        ('[[camera]]\nname = "../a"\naddress = "0"', ConfigError, "could be that of a file"),
        ('[[camera]]\nname = "a"\naddress = "none.mp4"', InputError, "there is no file"),
        ('[[camera]]\nname = "a"\naddress = "ftp://x"', ConfigError, "no streams of the kind 'ftp'"),
        ('[[camera]]\nname = "a"\naddress = "0"\nstate = "none"', InputError, "there is no file"),
        (2 * '[[camera]]\nname = "a"\naddress = "0"\n', ConfigError, "two cameras are called a"),
    ],
)
def test_a_bad_file_of_cameras_is_one_clear_error(
    text: str, kind: type[FewpixError], message: str, tmp_path: Path
):
    file = tmp_path / "cameras.toml"
    file.write_text(text)
    with pytest.raises(kind, match=message) as caught:
        read_cameras(file)
    assert str(file) in str(caught.value)


class Video:
    """Frames that are there from the beginning, and how often it was looked at."""

    def __init__(self, name: str, frames: int, fails: bool = False) -> None:
        self.name, self.reader = name, SimpleNamespace(ready=True)
        self._frames, self._fails = frames, fails

    def steps(self) -> Iterator[list[str]]:
        for n in range(self._frames):
            yield [f"{self.name}{n}"]
        if self._fails:
            raise InputError(f"{self.name} broke")


def test_each_has_its_turn_and_one_that_breaks_stops_nobody():
    videos = [Video("a", 4), Video("b", 1, fails=True), Video("c", 2)]
    turns = Turns([(video, video.steps()) for video in videos], threading.Event())
    assert [found for _, ended in turns for found in ended] == ["a0", "b0", "c0", "a1", "c1", "a2", "a3"]
    ((video, error),) = turns.failures
    assert (video.name, str(error)) == ("b", "b broke")


def test_one_without_a_frame_makes_nobody_wait_and_has_a_turn_when_it_is_quiet():
    silent, busy = Video("s", 10**6), Video("b", 10**6)
    silent.reader.ready = False
    turns = iter(Turns([(silent, silent.steps()), (busy, busy.steps())], threading.Event()))
    assert next(turns)[0] is silent  # its reader begins
    began = time.monotonic()
    for _ in range(200):
        assert next(turns)[0] is busy
    assert time.monotonic() - began < QUIET
    time.sleep(QUIET)
    assert silent in {next(turns)[0] for _ in range(2)}


@pytest.fixture(scope="module")
def frames() -> list[bytes]:
    rng = np.random.default_rng(0)
    images: list[Image] = [rng.integers(0, 256, (120, 160, 3)).astype(np.uint8) for _ in range(40)]
    return packets(images)


@pytest.mark.needs("video")
def test_a_stream_beside_others_gives_its_newest_frame_and_waits_for_nothing(frames: list[bytes]):
    arrived = threading.Event()
    with camera(frames, [40], fast=2.0) as server:
        reader = open_beside(source_of(server.url), Thin(), SOON, arrived)
        stream = reader.frames()
        assert next(stream) is None  # at once
        assert arrived.wait(10)
        assert until(lambda: reader.counts.skipped >= 10)
        assert reader.ready
        frame = next(stream)
        assert isinstance(frame, Frame)
        assert frame.time > 0.3  # of those that came, not the first
        reader.close()


@pytest.mark.needs("video")
def test_a_stream_that_is_away_at_first_is_waited_for_until_the_end(frames: list[bytes]):
    with camera([b""], []) as gone:
        address = gone.url
    arrived = threading.Event()
    reader = open_beside(source_of(address), Thin(end=1.0), SOON, arrived)
    stream = reader.frames()
    assert next(stream) is None
    assert until(lambda: reader.ready)
    assert list(stream) == []  # its end has come, and that is no error
    reader = open_beside(source_of(address), Thin(), Patience(0.05, 0.2, 0.5), arrived)
    with pytest.raises(InputError, match="sent nothing for"):
        list(reader.frames())
    with pytest.raises(ConfigError, match="is live"):
        open_beside(source_of(address), Thin(start=3), SOON, arrived)
