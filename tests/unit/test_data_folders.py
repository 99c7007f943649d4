from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fewpix.data.folders import list_images
from fewpix.errors import InputError


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_every_image_below_by_code_point(tmp_path: Path) -> None:
    fill(tmp_path, "b.jpg", "a/2.png", "a/10.PNG", "B.jpeg", "a/deep/er/x.pgm", "ä.webp", "a.jpg")
    assert list_images(tmp_path) == [
        "B.jpeg", "a.jpg", "a/10.PNG", "a/2.png", "a/deep/er/x.pgm", "b.jpg", "ä.webp"
    ]  # fmt: skip


def test_other_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", "pairs.txt", "x.gif", "._a.jpg", ".cache/b.jpg", "jpg", "c.jpg.part")
    assert list_images(tmp_path) == ["a.jpg"]


def test_a_hidden_folder_may_be_named_itself(tmp_path: Path) -> None:
    fill(tmp_path, ".faces/a.jpg")
    assert list_images(tmp_path / ".faces") == ["a.jpg"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_loop_of_links_ends_and_a_linked_file_counts(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    assert list_images(tmp_path) == ["a.jpg", "b.jpg"]


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
