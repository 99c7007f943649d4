"""Reading UCCS from its original layout."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.errors import InputError
from fewpix.evaluate.readers.listed import present, require_names
from fewpix.evaluate.readers.uccs import inventory, read, read_lists
from uccs_layout import SIDE, Layout, lay_out

pytestmark = pytest.mark.needs("samples")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return lay_out(tmp_path)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_lists_are_read_as_they_stand(layout: Layout) -> None:
    found = read(layout.folder)
    gallery = found.gallery
    names = gallery.pictures.names
    assert names[:2] == ("gallery_images/0001/0001_0.png", "gallery_images/0001/0001_1.png")
    assert (gallery.people.tolist(), gallery.called) == ([1, 2, 3], ("1", "2", "3"))
    assert gallery.item.tolist() == [0, 0, 1, 1, 2, 2]
    assert gallery.points.shape == (6, 5, 2)
    assert gallery.points[1].tolist() == [[9, 9], [16, 9], [12, 13], [9, 17], [15, 17]]
    assert found.images == tuple(f"validation_images/{name}.jpg" for name in ("aa", "bb", "cc", "dd"))
    assert found.faces.images == 4
    assert found.faces.image.tolist() == [0, 0, 1, 2, 3, 3]
    assert found.faces.people.tolist() == [1, -1, 2, 0, 3, 1]
    assert found.faces.boxes.tolist() == [[x, y, SIDE, SIDE] for *_, x, y in layout.rows]
    assert found.faces.ignored.tolist() == [False] * 5 + [True]
    for name in (*names, *found.images):
        assert cv2.imread(str(layout.folder / name)) is not None


def test_the_inventory_counts_beside_what_was_published(layout: Layout) -> None:
    found = inventory(layout.folder)
    assert [(count.found, count.published) for count in found.counts] == [
        (3, 1000),
        (6, 10_000),
        (4, None),
        (6, None),
        (3, None),
        (2, None),
        (1, None),
        (1, None),
    ]
    assert (found.kind, found.listed, found.missing, found.complete) == ("uccs", 10, (), False)
    assert "6 gallery pictures, published: 10,000" in str(found)


def test_the_hash_follows_the_lists_and_not_the_pictures(layout: Layout) -> None:
    before = inventory(layout.folder).sha256
    (layout.folder / "validation_images" / "bb.jpg").unlink()
    assert inventory(layout.folder).sha256 == before
    (layout.folder / "exclude_gallery_validation.pickle").write_text("104\n", encoding="utf-8")
    assert inventory(layout.folder).sha256 != before


def test_missing_pictures_are_refused_or_left_out_with_their_faces(layout: Layout) -> None:
    (layout.folder / "validation_images" / "aa.jpg").unlink()
    (layout.folder / "gallery_images" / "0002" / "0002_1.png").unlink()
    with pytest.raises(InputError, match="2 of 10 pictures are missing"):
        read(layout.folder)
    found = read(layout.folder, allow_missing=True)
    assert found.inventory.missing == ("gallery_images/0002/0002_1.png", "validation_images/aa.jpg")
    assert found.gallery.item.tolist() == [0, 0, 1, 2, 2]
    assert len(found.gallery.points) == len(found.gallery.pictures.names) == 5
    assert [name[-6:] for name in found.images] == ["bb.jpg", "cc.jpg", "dd.jpg"]
    assert (found.faces.images, found.faces.image.tolist()) == (3, [0, 1, 2, 2])
    assert found.faces.people.tolist() == [2, 0, 3, 1]


def test_a_person_without_a_picture_keeps_their_column(layout: Layout) -> None:
    for n in (0, 1):
        (layout.folder / "gallery_images" / "0002" / f"0002_{n}.png").unlink()
    gallery = read(layout.folder, allow_missing=True).gallery
    assert (len(gallery), gallery.item.tolist()) == (3, [0, 0, 2, 2])
    assert len(read_lists(layout.folder).gallery.pictures.names) == 6


def test_the_pictures_of_a_person_need_not_stand_together(layout: Layout) -> None:
    path = layout.folder / "gallery.csv"
    first, *rows = path.read_text(encoding="utf-8").splitlines()
    before = read(layout.folder).gallery
    path.write_text("\n".join([first, *rows[::2], *rows[1::2]]) + "\n", encoding="utf-8")
    after = read(layout.folder).gallery
    assert after.pictures.names == before.pictures.names
    assert (after.points == before.points).all()


def test_lists_without_pictures_are_a_wrong_folder(layout: Layout) -> None:
    (layout.folder / "gallery_images").rename(layout.folder / "gallery")
    (layout.folder / "validation_images").rename(layout.folder / "validation")
    assert inventory(layout.folder).coverage == 0
    with pytest.raises(InputError, match="holds none of the 10 pictures"):
        read(layout.folder, allow_missing=True)


def test_without_an_excluded_list_every_face_counts(layout: Layout) -> None:
    (layout.folder / "exclude_gallery_validation.pickle").unlink()
    assert not read(layout.folder).faces.ignored.any()
    (layout.folder / "exclude_gallery_validation.txt").write_text("\n104\n\n", encoding="utf-8")
    assert read(layout.folder).faces.ignored.tolist() == [False] * 4 + [True, False]


def test_a_pickle_is_never_opened(layout: Layout) -> None:
    path = layout.folder / "exclude_gallery_validation.pickle"
    path.write_bytes(pickle.dumps([105], protocol=4))
    with pytest.raises(InputError, match="never opened"):
        read(layout.folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "match"),
    [
        ("validation.csv", "FACE_WIDTH", "WIDTH", "line 1: expected one column 'FACE_WIDTH'"),
        ("validation.csv", "FACE_ID", "FILE", "line 1: expected one column 'FILE'"),
        ("validation.csv", "bb.jpg,102", "bb.jpg", "line 4: 6 cells under 7 columns"),
        ("validation.csv", "bb.jpg,102,2,10.0", "bb.jpg,102,2,nan", "line 4: FACE_X is 'nan', not a number"),
        ("validation.csv", "bb.jpg,102,2,10.0", "bb.jpg,102,2,1o", "line 4: FACE_X is '1o', not a number"),
        ("validation.csv", "bb.jpg,102,2,", "bb.jpg,102,2.5,", "line 4: SUBJECT_ID is '2.5', not a whole"),
        ("validation.csv", "bb.jpg,102,2,", "bb.jpg,102,7,", "line 4: person 7 is not in the gallery"),
        ("validation.csv", "bb.jpg", "../bb.jpg", "'../bb.jpg' is not the name of a picture"),
        ("validation.csv", "bb.jpg", "/etc/passwd", "'/etc/passwd' is not the name of a picture"),
        ("validation.csv", "24,24.0", "-24,24.0", "line 2: a face's box is"),
        ("validation.csv", "bb.jpg,102", "bb.jpg,105", "has an excluded FACE_ID twice"),
        ("gallery.csv", "0002_0.png,2", "0002_0.png,0", "numbers 4 people from 0 to 3"),
        ("gallery.csv", "0002_0.png,2", "0002_0.png,9", "numbers 4 people from 1 to 9"),
        ("gallery.csv", "0002_0.png", "0001_0.png", "names a picture twice"),
        ("gallery.csv", "0002_0.png", ".._0.png", "is not the name of a picture"),
        ("exclude_gallery_validation.pickle", "105", "one", "line 1: face id is 'one'"),
    ],
)
def test_a_malformed_list_is_refused_by_its_row(
    layout: Layout, file: str, old: str, new: str, match: str
) -> None:
    edit(layout.folder / file, old, new)
    with pytest.raises(InputError, match=match):
        read(layout.folder)
    with pytest.raises(InputError, match=match):
        inventory(layout.folder)


def test_a_wrong_folder_and_a_list_that_is_none(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"it lacks gallery\.csv, validation\.csv"):
        read(layout.folder / "gallery_images")
    (layout.folder / "validation.csv").write_bytes("FILE,é".encode("latin-1"))
    with pytest.raises(InputError, match="not a text in UTF-8"):
        read(layout.folder)
    (layout.folder / "validation.csv").write_text(
        "FILE,FACE_ID,SUBJECT_ID,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT\n\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="holds no row"):
        read(layout.folder)
    (layout.folder / "validation.csv").unlink()
    (layout.folder / "validation.csv").mkdir()
    with pytest.raises(InputError, match="cannot read"):
        read(layout.folder)


def test_columns_may_stand_in_another_order_with_others_between(layout: Layout) -> None:
    before = read(layout.folder)
    path = layout.folder / "validation.csv"
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    # a byte order mark, line ends of Windows and a column nobody asked for
    text = "\r\n".join(",".join([*reversed(row), "x"]) for row in rows)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    after = read(layout.folder)
    assert after.images == before.images
    assert (after.faces.boxes == before.faces.boxes).all()
    assert (after.faces.people == before.faces.people).all()


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/..",
        "/a",
        "a//b",
        "a/",
        "C:/a",
        "a\\b",
        "a\0b",
        "a\nb",
        "./a",
        "a/.",
    ],
)
def test_a_name_that_may_leave_the_folder_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="not the name of a picture"):
        require_names([name], Path("list.csv"))


def test_names_with_dots_spaces_and_letters_of_the_world_are_fine() -> None:
    require_names(["a.b/..c/d..e.jpg", "José Ñ/x 1.png", "...", "a/...b"], Path("list.csv"))


def test_a_folder_named_as_a_picture_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a" / "x.png").mkdir(parents=True)
    (tmp_path / "a" / "y.png").touch()
    (tmp_path / "z.png").touch()
    names = ["a/x.png", "a/y.png", "z.png", "a/z.png", "b/y.png", "z.png/q"]
    assert present(tmp_path, names).tolist() == [False, True, True, False, False, False]
    assert present(tmp_path, []).dtype == np.bool_
