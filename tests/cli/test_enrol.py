"""`fewpix enrol` on real faces with the real detector and teacher, and on all that can be wrong with them."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from fewpix.cli import main
from fewpix.gallery import Gallery
from fewpix.image.codec import encode_image, write_image
from fewpix.models.space import Space
from fewpix.models.teacher import SFACE_SHA256
from orl_scene import background, portrait, scene

pytestmark = pytest.mark.needs("samples")

SPACE = Space(SFACE_SHA256, 128)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, two photos each, in a folder per person."""
    folder = tmp_path_factory.mktemp("enrol") / "people"
    for person, name in ((0, "Ana Müller"), (1, "Bo")):
        for n in range(2):
            write_image(folder / name / f"{n}.png", portrait(person, n))
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in (*words, "--model", "teacher")])
    done = capsys.readouterr()
    return code, done.out, done.err


def enrolled(path: Path) -> list[tuple[str, int]]:
    with Gallery.open(path, SPACE, write=False) as gallery:
        return [(person.name, person.faces) for person in gallery.people()]


def test_a_folder_per_person(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    gallery = tmp_path / "new" / "g.db"
    words = ("enrol", people, "--folder-per-person", "--gallery", gallery)
    code, out, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["gallery"] == str(gallery)
    assert report["people"] == {"Ana Müller": 2, "Bo": 2}
    assert report["refused"] == []
    assert report["enrolled"][0]["path"] == str(people / "Ana Müller" / "0.png")
    # ORL's heads fill their pictures: a face of 120 px in width has its template square about as wide
    assert all(80 < photo["pixels"] < 160 and photo["new"] for photo in report["enrolled"])
    with Gallery.open(gallery, SPACE, write=False) as opened:
        rows = list(opened.rows())
    assert [row.encoder_sha256 for row in rows] == [SFACE_SHA256] * 4
    assert rows[0].source == str(people / "Ana Müller" / "0.png")
    ana, bo = rows[:2], rows[2:]
    assert ana[0].embedding @ ana[1].embedding > ana[0].embedding @ bo[0].embedding

    code, out, err = run(capsys, *words)  # again: nothing is doubled
    assert (code, err) == (0, "enrolling ...\n")
    assert out == (
        f"0 photos of 0 people added, 4 were there already; the gallery {gallery} has 4 photos of 2 people\n"
    )
    assert enrolled(gallery) == [("Ana Müller", 2), ("Bo", 2)]


def test_files_and_folders_of_one_person_and_the_default_gallery(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FEWPIX_GALLERY", raising=False)
    ana = people / "Ana Müller"
    code, out, _ = run(capsys, "enrol", ana / "0.png", ana, "--name", "Ana")
    assert code == 0
    assert "2 photos of 1 person added, 1 was there already; the gallery fewpix.db has" in out
    assert enrolled(tmp_path / "fewpix.db") == [("Ana", 2)]
    monkeypatch.setenv("FEWPIX_GALLERY", str(tmp_path / "other.db"))
    assert run(capsys, "enrol", ana / "0.png", "--name", "Ana")[0] == 0
    assert enrolled(tmp_path / "other.db") == [("Ana", 1)]


def test_crops_are_enrolled_without_a_detector(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    gallery = tmp_path / "g.db"
    write_image(tmp_path / "in" / "a.png", portrait(0, 0)[40:160, 50:170])
    write_image(tmp_path / "in" / "b.png", portrait(0, 1)[40:160, 50:160])
    code, out, err = run(capsys, "enrol", tmp_path / "in", "--name", "Ana", "--crops", "--gallery", gallery)
    assert code == 3
    assert "1 photo of 1 person" in out
    assert "b.png: an aligned crop must be square, not 110 x 120 px" in err
    with Gallery.open(gallery, SPACE, write=False) as opened:
        assert [row.pixels for row in opened.rows()] == [120.0]


def test_a_budget_for_detection(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ("enrol", people / "Bo" / "0.png", "--name", "Bo", "--gallery", tmp_path / "g.db")
    assert run(capsys, *words, "--detect-budget", 10_000)[0] == 0
    assert enrolled(tmp_path / "g.db") == [("Bo", 1)]
    code, _, err = run(capsys, *words, "--crops", "--detect-budget", 50)
    assert (code, err.count("\n")) == (5, 1)
    assert "leave out --detect-budget, or --crops" in err


def bad_files(folder: Path) -> dict[str, str]:
    """Files that cannot be enrolled, each with what must be said about it."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    photo = encode_image(portrait(0, 0), ".jpg")
    contents = {
        "empty.jpg": (b"", "is empty"),
        "text.jpg": (b"hello world, this is text", "is not a JPEG"),
        "cut.jpg": (photo[: len(photo) // 2], "cut.jpg"),
        "huge.png": (b"\x89PNG\r\n\x1a\n" + chunk, "60000 x 60000 px"),
        "nobody.png": (encode_image(background(240, 220)), "nobody.png: no face found"),
        "two.png": (
            encode_image(scene([(0, 0, 100, (50, 100)), (1, 0, 120, (350, 200))])),
            "two.png: 2 faces found",
        ),
    }
    folder.mkdir()
    for name, (data, _) in contents.items():
        (folder / name).write_bytes(data)
    return {name: reason for name, (_, reason) in contents.items()}


def test_bad_photos_are_listed_and_the_good_one_is_enrolled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    reasons = bad_files(tmp_path / "in")
    write_image(tmp_path / "in" / "good.png", portrait(0, 0))
    words = ("enrol", tmp_path / "in", "--name", "Ana", "--gallery", tmp_path / "g.db", "--json")
    code, out, err = run(capsys, *words)
    assert code == 3
    assert err.startswith(f"error: {len(reasons)} of {len(reasons) + 1} pictures were refused, the first: ")
    assert err.count("\n") == 1
    refused = {Path(entry["path"]).name: entry["reason"] for entry in json.loads(out)["refused"]}
    assert refused.keys() == reasons.keys()
    for name, reason in reasons.items():
        assert reason in refused[name]
    assert enrolled(tmp_path / "g.db") == [("Ana", 1)]
    code, again, err = run(capsys, *words, "--skip-bad")
    assert (code, err) == (0, "")
    assert json.loads(again)["refused"] == json.loads(out)["refused"]


@pytest.mark.parametrize(("name", "code"), [("nobody.png", 4), ("two.png", 3), ("cut.jpg", 3)])
def test_a_single_bad_photo_ends_with_its_own_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, code: int
):
    reasons = bad_files(tmp_path / "in")
    words = ("enrol", tmp_path / "in" / name, "--name", "Ana", "--gallery", tmp_path / "g.db")
    done, out, err = run(capsys, *words, "-q")
    assert done == code
    assert reasons[name] in err
    assert "(" in err  # and the fix
    assert err.count("\n") == 1
    assert "Traceback" not in err + out
    assert enrolled(tmp_path / "g.db") == []


def test_the_largest_of_several_faces_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    bad_files(tmp_path / "in")
    words = ("enrol", tmp_path / "in" / "two.png", "--name", "Bo", "--gallery", tmp_path / "g.db")
    code, out, _ = run(capsys, *words, "--largest", "--json")
    assert code == 0
    assert json.loads(out)["enrolled"][0]["pixels"] > 100


def test_what_is_missing_or_unclear_is_said_before_a_gallery_is_made(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    gallery = ("--gallery", tmp_path / "g.db")
    photo = people / "Bo" / "0.png"
    (tmp_path / "empty").mkdir()
    for words, code, message in (
        (("enrol", tmp_path / "none.jpg", "--name", "Ana"), 3, "there is no file or folder"),
        (("enrol", tmp_path / "empty", "--name", "Ana"), 3, "no image below"),
        (("enrol", photo), 5, "either --name NAME, or --folder-per-person"),
        (("enrol", people, "--name", "Ana", "--folder-per-person"), 5, "either --name NAME"),
        (("enrol", people / "Bo", "--folder-per-person"), 3, "lies in no person's folder"),
        (("enrol", photo, "--folder-per-person"), 3, "is not a folder"),
        (("enrol", photo, "--name", "Ana", "--device", "cuda:99"), 9, ""),
        (("enrol", photo, "--name", "Ana", "--state", tmp_path / "none"), 3, "no state at"),
    ):
        done, out, err = run(capsys, *words, *gallery)
        assert (done, out) == (code, ""), (words, err)
        assert message in err
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        assert not (tmp_path / "g.db").exists()


def test_a_gallery_of_another_space_is_refused_and_kept(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    gallery, other = tmp_path / "g.db", Space("b" * 64, 512)
    Gallery.open(gallery, other).close()
    before = gallery.read_bytes()
    code, _, err = run(capsys, "enrol", people, "--folder-per-person", "--gallery", gallery)
    assert code == 7
    assert other.fingerprint in err
    assert SPACE.fingerprint in err
    assert err.count("\n") == 1
    assert gallery.read_bytes() == before


def test_a_file_that_is_no_gallery_is_refused_and_kept(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    gallery = tmp_path / "letter.txt"
    gallery.write_text("Dear Ana, " * 100)
    code, _, err = run(capsys, "enrol", people, "--folder-per-person", "--gallery", gallery)
    assert (code, err) == (3, f"error: {gallery} is not a gallery (name another with --gallery)\n")
    assert gallery.read_text() == "Dear Ana, " * 100


def test_ctrl_c_ends_with_130_and_a_whole_gallery(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("fewpix.identify.enrol.BATCH", 1)
    read, calls = Gallery.add, []

    def interrupted(*args: object, **kwargs: object) -> object:
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return read(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Gallery, "add", interrupted)
    code, out, err = run(capsys, "enrol", people, "--folder-per-person", "--gallery", tmp_path / "g.db", "-q")
    assert (code, out) == (130, "")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    monkeypatch.undo()
    assert enrolled(tmp_path / "g.db") == [("Ana Müller", 2)]


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from fewpix.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_full_disk_is_one_line_and_loses_nothing(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    gallery = tmp_path / "g.db"
    with Gallery.open(gallery, SPACE) as opened:
        row = np.eye(128, dtype=np.float32)[0]
        opened.add("Cy", row, pixels=50, encoder_sha256="", state_id="", source="")
    size = gallery.stat().st_size
    words = ["enrol", str(people), "--folder-per-person", "--gallery", str(gallery), "--model", "teacher"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(size // 4096 * 4096 // 2), *words], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (10, "")
    message = done.stderr.splitlines()[-1]
    assert message.startswith(f"error: cannot use the gallery {gallery}: ")
    assert "free space" in message
    assert "Traceback" not in done.stderr
    assert enrolled(gallery) == [("Cy", 1)]
