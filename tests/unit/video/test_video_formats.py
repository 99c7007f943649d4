"""Films as they come: containers and codecs, uneven times, mirrored, with sound, cut off and damaged."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from fewpix.errors import ConfigError, InputError
from fewpix.image.codec import Image, encode_image
from fewpix.video import Frame, Reader, Thin, is_video, open_video, source_of
from fewpix.video.clock import Clock
from fewpix.video.counts import Counts
from fewpix.video.reader import damage
from orl_film import write_film, write_sound

pytestmark = pytest.mark.needs("video")

FRAMES, RATE = 30, 10


def grey(n: int) -> Image:
    """Frame n: its number as a shade, and a bright upper left corner."""
    image = np.full((64, 96, 3), 40 + 5 * n, np.uint8)
    image[:24, :24] = 250
    return image


def noise(n: int) -> Image:
    """A picture that no codec makes small, so that damage hits it."""
    grain = np.random.default_rng(n).integers(0, 256, (96, 128, 1))
    return np.repeat(grain, 3, axis=2).astype(np.uint8)


def number(frame: Frame) -> int:
    return round((float(frame.image[40:, 40:].mean()) - 40) / 5)


def read(path: Path, **thin: float) -> tuple[Reader, list[Frame]]:
    reader = open_video(source_of(str(path)), Thin(**thin))
    try:
        return reader, [frame for frame in reader.frames() if frame is not None]
    finally:
        reader.close()


def damaged(path: Path, part: float = 1 / 15) -> Path:
    """Bytes in the middle are overwritten."""
    data = bytearray(path.read_bytes())
    length = round(part * len(data))
    at = len(data) // 2
    data[at : at + length] = np.random.default_rng(1).integers(0, 256, length).astype(np.uint8).tobytes()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "name, codec",
    [
        ("f.mkv", "libx264"),
        ("f.ts", "libx264"),
        ("f.avi", "mjpeg"),
        ("f.mov", "mjpeg"),
        ("f.mp4", "libx265"),
        ("f.mkv", "libx265"),
        ("f.gif", "gif"),
        ("f.webm", "libvpx"),
    ],
)
def test_every_frame_of_every_kind_of_film(name: str, codec: str, tmp_path: Path):
    """All of it, and from the middle: also where the key frame lies before the wanted time."""
    path = write_film(tmp_path / name, (grey(n) for n in range(FRAMES)), codec=codec)
    assert is_video(path)
    reader, frames = read(path)
    assert [number(frame) for frame in frames] == pytest.approx(range(FRAMES), abs=1)
    assert [frame.time for frame in frames] == pytest.approx([n / RATE for n in range(FRAMES)])
    assert reader.counts == Counts(decoded=FRAMES, looked=FRAMES)
    assert reader.duration == pytest.approx(3.0)  # also after it was closed
    _, rest = read(path, start=1.5)
    assert [number(frame) for frame in rest] == pytest.approx(range(15, FRAMES), abs=1)
    assert [frame.time for frame in rest] == pytest.approx([n / RATE for n in range(15, FRAMES)])


@pytest.mark.parametrize("name, codec", [("f.h264", "libx264"), ("f.hevc", "libx265"), ("f.mjpeg", "mjpeg")])
def test_a_film_without_times_is_told(
    name: str, codec: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    container = {"mjpeg": "mjpeg"}.get(codec)
    path = write_film(tmp_path / name, (grey(n) for n in range(FRAMES)), codec=codec, container=container)
    reader, frames = read(path)
    assert [number(frame) for frame in frames] == pytest.approx(range(FRAMES), abs=1)
    assert frames[-1].time == pytest.approx(29 / 25)
    assert reader.duration is None
    (said,) = caplog.messages
    assert said == f"the frames of {path.as_posix()} have no times: 25 in a second are taken for granted"
    _, rest = read(path, start=0.6)
    assert [frame.time for frame in rest] == pytest.approx([n / 25 for n in range(15, FRAMES)])
    with pytest.raises(ConfigError, match="no frame in the part"):
        read(path, start=2)


@pytest.mark.parametrize("name", ["f.mp4", "f.mkv"])
def test_uneven_times_are_kept_and_no_loss(name: str, tmp_path: Path):
    """As of a telephone in bad light: no rate, so no frame can be missing by it."""
    steps = np.random.default_rng(0).choice([0.033, 0.04, 0.05, 0.09, 0.21], FRAMES - 1)
    times = [0.0, *np.cumsum(steps).tolist()]
    reader, frames = read(write_film(tmp_path / name, (grey(n) for n in range(FRAMES)), times=times))
    assert [frame.time for frame in frames] == pytest.approx(times, abs=0.002)
    assert [number(frame) for frame in frames] == list(range(FRAMES))
    assert not reader.counts.lost


@pytest.mark.parametrize("name", ["f.mp4", "f.mkv"])
def test_pauses_are_kept(name: str, tmp_path: Path):
    """As of a camera that films where something moves: half a minute is missing twice."""
    times = [n / RATE + 30 * (n // 10) for n in range(FRAMES)]
    path = write_film(tmp_path / name, (grey(n) for n in range(FRAMES)), times=times)
    reader, frames = read(path)
    assert [frame.time for frame in frames] == pytest.approx(times, abs=0.002)
    assert not reader.counts.lost
    _, rest = read(path, start=31.45)
    assert [number(frame) for frame in rest] == list(range(15, FRAMES))


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_and_mirrored_as_telephones_do(turn: int, mirrored: bool, tmp_path: Path):
    image = np.zeros((64, 96, 3), np.uint8)
    image[:32, :32], image[:32, 64:], image[32:, :32] = 250, 160, 80
    path = write_film(tmp_path / "f.mp4", iter([image] * 3), rotation=turn, mirrored=mirrored)
    _, frames = read(path)
    expected = np.rot90(image, turn // 90)
    expected = np.fliplr(expected) if mirrored else expected
    assert frames[0].image.shape == expected.shape
    assert float(np.abs(frames[0].image.astype(float) - expected).mean()) < 6


def test_sound_beside_the_pictures_changes_nothing(tmp_path: Path):
    path = write_film(tmp_path / "f.mp4", (grey(n) for n in range(FRAMES)), sound=True)
    reader, frames = read(path)
    assert len(frames) == FRAMES
    assert not reader.counts.lost


@pytest.mark.parametrize(
    "name, codec", [("f.mp4", "libx264"), ("f.mp4", "libx265"), ("f.avi", "mjpeg"), ("f.avi", "libx264")]
)
def test_damage_in_the_middle_is_told_and_the_rest_given(name: str, codec: str, tmp_path: Path):
    """Frames that are left are the right ones, and lost ones are accounted for, none twice."""
    path = damaged(write_film(tmp_path / name, (noise(n) for n in range(FRAMES)), codec=codec))
    reader, frames = read(path)
    counts = reader.counts
    assert FRAMES // 2 <= len(frames) < FRAMES
    # The times of H.264 in AVI begin with 1, of which one lost frame in the middle is found by the length.
    known = len(frames) + counts.corrupt + counts.missing + counts.cut
    assert FRAMES - (path.suffix == ".avi") <= known <= FRAMES + 2
    assert all(b.time > a.time for a, b in itertools.pairwise(frames))
    fault = damage(reader)
    assert fault is not None
    assert str(fault).startswith(f"{path.as_posix()} is damaged: ")


@pytest.mark.parametrize("name", ["f.mkv", "f.ts"])
def test_damage_that_takes_whole_packets_is_seen_by_the_times(name: str, tmp_path: Path):
    path = damaged(write_film(tmp_path / name, (noise(n) for n in range(FRAMES))))
    reader, frames = read(path)
    assert FRAMES - 4 <= len(frames) < FRAMES
    assert len(frames) + reader.counts.missing + reader.counts.corrupt == FRAMES
    assert frames[-1].time == pytest.approx(2.9)


def test_a_long_stretch_of_damage_does_not_end_a_file(tmp_path: Path):
    """240 damaged packets; after as many without a frame, a live stream is opened again."""
    count = 260
    path = write_film(tmp_path / "f.avi", (noise(n % 7) for n in range(count)), codec="mjpeg")
    data = bytearray(path.read_bytes())
    starts = [at for at in range(len(data) - 8) if data[at : at + 4] == b"00dc"][:count]
    for at in starts[10:250]:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        data[at + 8 : at + 8 + length] = bytes(length)
    path.write_bytes(data)
    reader, frames = read(path)
    assert len(frames) == 20
    assert reader.counts.corrupt == 240
    assert frames[-1].time == pytest.approx((count - 1) / RATE)


def test_a_film_cut_off_at_its_end_is_told(tmp_path: Path):
    """The index of an AVI lies at its end; its head says how many frames there were."""
    path = write_film(tmp_path / "f.avi", (noise(n) for n in range(FRAMES)), codec="mjpeg")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    reader, frames = read(path)
    assert 10 <= len(frames) <= 20
    assert reader.counts.cut >= 10
    assert damage(reader) is not None


def test_what_is_no_film_is_one_clear_error(tmp_path: Path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "zeros.mp4").write_bytes(bytes(100_000))
    whole = write_film(tmp_path / "f.mp4", (grey(n) for n in range(FRAMES)))
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    for path, expected in (
        (write_sound(tmp_path / "sound.mp4"), "sound.mp4 holds sound, but no video (name a video)"),
        (tmp_path / "empty.mp4", "empty.mp4 is empty (copy or record it again)"),
        (tmp_path / "zeros.mp4", "it is no video, damaged, or cut off before its index"),
        (tmp_path / "cut.mp4", "it is no video, damaged, or cut off before its index"),
    ):
        with pytest.raises(InputError) as caught:
            open_video(source_of(path))
        assert expected in str(caught.value)
        assert path.name in str(caught.value)


def test_a_picture_that_is_called_a_film_is_a_picture(tmp_path: Path):
    for name, ending in (("a.mp4", ".jpg"), ("b.mkv", ".png")):
        (tmp_path / name).write_bytes(encode_image(grey(0), ending))
        assert not is_video(tmp_path / name)
    write_film(tmp_path / "still.mp4", iter([grey(0)]))
    _, frames = read(tmp_path / "still.mp4")
    assert [frame.time for frame in frames] == [0.0]


def test_frames_known_to_be_damaged_are_not_missing_too() -> None:
    counts = Counts()
    clock = Clock(counts, 0.1)
    for n in range(20):
        clock.at(n / 10)
    counts.corrupt += 2
    clock.at(2.2)
    assert counts.missing == 0
    clock.at(2.5)
    assert counts.missing == 2


def test_a_pause_of_a_file_is_one_and_a_stream_was_set() -> None:
    file, stream = Clock(Counts(), 0.1, length=100), Clock(Counts(), 0.1)
    assert [file.at(raw) for raw in (0.0, 0.1, 60.0, 0.2)] == pytest.approx([0.0, 0.1, 60.0, 60.1])
    assert [stream.at(raw) for raw in (0.0, 0.1, 60.0, 60.1)] == pytest.approx([0.0, 0.1, 0.2, 0.3])
