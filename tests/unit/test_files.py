"""Files are written whole or not at all, and are what their hash says."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import stat
import sys
from pathlib import Path

import pytest

from fewpix.config import cache_dir, gallery_location
from fewpix.errors import InputError, StorageError, UnavailableError, WeightsError
from fewpix.files import atomic, installed_file, sha256_file, sweep, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _fail(path: Path, error: BaseException) -> None:
    with atomic(path) as part:
        part.write_text("new")
        raise error


def test_a_file_appears_whole_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.bin"
    with atomic(path) as part:
        assert part.parent == path.parent
        part.write_bytes(b"half")
        assert not path.exists()
        part.write_bytes(b"whole")
    assert path.read_bytes() == b"whole"
    assert names(path.parent) == ["a.bin"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    for error in (ValueError("mine"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            _fail(path, error)
        assert path.read_text() == "old"
        assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_is_a_storage_error(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(StorageError, match=r"No space left on device.*free space"), atomic(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "a.txt", tmp_path / "folder"):
        with pytest.raises(StorageError, match=path.name):
            write_text(path, "new")
    assert (tmp_path / "file").read_text() == "in the way"
    assert names(tmp_path) == ["file", "folder"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_others_may_read_what_the_umask_lets_them(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a.txt", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~mask


def test_text_is_utf8_with_unix_lines(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "Zoë\nline\n")
    assert (tmp_path / "a.txt").read_bytes() == "Zoë\nline\n".encode()


def test_sweep_removes_the_parts_of_one_file_only(tmp_path: Path) -> None:
    path = tmp_path / "a[1].txt"
    with atomic(path) as part:
        part.write_text("x")
        copy = part.read_bytes()
        left = part.name
    (tmp_path / left).write_bytes(copy)
    others = [".b.txt.00000000.part", ".a1.txt.00000000.part", "a[1].txt.part"]
    for name in others:
        (tmp_path / name).touch()
    sweep(path)
    assert names(tmp_path) == sorted([*others, "a[1].txt"])
    sweep(tmp_path / "no" / "such" / "folder.txt")


def test_the_hash_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert sha256_file(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()
    for missing in (tmp_path / "b", tmp_path):
        with pytest.raises(InputError, match="cannot read"):
            sha256_file(missing)


def test_a_file_in_a_package_is_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "fewpix_test_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "data.bin").write_bytes(b"data")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    right = hashlib.sha256(b"data").hexdigest()
    assert installed_file("fewpix_test_package", "data.bin", right, "fix") == package / "data.bin"
    with pytest.raises(WeightsError, match="expected 000000"):
        installed_file("fewpix_test_package", "data.bin", "0" * 64, "fix")
    with pytest.raises(UnavailableError, match=r"other\.bin.*pip install it"):
        installed_file("fewpix_test_package", "other.bin", right, "pip install it")
    with pytest.raises(UnavailableError, match="no_such_package"):
        installed_file("no_such_package", "data.bin", right, "fix")


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FEWPIX_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.setenv("FEWPIX_CACHE", "~/mine")
    assert cache_dir() == Path.home() / "mine"


@pytest.mark.parametrize(
    ("platform", "variable", "inside"),
    [
        ("linux", "XDG_CACHE_HOME", ".cache"),
        ("win32", "LOCALAPPDATA", "AppData/Local"),
        ("darwin", "", "Library/Caches"),
    ],
)
def test_the_cache_of_each_platform(
    platform: str, variable: str, inside: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("FEWPIX_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_dir() == Path.home() / inside / "fewpix"
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
        assert cache_dir() == tmp_path / "fewpix"


def test_the_gallery_of_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEWPIX_GALLERY", raising=False)
    assert gallery_location() == "fewpix.db"
    monkeypatch.setenv("FEWPIX_GALLERY", "postgresql://host/faces")
    assert gallery_location() == "postgresql://host/faces"
