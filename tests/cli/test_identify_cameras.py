"""`fewpix identify --cameras`: several at once, films in place of cameras, one of them away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import verb
from fewpix.cli import main
from fewpix.image.codec import write_image
from orl_film import Walker, pictures, write_film
from orl_scene import portrait
from stream_server import camera

pytestmark = pytest.mark.needs("samples", "video")

PEOPLE = {"Ana": 0, "Cy": 2}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery, a film of each of two people, and their file of cameras."""
    folder = tmp_path_factory.mktemp("cameras")
    for name, person in PEOPLE.items():
        write_image(folder / "people" / name / "0.png", portrait(person, 0))
        walker = Walker(person, (5, 6), 20, (40, 60), (12, 0))
        write_film(folder / f"{name}.mp4", pictures([walker], 6))
    words = ["enrol", str(folder / "people"), "--folder-per-person", "--gallery", str(folder / "g.db")]
    assert main([*words, "-q"]) == 0
    text = "".join(f'[[camera]]\nname = "at {name}"\naddress = "{name}.mp4"\n' for name in PEOPLE)
    (folder / "cameras.toml").write_text(text)
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    return verb.run(capsys, "identify", *words)


def test_every_camera_has_its_tracks_and_one_that_is_away_stops_nobody(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with camera([b""], []) as gone:
        address = gone.url
    file = place / "three.toml"
    text = (place / "cameras.toml").read_text()
    file.write_text(f'{text}[[camera]]\nname = "far"\naddress = "{address}"\n')
    words = ("--cameras", file, "--gallery", place / "g.db", "--threshold", 0.4, "--report", tmp_path / "out")
    code, out, err = run(capsys, *words, "--json", "--give-up", 0.5)
    tracks = [json.loads(line) for line in out.splitlines()]
    assert {(t["camera"], t["decision"]) for t in tracks} == {("at Ana", "Ana"), ("at Cy", "Cy")}
    assert [t["path"] for t in tracks] == [(place / f"{t['decision']}.mp4").as_posix() for t in tracks]
    assert code == 3
    assert "is away; it is tried again" in err
    assert "far: " in err
    assert "sent nothing for" in err
    assert "1 of 3 cameras ended by an error, the first: far: " in err.splitlines()[-1]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["at Ana.html", "at Cy.html"]
    assert "1 person named." in (tmp_path / "out" / "at Cy.html").read_text()


def test_lines_for_people_begin_with_the_camera(place: Path, capsys: pytest.CaptureFixture[str]):
    words = ("--cameras", place / "cameras.toml", "--gallery", place / "g.db", "--threshold", 0.4)
    code, out, _ = run(capsys, *words, "--end", 0.4)
    first, second, *ends = out.splitlines()
    assert code == 0
    assert {line.partition(": track 1 ")[0] for line in (first, second)} == {"at Ana", "at Cy"}
    assert ends == ["at Ana: 1 track; 4 frames looked at", "at Cy: 1 track; 4 frames looked at"]
    code, out, _ = run(capsys, *words[:4], "--end", 0.4)
    assert (code, out.splitlines()[-1].startswith("named where the calibration's strangers score so")) == (
        0,
        True,
    )


def test_what_does_not_fit_is_one_line(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "bad.toml").write_text("[[camera]]\nname = 3\n")
    here = ("--gallery", place / "g.db", "--cameras", place / "cameras.toml")
    for words, expected, message in (
        ((*here, place / "Ana.mp4"), 2, "name what to look at, in one way"),
        (("--gallery", place / "g.db"), 2, "name what to look at, in one way"),
        (("--cameras", tmp_path / "bad.toml", "--gallery", place / "g.db"), 5, "camera 1: name is missing"),
        (("--cameras", tmp_path / "none.toml", "--gallery", place / "g.db"), 3, "cannot read"),
        ((*here, "--draw", tmp_path / "x.mp4"), 5, "are not for cameras"),
        ((*here, "--sheet", tmp_path / "x.png"), 5, "are for one video"),
        ((*here, "--camera", "gate"), 5, "state = FILE"),
        ((*here, "--report", tmp_path / "x.html"), 5, "name a folder"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (expected, ""), err
        assert message in err
        assert err.count("\n") == 1
