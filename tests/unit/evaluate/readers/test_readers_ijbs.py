"""Reading the protocol lists of IJB-S."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmark_sides import gallery, probes
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.readers.ijbs import PROTOCOLS, inventory, read, read_lists
from fewpix.evaluate.readers.registry import open_benchmark
from ijbs_faces_layout import PLACES, cut
from ijbs_layout import lay_out


def test_probes_are_people_in_videos(tmp_path: Path) -> None:
    lay_out(tmp_path)
    found = read_lists(tmp_path)[1]
    assert set(found) == set(PROTOCOLS)
    still = [(1, ("videos/10.mp4",)), (2, ("videos/10.mp4",)), (4, ("videos/12.mp4",))]
    assert found["surveillance_to_single"][-1] == still
    assert found["surveillance_to_booking"][-1] == still
    video = [(1, ("videos/11.mp4",)), (3, ("videos/11.mp4",))]
    assert found["surveillance_to_surveillance"][-1] == video
    # all videos of whoever is among the probes
    views = [(1, ("videos/10.mp4", "videos/11.mp4")), (3, ("videos/11.mp4",))]
    assert found["multiview_surveillance_to_booking"][-1] == views
    assert found["uav_to_booking"][-1] == [(2, ("img/90.png",)), (4, ("videos/12.mp4",))]


def test_galleries_are_pictures_albums_and_videos(tmp_path: Path) -> None:
    lay_out(tmp_path)
    found = read_lists(tmp_path)[1]
    first, second, _ = found["surveillance_to_single"]
    assert first == [(1, ("img/1.png",)), (2, ("img/2.png",))]
    assert [person for person, _ in second] == [3, 4]
    album, *_ = found["uav_to_booking"]
    assert album[1] == (2, ("img/b2_0.png", "img/b2_1.png", "img/b2_2.png"))
    video, *_ = found["surveillance_to_surveillance"]
    assert video == [(1, ("videos/20.mp4",)), (2, ("videos/20.mp4",))]
    assert len(video) == 2


def test_the_inventory_counts_what_the_lists_name(tmp_path: Path) -> None:
    lists = lay_out(tmp_path)
    found = inventory(tmp_path)
    assert [count.found for count in found.counts] == [4, 3, 5, 1, 3, 3, 2, 2, 2]
    assert (found.counts[0].published, found.listed, found.missing) == (202, 0, ())
    assert inventory(lists).sha256 == found.sha256
    path = lists / "cs6_surveillance_to_surveillance_probe.csv"
    path.write_text("FILENAME\nvideos/11.mp4\n", encoding="utf-8")
    assert inventory(tmp_path).sha256 != found.sha256


@pytest.mark.parametrize(
    ("file", "text", "match"),
    [
        ("cs6_metadata.csv", "SUBJECT_ID\n1\n", "expected 2 columns, found SUBJECT_ID"),
        ("cs6_metadata.csv", "SUBJECT_ID,FILENAME\n", "holds no row"),
        ("cs6_metadata.csv", "SUBJECT_ID,FILENAME\none,videos/10.mp4\n", "line 2: subject is 'one'"),
        ("cs6_metadata.csv", "S,F\n1,a\n1,a\n1.5,a\n", "line 4: subject is '1.5', not a whole"),
        ("cs6_metadata.csv", "SUBJECT_ID,FILENAME\n1,../10.mp4\n", "not the name of a picture"),
        ("cs6_metadata.csv", "SUBJECT_ID,FILENAME\n1,a,b\n", "line 2: 3 cells under 2 columns"),
        ("cs6_uav_to_single-booking_probe.csv", "", "holds no row"),
        ("cs6_uav_to_single-booking_probe.csv", "FILENAME\n/videos/1\n", "not the name of a picture"),
        ("galleries/cs6_surveillance_to_single_g2.csv", "T,S,F\n1,1,img/1.png\n", "galleries share person 1"),
        ("galleries/cs6_surveillance_to_single_g2.csv", "T,S\n1,1\n", "expected 3 columns, found T, S"),
    ],
)
def test_a_malformed_list_is_refused(tmp_path: Path, file: str, text: str, match: str) -> None:
    lists = lay_out(tmp_path)
    (lists / file).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=match):
        read_lists(tmp_path)


def test_a_folder_without_a_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        read_lists(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"not a folder of IJB-S protocols: it lacks cs6_metadata\.csv"):
        read_lists(tmp_path)
    lists = lay_out(tmp_path)
    (lists / "galleries" / "cs6_surveillance_to_booking_g2.csv").unlink()
    with pytest.raises(InputError, match=r"lacks galleries/cs6_surveillance_to_booking_g2\.csv"):
        inventory(tmp_path)


@pytest.mark.needs("samples")
def test_faces_of_a_protocol_are_templates(tmp_path: Path) -> None:
    lay_out(tmp_path)
    found = read(tmp_path, faces=cut(tmp_path / "faces"))
    items = found.items
    assert (found.kind, found.variant, found.missing) == ("ijbs", "surveillance_to_single", 0)
    assert items.called == ("0", "1", "2", "3", "4", "5", "6")
    assert [gallery(found, name).people.tolist() for name in ("g1", "g2")] == [[1, 2], [3, 4]]
    assert probes(found).people.tolist() == [1, 2, 4]
    assert items.item.tolist() == [0, 1, 2, 3, 4, 4, 5, 5, 6, 6]
    assert items.pictures.names[3:6] == (
        *("img/4.png/4/000000.jpg", "videos/10.mp4/1/000000.jpg", "videos/10.mp4/1/000001.jpg"),
    )
    assert items.media.tolist() == [0, 1, 2, 3, 4, 4, 5, 5, 6, 6]
    assert (items.points, items.quality) == (None, None)
    assert [(count.what, count.found) for count in found.inventory.counts[-2:]] == [
        ("faces", 10),
        ("templates without a face", 0),
    ]
    assert found.inventory.sha256 != inventory(tmp_path).sha256
    booking = read(tmp_path, faces=tmp_path / "faces", lists="surveillance_to_booking")
    assert booking.items.item.tolist() == [n for n in range(4) for _ in range(3)] + [4, 4, 5, 5, 6, 6]
    assert booking.inventory.sha256 != found.inventory.sha256


@pytest.mark.needs("samples")
def test_an_empty_folder_is_a_template_without_a_picture_and_an_absent_one_is_missing(tmp_path: Path) -> None:
    lay_out(tmp_path)
    faces = cut(tmp_path / "faces")
    for path in (faces / "videos/10.mp4/2").iterdir():
        path.unlink()
    found = read(tmp_path, faces=faces)
    assert (len(found.items), found.missing) == (7, 0)
    assert found.items.item.tolist() == [0, 1, 2, 3, 4, 4, 6, 6]
    assert found.inventory.counts[-1].found == 1
    shutil.rmtree(faces / "img/1.png/1")
    with pytest.raises(InputError, match=r"1 of 7 pictures are missing .* the first one img/1\.png/1"):
        read(tmp_path, faces=faces)
    found = read(tmp_path, faces=faces, allow_missing=True)
    assert (len(found.items), found.missing, found.coverage) == (6, 1, 6 / 7)
    assert gallery(found, "g1").people.tolist() == [2]
    assert found.inventory.missing == ("img/1.png/1",)
    shutil.rmtree(faces / "img/2.png/2")
    with pytest.raises(InputError, match="no picture of the gallery g1 is in"):
        open_benchmark("search", "ijbs", tmp_path, faces=faces, allow_missing=True)


def test_unusable_faces_and_protocols_are_refused(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with pytest.raises(ConfigError, match="IJB-S has no 'single'"):
        read(tmp_path, faces=tmp_path, lists="single")
    with pytest.raises(InputError, match="there is no folder"):
        read(tmp_path, faces=tmp_path / "faces")
    for place in PLACES:
        for person in PLACES[place]:
            (tmp_path / "faces" / place / str(person)).mkdir(parents=True)
    with pytest.raises(InputError, match="holds no face"):
        read(tmp_path, faces=tmp_path / "faces")
