"""What verbs say of files and people that they pass over, in text and in JSON, and by their exit codes."""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.cli import main
from fewpix.image.codec import encode_image, write_image
from orl_scene import portrait

pytestmark = [
    pytest.mark.needs("samples"),
    pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there"),
]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anna has two photos, one of them a `.JFIF`; Ben one named `.heic`; Cem, Dora and Eve have none."""
    folder = tmp_path_factory.mktemp("passed")
    write_image(folder / "p/anna/1.png", portrait(0, 0))
    (folder / "p/anna/IMG_2.JFIF").write_bytes(encode_image(portrait(0, 1), ".jpg"))
    for name in ("cem", "ben", "eve"):
        (folder / "p" / name).mkdir()
    (folder / "p/ben/1.heic").write_bytes(encode_image(portrait(1, 0), ".png"))
    (folder / "p/eve/1.gif").write_bytes(b"GIF89a" + bytes(40))
    (folder / "p/eve/Thumbs.db").touch()
    (folder / "p/list.csv").write_text("name,photos\n")
    write_image(folder / "real/1.png", portrait(2, 0))
    (folder / "p/dora").symlink_to("../real")
    return folder / "p"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


def test_enrol_names_people_without_a_photo_and_its_exit_code_tells(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("enrol", people, "--folder-per-person", "--gallery", tmp_path / "g.db", "--model", "teacher")
    code, out, err = run(capsys, *words)
    assert code == 3
    assert out == (
        f"3 photos of 2 people added; the gallery {tmp_path / 'g.db'} has 3 photos of 2 people\n"
        "3 people without a readable photo: cem (empty), dora (a link, not followed), "
        "eve (1 .gif: GIF: convert it to JPEG or PNG)\n"
        f"1 other file passed over: {people.as_posix()}/list.csv (no picture)\n"
    )
    assert "error: 3 folders bring nobody, the first: cem (empty) (" in err

    code, out, _ = run(capsys, *words, "--json")
    report = json.loads(out)
    assert (code, report["people"]) == (3, {"anna": 2, "ben": 1})
    assert report["people_without_photo"] == ["cem", "dora", "eve"]
    assert report["passed_over_hidden"] == 1
    assert [
        (Path(item["path"]).relative_to(people).as_posix(), item["why"]) for item in report["passed_over"]
    ] == [
        ("cem", "empty"),
        ("dora", "a link, not followed"),
        ("eve/1.gif", "GIF: convert it to JPEG or PNG"),
        ("list.csv", "no picture"),
    ]
    assert run(capsys, *words, "--skip-bad")[0] == 0

    write_image(tmp_path / "more/cem/1.png", portrait(3, 0))  # who has a photo elsewhere is not absent
    code, out, _ = run(capsys, "enrol", tmp_path / "more", *words[1:])
    assert "2 people without a readable photo: dora" in out
    assert "cem (empty)" in out


def test_a_person_whose_only_photo_is_damaged_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_image(tmp_path / "p/anna/1.png", portrait(0, 0))
    (tmp_path / "p/ben").mkdir()
    (tmp_path / "p/ben/1.jpg").write_text("no picture, whatever its name says")
    words = ("enrol", tmp_path / "p", "--folder-per-person", "--gallery", tmp_path / "g.db")
    code, out, _ = run(capsys, *words, "--model", "teacher")
    assert (code, "ben/1.jpg is not a" in out) == (3, True)


def test_identify_names_what_it_passed_over(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    gallery = tmp_path / "g.db"
    assert run(capsys, "enrol", people / "anna", "--name", "anna", "--gallery", gallery)[0] == 0
    words = ("identify", people, "--gallery", gallery, "--threshold", "0.4")
    code, out, _ = run(capsys, *words)
    assert code == 0
    last = out.splitlines()[-1]
    assert last.startswith("2 files and 2 folders passed over: ")
    assert "dora (a link, not followed)" in last
    code, out, _ = run(capsys, *words, "--json")
    *pictures, passed = map(json.loads, out.splitlines())
    assert (code, len(pictures), len(passed["passed_over"])) == (0, 3, 4)
    code, out, _ = run(capsys, *words, "--json", "--out", tmp_path / "lines.jsonl")
    assert len(json.loads(out)["passed_over"]) == 4
    assert len((tmp_path / "lines.jsonl").read_text().splitlines()) == 3


def test_embed_takes_pictures_by_their_content_and_names_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    crop = cv2.resize(portrait(0, 0), (112, 112))
    for name, suffix in (("a", ".png"), ("b.JFIF", ".jpg")):
        path = tmp_path / "crops" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode_image(crop, suffix))
    (tmp_path / "crops/c.txt").write_text("text")
    words = ("embed", tmp_path / "crops", "--crops", "--model", "teacher", "--out", tmp_path / "e.npz")
    code, out, _ = run(capsys, *words)
    assert (code, out.splitlines()[-1]) == (0, "1 file passed over: c.txt (no picture)")
    code, out, _ = run(capsys, *words, "--json")
    assert json.loads(out)["n"] == 2
    assert json.loads(out)["passed_over"] == [{"path": "c.txt", "why": "no picture", "count": 1}]
    with np.load(tmp_path / "e.npz", allow_pickle=False) as saved:
        assert saved["names"].tolist() == ["a", "b.JFIF"]


def test_a_turned_photo_is_refused_with_its_angle(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for turns in (1, 2, 3):
        photo = tmp_path / f"{turns}.png"
        write_image(photo, np.ascontiguousarray(np.rot90(portrait(0, 0), turns)))
        words = ("enrol", photo, "--name", "Ana", "--gallery", tmp_path / "g.db", "--model", "teacher")
        code, out, _ = run(capsys, *words)
        assert code == 4
        # counterclockwise was how it was turned, clockwise is how it comes right
        assert f"no face found, but one when the picture is turned by {90 * turns} degrees clockwise" in out
    head = portrait(0, 0)[52:70, 40:60]
    write_image(tmp_path / "tight.png", head)
    code, out, _ = run(capsys, "enrol", tmp_path / "tight.png", *words[2:])
    assert (code, "turned, or cut too tightly?" in out) == (4, True)


def test_a_damaged_photo_is_taken_with_a_warning_that_names_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    data = bytearray(encode_image(cv2.resize(portrait(0, 0), None, fx=3, fy=3), ".jpg"))
    at = len(data) * 19 // 20
    data[at : at + 12] = b"\x55" * 12
    (tmp_path / "a.jpg").write_bytes(data[:-60] + b"\xff\xd9")
    photo, gallery = tmp_path / "a.jpg", tmp_path / "g.db"
    words = ("enrol", photo, "--name", "Ana", "--gallery", gallery, "--model", "teacher", "--json")
    assert main([str(word) for word in words]) == 0
    done = capfd.readouterr()
    (warning,) = json.loads(done.out)["warnings"]
    assert warning.startswith(f"{photo} is damaged, a part of it could not be decoded: ")
    assert done.err == f"WARNING fewpix: {warning}\n"
    assert main(["identify", str(photo), "--gallery", str(gallery), "--json", "--model", "teacher"]) == 0
    assert json.loads(capfd.readouterr().out)["warnings"] == [warning]


@pytest.mark.needs("video")
def test_a_video_named_as_a_picture_and_the_reverse(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "clip.jpg").write_bytes(b"\0\0\0\x18ftypisom" + bytes(40))
    (tmp_path / "face.mp4").write_bytes(encode_image(portrait(0, 0), ".png"))
    gallery = ("--gallery", tmp_path / "g.db", "--model", "teacher")
    code, out, _ = run(capsys, "enrol", tmp_path / "clip.jpg", "--name", "Ana", *gallery)
    assert code == 3
    assert "clip.jpg is an MP4 video, no picture (`fewpix identify VIDEO` takes videos)" in out
    assert run(capsys, "enrol", tmp_path / "face.mp4", "--name", "Ana", *gallery)[0] == 0
    code, out, _ = run(capsys, "identify", tmp_path / "face.mp4", *gallery, "--threshold", "0.5")
    assert (code, "face.mp4: 1 face" in out) == (0, True)  # by content: a picture
    code, _, err = run(capsys, "identify", tmp_path / "clip.jpg", *gallery, "--threshold", "0.5")
    assert (code, "cannot" in err) == (3, True)  # opened as the video that it begins as


def test_calibrate_and_data_check_name_what_they_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for person in range(40):  # so many are needed to calibrate with; --dry-run looks at none of them
        write_image(tmp_path / f"faces/{person}/1.png", np.full((112, 112, 3), 6 * person, np.uint8))
    (tmp_path / "faces/0/notes.txt").write_text("text")
    words = ("calibrate", "--impostors", tmp_path / "faces", "--crops", "--dry-run", "--model", "teacher")
    code, out, err = run(capsys, *words, "--galleries", "5")
    assert code == 0, err
    assert (code, out.splitlines()[-1].endswith("faces/0/notes.txt (no picture)")) == (0, True)
    code, out, _ = run(capsys, *words, "--galleries", "5", "--json")
    assert [item["why"] for item in json.loads(out)["passed_over"]] == ["no picture"]

    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "faces/0/1.png", "1.png")
        archive.add(tmp_path / "faces/0/notes.txt", "1.txt")
    code, out, _ = run(capsys, "data", "check", "shards", tmp_path / "a.tar")
    assert out.splitlines()[-1] == "1 file passed over: a.tar/*.txt (no picture)"
    code, out, _ = run(capsys, "data", "check", "shards", tmp_path / "a.tar", "--json")
    assert json.loads(out)["passed_over"] == [{"path": "a.tar/*.txt", "why": "no picture", "count": 1}]
