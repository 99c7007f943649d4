"""SCface from its original layout: mugshots against three distances, groups of people, and pairs."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import scface_layout as layout
from benchmark_sides import gallery, named_pairs, pairs_of, probes
from fewpix.errors import InputError
from fewpix.evaluate.readers import scface
from fewpix.evaluate.readers.registry import open_benchmark
from fewpix.image.codec import decode_image
from orl_files import put

MUG = "mugshot_frontal_cropped_all"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, require) -> Path:  # type: ignore[no-untyped-def]
    require("samples")
    return layout.scface(tmp_path_factory.mktemp("scface"))


def test_the_search_at_one_distance(folder: Path, tmp_path: Path) -> None:
    found = scface.read(folder, 2, ids=layout.ids(tmp_path / "ids.txt"))
    assert gallery(found).names[0] == f"{MUG}/001_frontal.JPG"
    assert gallery(found).people.tolist() == ["001", "044", "087", "088", "130"]
    assert len(probes(found)) == 25
    assert probes(found).names[:5] == tuple(
        f"surveillance_cameras_distance_2/cam_{c}/001_cam{c}_2.jpg" for c in range(1, 6)
    )
    assert probes(found).people.tolist() == [p for p in ("001", "044", "087", "088", "130") for _ in range(5)]
    pictures = found.items.pictures
    for n in range(30):
        assert decode_image(pictures.read(n), pictures.origin(n)).shape == (24, 24, 3)
    assert (found.kind, found.variant, found.missing) == ("scface", "distance 2", 0)


def test_the_inventory_of_all_people_and_distances(folder: Path) -> None:
    """Of 130 people only five are here."""
    found = scface.inventory(folder)
    assert [(c.what, c.found, c.published) for c in found.counts] == [
        ("people asked for", 130, None),
        ("mugshots", 5, 130),
        ("probes at distance 1, 4.2 m", 25, 650),
        ("probes at distance 2, 2.6 m", 25, 650),
        ("probes at distance 3, 1 m", 25, 650),
        ("infrared pictures, not used", 5 * (3 * 2 + 1), None),
    ]
    assert found.listed == 130 + 3 * 650
    assert len(found.missing) == 125 + 3 * 625
    assert found.missing[0] == f"{MUG}/002_frontal.JPG"
    assert "surveillance_cameras_distance_3/cam_5/129_cam5_3.jpg" in found.missing


def test_a_whole_copy_is_as_published(tmp_path: Path) -> None:
    """All 130 people by empty files: 650 probes at every distance."""
    for one in range(1, 131):
        (tmp_path / MUG).mkdir(exist_ok=True)
        (tmp_path / MUG / f"{one:03d}_frontal.JPG").touch()
        for camera in range(1, 6):
            for distance in (1, 2, 3):
                at = tmp_path / f"surveillance_cameras_distance_{distance}" / f"cam_{camera}"
                at.mkdir(parents=True, exist_ok=True)
                (at / f"{one:03d}_cam{camera}_{distance}.jpg").touch()
    found = scface.inventory(tmp_path)
    assert (found.complete, found.coverage) == (True, 1.0)
    assert [len(probes(scface.read(tmp_path, distance))) for distance in (1, 2, 3)] == [650] * 3
    dev, evaluation = (scface.read(tmp_path, 1, ids=group) for group in ("dev", "eval"))
    enrolled = gallery(dev).people
    assert (enrolled[0], enrolled[-1], len(enrolled), len(probes(dev))) == ("044", "087", 44, 220)
    enrolled = gallery(evaluation).people
    assert (enrolled[0], enrolled[-1], len(enrolled), len(probes(evaluation))) == ("088", "130", 43, 215)


def test_one_folder_of_all_pictures_is_the_same_search(folder: Path, tmp_path: Path) -> None:
    people = layout.ids(tmp_path / "ids.txt")
    flat = layout.scface(tmp_path / "flat", flat=True)
    deep, other = (scface.read(at, 1, ids=people) for at in (folder, flat))
    assert probes(other).names[0] == "surveillance_cameras_all/001_cam1_1.jpg"
    assert probes(other).people.tolist() == probes(deep).people.tolist()
    assert other.inventory.sha256 == deep.inventory.sha256
    assert other.inventory.counts[-1].found == 5 * 6 + 5


def test_endings_may_be_written_otherwise(tmp_path: Path, require) -> None:  # type: ignore[no-untyped-def]
    require("samples")
    layout.scface(tmp_path, [7])
    (tmp_path / MUG / "007_frontal.JPG").rename(tmp_path / MUG / "007_frontal.png")
    found = scface.read(tmp_path, 3, ids=layout.ids(tmp_path / "ids.txt", [7]))
    assert gallery(found).names == (f"{MUG}/007_frontal.png",)
    put(tmp_path / MUG / "007_Frontal.jpg", 7, 1)
    with pytest.raises(InputError, match=r"holds both 007_Frontal\.jpg and 007_frontal\.png"):
        scface.inventory(tmp_path)


def test_a_file_of_ids_may_be_named_by_a_text(tmp_path: Path) -> None:
    folder, people = layout.scface(tmp_path / "scface"), layout.ids(tmp_path / "ids.txt")
    found, same = (scface.read(folder, 1, ids=ids) for ids in (people, str(people)))
    assert found.inventory == same.inventory
    with pytest.raises(InputError, match="no group 'ids' of people"):
        scface.inventory(folder, ids="ids")


def test_missing_pictures_are_refused_or_left_out(folder: Path, tmp_path: Path) -> None:
    """Without a mugshot of person 44 the probes of person 44 have no mate."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / MUG / "044_frontal.JPG").unlink()
    (copy / "surveillance_cameras_distance_1" / "cam_3" / "130_cam3_1.jpg").unlink()
    people = layout.ids(tmp_path / "ids.txt")
    with pytest.raises(InputError, match="2 of 30 pictures are missing"):
        scface.read(copy, 1, ids=people)
    found = scface.read(copy, 1, ids=people, allow_missing=True)
    assert (len(gallery(found)), len(probes(found)), found.missing) == (4, 19, 7)
    assert "044" not in probes(found).people
    assert found.inventory.missing == (
        f"{MUG}/044_frontal.JPG",
        "surveillance_cameras_distance_1/cam_3/130_cam3_1.jpg",
    )
    assert found.inventory.sha256 == scface.read(folder, 1, ids=people).inventory.sha256
    with pytest.raises(InputError, match="1 of 30 pictures are missing"):
        scface.read(copy, 2, ids=people)


