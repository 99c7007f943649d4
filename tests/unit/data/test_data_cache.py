"""The teacher's cache: each picture is asked about once, however often runs are interrupted."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.data.cache import CHUNK, TeacherCache
from fewpix.errors import ImageError, StorageError
from fewpix.image.resize import Crop

DIM = 6


class Teacher:
    """Counts the pictures that it is asked about; a picture's embedding is drawn from its first pixel."""

    def __init__(self, fails_after: int | None = None) -> None:
        self.seen: list[int] = []
        self.fails_after = fails_after

    def __call__(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        if self.fails_after is not None and len(self.seen) >= self.fails_after:
            raise KeyboardInterrupt
        numbers = [int(crop[0, 0, 0]) + 256 * int(crop[0, 0, 1]) for crop in crops]
        self.seen += numbers
        return np.stack([embedding(n) for n in numbers])


def embedding(n: int) -> NDArray[np.float32]:
    return np.random.default_rng(n).standard_normal(DIM).astype(np.float32)


def picture(n: int) -> Crop:
    return np.full((4, 4, 3), (n % 256, n // 256, 0), dtype=np.uint8)


def keys(count: int) -> list[str]:
    return [f"key{n}" for n in range(count)]


def expected(count: int) -> NDArray[np.float32]:
    return np.stack([embedding(n) for n in range(count)])


@pytest.fixture
def cache(tmp_path: Path) -> TeacherCache:
    return TeacherCache(tmp_path / "new" / "teacher.db", "a" * 64, DIM)


def test_each_picture_once(cache: TeacherCache) -> None:
    teacher, told = Teacher(), []
    count = 5 * CHUNK + 7  # more than one SQL statement asks for at a time
    found = cache.embeddings(keys(count), picture, teacher, lambda *now: told.append(now))
    np.testing.assert_array_equal(found, expected(count))  # the very bits
    assert found.dtype == np.float32
    assert teacher.seen == list(range(count))
    assert told == [(min(n * CHUNK, count), count) for n in range(1, 7)]
    np.testing.assert_array_equal(cache.embeddings(keys(count), picture, teacher), expected(count))
    assert len(teacher.seen) == count
    shuffled = cache.embeddings(keys(count)[::-1], picture, teacher)
    np.testing.assert_array_equal(shuffled, expected(count)[::-1])
    assert len(teacher.seen) == count


def test_only_what_is_missing_is_asked(cache: TeacherCache) -> None:
    cache.embeddings(keys(10), picture, Teacher())
    teacher, told = Teacher(), []
    cache.embeddings(keys(14), picture, teacher, lambda *now: told.append(now))
    assert teacher.seen == [10, 11, 12, 13]
    assert told == [(14, 14)]


def test_a_picture_that_occurs_twice_is_asked_about_once(cache: TeacherCache) -> None:
    teacher, told = Teacher(), []
    names = ["key3", "key1", "key3", "key3", "key2"]
    found = cache.embeddings(
        names, lambda n: picture(int(names[n][3:])), teacher, lambda *now: told.append(now)
    )
    np.testing.assert_array_equal(found, expected(4)[[3, 1, 3, 3, 2]])
    assert teacher.seen == [3, 1, 2]
    assert told == [(5, 5)]


def test_an_interrupted_run_goes_on_where_it_was(cache: TeacherCache) -> None:
    count = 4 * CHUNK
    first = Teacher(fails_after=2 * CHUNK)
    with pytest.raises(KeyboardInterrupt):
        cache.embeddings(keys(count), picture, first)
    second = Teacher()
    np.testing.assert_array_equal(cache.embeddings(keys(count), picture, second), expected(count))
    assert first.seen + second.seen == list(range(count))


def test_another_teacher_has_embeddings_of_its_own(cache: TeacherCache) -> None:
    cache.embeddings(keys(5), picture, Teacher())
    teacher = Teacher()
    TeacherCache(cache.path, "b" * 64, DIM).embeddings(keys(5), picture, teacher)
    assert teacher.seen == list(range(5))
    teacher = Teacher()
    cache.embeddings(keys(5), picture, teacher)
    assert teacher.seen == []


def test_rows_of_a_wrong_length_are_computed_again(cache: TeacherCache) -> None:
    cache.embeddings(keys(6), picture, Teacher())
    with closing(sqlite3.connect(cache.path)) as connection, connection:
        for key, blob in (("key1", b"short"), ("key4", b""), ("key5", bytes(4 * DIM + 4))):
            connection.execute("UPDATE teacher SET embedding = ? WHERE picture = ?", (blob, key))
    teacher = Teacher()
    np.testing.assert_array_equal(cache.embeddings(keys(6), picture, teacher), expected(6))
    assert teacher.seen == [1, 4, 5]
    cache.embeddings(keys(6), picture, teacher)
    assert teacher.seen == [1, 4, 5]


def test_a_corrupted_file_is_an_error_that_names_it(cache: TeacherCache) -> None:
    cache.embeddings(keys(200), picture, Teacher())
    data = bytearray(cache.path.read_bytes())
    for bad in (b"not a database" * 1000, bytes(data[:100]) + bytes(len(data) - 100)):
        cache.path.write_bytes(bad)
        with pytest.raises(StorageError, match=r"the teacher cache .*teacher\.db.*delete the file"):
            cache.embeddings(keys(200), picture, Teacher())
    cache.path.unlink()
    np.testing.assert_array_equal(cache.embeddings(keys(3), picture, Teacher()), expected(3))


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.db").mkdir()
    for path in (tmp_path / "file" / "teacher.db", tmp_path / "folder.db"):
        with pytest.raises(StorageError, match=path.name):
            TeacherCache(path, "a" * 64, DIM).embeddings(keys(2), picture, Teacher())


def test_a_picture_that_cannot_be_made_keeps_its_own_error(cache: TeacherCache) -> None:
    def broken(n: int) -> Crop:
        if n == CHUNK + 1:
            raise ImageError("face 129 is not an image")
        return picture(n)

    with pytest.raises(ImageError, match="face 129"):
        cache.embeddings(keys(CHUNK + 5), broken, Teacher())
    teacher = Teacher()
    cache.embeddings(keys(CHUNK + 5), picture, teacher)
    assert teacher.seen == list(range(CHUNK, CHUNK + 5))


def test_nothing_to_ask(cache: TeacherCache) -> None:
    assert cache.embeddings([], picture, Teacher()).shape == (0, DIM)
