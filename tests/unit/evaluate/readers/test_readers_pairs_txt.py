"""Reading LFW's lists of pairs, and finding their pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark_sides import named_pairs, pairs_of
from fewpix.errors import InputError
from fewpix.evaluate.readers import lfw
from fewpix.evaluate.readers.lfw import PairsTxt, read_pairs

LIST = "2\t1\nAnn\t1\t2\nAnn\t1\tBob_B\t3\nBob_B\t3\t12\nCid\t1\tAnn\t2\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "pairs.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_is_read_in_its_order(tmp_path: Path) -> None:
    pictures, pairs = read_pairs(written(tmp_path, LIST))
    assert len(pairs) == 4
    assert pictures == (
        "Ann/Ann_0001",
        "Ann/Ann_0002",
        "Bob_B/Bob_B_0003",
        "Bob_B/Bob_B_0012",
        "Cid/Cid_0001",
    )
    assert pairs.first.tolist() == [0, 0, 2, 4]
    assert pairs.second.tolist() == [1, 2, 3, 1]
    assert pairs.same.tolist() == [True, False, True, False]
    assert pairs.folds.tolist() == [0, 0, 1, 1]


def test_the_people_of_pairs(tmp_path: Path) -> None:
    listed = PairsTxt.read(written(tmp_path, LIST), tmp_path)
    clusters = listed.pairs.clusters(listed.pictures.people)
    assert clusters.people == 3
    assert (clusters.first == clusters.second).tolist() == [True, False, True, False]


def test_one_number_in_the_first_line_is_one_fold(tmp_path: Path) -> None:
    """As in View 1's pairsDevTest.txt."""
    _, pairs = read_pairs(written(tmp_path, "1\nAnn\t1\t2\nAnn\t1\tBob\t3\n\n"))
    assert (len(pairs), pairs.folds) == (2, None)


def test_line_ends_of_windows_and_names_beyond_ascii(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_bytes("1\t1\r\nJosé_Ñ\t1\t2\r\nJosé_Ñ\t1\tBob\t3\r\n".encode())
    assert read_pairs(path)[0][-1] == "José_Ñ/José_Ñ_0002"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "line 1: expected the number of folds"),
        ("ten\t300\n", "line 1: expected the number of folds"),
        ("0\t3\n", "line 1: expected the number of folds"),
        ("1\t2\nAnn\t1\t2\nAnn\t1\tBob\t3\n", "announces 1 x 4 pairs, but 2 lines follow"),
        ("1\t1\nAnn\t1\nAnn\t1\tBob\t3\n", "line 2: expected NAME"),
        ("1\t1\nAnn\t1\ttwo\nAnn\t1\tBob\t3\n", "line 2: expected NAME"),
        ("1\t1\nAnn\t1\t-2\nAnn\t1\tBob\t3\n", "line 2: expected NAME"),
        ("1\t1\nAnn 1 2\nAnn\t1\tBob\t3\n", "line 2: expected NAME"),
        ("1\t1\nAnn\t1\tBob\t3\nAnn\t1\t2\n", "line 2: a pair of the wrong kind"),
        ("1\t1\nAnn\t1\t2\n../etc\t1\tBob\t3\n", "line 3: '../etc' is not a person's name"),
        ("1\t1\nAnn\t1\t2\n..\t1\tBob\t3\n", "line 3: '..' is not a person's name"),
        ("1\t1\n\t1\t2\nAnn\t1\tBob\t3\n", "line 2: '' is not a person's name"),
    ],
)
def test_a_malformed_list_is_refused_by_its_line(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        read_pairs(written(tmp_path, text))


def test_a_missing_or_binary_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_pairs(tmp_path / "pairs.txt")
    (tmp_path / "pairs.txt").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InputError, match="not a text"):
        read_pairs(tmp_path / "pairs.txt")


def test_pictures_are_found_and_pairs_without_them_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, LIST)
    for name in ("Ann/Ann_0001.jpg", "Ann/Ann_0002.png", "Cid/Cid_0001.jpg", "Bob_B/Bob_B_0012.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    pictures = PairsTxt.read(path, tmp_path).pictures
    assert pictures.names == (
        *("Ann/Ann_0001.jpg", "Ann/Ann_0002.png", "Bob_B/Bob_B_0003.jpg", "Bob_B/Bob_B_0012.jpg"),
        "Cid/Cid_0001.jpg",
    )
    assert pictures.missing == ("Bob_B/Bob_B_0003.jpg",)
    rest = lfw.read(tmp_path, path, allow_missing=True)
    assert named_pairs(rest) == [
        ("Ann/Ann_0001.jpg", "Ann/Ann_0002.png"),
        ("Cid/Cid_0001.jpg", "Ann/Ann_0002.png"),
    ]
    assert rest.missing == 2
    assert pairs_of(rest).folds.tolist() == [0, 1]


@pytest.mark.needs("data")
def test_the_real_list_of_lfw(data_folder: Path, tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(data_folder / "lfw112.tar") as tar:
        text = tar.extractfile("lfw112/pairs.txt")
        assert text is not None
        (tmp_path / "pairs.txt").write_bytes(text.read())
    listed = PairsTxt.read(tmp_path / "pairs.txt", tmp_path)
    pairs = listed.pairs
    assert (len(pairs), len(listed.stems), listed.people) == (6000, 7701, 4281)
    assert pairs.clusters(listed.pictures.people).people == 4281
    assert np.bincount(pairs.folds, weights=pairs.same).tolist() == [300] * 10
