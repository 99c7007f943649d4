"""`fewpix calibrate --footage`: strangers in a real film, and what `identify` then does with their rates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fewpix.calibration.file import read_calibration
from fewpix.calibration.footage import Template, of_footage
from fewpix.calibration.impostors import strangers
from fewpix.calibration.lookup import Calibrated
from fewpix.cli import main
from fewpix.data.faces import FaceSet
from fewpix.errors import InputError
from fewpix.image.codec import write_image
from grey_encoder import Grey
from orl_files import face_file
from orl_film import Walker, pictures, write_film
from orl_scene import portrait
from verb import run

pytestmark = pytest.mark.needs("samples", "video")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 24 strangers of 20 px, and photos of the 16 others."""
    folder = tmp_path_factory.mktemp("place")
    walkers = [
        Walker(person, (1, 3), 20, (8 + 65 * (person % 6), 8 + 58 * (person // 6)), (1, 0.3))
        for person in range(24)
    ]
    write_film(folder / "yard.mp4", pictures(walkers, 8))
    for person in range(24, 40):
        for n in range(2):
            write_image(folder / "people" / f"s{person}" / f"{n}.png", portrait(person, n))
    return folder


def test_too_few_strangers_or_people_are_refused_and_what_is_no_film(place: Path, tmp_path: Path, capsys):
    out = ("--out", tmp_path / "c.json")
    code, _, err = run(capsys, "calibrate", *out)
    assert (code, "name pictures by --impostors, or films by --footage" in err) == (5, True)
    words = ("calibrate", "--footage", place / "yard.mp4", *out)
    code, _, err = run(capsys, *words)
    assert (code, "--footage goes with --against" in err) == (5, True)
    code, _, err = run(capsys, *words, "--against", place / "people", "--dry-run")
    assert (code, "knows nothing of films" in err) == (5, True)
    people = ("--against", place / "people")
    code, _, err = run(capsys, "calibrate", "--footage", place / "people/s24/0.png", *people, *out)
    assert (code, "is no video" in err) == (5, True)
    assert not (tmp_path / "c.json").exists()


@pytest.mark.slow
def test_a_place_has_rates_of_its_own(place: Path, tmp_path: Path, capsys):
    """Each photograph is taken for another person, so that there are people enough."""
    out = tmp_path / "c.json"
    words = ("calibrate", "--footage", place / "yard.mp4", "--against", place / "people", "--one-each")
    code, _, err = run(capsys, *words[:-1], "--out", out)
    assert (code, "16 people of people are too few to calibrate with" in err) == (3, True)
    words = (*words, "--galleries", "5,10", "--same", "0.95", "--population", "our yard", "--out", out)
    code, text, err = run(capsys, *words)
    assert code == 0, err
    assert f"{(place / 'yard.mp4').as_posix()}: 24 tracks" in text
    assert "no FPIR rarer than 1 in 2" in text
    made = read_calibration(out)
    assert (made.probes.name, made.degradation, made.of_tracks) == ("our yard", "footage", True)
    assert made.independent_searches <= 24
    gallery = tmp_path / "g.db"
    assert main(["enrol", str(place / "people"), "--folder-per-person", "--gallery", str(gallery), "-q"]) == 0
    asked = ("identify", place / "yard.mp4", "--gallery", gallery, "--calibration", out, "--json")
    code, lines, _ = run(capsys, *asked, "--fpir", "0.1")
    tracks = [json.loads(line) for line in lines.splitlines()]
    assert code == 0
    rated = [track for track in tracks if track["fpir"] is not None]
    assert len(rated) >= 20
    assert sum(track["decision"] is not None for track in tracks) <= 8  # 1 in 10 of 24, and a little luck
    code, _, err = run(capsys, *asked, "--fpir", "0.001")
    assert (code, "not resolvable" in err) == (5, True)
    assert main(["calibrate", *map(str, words[1:-1]), str(tmp_path / "d.json"), "--json", "-q"]) == 0
    assert (tmp_path / "d.json").read_bytes() == out.read_bytes()


def faces(first: int) -> FaceSet:
    keys = [f"{person:02d}" for person in range(first, first + 24)]
    files = tuple(face_file(person % 40, 0, ".png", 112) for person in range(first, first + 24))
    return FaceSet(tuple(keys), ("",) * len(keys), files)


def test_levels_that_too_few_people_reach_are_left_out(tmp_path: Path):
    """Thirty tracks of one sight, twenty of them of two, ten of four."""
    rng = np.random.default_rng(0)
    sha256, dim = Grey().card.sha256, Grey().card.space.dim

    def template(sights: float) -> Template:
        row = rng.normal(size=dim).astype(np.float32)
        return Template(row / np.linalg.norm(row), sha256, float(rng.uniform(10, 14)), sights)

    tracks = [[template(float(2**k)) for k in range(1 + (n < 20) + (n < 10))] for n in range(30)]
    gallery = strangers(faces(0), "B", one_each=True)
    settings = {"model": "grey", "name": "yard", "galleries": (5, 12, 20), "cache": tmp_path / "c.db"}
    made = of_footage([*tracks, []], Grey(), gallery, same=0.9999, **settings)
    (encoder,) = made.encoders
    assert [(size.pixels, size.sights) for size in encoder.sizes] == [(10, 1), (10, 2), (14, 1), (14, 2)]
    assert (made.probes.faces, made.probes.people) == (30, 30)
    assert [curve.people for curve in encoder.sizes[0].curves] == [1, 5, 12]
    assert Calibrated(made).curve(sha256, "", 12, 5, sights=2).threshold(0.1) is not None
    alike = [[tracks[n // 3][0]] for n in range(60)]  # twenty people, three tracks each
    of_few = of_footage(alike, Grey(), gallery, same=0.9999, **settings)
    assert (of_few.probes.people, of_few.probes.largest, of_few.independent_searches) == (20, 3, 20)
    with pytest.raises(InputError, match="19 tracks of strangers in the footage are too few"):
        of_footage(tracks[:19], Grey(), gallery, same=0.9999, **settings)