def test_the_hash_depends_on_the_ids(folder: Path, tmp_path: Path) -> None:
    hashes = {scface.inventory(folder, ids=group).sha256 for group in ("all", "dev", "eval")}
    one = scface.inventory(folder, ids=layout.ids(tmp_path / "a.txt", [1, 44])).sha256
    other = scface.inventory(folder, ids=layout.ids(tmp_path / "b.txt", [1, 87])).sha256
    assert len(hashes | {one, other}) == 5


def test_no_picture_of_a_group_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds none of the 12 pictures"):
        scface.read(folder, 1, ids=layout.ids(tmp_path / "ids.txt", [2, 3]), allow_missing=True)
    shutil.copytree(folder / MUG, tmp_path / "mugs" / MUG)
    ids = layout.ids(tmp_path / "ids.txt")
    with pytest.raises(InputError, match="is no probe of whom a gallery has a picture"):
        open_benchmark("search", "scface", tmp_path / "mugs", distance=1, ids=ids, allow_missing=True)


def test_every_mugshot_is_paired_with_every_probe(folder: Path, tmp_path: Path) -> None:
    ids = layout.ids(tmp_path / "ids.txt")
    found = scface.read_pairs(folder, 1, ids=ids)
    pairs, people = pairs_of(found), found.items.people
    assert (len(pairs), int(pairs.same.sum()), pairs.folds) == (125, 25, None)
    assert named_pairs(found)[:2] == [
        (f"{MUG}/001_frontal.JPG", f"surveillance_cameras_distance_1/cam_{camera}/001_cam{camera}_1.jpg")
        for camera in (1, 2)
    ]
    assert (pairs.same == (people[pairs.first] == people[pairs.second])).all()
    assert (found.kind, found.variant, found.missing) == ("scface", "distance 1", 0)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / MUG / "044_frontal.JPG").unlink()
    (copy / "surveillance_cameras_distance_1" / "cam_3" / "130_cam3_1.jpg").unlink()
    found = scface.read_pairs(copy, 1, ids=ids, allow_missing=True)
    assert (len(pairs_of(found)), found.missing) == (4 * 24, 29)


