"""`fewpix.Recognizer`, the library's front door: what the commands do, by the same functions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import fewpix
from fewpix.cli import main
from fewpix.errors import ConfigError, FewpixError, GuardError, InputError, NoFaceError, SpaceError
from fewpix.image.codec import write_image
from orl_film import crowd
from orl_scene import background, portrait, scene

pytestmark = pytest.mark.needs("samples", "weights")

STREET = scene([(0, 5, 30, (60, 60)), (1, 6, 20, (300, 200)), (9, 0, 28, (500, 300))])


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recognizer")
    for person, name in ((0, "Ada"), (1, "Bo")):
        for n in range(2):
            write_image(folder / name / f"{n}.png", portrait(person, n))
    write_image(folder / "street.png", STREET)
    write_image(folder / "empty.png", background(200, 200))
    return folder


@pytest.fixture(scope="module")
def people(photos: Path) -> fewpix.Recognizer:
    """Ada and Bo, enrolled from files and from pixels."""
    found = fewpix.Recognizer(photos / "people.db")
    assert len(found.enrol("Ada", photos / "Ada" / "0.png", str(photos / "Ada" / "1.png")).enrolled) == 2
    pixels = [fewpix.read_image(photos / "Bo" / f"{n}.png") for n in range(2)]
    assert [photo.new for photo in found.enrol("Bo", *pixels).enrolled] == [True, True]
    return found


def lines(capsys: pytest.CaptureFixture[str], *words: object) -> list[dict[str, object]]:
    capsys.readouterr()
    assert main([str(word) for word in (*words, "--json", "-q")]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_it_identifies_as_the_command_does(
    people: fewpix.Recognizer, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = people.identify(photos / "street.png")
    assert sorted(face.decision for face in found.faces if face.decision) == ["Ada", "Bo"]
    assert len(found.faces) == 3
    (told,) = lines(capsys, "identify", photos / "street.png", "--gallery", photos / "people.db")
    assert json.loads(json.dumps(found.to_json())) == told
    again = people.identify(STREET)
    assert [face.to_json() for face in again.faces] == [face.to_json() for face in found.faces]


def test_small_faces_are_compared_with_photos_as_small(people: fewpix.Recognizer, photos: Path) -> None:
    """By default, since the shipped calibration is of such scores."""
    assert any(face.matched is not None for face in people.identify(STREET).faces)
    with fewpix.Recognizer(photos / "people.db", write=False, matched=False) as plain:
        found = plain.identify(STREET).faces
    assert all(face.matched is None for face in found)


def test_it_verifies_as_the_command_does(
    people: fewpix.Recognizer, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = photos / "Ada" / "0.png", photos / "Ada" / "1.png"
    found = people.verify(*pair)
    assert found.decision == "same"
    assert lines(capsys, "verify", *pair) == [json.loads(json.dumps(found.to_json()))]
    assert people.verify(pair[0], photos / "Bo" / "0.png").decision == "different"
    assert people.verify(*(fewpix.read_image(path) for path in pair)).paths == ("picture 1", "picture 2")


def test_it_embeds(people: fewpix.Recognizer, photos: Path) -> None:
    faces = people.embed(photos / "street.png")
    assert len(faces) == 3
    for face in faces:
        assert face.embedding.shape == (128,)
        assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-5)
        assert face.points is not None
    assert people.embed(photos / "empty.png") == []


def test_crops_are_taken_whole(photos: Path, tmp_path: Path) -> None:
    crop = portrait(0, 0)[40:160, 50:170]
    with fewpix.Recognizer(tmp_path / "crops.db", crops=True) as people:
        people.enrol("Ada", crop)
        (face,) = people.identify(crop).faces
        assert face.candidates[0].score == pytest.approx(1, abs=1e-4)
        (embedded,) = people.embed(crop)
        assert embedded.box == (0, 0, 120, 120)


def test_a_refused_photo_does_not_stop_the_others(photos: Path, tmp_path: Path) -> None:
    with fewpix.Recognizer(tmp_path / "g.db") as people:
        report = people.enrol("Ada", photos / "empty.png", photos / "Ada" / "0.png")
        assert [refused.path for refused in report.refused] == [str(photos / "empty.png")]
        assert len(report.enrolled) == 1
        with pytest.raises(NoFaceError, match="no face found"):
            people.enrol("Ada", photos / "empty.png")
        with pytest.raises(ConfigError):
            people.enrol("", photos / "Ada" / "0.png")


@pytest.mark.parametrize("picture", ["missing.png", np.zeros((3, 3)), np.zeros((9, 9, 3))])
def test_what_is_no_picture_is_refused(people: fewpix.Recognizer, picture: object) -> None:
    for use in (people.identify, people.embed, lambda item: people.verify(item, STREET)):
        with pytest.raises(InputError):
            use(picture)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        people.adapt("door", [picture])  # type: ignore[list-item]


@pytest.mark.needs("torch")
def test_a_camera_is_learned_and_used(people: fewpix.Recognizer, photos: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "yard" / "a.png", crowd(range(24), 3, (14, 15, 14)))
    write_image(tmp_path / "yard" / "b.png", crowd(range(24, 40), 4, (14, 15)))
    state = people.adapt("yard", tmp_path / "yard")
    assert state.count > 20
    under = people.identify(STREET, camera="yard")
    assert len(under.faces) == 3
    plain = people.identify(STREET)
    assert [face.box for face in under.faces] == [face.box for face in plain.faces]
    with pytest.raises(InputError, match="knows no camera gate"):
        people.identify(STREET, camera="gate")
    with pytest.raises(GuardError):
        people.adapt("few", [crowd(range(4), 3, (14,))])
    with pytest.raises(NoFaceError, match="no face for fewpix-s"):
        people.adapt("none", photos / "empty.png")


def test_a_gallery_is_opened_as_it_is_asked_for(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        fewpix.Recognizer(tmp_path / "none.db", write=False)
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(ConfigError, match="both decide"):
        fewpix.Recognizer(tmp_path / "none.db", fpir=0.01, threshold=0.4)
    assert not (tmp_path / "none.db").exists()


def test_the_default_is_that_of_the_commands(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEWPIX_GALLERY", str(tmp_path / "mine.db"))
    with fewpix.Recognizer() as people:
        people.enrol("Ada", photos / "Ada" / "0.png")
    assert (tmp_path / "mine.db").is_file()


def test_names_are_public_and_lazy() -> None:
    assert set(fewpix.__all__) == {"FewpixError", "Recognizer", "__version__", "read_image"}
    assert set(dir(fewpix)) >= set(fewpix.__all__)
    assert fewpix.FewpixError is FewpixError
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fewpix.nothing  # noqa: B018
    assert issubclass(SpaceError, fewpix.FewpixError)
