"""MATLAB files of names and ids: what is read; and whatever is wrong with one is said in one sentence."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, matlab, savemat

from fewpix.errors import InputError
from fewpix.evaluate.readers import matlab as reader
from fewpix.evaluate.readers.matlab import ids_of, names_of, read_matlab, read_named_ids
from matlab_layout import cells, write_lists

NAMES = ["7_1.jpg", "12_10.jpg", "12_9.jpg"]


def whole(path: Path) -> bytes:
    write_lists(path, "probe_set", NAMES, "probe_ids", [7, 12, 12])
    return path.read_bytes()


def test_names_and_ids_are_read_in_their_order(tmp_path: Path) -> None:
    whole(tmp_path / "a.mat")
    names, ids = read_named_ids(tmp_path / "a.mat", "probe_set", "probe_ids")
    assert names.tolist() == NAMES
    assert ids.tolist() == [7, 12, 12]
    assert (names.dtype, ids.dtype) == (np.dtype("<U9"), np.int64)


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("shape", [(1, -1), (-1, 1)])
def test_rows_columns_and_doubles_are_all_the_same(
    tmp_path: Path, compress: bool, shape: tuple[int, int]
) -> None:
    variables = {"n": cells(NAMES).reshape(shape), "i": np.array([7.0, 12.0, 12.0]).reshape(shape)}
    savemat(tmp_path / "a.mat", variables, do_compression=compress)
    names, ids = read_named_ids(tmp_path / "a.mat", "n", "i")
    assert (names.tolist(), ids.tolist()) == (NAMES, [7, 12, 12])


def test_a_matrix_of_characters_loses_its_padding(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"n": np.array(NAMES), "i": [[7], [12], [12]]})
    assert read_named_ids(tmp_path / "a.mat", "n", "i")[0].tolist() == NAMES


def test_two_columns_of_names_keep_their_shape(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"pairs": cells(NAMES, NAMES[::-1])})
    found = names_of(read_matlab(tmp_path / "a.mat", "pairs")["pairs"], "pairs", tmp_path / "a.mat")
    assert found.tolist() == [list(pair) for pair in zip(NAMES, NAMES[::-1], strict=True)]


def test_no_file_and_other_files(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    with pytest.raises(InputError, match=r"cannot read .*a\.mat: No such file"):
        read_matlab(path, "n")
    for content in (b"", b"picture id\n" * 40, b"\xff\xd8\xff\xe0" * 100, b"\0" * 400):
        path.write_bytes(content)
        with pytest.raises(InputError, match="is not a MATLAB file of version 5"):
            read_matlab(path, "n")


@pytest.mark.parametrize("head", [b"", b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"])
def test_version_73_is_named_with_the_way_to_convert_it(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "a.mat").write_bytes(
        (head.ljust(512, b"\0") if head else b"") + b"\x89HDF\r\n\x1a\n" + b"\0" * 200
    )
    with pytest.raises(InputError, match=r"version 7\.3 \(HDF5\).*save\(FILE, '-struct', 's', '-v7'\)"):
        read_matlab(tmp_path / "a.mat", "n")


def test_a_truncated_file_is_damaged_or_lacks_a_variable(tmp_path: Path) -> None:
    data = whole(tmp_path / "a.mat")
    for length in range(128, len(data) - 1, 7):
        (tmp_path / "a.mat").write_bytes(data[:length])
        with pytest.raises(InputError, match=r"is damaged|holds no variable"):
            read_named_ids(tmp_path / "a.mat", "probe_set", "probe_ids")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_bytes_that_went_bad_never_give_anything_but_one_sentence(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "a.mat"
    savemat(path, {"n": cells(NAMES), "i": np.array([[7], [12], [12]])}, do_compression=False)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(128, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    try:
        names, ids = read_named_ids(path, "n", "i")
    except InputError as error:
        said = error.what
    else:
        said = f"{path}" if len(names) == len(ids) and not {"/", "\\"} & set("".join(names.tolist())) else ""
    assert str(path) in said


def test_a_missing_variable_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    whole(tmp_path / "a.mat")
    with pytest.raises(InputError, match="holds no variable gallery_set, only probe_set, probe_ids"):
        read_named_ids(tmp_path / "a.mat", "gallery_set", "probe_ids")


def test_counts_that_differ_and_names_that_occur_twice(tmp_path: Path) -> None:
    write_lists(tmp_path / "a.mat", "n", NAMES, "i", [7, 12])
    with pytest.raises(InputError, match="holds 3 names but 2 ids"):
        read_named_ids(tmp_path / "a.mat", "n", "i")
    write_lists(tmp_path / "a.mat", "n", ["a.jpg", "b.jpg", "a.jpg"], "i", [7, 12, 7])
    with pytest.raises(InputError, match=r"n: a\.jpg stands in rows 1 and 3"):
        read_named_ids(tmp_path / "a.mat", "n", "i")


@pytest.mark.parametrize(
    "name",
    [
        *("../a.jpg", "/etc/passwd", "sub/a.jpg", "..", ".", "", "a\\b.jpg", "C:a.jpg"),
        *("a\x00b.jpg", "a\nb.jpg", "a?.jpg", "a.jpg\x00", "\ud800.jpg"),
    ],
)
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"n, row 2: .* is not a plain file name"):
        names_of(cells(["b.jpg", name]), "n", tmp_path / "a.mat")


def test_cells_that_hold_no_text_are_refused_by_their_row(tmp_path: Path) -> None:
    for cell, what in (
        ([[1, 2]], "another kind"),
        (cells(["a.jpg"]), "another kind"),
        ("x" * 256, "a long text"),
    ):
        bad = np.empty((3, 1), dtype=object)
        bad[:, 0] = ["a.jpg", "b.jpg", cell]
        savemat(tmp_path / "a.mat", {"n": bad, "i": [[1], [2], [3]]})
        with pytest.raises(InputError, match=f"n, row 3: expected a file name, not {what}"):
            read_named_ids(tmp_path / "a.mat", "n", "i")
    for value in (np.array([[1.0, 2.0]]), np.empty((0, 1), dtype=object)):
        with pytest.raises(InputError, match="n is not a list of file names"):
            names_of(value, "n", tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1.5, 1e300])
def test_ids_are_whole_numbers(tmp_path: Path, value: float) -> None:
    with pytest.raises(InputError, match=re.escape(f"i, row 2: {value} is not an id")):
        ids_of(np.array([[1.0], [value]]), "i", tmp_path / "a.mat")


def test_ids_are_a_vector_of_numbers(tmp_path: Path) -> None:
    for bad in (np.ones((2, 2)), cells(["1"]), np.array(["1"]), np.array([1j])):
        with pytest.raises(InputError, match="i is not a vector of numbers"):
            ids_of(bad, "i", tmp_path / "a.mat")
    assert ids_of(np.array([[-100]], dtype=np.int16), "i", tmp_path).tolist() == [-100]


def test_a_structure_is_neither_numbers_nor_texts(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"n": {"field": 1.0}, "i": np.array([[1j]])})
    for key in ("n", "i"):
        with pytest.raises(InputError, match=f"{key} holds neither numbers nor texts"):
            read_matlab(tmp_path / "a.mat", key)


def real_files() -> list[Path]:
    """Written by MATLAB 5.3 to 8 on four systems; scipy's package brings them for its own tests."""
    folder = Path(matlab.__file__).parent / "tests" / "data"
    kinds = (
        "testcell_",
        "testemptycell_",
        "testdouble_",
        "testmatrix_",
        "testminus_",
        "testmulti_",
        "testonechar_",
    )
    kinds += (
        "teststring_",
        "teststringarray_",
        "testunicode_",
        "test3dmatrix_",
        "testbool_",
        "testscalarcell_",
    )
    kinds += ("big_endian", "little_endian", "testsimplecell", "one_by_zero_char", "single_empty_string")
    files = [path for path in sorted(folder.glob("*.mat")) if path.name.startswith(kinds)]
    return [path for path in files if "_4.2c_" not in path.name]


