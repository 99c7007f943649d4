from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from fewpix.data.folders import list_images
from fewpix.errors import InputError
from fewpix.image.codec import encode_image


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_every_image_below_by_code_point(tmp_path: Path) -> None:
    fill(tmp_path, "b.jpg", "a/2.png", "a/10.PNG", "B.jpeg", "a/deep/er/x.pgm", "ä.webp", "a.jpg")
    assert list(list_images(tmp_path).names) == [
        "B.jpeg", "a.jpg", "a/10.PNG", "a/2.png", "a/deep/er/x.pgm", "b.jpg", "ä.webp"
    ]  # fmt: skip


def test_other_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", "pairs.txt", "x.gif", "._a.jpg", ".cache/b.jpg", "jpg", "c.jpg.part")
    assert list(list_images(tmp_path).names) == ["a.jpg"]


def test_a_hidden_folder_may_be_named_itself(tmp_path: Path) -> None:
    fill(tmp_path, ".faces/a.jpg")
    assert list(list_images(tmp_path / ".faces").names) == ["a.jpg"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_loop_of_links_ends_and_a_linked_file_counts(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    assert list(list_images(tmp_path).names) == ["a.jpg", "b.jpg"]


def test_missing_not_a_folder_and_empty_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        list_images(tmp_path / "none")
    fill(tmp_path, "notes.txt")
    with pytest.raises(InputError, match="is not a folder"):
        list_images(tmp_path / "notes.txt")
    with pytest.raises(InputError, match=r"no image below .*\.jpg"):
        list_images(tmp_path)


@pytest.mark.skipif(
    sys.platform == "win32" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all"
)
def test_an_unreadable_folder_is_an_error_not_a_gap(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", "locked/b.jpg")
    (tmp_path / "locked").chmod(0)
    try:
        with pytest.raises(InputError, match="locked"):
            list_images(tmp_path)
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_a_failing_listing_is_an_error_not_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for whom the system lets read everything: `os.walk` hides errors unless it is told not to."""
    fill(tmp_path, "a.jpg", "locked/b.jpg")
    real = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"locked.*Permission denied"):
        list_images(tmp_path)


def folder_of_people(at: Path) -> Path:
    """The reproduction: Anna has a picture, Ben one that is named otherwise, Cem none, Dora a link."""
    picture = encode_image(np.full((8, 8, 3), 90, np.uint8), ".png")
    fill(at, "p/anna/notes.txt", "p/anna/.DS_Store", "p/ben/Thumbs.db", "real/1.png", "p/gil/clip.mp4")
    (at / "p/cem").mkdir()
    for name in ("anna/1.png", "anna/IMG_2.JFIF", "ben/1.heic"):
        (at / "p" / name).write_bytes(picture)
    (at / "p/gil/clip.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(40))
    (at / "p/anna/notes.txt").write_text("hello")
    (at / "p/dora").symlink_to("../real")
    (at / "p/anna/gone").symlink_to("nowhere")
    return at / "p"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_what_is_passed_over_is_named_with_its_reason(tmp_path: Path) -> None:
    found = list_images(folder_of_people(tmp_path))
    assert found.names == ("anna/1.png", "anna/IMG_2.JFIF", "ben/1.heic")  # by content: both are PNG
    assert found.left_out.hidden == 2
    assert [(item.path, item.why) for item in found.left_out.items] == [
        ("anna/gone", "a link to nothing"),
        ("anna/notes.txt", "no picture"),
        ("cem", "empty"),
        ("dora", "a link, not followed"),
        ("gil/clip.mp4", "an MP4 video"),
    ]
    assert str(found.left_out) == (
        "3 files and 2 folders passed over: anna/gone (a link to nothing); dora (a link, not followed); "
        "gil/clip.mp4 (an MP4 video); cem (empty); anna/notes.txt (no picture)"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_people_without_a_picture_are_named(tmp_path: Path) -> None:
    people = list_images(folder_of_people(tmp_path)).per_person()
    assert str(people) == (
        "3 people without a readable photo: cem (empty), dora (a link, not followed), "
        "gil (1 .mp4: an MP4 video)\n"
        "2 other files passed over: anna/gone (a link to nothing); anna/notes.txt (no picture)"
    )
    assert people.to_json() == {
        "passed_over": [
            {"path": "anna/gone", "why": "a link to nothing", "count": 1},
            {"path": "anna/notes.txt", "why": "no picture", "count": 1},
            {"path": "cem", "why": "empty", "count": 1},
            {"path": "dora", "why": "a link, not followed", "count": 1},
            {"path": "gil/clip.mp4", "why": "an MP4 video", "count": 1},
        ],
        "passed_over_hidden": 2,
        "people_without_photo": ["cem", "dora", "gil"],
    }
    assert people.below("p").to_json()["passed_over"][2]["path"] == "p/cem"
    elsewhere = people.but_for({"cem", "gil"})
    assert [person.name for person in elsewhere.people] == ["dora"]
    assert len(elsewhere.to_json()["passed_over"]) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_folder_with_links_only_says_so(tmp_path: Path) -> None:
    fill(tmp_path, "real/1.png", "l/.hidden")
    (tmp_path / "l/dora").symlink_to("../real")
    with pytest.raises(InputError, match=r"below .*l: 1 folder passed over: dora \(a link, not followed"):
        list_images(tmp_path / "l")


def test_long_lists_are_shortened_in_text_and_whole_in_json(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", *(f"{n:02d}/x.jpg" for n in range(2)), *(f"t{n:02d}.txt" for n in range(40)))
    for n in range(40):
        (tmp_path / f"t{n:02d}.txt").write_text("text")
        (tmp_path / f"p{n:02d}").mkdir()
    found = list_images(tmp_path)
    assert str(found.left_out) == (
        "40 files and 40 folders passed over: p00, p01, p02 and 37 more (empty); "
        "t00.txt, t01.txt, t02.txt and 37 more (no picture)"
    )
    assert len(found.left_out.to_json()["passed_over"]) == 80
    assert str(found.per_person()).startswith("40 people without a readable photo: p00 (empty), ")
    assert "p19 (empty) and 20 more\n" in str(found.per_person())


def test_only_files_with_other_endings_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of pictures are listed without a look into each."""
    fill(tmp_path, "a.jpg", "b.PNG")
    monkeypatch.delattr(Path, "open")
    assert list_images(tmp_path).names == ("a.jpg", "b.PNG")
