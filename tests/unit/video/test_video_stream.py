"""Live streams, from a server of our own over loopback TCP: broken ones are opened again."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from fewpix.errors import ConfigError, InputError
from fewpix.image.codec import Image
from fewpix.video import Patience, Thin, open_video, source_of
from stream_server import JPEG_PARTS, MPEG_TS, Camera, camera, packets, pictures_in_parts

pytestmark = pytest.mark.needs("video")

SOON = Patience(first=0.05, longest=0.2, give_up=4.0)
FRAMES = 40


@pytest.fixture(scope="module")
def images() -> list[Image]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (120, 160, 3)).astype(np.uint8) for _ in range(FRAMES)]


@pytest.fixture(scope="module")
def frames(images: list[Image]) -> list[bytes]:
    return packets(images)


def seen(server: Camera, thin: Thin | None = None, pause: float = 0.0):
    """Everything until the stream is given up."""
    reader = open_video(source_of(server.url), thin, SOON)
    assert reader.live
    got = []
    try:
        for frame in reader.frames():
            if frame is not None:
                got.append(frame)
                time.sleep(pause)
    except InputError as error:
        return reader, got, error
    finally:
        reader.close()
    return reader, got, None


@pytest.mark.slow
def test_a_stream_that_breaks_twice_is_opened_again(frames: list[bytes]):
    with camera(frames, [FRAMES, 25, FRAMES], fast=2.0) as server:
        reader, got, error = seen(server)
    assert server.connections == 3
    assert reader.counts.reconnects == 2
    assert reader.counts.lost
    # A decoder may hold or refuse the last frames of a connection that broke.
    assert 2 * FRAMES + 25 - 15 <= len(got) + reader.counts.skipped + reader.counts.corrupt <= 2 * FRAMES + 25
    times = [frame.time for frame in got]
    assert times[0] == 0
    assert all(b > a for a, b in itertools.pairwise(times))
    assert {frame.image.shape for frame in got} == {(120, 160, 3)}
    assert error is not None
    assert "sent nothing for" in str(error)
    assert "opened again" not in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [MPEG_TS, JPEG_PARTS])
def test_a_stream_over_http_is_opened_again(images: list[Image], frames: list[bytes], kind: str):
    sent = frames if kind == MPEG_TS else pictures_in_parts(images)
    with camera(sent, [FRAMES, FRAMES], fast=2.0, kind=kind) as server:
        reader, got, error = seen(server)
    assert server.connections == 2
    assert reader.counts.reconnects == 1
    assert 2 * FRAMES - 15 <= len(got) + reader.counts.skipped + reader.counts.corrupt <= 2 * FRAMES
    assert all(b.time > a.time for a, b in itertools.pairwise(got))
    assert {frame.image.shape for frame in got} == {(120, 160, 3)}
    assert error is not None
    assert "sent nothing for" in str(error)


@pytest.mark.slow
def test_who_looks_too_slowly_misses_frames_and_is_told(frames: list[bytes]):
    with camera(frames, [FRAMES], fast=4.0) as server:
        reader, got, _ = seen(server, pause=0.1)
    assert reader.counts.skipped > 5
    assert len(got) == reader.counts.looked
    assert reader.counts.decoded == reader.counts.looked + reader.counts.skipped
    assert "came too fast" in str(reader.counts)


def test_an_end_ends_a_stream_well(frames: list[bytes]):
    with camera(frames, [FRAMES], fast=2.0) as server:
        reader, got, error = seen(server, Thin(end=0.6, every=2))
    assert error is None
    assert reader.counts.thinned >= 5
    assert 5 <= len(got) + reader.counts.skipped <= 8
    assert all(frame.time < 0.6 for frame in got)


def test_a_stream_has_no_part_to_start_at(frames: list[bytes]):
    with camera(frames, [FRAMES], fast=4.0) as server, pytest.raises(ConfigError, match="is live"):
        open_video(source_of(server.url), Thin(start=3))


def test_a_stream_that_is_not_there_is_one_error():
    with camera([b""], []) as server:
        address = server.url
    with pytest.raises(InputError, match=r"cannot open tcp://127.0.0.1:.*check that the camera"):
        open_video(source_of(address))


def test_closing_does_not_wait_for_a_silent_camera(frames: list[bytes]):
    with camera(frames, [FRAMES], fast=2.0) as server:
        reader = open_video(source_of(server.url), None, Patience())
        stream = reader.frames()
        assert next(frame for frame in stream if frame is not None).time == 0
        start = time.monotonic()
        reader.close()
        assert time.monotonic() - start < 3