@pytest.mark.skipif(len(real_files()) < 40, reason="this scipy comes without its tests' files")
def test_files_that_matlab_wrote_are_read_as_scipy_reads_them() -> None:
    compared = 0
    for path in real_files():
        theirs = loadmat(path)
        for name, ours in reader.variables(path.read_bytes()):
            if name.startswith("__") or ours is None:
                continue
            other = theirs[name]
            if other.dtype.kind == "O":
                assert ours.shape == other.shape, path.name
                for a, b in zip(ours.ravel(), other.ravel(), strict=True):
                    texts = b.tolist() if b.dtype.kind == "U" and b.ndim == 1 and b.size < 2 else [None]
                    assert a == (texts[0] if texts else ""), path.name
            elif other.dtype.kind == "U":
                assert ours.tolist() == [text for text in other.tolist() if text], path.name
            else:
                np.testing.assert_array_equal(ours, other, err_msg=path.name)
            compared += 1
    assert compared > 40


def element(kind: int, body: bytes) -> bytes:
    return struct.pack("<II", kind, len(body)) + body + b"\0" * (-len(body) % 8)


def file_of(kind: int, shape: tuple[int, ...], content: bytes) -> bytes:
    """A file with one variable n of a class and a shape."""
    heading = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape))
    return b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + element(14, heading + element(1, b"n") + content)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (file_of(1, (2**30, 2**20), b""), "cell array of shape .* has 0 bytes"),
        (file_of(6, (2**30, 2**20), element(9, b"\0" * 8)), "of shape .* has 8 bytes"),
        (file_of(6, (-1, 1), b""), r"has the shape \(-1, 1\)"),
        (file_of(6, (1,), b""), r"has the shape \(1,\)"),
        (file_of(6, (1, 1), element(14, b"\0" * 8)), "has 8 bytes"),
        (file_of(4, (1, 2), element(4, b"a\0")), "has 1 characters"),
        (file_of(4, (1, 2), element(16, b"\xff\xff")), "not in utf-8"),
        (file_of(4, (1, 1), element(9, b"\0" * 8)), "text is of kind 9"),
        (file_of(1, (1, 1), element(9, b"\0" * 8)), "cell is of kind 9"),
        (file_of(6, (1, 1), struct.pack("<I", (5 << 16) | 2) + b"\0" * 8), "longer than four bytes"),
        (file_of(6, (1, 1), b""), "ends within"),
        (file_of(6, (1, 1), b"")[:128] + element(14, element(6, b"\0" * 4) * 3), "no proper heading"),
        (file_of(6, (1, 1), b"")[:128] + element(15, b"no zlib"), "cannot be unpacked"),
        (file_of(6, (1, 1), b"")[:128] + struct.pack("<II", 14, 2**32 - 1) + b"\0" * 64, "ends within"),
    ],
)
def test_what_a_file_says_of_itself_is_not_believed(tmp_path: Path, data: bytes, match: str) -> None:
    (tmp_path / "a.mat").write_bytes(data)
    with pytest.raises(InputError, match=rf"a\.mat is damaged: .*{match}"):
        read_matlab(tmp_path / "a.mat", "n")


def test_a_variable_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "UNPACKED", 2**20)
    body = zlib.compress(b"\0" * (2**20 + 1))
    (tmp_path / "a.mat").write_bytes(file_of(6, (1, 1), b"")[:128] + struct.pack("<II", 15, len(body)) + body)
    with pytest.raises(InputError, match="unpacks to more than 1 MiB"):
        read_matlab(tmp_path / "a.mat", "n")


def test_many_names_take_little_time_and_room(tmp_path: Path) -> None:
    """A third of QMUL-SurvFace's gallery."""
    names = [f"{n % 3000}_cam{n % 9}_{n}.jpg" for n in range(20_098)]
    write_lists(tmp_path / "a.mat", "n", names, "i", [n % 3000 for n in range(20_098)])
    found, ids = read_named_ids(tmp_path / "a.mat", "n", "i")
    assert found.dtype.itemsize == 4 * max(map(len, names))
    assert (found[-1], int(ids[-1])) == (names[-1], 20_097 % 3000)
