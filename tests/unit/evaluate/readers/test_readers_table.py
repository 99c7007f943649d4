"""A table of pairs or of a gallery and probes, for data that no other reader knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark_sides import gallery, named_pairs, pairs_of, probes
from fewpix.data.inventory import Count
from fewpix.errors import InputError
from fewpix.evaluate.readers import table
from fewpix.evaluate.readers.registry import open_benchmark
from fewpix.evaluate.statistics.accuracy import fold_accuracy
from fewpix.image.codec import decode_image
from table_layout import PAIRS, SEARCH, lay_out

pytestmark = pytest.mark.needs("samples")


def test_pairs(tmp_path: Path) -> None:
    read = table.read_pairs(lay_out(tmp_path, PAIRS))
    names = ("ann/1.jpg", "ann/2.jpg", "bob/1.jpg", "bob/2.jpg", "cams, west/7.png")
    pairs, pictures = pairs_of(read), read.items.pictures
    assert read.items.called == pictures.names == names
    assert pairs.first.tolist() == [0, 0, 2, 3]
    assert pairs.second.tolist() == [1, 2, 3, 4]
    assert pairs.same.tolist() == [True, False, True, False]
    assert pairs.folds.tolist() == [0, 0, 1, 1]
    assert [decode_image(pictures.read(n), names[n]).shape for n in range(5)] == [(24, 24, 3)] * 5
    assert read.inventory.counts == (
        Count("pairs of one person", 2),
        Count("pairs of two people", 2),
        Count("folds", 2),
        Count("pictures", 5),
        Count("people, as far as pairs of one person tell", 3),
        Count("pairs listed a second time", 0),
    )
    assert (read.inventory.kind, read.inventory.complete) == ("table", True)


def test_people_are_told_by_pairs_not_by_folders(tmp_path: Path) -> None:
    """A flat folder of anybody's pictures would be one person, if the folder were."""
    text = "first,second,same\na.jpg,b.jpg,1\nb.jpg,c.jpg,1\nd.jpg,a.jpg,0\nd.jpg,e.jpg,0\n"
    for name in "abcde":
        (tmp_path / f"{name}.jpg").touch()
    (tmp_path / "t.csv").write_text(text)
    found = table.read_pairs(tmp_path / "t.csv")
    clusters = pairs_of(found).clusters(found.items.people)
    assert clusters.people == 3
    assert (clusters.first == clusters.second).tolist() == [True, True, False, False]


def test_search(tmp_path: Path) -> None:
    read = table.read_search(lay_out(tmp_path, SEARCH))
    assert gallery(read).names == ("ann/1.jpg", "bob/1.jpg")
    assert gallery(read).people.tolist() == ["ann", "bob"]
    assert probes(read).names == ("bob/2.jpg", "cams, west/7.png", "ann/2.jpg")
    assert probes(read).people.tolist() == ["bob", "unnamed cams, west/7.png", "ann"]
    assert read.inventory.counts == (
        Count("gallery pictures", 2),
        Count("gallery people", 2),
        Count("probes of people in the gallery", 2),
        Count("probes of others", 1),
    )


def test_the_inventory_knows_which_kind_of_table_it_is(tmp_path: Path) -> None:
    assert table.inventory(lay_out(tmp_path, PAIRS)).counts[0].what == "pairs of one person"
    assert table.inventory(lay_out(tmp_path, SEARCH)).counts[0].what == "gallery pictures"


@pytest.mark.parametrize(
    "text",
    [
        PAIRS,
        "\ufeff" + PAIRS,
        PAIRS.replace("\n", "\r\n"),
        PAIRS.replace("\n", "\n\n").replace("first,second", "First , SECOND"),
        PAIRS.rstrip("\n"),
        "same,fold,second,first\n1,0,ann/2.jpg,ann/1.jpg\n0,0,bob/1.jpg, ann/1.jpg\n"
        'TRUE,1,bob/2.jpg,"bob/1.jpg"\nfalse,1,"cams, west/7.png",bob/2.jpg\n',
    ],
    ids=["plain", "byte order mark", "Windows", "empty lines", "no last line end", "other order"],
)
def test_forms_of_one_table(tmp_path: Path, text: str) -> None:
    pairs = pairs_of(table.read_pairs(lay_out(tmp_path, text)))
    assert pairs.first.tolist() == [0, 0, 2, 3]
    assert pairs.second.tolist() == [1, 2, 3, 4]
    assert pairs.same.tolist() == [True, False, True, False]
    assert pairs.folds.tolist() == [0, 0, 1, 1]


