"""Reading the protocol lists of IJB-S."""

from __future__ import annotations

from pathlib import Path

import pytest
from ijbs_layout import lay_out

from fewpix.errors import InputError
from fewpix.evaluate.readers.ijbs import PROTOCOLS, MediaTemplates, inventory, read


def rows(templates: MediaTemplates) -> list[tuple[int, tuple[str, ...]]]:
    return list(zip(templates.people.tolist(), templates.files, strict=True))


def test_probes_are_people_in_videos(tmp_path: Path) -> None:
    lay_out(tmp_path)
    found = read(tmp_path).protocols
    assert set(found) == set(PROTOCOLS)
    still = [(1, ("videos/10.mp4",)), (2, ("videos/10.mp4",)), (4, ("videos/12.mp4",))]
    assert rows(found["surveillance_to_single"].probes) == still
    assert rows(found["surveillance_to_booking"].probes) == still
    video = [(1, ("videos/11.mp4",)), (3, ("videos/11.mp4",))]
    assert rows(found["surveillance_to_surveillance"].probes) == video
    # all videos of whoever is among the probes
    views = [(1, ("videos/10.mp4", "videos/11.mp4")), (3, ("videos/11.mp4",))]
    assert rows(found["multiview_surveillance_to_booking"].probes) == views
    assert rows(found["uav_to_booking"].probes) == [(2, ("img/90.png",)), (4, ("videos/12.mp4",))]


def test_galleries_are_pictures_albums_and_videos(tmp_path: Path) -> None:
    lay_out(tmp_path)
    found = read(tmp_path).protocols
    first, second = found["surveillance_to_single"].galleries
    assert rows(first) == [(1, ("img/1.png",)), (2, ("img/2.png",))]
    assert second.people.tolist() == [3, 4]
    album, _ = found["uav_to_booking"].galleries
    assert rows(album)[1] == (2, ("img/b2_0.png", "img/b2_1.png", "img/b2_2.png"))
    video, _ = found["surveillance_to_surveillance"].galleries
    assert rows(video) == [(1, ("videos/20.mp4",)), (2, ("videos/20.mp4",))]
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
        ("cs6_metadata.csv", "SUBJECT_ID,FILENAME\none,videos/10.mp4\n", "row 1: subject is 'one'"),
        ("cs6_metadata.csv", "SUBJECT_ID,FILENAME\n1,../10.mp4\n", "not the name of a picture"),
        ("cs6_metadata.csv", "SUBJECT_ID,FILENAME\n1,a,b\n", "line 2: 3 values under 2 columns"),
        ("cs6_uav_to_single-booking_probe.csv", "", "expected 1 columns, found none"),
        ("cs6_uav_to_single-booking_probe.csv", "FILENAME\n/videos/1\n", "not the name of a picture"),
        ("galleries/cs6_surveillance_to_single_g2.csv", "T,S,F\n1,1,img/1.png\n", "galleries share person 1"),
        ("galleries/cs6_surveillance_to_single_g2.csv", "T,S\n1,1\n", "expected 3 columns, found T, S"),
    ],
)
def test_a_malformed_list_is_refused(tmp_path: Path, file: str, text: str, match: str) -> None:
    lists = lay_out(tmp_path)
    (lists / file).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=match):
        read(tmp_path)


def test_a_folder_without_a_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"not a folder of IJB-S protocols: it lacks cs6_metadata\.csv"):
        read(tmp_path)
    lists = lay_out(tmp_path)
    (lists / "galleries" / "cs6_surveillance_to_booking_g2.csv").unlink()
    with pytest.raises(InputError, match=r"lacks galleries/cs6_surveillance_to_booking_g2\.csv"):
        inventory(tmp_path)
