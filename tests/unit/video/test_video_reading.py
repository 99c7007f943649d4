"""Reading films: real files, whole, turned, thinned, cut off and damaged."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

from fewpix.errors import ConfigError, InputError, UnavailableError
from fewpix.image.codec import Image
from fewpix.video import Thin, is_video, open_video, source_of
from fewpix.video.clock import Clock
from fewpix.video.counts import Counts
from fewpix.video.thin import seconds

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


def number(image: Image) -> int:
    return round((float(image[40:, 40:].mean()) - 40) / 5)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from orl_film import write_film

    return write_film(tmp_path_factory.mktemp("film") / "f.mp4", (grey(n) for n in range(FRAMES)))


def read(path: Path, **thin: float):
    reader = open_video(source_of(str(path)), Thin(**thin))
    try:
        return reader, list(reader.frames())
    finally:
        reader.close()


def test_every_frame_comes_once_with_its_time(film: Path):
    reader, frames = read(film)
    assert [number(frame.image) for frame in frames] == list(range(FRAMES))
    assert [frame.time for frame in frames] == pytest.approx([n / RATE for n in range(FRAMES)])
    assert reader.counts == Counts(decoded=FRAMES, looked=FRAMES)
    assert not reader.counts.lost
    assert (reader.live, reader.name) == (False, film.as_posix())


def test_the_length_is_that_of_the_part(film: Path):
    for thin, expected in ((Thin(), 3.0), (Thin(start=1.0), 2.0), (Thin(start=1.0, end=1.5), 0.5)):
        reader = open_video(source_of(str(film)), thin)
        assert reader.duration == pytest.approx(expected)
        reader.close()


@pytest.mark.parametrize(
    "thin, expected",
    [
        ({"every": 7}, [0, 7, 14, 21, 28]),
        ({"fps": 2.0}, [0, 5, 10, 15, 20, 25]),
        ({"fps": 4.0}, [0, 3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28]),
        ({"fps": 100.0}, list(range(30))),
        ({"start": 1.25, "end": 1.65}, [13, 14, 15, 16]),
        ({"start": 2.5}, [25, 26, 27, 28, 29]),
        ({"start": 1.0, "every": 10}, [10, 20]),
        ({"end": 0.3}, [0, 1, 2]),
    ],
)
def test_frames_are_thinned_and_cut(film: Path, thin: dict[str, float], expected: list[int]):
    reader, frames = read(film, **thin)
    assert [number(frame.image) for frame in frames] == expected
    assert [frame.time for frame in frames] == pytest.approx([n / RATE for n in expected])
    assert reader.counts.looked == len(expected)
    assert reader.counts.decoded == reader.counts.looked + reader.counts.thinned


@pytest.mark.parametrize("turn, corner", [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (-90, (0, -1))])
def test_a_film_is_turned_upright_as_it_says(turn: int, corner: tuple[int, int], tmp_path: Path):
    """Ninety degrees counter-clockwise bring the upper left corner to the lower left."""
    from orl_film import write_film

    path = write_film(tmp_path / "f.mp4", (grey(n) for n in range(3)), rotation=turn)
    _, frames = read(path)
    image = frames[0].image
    assert image.shape == ((64, 96, 3) if turn in (0, 180) else (96, 64, 3))
    bright = {(y, x) for y in (0, -1) for x in (0, -1) if image[y, x].mean() > 200}
    assert bright == {corner}


@pytest.mark.parametrize("turn", [0, 90, 180, -90])
def test_places_in_a_film_that_is_turned_upright(turn: int, tmp_path: Path):
    """A dot's centre is where turning by whole pixels puts it; half a pixel of error would be seen."""
    from orl_film import write_film

    (height, width), (x, y) = (64, 96), (40, 22)
    rows, columns = np.mgrid[:height, :width]
    dot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18)
    image = np.repeat(np.rint(dot).astype(np.uint8)[:, :, None], 3, axis=2)
    _, frames = read(write_film(tmp_path / "f.mp4", (image for _ in range(3)), rotation=turn))
    seen = frames[0].image.mean(axis=2)
    seen = np.where(seen > 40, seen, 0)
    rows, columns = np.mgrid[: seen.shape[0], : seen.shape[1]]
    found = np.array([(columns * seen).sum(), (rows * seen).sum()]) / seen.sum()
    expected = {
        0: (x, y),
        90: (y, width - 1 - x),
        180: (width - 1 - x, height - 1 - y),
        -90: (height - 1 - y, x),
    }
    np.testing.assert_allclose(found, expected[turn], atol=0.1)


def test_dropped_frames_are_counted_and_keep_the_time_right(tmp_path: Path):
    from orl_film import write_film

    lost = (12, 13, 14, 20)
    path = write_film(tmp_path / "f.mp4", (grey(n) for n in range(FRAMES)), left_out=lost)
    reader, frames = read(path)
    kept = [n for n in range(FRAMES) if n not in lost]
    assert [number(frame.image) for frame in frames] == kept
    assert [frame.time for frame in frames] == pytest.approx([n / RATE for n in kept])
    assert reader.counts.missing == len(lost)
    assert "4 missing by their timestamps" in str(reader.counts)