def test_names_beyond_ascii_and_another_folder(tmp_path: Path) -> None:
    text = SEARCH.replace("ann,probe", "Ægir Ñúñez,probe").replace("ann,gallery", "Ægir Ñúñez,gallery")
    path = lay_out(tmp_path / "pictures", text)
    elsewhere = path.rename(tmp_path / "table.csv")
    assert probes(table.read_search(elsewhere, tmp_path / "pictures")).people.tolist()[2] == "Ægir Ñúñez"
    with pytest.raises(InputError, match="holds none of the 5 pictures"):
        table.read_search(elsewhere, allow_missing=True)


def test_without_folds_either_kind_is_cut_into_ten_in_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = [f"a{n}.jpg,b{n}.jpg,1" for n in range(23)] + [f"a{n}.jpg,b{n + 1}.jpg,0" for n in range(20)]
    for name in {cell for row in rows for cell in row.split(",")[:2]}:
        (tmp_path / name).touch()
    (tmp_path / "t.csv").write_text("first,second,same\n" + "\n".join(rows))
    pairs = pairs_of(table.read_pairs(tmp_path / "t.csv"))
    assert pairs.folds[:9].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert np.bincount(pairs.folds[pairs.same]).tolist() == [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]
    assert np.bincount(pairs.folds[~pairs.same]).tolist() == [2] * 10
    assert fold_accuracy(pairs.same + np.linspace(0, 0.5, 43), pairs.same, pairs.folds).accuracy == 1


def test_a_missing_picture_is_refused_or_left_out_and_stays_reported(tmp_path: Path) -> None:
    path = lay_out(tmp_path, PAIRS)
    (tmp_path / "ann" / "2.jpg").unlink()
    with pytest.raises(InputError, match=r"1 of 5 pictures are missing in .*, the first one ann/2\.jpg"):
        table.read_pairs(path)
    read = table.read_pairs(path, allow_missing=True)
    assert {name for pair in named_pairs(read) for name in pair} == {
        *("ann/1.jpg", "bob/1.jpg", "bob/2.jpg", "cams, west/7.png")
    }
    assert pairs_of(read).same.tolist() == [False, True, False]
    assert read.missing == 1
    assert pairs_of(read).clusters(read.items.people).people == 3
    assert read.inventory.missing == ("ann/2.jpg",)
    path = lay_out(tmp_path, SEARCH)
    (tmp_path / "bob" / "1.jpg").unlink()
    search = table.read_search(path, allow_missing=True)
    assert (gallery(search).names, len(probes(search)), search.missing) == (("ann/1.jpg",), 3, 1)
    (tmp_path / "ann" / "1.jpg").unlink()
    with pytest.raises(InputError, match="no picture of the gallery is in"):
        open_benchmark("search", "table", path, allow_missing=True)


def test_pairs_that_all_lack_a_picture(tmp_path: Path) -> None:
    path = lay_out(tmp_path, "first,second,same\nann/1.jpg,x.jpg,1\nann/1.jpg,y.jpg,0\n")
    with pytest.raises(InputError, match="of no pair in"):
        open_benchmark("pairs", "table", path, allow_missing=True)


def test_the_hash_is_of_the_table(tmp_path: Path) -> None:
    one = table.inventory(lay_out(tmp_path, PAIRS)).sha256
    assert table.inventory(lay_out(tmp_path / "copy", PAIRS)).sha256 == one
    assert table.inventory(lay_out(tmp_path, PAIRS.replace("true,1", "true,0"))).sha256 != one


def test_a_repeated_pair_is_counted(tmp_path: Path) -> None:
    found = table.inventory(lay_out(tmp_path, PAIRS + "ann/2.jpg,ann/1.jpg,1,1\n"))
    assert Count("pairs listed a second time", 1) in found.counts


