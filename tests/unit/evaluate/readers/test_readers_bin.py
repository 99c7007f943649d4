"""insightface's verification files: whose writing is read, what is counted, what is refused."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bin_layout
from benchmark_sides import pairs_of
from bin_layout import BINS, PAIRS, SAME, as_arrays, write
from fewpix.data.inventory import Count, Inventory
from fewpix.errors import ImageError, InputError
from fewpix.evaluate.benchmark import Benchmark
from fewpix.evaluate.readers import bin as reader
from fewpix.image.codec import decode_image
from orl_files import face_file

pytestmark = pytest.mark.needs("samples")

HALF = BINS[0][: len(BINS[0]) // 2]


def counted(inventory: Inventory) -> dict[str, int]:
    return {count.what: count.found for count in inventory.counts}


def sides(read: Benchmark) -> list[tuple[bytes, bytes]]:
    pairs, source = pairs_of(read), read.items.pictures
    return [(source.read(a), source.read(b)) for a, b in zip(pairs.first, pairs.second, strict=True)]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        (BINS, SAME),
        [tuple(BINS), tuple(int(s) for s in SAME)],
        (as_arrays(BINS), np.array(SAME)),
        (BINS, [np.bool_(s) for s in SAME]),
        (BINS, np.array(SAME).astype(np.uint8)),
    ],
    ids=["lists", "tuples", "arrays", "truths of NumPy", "numbers of NumPy"],
)
def test_every_writing_gives_the_same_pairs_in_the_order_of_the_file(
    tmp_path: Path, protocol: int, value: object
) -> None:
    read = reader.read(write(tmp_path / "x.bin", value, protocol))
    assert sides(read) == list(zip(BINS[0::2], BINS[1::2], strict=True))
    assert pairs_of(read).same.tolist() == SAME


def test_the_numpy_before_2_is_known_by_its_names(tmp_path: Path) -> None:
    """It called `numpy._core` `numpy.core`; the text protocols hold names without their lengths."""
    path = write(tmp_path / "x.bin", (as_arrays(BINS), [np.bool_(s) for s in SAME]), 2)
    content = path.read_bytes()
    assert content.count(b"cnumpy._core.multiarray\n") == 2
    path.write_bytes(content.replace(b"numpy._core", b"numpy.core"))
    assert sides(reader.read(path)) == list(zip(BINS[0::2], BINS[1::2], strict=True))


def test_pictures_stay_files_until_one_is_looked_at(tmp_path: Path) -> None:
    read = reader.read(write(tmp_path / "x.bin", (as_arrays(BINS), SAME), 4))
    source = read.items.pictures
    assert isinstance(source, reader.BinFile)
    assert [type(data) for data in source.data] == [memoryview] * 30
    assert decode_image(source.read(3), source.origin(3)).shape == (24, 24, 3)
    assert {source.stamp(n) for n in range(30)} == {read.inventory.sha256}
    write(tmp_path / "y.bin", ([b"\xff\xd8\xff\xda\x00\x02\xff\xd9", BINS[0]] * 10, [True] * 10))
    with pytest.raises(InputError, match=r"1 of 2 pictures in .*y\.bin are cut off or no pictures"):
        reader.read(tmp_path / "y.bin")


def test_a_damaged_picture_is_named_when_it_is_decoded(tmp_path: Path) -> None:
    """Its head and end are in order, so that it was taken for a whole one."""
    broken = face_file(0, 0, ".png")
    broken = broken[:41] + bytes(4) + broken[45:]
    source = reader.read(write(tmp_path / "x.bin", ([BINS[0], BINS[1]] * 10, SAME[:10]))).items.pictures
    source = replace(source, data=(memoryview(broken), source.data[1]))
    with pytest.raises(ImageError, match=r"x\.bin, picture 00 is damaged"):
        decode_image(source.read(0), source.origin(0))


def test_what_is_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "agedb_30.bin", (BINS, SAME))
    found = reader.inventory(path)
    assert found.counts == (
        Count("pairs of one person", 10, 3000),
        Count("pairs of two people", 10, 3000),
        Count("folds", 10, 10),
        Count("distinct pictures", 30),
        Count("people, as far as pairs of one person tell", 20),
        Count("pairs listed a second time", 0),
        Count("pairs of a picture with itself", 0),
        Count("pairs of two people that other pairs make one", 0),
    )
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (found.kind, found.folder, found.listed, found.missing) == ("bin", path, 30, ())
    assert f"lists {found.sha256[:12]}" in str(found)


@pytest.mark.parametrize(
    ("name", "pairs"), [("lfw", 3000), ("cfp_fp", 3500), ("cfp_fp_28_cubic_area_lr2lr", 3500), ("mine", None)]
)
def test_published_numbers_go_by_the_name_of_the_file(tmp_path: Path, name: str, pairs: int | None) -> None:
    found = reader.inventory(write(tmp_path / f"{name}.bin", (BINS, SAME)))
    assert found.counts[0].published == pairs


def test_the_hash_tells_two_files_of_one_name_apart(tmp_path: Path) -> None:
    one = reader.inventory(write(tmp_path / "a" / "cfp_fp.bin", (BINS, SAME)))
    two = reader.inventory(write(tmp_path / "b" / "cfp_fp.bin", (BINS, SAME[::-1])))
    assert one.counts == two.counts[:4] + one.counts[4:]
    assert one.sha256 != two.sha256


def test_one_picture_is_one_person_however_often_it_occurs(tmp_path: Path) -> None:
    a, b, c, d = (face_file(0, n) for n in range(4))
    e = face_file(1, 0)
    bins = [a, b, c, d, b, c, e, a, e, b, a, a]
    same = [True, True, True, False, False, True]
    read = reader.read(write(tmp_path / "x.bin", (bins, same)))
    pairs = pairs_of(read)
    assert read.items.called == read.items.pictures.names == ("00", "01", "02", "03", "06")
    assert pairs.first.tolist() == [0, 2, 1, 4, 4, 0]
    assert pairs.second.tolist() == [1, 3, 2, 0, 1, 0]
    clusters = pairs.clusters(read.items.people)
    assert clusters.people == 2
    assert (clusters.first == clusters.second).tolist() == same
    assert counted(read.inventory)["pairs of a picture with itself"] == 1


def test_contradictions_and_repetitions_are_counted(tmp_path: Path) -> None:
    a, b, c = (face_file(0, n) for n in range(3))
    bins, same = [a, b, b, c, c, a, b, a], [True, True, False, True]
    counts = counted(reader.inventory(write(tmp_path / "x.bin", (bins, same))))
    assert counts["pairs of two people that other pairs make one"] == 1
    assert counts["pairs listed a second time"] == 1
    assert counts["folds"] == 4


@pytest.mark.parametrize(("pairs", "sizes"), [(20, [2] * 10), (13, [2, 2, 2] + [1] * 7), (3, [1] * 3)])
def test_ten_folds_in_the_order_of_the_file(tmp_path: Path, pairs: int, sizes: list[int]) -> None:
    read = reader.read(write(tmp_path / "x.bin", (BINS[: 2 * pairs], SAME[:pairs])))
    folds = pairs_of(read).folds
    assert np.bincount(folds).tolist() == sizes
    assert (np.diff(folds) >= 0).all()


def test_a_single_pair_has_no_folds(tmp_path: Path) -> None:
    found = reader.read(write(tmp_path / "x.bin", (BINS[:2], SAME[:1])))
    assert pairs_of(found).folds is None
    assert counted(found.inventory)["folds"] == 1


def test_pictures_that_are_none_are_refused_or_left_out(tmp_path: Path) -> None:
    bins = [HALF, *BINS[1:7], b"no picture", *BINS[8:]]
    path = write(tmp_path / "x.bin", (bins, SAME))
    with pytest.raises(
        InputError, match=r"2 of 32 pictures in .* the first one number 00; 18 of 20 pairs are whole"
    ):
        reader.read(path)
    read = reader.read(path, allow_missing=True)
    assert read.inventory.missing == ("00", "07")
    kept = [n for n in range(20) if n not in (0, 3)]
    assert sides(read) == [(bins[2 * n], bins[2 * n + 1]) for n in kept]
    assert pairs_of(read).same.tolist() == [SAME[n] for n in kept]
    assert pairs_of(read).folds.tolist() == [n // 2 for n in kept]
    assert (read.missing, read.coverage) == (2, 0.9)
    people = [PAIRS[n] for n in kept]
    clusters = pairs_of(read).clusters(read.items.people)
    assert (clusters.first == clusters.second).tolist() == [a[0] == b[0] for a, b in people]
    with pytest.raises(InputError, match="0 of 2 pairs are whole"):
        reader.read(write(tmp_path / "y.bin", ([b"x"] * 4, [True, False])), allow_missing=True)


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ((BINS[:3], [True, False]), "holds 3 pictures for 2 pairs"),
        (([], []), "holds 0 pictures for 0 pairs"),
        ((BINS, SAME, [0.5]), "the pickle opcode 'G'"),
        ((BINS, SAME, SAME), "does not hold two lists, of pictures and of truths, but a tuple"),
        (BINS[0], "does not hold two lists, of pictures and of truths, but a string of bytes"),
        (("text", SAME), "the pictures are a str, not a list"),
        (np.zeros(3, np.uint8), "but a NumPy array"),
        ((["text"] * 40, SAME), "picture 0 is a str, not the bytes of a picture file"),
        (([*BINS[:39], None], SAME), "picture 39 is a NoneType"),
        (([np.array(SAME)] * 40, SAME), "picture 0 is a NumPy array"),
        ((BINS, [2] * 20), "is a list, not a list of truths"),
        ((BINS, [None] * 20), "is a list, not a list of truths"),
        ((BINS, BINS[0]), "is a string of bytes, not a list of truths"),
        ((BINS, np.array([SAME])), "is a NumPy array, not a list of truths"),
        ((BINS, np.arange(20)), "an array of 'i8', not of bytes or truths"),
        ((np.array(BINS, dtype=object), SAME), "an array|a state"),
        ({"bins": BINS}, "the pickle opcode '}'"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, value: object, match: str) -> None:
    with pytest.raises(InputError, match=match):
        reader.read(write(tmp_path / "x.bin", value), allow_missing=True)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        reader.inventory(tmp_path / "lfw.bin")
    with pytest.raises(InputError, match="cannot read"):
        reader.inventory(tmp_path)


def test_one_picture_named_very_often_costs_no_more_than_its_name(tmp_path: Path) -> None:
    """20,000 times a picture of 1 MB: hashing or copying each would take 20 GB."""
    big = BINS[0] + bytes(1_000_000)
    path = write(tmp_path / "x.bin", ([big] * 20_000, [True] * 10_000), 4)
    assert path.stat().st_size < 1_200_000
    found = reader.inventory(path)
    assert counted(found)["pairs of a picture with itself"] == 10_000


@pytest.mark.parametrize("name", bin_layout.PYTHON_2)
def test_python_2_wrote_its_strings_so(name: str) -> None:
    from fewpix.evaluate.readers.pickle import PlainArray, load_plain

    bins, same = load_plain(bin_layout.PYTHON_2[name], "x")  # type: ignore[misc]
    if name.startswith("arrays"):
        assert [b.content.shape for b in bins] == [(6, 1), (3, 1)]
        assert tuple(b.content.tobytes() for b in bins) == bin_layout.CONTENT
        assert isinstance(same, PlainArray)
        assert same.content.tolist() == [True]
    else:
        assert tuple(bytes(b) for b in bins) == bin_layout.CONTENT
        assert same == [True]
        assert type(same[0]) is bool


def test_what_is_read_is_what_pickle_would_read(tmp_path: Path) -> None:
    """Compared with Python's own reader, on a file that this test wrote."""
    content = write(tmp_path / "x.bin", (BINS, SAME), 5).read_bytes()
    bins, same = pickle.loads(content)  # noqa: S301
    read = reader.read(tmp_path / "x.bin")
    assert sides(read) == list(zip(bins[0::2], bins[1::2], strict=True))
    assert pairs_of(read).same.tolist() == same