def test_the_probes_of_people_who_are_not_enrolled_show_strangers(folder: Path, tmp_path: Path) -> None:
    ids, some = layout.ids(tmp_path / "ids.txt"), layout.ids(tmp_path / "some.txt", (44, 88))
    whole, found = scface.read(folder, 1, ids=ids), scface.read(folder, 1, ids=ids, enrolled=some)
    assert gallery(found).people.tolist() == ["044", "088"]
    assert probes(found).names == probes(whole).names
    assert (found.missing, found.coverage) == (0, 1.0)
    assert found.inventory.sha256 != whole.inventory.sha256
    with pytest.raises(InputError, match="person 2 is to be enrolled, but is not among"):
        scface.read(folder, 1, ids=ids, enrolled=layout.ids(tmp_path / "b.txt", (2,)))
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for one in (44, 88):
        (copy / MUG / f"{one:03d}_frontal.JPG").unlink()
    with pytest.raises(InputError, match="no picture of the gallery is in"):
        open_benchmark("search", "scface", copy, distance=1, ids=ids, enrolled=some, allow_missing=True)


def test_unknown_groups_distances_and_folders_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no group '80' of people"):
        scface.inventory(folder, ids="80")
    with pytest.raises(InputError, match="SCface has no distance 4"):
        scface.read(folder, 4)
    with pytest.raises(InputError, match="lacks mugshot_frontal_cropped_all"):
        scface.inventory(tmp_path)


def test_files_of_ids_are_read_with_comments(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_bytes("\ufeff# those of mine\r\n130\r\n\r\n007 # seven\r\n".encode())
    assert scface.read_ids(path) == (7, 130)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "holds no id"),
        (b"# none\n", "holds no id"),
        (b"1\n131\n", "line 2: '131' is not an id, 1 to 130"),
        (b"0\n", "line 1: '0' is not an id"),
        (b"1\n-2\n", "line 2: '-2' is not an id"),
        (b"1,2\n", "line 1: '1,2' is not an id"),
        (b"9" * 5000, "is not an id"),
        (b"1\n2\n001\n", "line 3: 1 stands further up already"),
        (b"\xff\xfe1\x00", "not a text in UTF-8"),
    ],
)
def test_malformed_files_of_ids_are_refused(tmp_path: Path, content: bytes, match: str) -> None:
    (tmp_path / "ids.txt").write_bytes(content)
    with pytest.raises(InputError, match=match):
        scface.read_ids(tmp_path / "ids.txt")
    with pytest.raises(InputError, match="cannot read"):
        scface.read_ids(tmp_path / "none.txt")


def test_all_people_of_groups_are_different_people(folder: Path) -> None:
    dev, evaluation = (np.array(scface.GROUPS[group]) for group in ("dev", "eval"))
    assert (len(dev), len(evaluation), len(scface.GROUPS["all"])) == (44, 43, 130)
    assert not np.isin(dev, evaluation).any()
