"""XQLFW's lists, its qualities, and the places that its downloads may lie in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark_sides import pairs_of
from fewpix.data.inventory import Count
from fewpix.errors import InputError
from fewpix.evaluate.readers import xqlfw
from fewpix.evaluate.readers.xqlfw import ALIGNED, ORIGINAL
from xqlfw_layout import lay_out_xqlfw

pytestmark = pytest.mark.needs("samples")


def test_what_is_there_beside_what_was_published(tmp_path: Path) -> None:
    found = xqlfw.inventory(lay_out_xqlfw(tmp_path, ALIGNED))
    assert found.counts[:6] == (
        Count("pairs of one person", 4, 3000),
        Count("pairs of two people", 4, 3000),
        Count("folds", 2, 10),
        Count("people in the list", 3, 3743),
        Count("pictures in the list", 6, 7263),
        Count("pictures without a quality", 1, 0),
    )
    assert Count("pairs listed a second time", 2) in found.counts
    assert (found.kind, found.missing) == ("xqlfw", ())


def test_qualities_stand_beside_their_pictures(tmp_path: Path) -> None:
    read = xqlfw.read(lay_out_xqlfw(tmp_path, ALIGNED))
    assert read.items.called == (
        "Ann/Ann_0001.jpg",
        "Ann/Ann_0002.jpg",
        "Bob_B/Bob_B_0001.jpg",
        "Bob_B/Bob_B_0012.jpg",
        "Cid/Cid_0001.jpg",
        "Cid/Cid_0003.jpg",
    )
    np.testing.assert_array_equal(read.items.quality, [0.9, 0.25, 1.0, np.nan, 0.5, 0.0])
    assert (read.variant, len(np.unique(read.items.people))) == (ALIGNED, 3)


def test_qualities_stay_aligned_when_pictures_are_left_out(tmp_path: Path) -> None:
    folder = lay_out_xqlfw(tmp_path, ALIGNED)
    (folder / ALIGNED / "Ann" / "Ann_0002.jpg").unlink()
    with pytest.raises(InputError, match="1 of 6 pictures are missing"):
        xqlfw.read(folder)
    read = xqlfw.read(folder, allow_missing=True)
    places = np.unique(np.concatenate((pairs_of(read).first, pairs_of(read).second)))
    assert [read.items.called[n].partition("/")[2] for n in places] == [
        "Ann_0001.jpg",
        "Bob_B_0001.jpg",
        "Bob_B_0012.jpg",
        "Cid_0001.jpg",
        "Cid_0003.jpg",
    ]
    np.testing.assert_array_equal(read.items.quality[places], [0.9, 1.0, np.nan, 0.5, 0.0])
    assert read.inventory.missing == ("Ann/Ann_0002.jpg",)


def test_without_a_list_of_scores_no_quality_is_known(tmp_path: Path) -> None:
    folder = lay_out_xqlfw(tmp_path, ALIGNED)
    (folder / "xqlfw_scores.txt").unlink()
    read = xqlfw.read(folder)
    assert np.isnan(read.items.quality).tolist() == [True] * 6
    assert Count("pictures without a quality", 6, 0) in read.inventory.counts


@pytest.mark.parametrize(
    ("laid_out", "named", "aligned", "pictures"),
    [
        ((ALIGNED,), "", None, ALIGNED),
        ((ORIGINAL,), "", None, ORIGINAL),
        ((ALIGNED, ORIGINAL), "", None, ALIGNED),
        ((ALIGNED, ORIGINAL), "", False, ORIGINAL),
        ((ALIGNED, ORIGINAL), "", True, ALIGNED),
        ((f"{ALIGNED}/{ALIGNED}",), "", True, f"{ALIGNED}/{ALIGNED}"),
        ((f"{ALIGNED}/{ALIGNED}",), ALIGNED, None, f"{ALIGNED}/{ALIGNED}"),
        ((f"xqlfw/{ORIGINAL}",), "", None, f"xqlfw/{ORIGINAL}"),
        ((f"xqlfw/{ORIGINAL}",), f"xqlfw/{ORIGINAL}", False, f"xqlfw/{ORIGINAL}"),
        (("renamed",), "renamed", None, "renamed"),
        (("",), "", None, ""),
    ],
)
def test_where_the_pictures_may_lie(
    tmp_path: Path, laid_out: tuple[str, ...], named: str, aligned: bool | None, pictures: str
) -> None:
    folder = lay_out_xqlfw(tmp_path / "x", *laid_out)
    read = xqlfw.read(folder / named, aligned=aligned)
    assert read.items.pictures.folder == folder / pictures
    assert read.inventory.folder == folder / pictures
    assert len(read.comparisons) == 8


def test_the_hash_does_not_depend_on_the_layout(tmp_path: Path) -> None:
    one = xqlfw.inventory(lay_out_xqlfw(tmp_path / "a", ALIGNED))
    two = xqlfw.inventory(lay_out_xqlfw(tmp_path / "b", ORIGINAL))
    assert one.sha256 == two.sha256
    (tmp_path / "b" / "xqlfw_scores.txt").write_text("Ann\t1\t0.1\n")
    assert xqlfw.inventory(tmp_path / "b").sha256 != one.sha256


def test_an_unusable_folder_is_refused(tmp_path: Path) -> None:
    folder = lay_out_xqlfw(tmp_path / "x", ORIGINAL)
    with pytest.raises(InputError, match=f"holds no folder {ALIGNED}"):
        xqlfw.inventory(folder, aligned=True)
    with pytest.raises(InputError, match="there is no folder"):
        xqlfw.inventory(tmp_path / "nowhere")
    (folder / "xqlfw_pairs.txt").unlink()
    with pytest.raises(InputError, match=r"lacks xqlfw_pairs\.txt"):
        xqlfw.inventory(folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ID Num Score\nAnn 1 0.5\n", {"Ann/Ann_0001": 0.5}),
        ("ID,Num,Score\r\nAnn,12,.5\r\n\r\n", {"Ann/Ann_0012": 0.5}),
        ("\ufeffid\tnum\tscore\nJosé\t1\t1\nJosé\t1\t1\n", {"José/José_0001": 1.0}),
        ("Ann\t1\t0.5\n", {"Ann/Ann_0001": 0.5}),
        ("", {}),
    ],
)
def test_forms_of_the_list_of_scores(tmp_path: Path, text: str, expected: dict[str, float]) -> None:
    (tmp_path / "s.txt").write_text(text, encoding="utf-8")
    assert xqlfw.read_qualities(tmp_path / "s.txt") == expected


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"ID Num Score\nAnn 1\n", "line 2: expected NAME, n and a score"),
        (b"ID Num Quality\nAnn 1 0.5\n", "line 1: expected NAME, n and a score"),
        (b"Ann -1 0.5\n", "line 1: expected NAME, n and a score"),
        (b"Ann 1 0.5\nAnn 2 nan\n", "line 2: the score 'nan' is not a finite number"),
        (b"Ann 1 inf\n", "line 1: the score 'inf' is not a finite number"),
        (b"Ann 1 good\n", "line 1: the score 'good' is not a finite number"),
        (b"Ann 1 0.5\nAnn 1 0.6\n", "line 2: Ann/Ann_0001 has another score further up"),
        (b"Ann\t1\t0.5\xff\n", "not a text in UTF-8"),
    ],
)
def test_a_malformed_list_of_scores_is_refused_by_its_line(tmp_path: Path, text: bytes, match: str) -> None:
    (tmp_path / "s.txt").write_bytes(text)
    with pytest.raises(InputError, match=match):
        xqlfw.read_qualities(tmp_path / "s.txt")
