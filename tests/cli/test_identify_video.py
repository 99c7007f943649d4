"""`fewpix identify` on films and streams with small ORL faces: real H.264, real detector and encoder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import verb
from fewpix.calibration.file import SHIPPED
from fewpix.cli import main
from fewpix.image.codec import Image, read_image, write_image
from orl_film import RATE, Walker, pictures, write_film
from orl_scene import paste, portrait
from stream_server import camera, packets

pytestmark = pytest.mark.needs("samples", "video")

PEOPLE = {"Ana": 0, "Bo": 1, "Cy": 2}
WALKERS = {
    "Ana": Walker(0, (5, 6), 18, (10, 20), (20, 1)),
    "Cy": Walker(2, (4, 8), 20, (10, 130), (9, 0.5)),
    None: Walker(7, (0, 3), 18, (350, 190), (-15, -0.4)),
}
"""Name → who walks where; faces of about 18 px, some move by more than their width. Their pictures are not
enrolled."""

FRAMES = 12
THRESHOLD = 0.4  # lies between the scores of these faces; a fact about this test, not about the model


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("identify")
    for name, person in PEOPLE.items():
        for n in range(2):
            write_image(folder / "people" / name / f"{n}.png", portrait(person, n))
    words = ["enrol", str(folder / "people"), "--folder-per-person", "--gallery", str(folder / "g.db")]
    assert main([*words, "-q"]) == 0
    return folder / "g.db"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "walk.mp4"
    return write_film(path, pictures(list(WALKERS.values()), FRAMES), left_out=(5, 6))


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    return verb.run(capsys, "identify", *words)


def test_people_in_a_film_are_named_once_each(
    gallery: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Two frames were dropped on the way; the video and the sheet are written beside the lines."""
    draw, sheet = tmp_path / "out" / "walk.mp4", tmp_path / "out" / "sheet.png"
    page = tmp_path / "out" / "walk.html"
    words = (film, "--gallery", gallery, "--threshold", THRESHOLD, "--draw", draw, "--sheet", sheet)
    words += ("--report", page)
    code, out, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    tracks = [json.loads(line) for line in out.splitlines()]
    assert len(tracks) == len(WALKERS)
    for name, walker in WALKERS.items():
        (track,) = [
            t for t in tracks if abs(t["boxes"][0][2] + t["boxes"][0][4] / 2 - walker.corner(0)[1] - 11) < 15
        ]
        assert track["decision"] == name
        assert track["frames"] >= FRAMES - 4
        assert track["first"] == 0
        assert track["last"] == pytest.approx((FRAMES - 1) / RATE)
        assert 12 < track["pixels"] < 28
        assert track["path"] == film.as_posix()
        assert track["clock"] is None
        assert len(track["candidates"]) == 3
        for time, x, y, width, height in track["boxes"]:
            left, top = walker.corner(round(time * RATE))
            assert left - 4 < x + width / 2 < left + walker.width + 4
            assert top - 4 < y + height / 2 < top + walker.width * 112 / 92 + 4
    import av

    with av.open(str(draw)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        shown = list(container.decode(stream))
    assert len(shown) == FRAMES - 2
    assert float(shown[-1].time) == pytest.approx((FRAMES - 1) / RATE, abs=0.01)
    assert shown[0].height >= 480
    assert read_image(sheet).shape[0] > 3 * 96
    text = page.read_text()
    assert all(said in text for said in ("2 people named, 1 not.", "<b>Ana</b>", "10 frames looked at"))
    assert "a cosine of at least 0.4 (--threshold)" in text
    assert text.count(" popover ") == 3
    assert not [path for path in (tmp_path / "out").iterdir() if path.suffix == ".part"]


def test_people_in_a_film_are_named_by_a_rate_of_tracks_unless_a_threshold_is_given(
    gallery: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    part = (film, "--gallery", gallery, "--start", "0:00", "--end", "0.3")
    code, out, _ = run(capsys, *part, "--threshold", THRESHOLD)
    assert code == 0
    *tracks, summary = out.splitlines()
    assert len(tracks) == 3
    assert all(": track " in line and " px   " in line for line in tracks)
    assert summary == f"{film.as_posix()}: 3 tracks; 3 frames looked at"
    code, out, _ = run(capsys, *part)
    assert out.splitlines()[-1].startswith(
        "named where the calibration's strangers score so in at most 1 of 100 searches"
    )
    assert sum("strangers score so in" in line for line in out.splitlines()[:3]) == 3
    code, out, _ = run(capsys, *part, "--every", 3, "--shortest", 1, "--top", 1, "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [(line["event"], line["sights"], line["early"]) for line in lines] == [("ended", 1.0, None)] * 3
    assert all(line["fpir"] is not None for line in lines)
    # Rates of pictures are none of tracks.
    words = (*part, "--calibration", SHIPPED)
    code, out, _ = run(capsys, *words)
    assert "it is of single pictures, and templates of tracks score otherwise" in out.splitlines()[-1]
    code, _, err = run(capsys, *words, "--fpir", "0.1")
    assert (code, "make one with `fewpix calibrate --footage`" in err) == (5, True)


def test_events_tell_of_people_while_they_are_there(
    gallery: Path, film: Path, capsys: pytest.CaptureFixture[str]
):
    words = (film, "--gallery", gallery, "--events", "--fpir", "0.03")
    code, out, _ = run(capsys, *words, "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    for number in {line["track"] for line in lines}:
        mine = [line for line in lines if line["track"] == number]
        kinds = [line["event"] for line in mine]
        assert kinds in (["seen", "ended"], ["seen", "named", "ended"])
        assert [line["time"] for line in mine[:-1]] == sorted(line["time"] for line in mine[:-1])
        if "named" in kinds:
            assert mine[1]["time"] < mine[-1]["last"]
            assert mine[-1]["early"] == {"decision": mine[1]["decision"], "time": mine[1]["time"]}
    early = {line["decision"] for line in lines if line["event"] == "named"}
    assert early
    assert early <= {"Ana", "Cy"}
    code, out, _ = run(capsys, *words)
    assert sum("   seen" in line for line in out.splitlines()) == 3
    assert any("sights so far" in line for line in out.splitlines())
    assert any("; confirmed: " in line for line in out.splitlines())


def test_somebody_who_comes_closer_is_rated_though_two_encoders_saw_them(
    tmp_path: Path, gallery: Path, capsys: pytest.CaptureFixture[str]
):
    """Faces of 21 and of 30 px: with the encoder of the best and the size of all, nothing was measured."""

    def frames() -> Iterator[Image]:
        for n in range(20):
            width = 18 if n < 14 else 26
            image = np.full((160, 320, 3), 128, np.uint8)
            paste(image, 0, 5, width, (120, 40))
            yield image

    film = write_film(tmp_path / "edge.mp4", frames())
    code, out, _ = run(capsys, film, "--gallery", gallery, "--json")
    (track,) = [json.loads(line) for line in out.splitlines()]
    assert (code, track["decision"], track["frames"]) == (0, "Ana", 20)
    assert track["fpir"] is not None
    sizes = [sight["pixels"] for sight in track["crops"]]
    assert min(sizes) > 24 or max(sizes) < 24  # all of one band
    assert min(sizes) - 0.01 <= track["pixels"] <= max(sizes) + 0.01
    assert np.array(track["crops"][0]["points"]).shape == (5, 2)
    code, out, _ = run(capsys, film, "--gallery", gallery)
    assert "   Ana; strangers score so in " in out.splitlines()[0]


def test_frames_are_searched_within_a_budget(gallery: Path, film: Path, capsys: pytest.CaptureFixture[str]):
    """One that nothing fits into: the coarsest scale is searched, and that is said once, not per frame."""
    code, _, err = run(capsys, film, "--gallery", gallery, "--json", "--detect-budget", 0.001)
    assert code == 0
    (line,) = [line for line in err.splitlines() if "budget" in line]
    assert line.endswith("more than the budget of 0.001 ms")


def test_a_film_without_faces_is_well(gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    film = write_film(tmp_path / "empty.mkv", pictures([], 3))
    code, out, err = run(capsys, film, "--gallery", gallery, "--draw", tmp_path / "o.mp4", "--json")
    assert (code, out, err) == (0, "", "")
    assert (tmp_path / "o.mp4").stat().st_size > 1000


def test_bad_input_is_one_line_and_an_exit_code(
    gallery: Path, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "text.mp4").write_text("hello")
    write_image(tmp_path / "a.png", portrait(0, 0))
    here, before = ("--gallery", gallery), film.read_bytes()
    for words, expected, message in (
        ((tmp_path / "none.mp4", *here), 3, "there is no file"),
        ((tmp_path / "text.mp4", *here), 3, "it is no video, damaged"),
        ((film, "--gallery", tmp_path / "none.db"), 3, "no gallery at"),
        ((film, *here, "--crops"), 5, "are no crops"),
        ((film, *here, "--draw", film), 5, "which this command reads"),
        ((film, *here, "--draw", tmp_path / "x.png"), 5, "is an .mp4 file"),
        ((film, *here, "--sheet", tmp_path / "x.mp4"), 5, "is a picture"),
        ((film, *here, "--report", film), 5, "which this command reads"),
        ((film, *here, "--report", tmp_path / "text.mp4"), 3, "is not a report of a film"),
        ((film, *here, "--alike", "7"), 5, "must be a cosine"),
        ((film, *here, "--every", "2", "--fps", "1"), 5, "thin the frames in one way"),
        ((film, *here, "--start", "x"), 5, "'x' is no time"),
        ((film, *here, "--start", "7:00"), 5, "behind the end"),
        ((film, *here, "--gap", "0"), 5, "--gap must be above 0"),
        ((film, *here, "--detect-budget", "nan"), 5, "a budget must be above 0"),
        ((film, *here, "--wait", "0"), 5, "--wait must be above 0"),
        ((film, *here, "--wait", "1", "--every-pixel"), 5, "leave --wait or --every-pixel out"),
        ((film, *here, "--wait", "1", "--detect-budget", "9"), 5, "leave --wait or --detect-budget out"),
        ((tmp_path / "a.png", *here, "--every-pixel"), 5, "--every-pixel: for videos"),
        ((film, *here, "--threshold", "2"), 5, "the threshold must be a cosine"),
        ((film, *here, "--camera", "yard"), 3, "yard"),
        ((film, *here, "--adapt", tmp_path / "s.safetensors", "--model", "teacher"), 5, "cannot be adapted"),
        (
            (film, *here, "--adapt", tmp_path / "s.safetensors", "--state", tmp_path / "t"),
            5,
            "leave --state out",
        ),
        ((tmp_path / "a.png", *here, "--every", "2", "--give-up", "3"), 5, "--every, --give-up: for videos"),
        (("rtsp://ana:secret@127.0.0.1:1/x", *here), 3, "cannot open rtsp://127.0.0.1:1/x"),
        (("ftp://x/y.mp4", *here), 5, "no streams of the kind 'ftp'"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (expected, ""), (words, err)
        assert message in err
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        assert "secret" not in err
    assert film.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
@pytest.mark.slow
def test_ctrl_c_ends_a_stream_and_gives_what_was_seen(gallery: Path, tmp_path: Path):
    """The camera breaks off once meanwhile, and comes back."""
    frames = packets(list(pictures([Walker(2, (4, 8), 24, (60, 60), (2, 0))], 50)))
    words = [
        "--gallery",
        str(gallery),
        "--threshold",
        str(THRESHOLD),
        "--json",
        "--draw",
        str(tmp_path / "o.mp4"),
    ]
    with (
        camera(frames, [30, 50, 50, 50, 50], fast=0.8) as server,
        subprocess.Popen(
            [sys.executable, "-m", "fewpix", "identify", server.url, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as running,
    ):
        assert running.stdout is not None
        first = json.loads(running.stdout.readline())  # of before the camera broke off
        os.kill(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert first["decision"] == "Cy"
    assert first["path"] == server.url
    assert first["clock"] is not None
    assert all(json.loads(line)["decision"] in ("Cy", None) for line in out.splitlines())
    assert "opened again" in err
    assert "interrupted; all that was seen until then is written" in err
    assert "Traceback" not in err
    assert (tmp_path / "o.mp4").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.needs("torch", "weights")
def test_smaller_faces_over_a_longer_time_with_a_state_that_is_learned(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Faces of 13 to 16 px, a gap in the middle, and --adapt, whose guard has the last word."""
    known = {
        "Ana": Walker(0, (5, 6, 7), 15, (5, 20), (4, 0)),
        "Bo": Walker(1, (6, 4, 5), 14, (380, 75), (-4, 0)),
        "Cy": Walker(2, (4, 8, 9), 14, (5, 130), (4, 0)),
    }
    strangers = [Walker(10 + n, (0, 1, 2), 13, (20 + 45 * n, 195), (0.5, 0)) for n in range(8)]
    images = pictures([*known.values(), *strangers], 90)
    film = write_film(tmp_path / "long.mp4", images, left_out=range(40, 46))
    state = tmp_path / "yard.safetensors"
    words = (film, "--gallery", gallery, "--threshold", 0.3, "--json")
    code, out, err = run(capsys, *words)
    assert code == 0
    assert "6 missing by their timestamps" in err
    tracks = [json.loads(line) for line in out.splitlines()]
    named = [track for track in tracks if track["decision"]]
    for track in named:
        walker = known[track["decision"]]
        assert abs(track["boxes"][0][2] + track["boxes"][0][4] / 2 - walker.start[1] - 9) < 12, track
    assert len({track["decision"] for track in named}) >= 2
    assert len([track for track in tracks if track["boxes"][0][2] > 180]) == len(strangers)
    code, out, err = run(capsys, *words, "--adapt", state, "--camera", "yard")
    assert code == 0
    states = {json.loads(line)["state"] for line in out.splitlines()}
    if state.exists():
        assert states - {""}
    else:
        assert "no state from 64 faces of yard" in err
        assert states == {""}
    assert np.isfinite([json.loads(line)["pixels"] for line in out.splitlines()]).all()