HEAD = "first,second,same\na,b,1\n"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "holds no row"),
        ("first,second,same\n", "holds no row"),
        (
            "first;second;same\na;b;1\n",
            r"line 1: no column first, second, same \(columns found: first;second;same\)",
        ),
        ("a.jpg,b.jpg,1\n", "holds no row"),
        ("a.jpg,b.jpg,1\nc.jpg,d.jpg,0\n", "line 1: no column first, second, same"),
        ("first,second,same,folds\na,b,1,0\n", "line 1: unknown column folds"),
        ("first,second,first\na,b,1\n", "line 1: expected one column 'first', found first, second, first"),
        (HEAD + "a,b\n", "line 3: 2 cells under 3 columns"),
        (HEAD + "a,b,0,\n", "line 3: 4 cells under 3 columns"),
        (HEAD + "a,c,yes\n", "line 3: same is 'yes', not one of 1, true, 0, false"),
        (HEAD + "a,c,\n", "line 3: same is ''"),
        (HEAD + "a,c,nan\n", "line 3: same is 'nan'"),
        (HEAD + '"a\n\n",c,maybe\n', "line 5: same is 'maybe'"),
        (HEAD + "c,c,0\n", "line 3: a picture is compared with itself"),
        (HEAD + "b,a,0\n", "line 3: line 2 says the opposite"),
        (HEAD + "a,c,1\n", "pairs of one person only"),
        ("first,second,same\na,b,0\n", "pairs of two people only"),
        (HEAD + "../c,a,0\n", r"line 3: '\.\./c' is not a path below the folder of the pictures"),
        (HEAD + "a,/etc/passwd,0\n", "line 3: '/etc/passwd' is not a path"),
        (HEAD + "a,x/../../c,0\n", "line 3: .* is not a path"),
        (HEAD + "a,C:/c,0\n", "line 3: 'C:/c' is not a path"),
        (HEAD + "a,x\\c,0\n", "line 3: .* is not a path"),
        (HEAD + "a,./c,0\n", "line 3: .* is not a path"),
        (HEAD + "a,,0\n", "line 3: '' is not a path"),
        (HEAD + "a,c\0,0\n", "line 3: .* is not a path|line 3: line contains NUL"),
        (HEAD + 'a,"c,0\n', "line 3|line 4"),
        (HEAD + 'a,"c"d,0\n', "line 3: "),
        ("first,second,same,fold\na,b,1,0\na,c,0,-1\n", "line 3: fold is '-1', not a whole number"),
        ("first,second,same,fold\na,b,1,0\na,c,0,1.5\n", "line 3: fold is '1.5'"),
        ("first,second,same,fold\na,b,1,0\na,c,0,99999999999999999999\n", "line 3: fold is"),
        ("picture,person\na,ann\n", "line 1: no column role"),
        ("picture,person,role\na,ann,mugshot\n", "line 2: role is 'mugshot', not one of gallery, probe"),
        ("picture,person,role\na,ann,gallery\nb,ann,probe\na,ann,probe\n", "line 4: a is listed before"),
        ("picture,person,role\na,ann,gallery\n", "lists no picture as probe"),
        ("picture,person,role\na,ann,probe\n", "lists no picture as gallery"),
        ("picture,person,role\na,ann,gallery\n../b,ann,probe\n", "line 3: .* is not a path"),
    ],
)
def test_a_malformed_table_is_refused_by_its_line(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    with pytest.raises(InputError, match=match):
        table.inventory(path)


def test_a_table_that_is_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(PAIRS.encode("utf-16"))
    with pytest.raises(InputError, match="not a text in UTF-8"):
        table.inventory(tmp_path / "t.csv")
    with pytest.raises(InputError, match="cannot read"):
        table.inventory(tmp_path / "other.csv")
    with pytest.raises(InputError, match="there is no folder"):
        table.read_pairs(lay_out(tmp_path, PAIRS), tmp_path / "nowhere")


def test_a_long_table_is_read_in_little_time(tmp_path: Path) -> None:
    rows = "".join(f"p{n % 5000:05d}.jpg,q{n % 4999:05d}.jpg,{n % 2}\n" for n in range(9_996, 50_000, 3))
    (tmp_path / "t.csv").write_text("first,second,same\n" + rows)
    found = table.inventory(tmp_path / "t.csv")
    assert found.counts[0].found + found.counts[1].found == 13_335
    assert len(found.missing) == found.listed == 9_999
