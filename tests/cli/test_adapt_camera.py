"""`fewpix adapt --camera`: from footage of small faces to a state in the gallery, and back to names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from dark_student import student
from fewpix.adapt.reference import beside, load_reference
from fewpix.calibration.file import read_calibration
from fewpix.cli import main
from fewpix.data.orl import load_orl
from fewpix.gallery import Gallery
from fewpix.gallery.cameras import cameras
from fewpix.image.codec import write_image
from fewpix.image.resize import resize_square
from fewpix.models.shipped import shipped
from fewpix.models.space import Space
from fewpix.models.weights import load_weights
from orl_film import Walker, crowd, pictures, wall, write_film
from orl_scene import portrait
from verb import run

pytestmark = pytest.mark.needs("samples", "torch")


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, enrolled by the teacher."""
    folder = tmp_path_factory.mktemp("enrolled")
    for person in range(2):
        write_image(folder / "people" / f"s{person}" / "0.png", portrait(person, 0))
    words = ["enrol", str(folder / "people"), "--folder-per-person", "--gallery", str(folder / "g.db"), "-q"]
    assert main(words) == 0
    return folder / "g.db"


@pytest.fixture
def own(gallery: Path, tmp_path: Path) -> Path:
    """A gallery that the test may change."""
    return Path(shutil.copy(gallery, tmp_path / "g.db"))


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures with 40 people in them."""
    folder = tmp_path_factory.mktemp("yard")
    write_image(folder / "a.png", crowd(range(24), 3, (14, 15, 22)))
    write_image(folder / "b" / "c.png", crowd(range(24, 40), 4, (14, 15)))
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return student(tmp_path_factory.mktemp("weights") / "tiny.safetensors", 0)


def kept(gallery: Path) -> dict[str, str]:
    with Gallery.open(gallery, write=False) as store:
        return {camera.name: camera.state.id for camera in cameras(store)}


@pytest.mark.slow
@pytest.mark.needs("weights")
def test_a_state_from_pictures_is_what_identify_uses(
    own: Path, yard: Path, capsys: pytest.CaptureFixture[str]
):
    here = ("--camera", "yard", "--gallery", own)
    how = ("--minimum-faces", 16)
    code, out, err = run(capsys, "adapt", yard, *here, *how, "--force", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert kept(own) == {"yard": told["state"]["id"]}
    assert (told["camera"], told["looked"], told["unit"], told["failed"]) == ("yard", 2, "picture", [])
    assert 34 <= told["faces"] <= 40
    assert told["taken"] + told["elsewhere"] == told["faces"]
    assert told["elsewhere"] > 0
    assert told["state"]["count"] == told["taken"]
    assert told["state"]["source"] == "yard"
    file = shipped("fewpix-s.safetensors")
    assert told["state"]["model_sha256"] == load_weights(file)[1].sha256
    low, high = told["state"]["pixels"]
    assert 10 < low < high <= 24  # of the faces in the pictures, not of the crops; larger ones are fewpix-l's

    find = ("identify", yard, "--json")
    plain, adapted = (
        [face for line in run(capsys, *find, *more)[1].splitlines() for face in json.loads(line)["faces"]]
        for more in (here[2:], here)
    )
    assert [face["box"] for face in plain] == [face["box"] for face in adapted]
    for one, two in zip(plain, adapted, strict=True):
        assert (one["candidates"] == two["candidates"]) == (one["pixels"] >= 24)
    assert told["state"]["mode"] == "excess"

    with Gallery.open(own, write=False) as store:
        layers = cameras(store)[0].state.layers
    expected = load_reference(beside(file)).at([f["pixels"] for f in plain if f["pixels"] < 24])
    for name, layer in layers.items():  # compared with training faces of the size in the pictures
        assert layer.expected is not None
        assert layer.expected.mean == pytest.approx(expected[name].mean, abs=1e-3)


@pytest.mark.needs("weights")
@pytest.mark.slow
def test_a_calibration_under_a_camera_s_state_names_what_it_sees(
    own: Path, yard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("FEWPIX_CACHE", str(tmp_path / "cache"))
    here = ("--camera", "yard", "--gallery", own)
    assert run(capsys, "adapt", yard, *here, "--minimum-faces", 16, "--force")[0] == 0
    for person in range(40):
        crop = resize_square(load_orl().images[10 * person + 9][12:104], 112)
        write_image(tmp_path / "strangers" / f"{person}" / "9.png", crop)
    made = tmp_path / "yard.json"
    words = ("calibrate", "--impostors", tmp_path / "strangers", "--crops", "--sizes", "12,24")
    code, _, err = run(capsys, *words, "--galleries", "2", *here, "--out", made, "-q")
    assert code == 0, err
    states = {encoder.name: encoder.state_id for encoder in read_calibration(made).encoders}
    assert states == {"fewpix-s": kept(own)["yard"], "fewpix-l": ""}
    find = ("identify", yard / "a.png", *here, "--json")
    small = {}
    for name, more in (("shipped", ()), ("own", ("--calibration", made, "--fpir", 0.1))):
        (line,) = run(capsys, *find, *more)[1].splitlines()
        faces = [face for face in json.loads(line)["faces"] if 12 <= face["pixels"] < 17]
        small[name] = [face["fpir_reason"] or "" for face in faces]
    assert all("another FaceBN state" in reason for reason in small["shipped"])
    assert len(small["own"]) > 10
    assert not any("FaceBN" in reason for reason in small["own"])
    code, _, err = run(capsys, *words, "--camera", "gate", "--gallery", own, "--out", tmp_path / "no.json")
    assert code == 3
    assert "gate" in err


def test_a_trial_keeps_nothing_and_a_newer_state_replaces_an_older_one(
    own: Path, yard: Path, weights: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("adapt", yard, "--camera", "yard", "--gallery", own, "--model", weights, "--force")
    code, out, _ = run(capsys, *words, "--json", "--dry-run")
    trial = json.loads(out)
    assert (code, trial["dry_run"], trial["replaced"], kept(own)) == (0, True, None, {})
    code, out, _ = run(capsys, *words, "--json")
    assert (code, json.loads(out)) == (0, trial | {"dry_run": False})
    assert kept(own) == {"yard": trial["state"]["id"]}
    code, out, _ = run(capsys, *words, "--weight", 0.25)
    assert code == 0
    assert out.startswith("yard has state ")
    helps = f"fewpix calibrate --impostors FACES --camera yard --gallery {own} --out FILE"
    assert helps in out
    assert helps in trial["note"]
    assert f"the state {trial['state']['id']} is replaced" in out


@pytest.mark.needs("video")
def test_a_state_from_a_film_takes_few_faces_of_each_person(
    own: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    walkers = [Walker(n, (0, 3), 22, (10 + 60 * n, 30 + 20 * n), (2, 0)) for n in range(6)]
    film = write_film(tmp_path / "gate.mp4", pictures(walkers, 12))  # 1.2 s
    words = ("adapt", film, "--camera", "gate", "--gallery", own, "--model", weights, "--json")
    code, out, err = run(capsys, *words, "--minimum-faces", 18, "--force")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["looked"], told["unit"]) == (12, "frame")
    assert 66 <= told["faces"] <= 72
    assert told["taken"] == told["state"]["count"] == 6 * 3  # at 0, 0.5 and 1 s
    code, out, err = run(capsys, *words, "--minimum-faces", 18, "--end", 0.5)
    assert code == 8
    assert (
        "no state for camera gate from 5 frames, 30 faces found, 6 of them taken: 6 faces are too few" in err
    )
    assert kept(own) == {"gate": told["state"]["id"]}  # what was there stays


def test_crops_go_into_the_gallery_too(
    own: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for n in range(36):
        small = cv2.resize(load_orl().images[10 * n][12:104], (16, 16), interpolation=cv2.INTER_AREA)
        write_image(tmp_path / "crops" / f"{n:02}.png", small)
    words = ("adapt", tmp_path / "crops", "--crops", "--camera", "gate", "--gallery", own, "--model", weights)
    code, out, err = run(capsys, *words, "--force", "--place", "the gate", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["taken"], told["unit"], told["state"]["source"]) == (36, "crop", "the gate")
    assert told["state"]["pixels"] == [16, 16]


def test_refusals_say_what_and_keep_nothing(
    own: Path, yard: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_image(tmp_path / "empty" / "wall.png", wall())
    one = tmp_path / "one"
    write_image(one / "a.png", crowd(range(1), 0, (24,)))
    (one / "b.png").write_text("no picture")
    folder, before = tmp_path / "crops", own.read_bytes()
    rng = np.random.default_rng(0)
    for n in range(40):  # one person only
        noisy = cv2.resize(load_orl().images[30], (16, 16)) + rng.normal(0, 3, (16, 16, 3))
        write_image(folder / f"{n}.png", np.clip(noisy, 0, 255).astype(np.uint8))
    other = tmp_path / "other.db"
    with Gallery.open(other, Space("b" * 64, 8)):
        pass
    base = ("--camera", "yard", "--gallery", own, "--model", weights)
    for words, expected, message in (
        ((tmp_path / "empty", *base), 4, "no face found in 1 picture"),
        ((tmp_path / "none", *base), 3, "there is no file or folder"),
        ((one, *base), 3, "b.png"),
        (
            (one, *base, "--skip-bad"),
            8,
            "no state for camera yard from 1 picture, 1 face found: 1 face is",
        ),
        ((folder, *base, "--crops"), 8, "one person"),
        ((yard, *base, "--out", tmp_path / "s.safetensors"), 5, "--camera keeps the state in the gallery"),
        ((yard, *base, "--mode", "ema"), 5, "keeps a random choice"),
        ((yard, *base, "--every", 2), 5, "are for videos"),
        (("rtsp://127.0.0.1:1/x", *base), 5, "a stream has no end"),
        ((tmp_path / "none.mp4", *base), 3, "there is no file"),
        (
            (yard, "--camera", "yard", "--gallery", tmp_path / "none.db", "--model", weights),
            3,
            "no gallery at",
        ),
        ((yard, "--camera", "yard", "--gallery", other, "--model", weights), 7, "adapt a student of"),
        ((yard, "--camera", "yard", "--gallery", own, "--model", "teacher"), 5, "cannot be adapted"),
        ((yard, "--camera", " ", "--gallery", own), 5, ""),
        ((yard, "--crops", "--out", tmp_path / "s.safetensors", "--end", 1), 5, "go with --camera"),
    ):
        code, out, err = run(capsys, "adapt", *words)
        assert (code, out) == (expected, ""), (words, err)
        assert message in err
        assert [line for line in err.splitlines() if line.startswith("error: ")] == err.splitlines()[-1:]
    assert own.read_bytes() == before


def test_another_models_state_is_not_replaced_unasked(
    own: Path, yard: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    second = student(tmp_path / "second.safetensors", 1)
    base = ("adapt", yard, "--camera", "yard", "--gallery", own, "--force", "--json")
    assert run(capsys, *base, "--model", weights)[0] == 0
    first = kept(own)
    code, _, err = run(capsys, *base, "--model", second)
    assert code == 3
    assert "the camera yard has a state for the model" in err
    assert "looking for faces" not in err  # before the footage is read
    assert kept(own) == first
    code, out, _ = run(capsys, *base, "--model", second, "--replace")
    assert code == 0
    assert json.loads(out)["replaced"] == first["yard"]
    assert kept(own) != first
