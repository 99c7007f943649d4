"""`fewpix identify FOLDER` with pictures and films in it: all of them, in one run that can go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import verb
from fewpix.cli import main
from fewpix.image.codec import read_image, write_image
from orl_film import Walker, pictures, write_film
from orl_scene import portrait

pytestmark = pytest.mark.needs("samples", "video")

PEOPLE = {"Ana": 0, "Cy": 2}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery, and footage: a picture, a film in a folder, one cut off, one that is none, and a text."""
    folder = tmp_path_factory.mktemp("folder")
    for name, person in PEOPLE.items():
        write_image(folder / "people" / name / "0.png", portrait(person, 0))
    words = ["enrol", str(folder / "people"), "--folder-per-person", "--gallery", str(folder / "g.db")]
    assert main([*words, "-q"]) == 0
    write_image(folder / "in" / "b.png", portrait(0, 5))
    (folder / "in" / "day").mkdir()
    for name, person in (("a.mkv", 2), ("day/c.mp4", 0)):
        write_film(folder / "in" / name, pictures([Walker(person, (5, 6), 20, (40, 60), (12, 0))], 10))
    whole = (folder / "in" / "a.mkv").read_bytes()
    (folder / "in" / "a.mkv").write_bytes(whole[: 17 * len(whole) // 20])
    (folder / "in" / "d.mp4").write_bytes(bytes(5000))
    (folder / "in" / "note.txt").write_text("x")
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    return verb.run(capsys, "identify", *words)


def test_pictures_and_films_of_a_folder_and_a_bad_one_stops_nobody(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = (
        place / "in",
        "--gallery",
        place / "g.db",
        "--threshold",
        0.4,
        "--json",
        "--draw",
        tmp_path / "d",
    )
    code, out, err = run(capsys, *words, "--report", tmp_path / "r")
    *lines, last = [json.loads(line) for line in out.splitlines()]
    names = {"a": "a.mkv", "b": "b.png", "c": "day/c.mp4"}
    paths = {key: (place / "in" / name).as_posix() for key, name in names.items()}
    assert [line["path"] for line in lines] == [*2 * [paths["a"]], paths["b"], *2 * [paths["c"]]]
    assert [line.get("decision") for line in lines if "track" in line] == ["Cy", "Ana"]
    assert [face["decision"] for face in lines[2]["faces"]] == ["Ana"]
    cut, whole = (line for line in lines if "tracks" in line)
    assert (whole["tracks"], whole["left_out"], whole["error"], whole["frames"]["looked"]) == (1, 0, None, 10)
    assert "is damaged: " in cut["error"]
    assert cut["frames"]["cut"] >= 1
    assert [item["path"] for item in last["passed_over"]] == [(place / "in" / "note.txt").as_posix()]
    assert code == 3
    assert f"passed over: cannot open {(place / 'in' / 'd.mp4').as_posix()}" in err
    assert "2 of 4 pictures and films were refused" in err.splitlines()[-1]
    drawn = sorted(path.relative_to(tmp_path / "d").as_posix() for path in (tmp_path / "d").rglob("*.*"))
    assert drawn == ["a.mkv.mp4", "b.png", "day/c.mp4"]
    assert read_image(tmp_path / "d" / "b.png").shape[0] >= 240
    pages = sorted(path.relative_to(tmp_path / "r").as_posix() for path in (tmp_path / "r").rglob("*.html"))
    assert pages == ["a.mkv.html", "day/c.mp4.html"]
    code, _, _ = run(capsys, *words, "--skip-bad")
    assert code == 0


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_with_the_film_it_was_at(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "names.jsonl"
    words = (place / "in", "--gallery", place / "g.db", "--threshold", 0.4, "--out", out, "--skip-bad")
    code, said, _ = run(capsys, *words)
    assert code == 0
    assert said.startswith(f"{out}: 2 files, 0 had a line before\n")
    whole = out.read_text()
    assert whole.count("\n") == 5
    track_of_last = "".join(whole.splitlines(keepends=True)[:-1])
    out.write_text(track_of_last)  # the film's end is missing: its track does not count
    code, said, _ = run(capsys, *words, "--resume")
    assert code == 0
    assert said.startswith(f"{out}: 1 file, 2 had a line before\n")
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        json.loads(line) for line in whole.splitlines()
    ]
    for other in (("--fps", 2), ("--wait", 0.2), ("--every-pixel",)):  # these may make other tracks
        code, _, err = run(capsys, *words, "--resume", *other)
        assert code != 0, other
        assert err.count("\n") == 1


def test_options_of_one_video_are_refused_for_a_folder(place: Path, capsys: pytest.CaptureFixture[str]):
    here = (place / "in", "--gallery", place / "g.db")
    for words, message in (
        ((*here, "--sheet", "x.png"), "are for one video"),
        ((*here, "--report", "x.html"), "name a folder"),
        ((*here, "--crops"), "are no crops"),
        ((place / "people", "--gallery", place / "g.db", "--fps", 2), "--fps: for videos only"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (5, ""), err
        assert message in err
