"""Which names are paths below a folder, which of them are there, and who is linked to whom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewpix.errors import InputError
from fewpix.evaluate.readers.listed import files_in, leads_out, linked, present


@pytest.mark.parametrize("name", ["a.jpg", "a/b.jpg", "a b/c,d.jpg", "..a/b..", ".hidden", "ñ/.x/y"])
def test_names_of_pictures(name: str) -> None:
    assert not leads_out(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/a",
        "../a",
        "a/../b",
        "a/..",
        ".",
        "./a",
        "a//b",
        "a/",
        "C:/a",
        "c:a",
        "a\\b",
        "\\\\host\\a",
        "a\0",
    ],
)
def test_names_that_lead_elsewhere_or_are_not_the_only_ones(name: str) -> None:
    assert leads_out(name)


def test_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x.jpg", "a/x.jpg", "a/b/x.jpg"):
        (tmp_path / name).touch()
    names = ["x.jpg", "y.jpg", "a/x.jpg", "a/b/x.jpg", "a/b", "a/b/x.jpg/y", "c/x.jpg", "a/B/x.jpg", "a\0/x"]
    assert present(tmp_path, names).tolist() == [True, False, True, True] + [False] * 5
    assert files_in(tmp_path, ["a", "", "a"]) == {"x.jpg", "a/x.jpg"}
    assert present(tmp_path, []).tolist() == []


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").touch()
    try:
        (tmp_path / "y.jpg").symlink_to("x.jpg")
        (tmp_path / "z.jpg").symlink_to("nowhere")
    except OSError:
        pytest.skip("links are not allowed here")
    assert present(tmp_path, ["y.jpg", "z.jpg"]).tolist() == [True, False]


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the folder"):
        files_in(tmp_path, ["x" * 5000])


def test_people_are_chains_of_pairs() -> None:
    first, second = np.array([0, 5, 2]), np.array([1, 1, 3])
    assert linked(7, first, second).tolist() == [0, 0, 2, 2, 4, 0, 6]
    assert linked(2, np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == [0, 1]


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=14))
def test_linked_is_the_closure_of_the_pairs(pairs: list[tuple[int, int]]) -> None:
    person = list(range(12))
    for a, b in pairs:  # the plainest way: rename one of the two everywhere
        low, high = sorted((person[a], person[b]))
        person = [low if p == high else p for p in person]
    array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    assert linked(12, array[:, 0], array[:, 1]).tolist() == person


def test_a_chain_of_thousands_takes_few_rounds() -> None:
    steps = np.arange(20_000, dtype=np.int64)
    order = np.random.default_rng(0).permutation(20_001)
    found = linked(20_001, order[steps], order[steps + 1])
    assert (found == 0).all()