@pytest.mark.parametrize("kind", ["mpegts", "matroska"])
def test_a_film_that_was_cut_off_gives_what_is_left(kind: str, tmp_path: Path):
    from orl_film import write_film

    path = write_film(tmp_path / "f.ts", (noise(n) for n in range(FRAMES)), container=kind)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    reader, frames = read(path)
    assert 10 <= len(frames) <= 20
    assert reader.counts.looked == len(frames)
    assert float(np.abs(frames[0].image.astype(float) - noise(0)).mean()) < 20


def test_a_film_without_its_index_is_one_clear_error(film: Path, tmp_path: Path):
    path = tmp_path / "cut.mp4"
    path.write_bytes(film.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"cannot open .*cut\.mp4: .*cut off before its index"):
        open_video(source_of(str(path)))


def test_damage_is_counted_and_survived(tmp_path: Path):
    from orl_film import write_film

    path = write_film(tmp_path / "f.ts", (noise(n) for n in range(FRAMES)), container="mpegts")
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    third = len(data) // 3
    for at in range(third, third + third // 4, 90):
        data[at] = rng.integers(256)
    path.write_bytes(data)
    reader, frames = read(path)
    assert reader.counts.corrupt >= 1
    assert FRAMES // 2 <= len(frames) < FRAMES
    times = [frame.time for frame in frames]
    assert all(b > a for a, b in itertools.pairwise(times))
    assert times[-1] == pytest.approx(2.9)
    assert "corrupt" in str(reader.counts)


def test_bad_input_is_one_error(film: Path, tmp_path: Path):
    (tmp_path / "text.mp4").write_text("hello")
    for word, error, message in (
        (tmp_path / "none.mp4", InputError, "there is no file"),
        (tmp_path / "text.mp4", InputError, "it is no video, damaged"),
    ):
        with pytest.raises(error, match=message):
            open_video(source_of(str(word)))
    with pytest.raises(ConfigError, match="behind the end"):
        open_video(source_of(str(film)), Thin(start=3.5))
    for wrong in ({"every": 0}, {"fps": 0.0}, {"fps": float("nan")}, {"every": 2, "fps": 1.0}, {"end": 0.0}):
        with pytest.raises(ConfigError):
            Thin(**wrong)


def test_without_the_package_the_error_says_how_to_get_it(film: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match=r'pip install "fewpix\[video\]"'):
        open_video(source_of(str(film)))


def test_what_words_stand_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "7").touch()
    for word in ("a.MP4", "b.mkv", "rtsp://x/1", "TCP://127.0.0.1:9", "0", "http://x/v"):
        assert is_video(word)
    for word in ("a.jpg", "folder", "7", "mp4", "c:/x.png"):
        assert not is_video(word)
    secret = source_of("rtsp://ana:secret@cam.example:554/live?x=1")
    assert secret.name == "rtsp://cam.example:554/live?x=1"
    assert secret.target == "rtsp://ana:secret@cam.example:554/live?x=1"
    hidden = source_of("http://cam/user=ana_password=b_c/video?channel=1&Pwd=secret;auth_token=t&x=2#y")
    assert hidden.name == "http://cam/user=***/video?channel=1&Pwd=***;auth_token=***&x=2"
    for word in ("rtsp://ana:s/ecret@cam/x", "rtsp://cam:secret/x"):
        with pytest.raises(ConfigError) as told:
            source_of(word)
        assert "ecret" not in str(told.value)
    assert source_of("rtsp://cam/ana:s/ecret@cam/x").name == "rtsp://cam/***@cam/x"
    assert dict(secret.options) == {"rtsp_transport": "tcp"}
    for word in ("file:///etc/passwd", "concat://a", "rtsp://host:port/x"):
        with pytest.raises(ConfigError):
            source_of(word)


@pytest.mark.parametrize("system, target", [("linux", "/dev/video2"), ("darwin", "2")])
def test_a_number_is_a_camera(system: str, target: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", system)
    source = source_of("2")
    assert (source.name, source.kind, source.target) == ("camera 2", "camera", target)


@pytest.mark.parametrize(
    "text, expected", [("7", 7), ("7.5", 7.5), ("90", 90), ("1:30", 90), ("2:03:04.5", 7384.5)]
)
def test_times_are_read(text: str, expected: float):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1:2:3:4", "x", "1:99:", "nan"])
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(ConfigError, match="is no time"):
        seconds(text)


def test_the_clock_always_rises() -> None:
    """Repeated, missing and backward timestamps, and one that jumps by a day."""
    counts = Counts()
    clock = Clock(counts, 0.1)
    raws = [0.0, 0.1, 0.2, 0.2, None, 0.5, 0.1, 0.2, 86400.0, 86400.1]
    times = [clock.at(raw) for raw in raws]
    assert all(b > a for a, b in itertools.pairwise(times))
    assert times[-1] < 2
    assert times[9] - times[8] == pytest.approx(0.1)
    clock.set(60.0)
    assert clock.at(5.0) == 60.0
    assert clock.at(5.1) == pytest.approx(60.1)
