"""TinyFace from its original layout: who is searched for, among whom, and what is refused."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

import tinyface_layout as layout
from benchmark_sides import gallery, probes
from fewpix.errors import InputError
from fewpix.evaluate.readers import tinyface
from fewpix.evaluate.readers.registry import open_benchmark
from fewpix.image.codec import decode_image
from matlab_layout import write_lists
from orl_files import put

pytestmark = pytest.mark.needs("samples")


def test_the_search_is_that_of_the_lists_and_all_distractors(tmp_path: Path) -> None:
    found = tinyface.read(layout.tinyface(tmp_path))
    assert gallery(found).names[:3] == tuple(
        f"Testing_Set/Gallery_Match/{n}" for n in ("2_1.jpg", "2_2.jpg", "10_1.jpg")
    )
    assert gallery(found).names[7:] == tuple(
        f"Testing_Set/Gallery_Distractor/{n}" for n in ("1.jpg", "10.jpg", "2.jpg", "face_3.jpg")
    )
    assert gallery(found).people.tolist() == [
        *("2", "2", "10", "3", "4", "5", "6"),
        *("distractor 1.jpg", "distractor 10.jpg", "distractor 2.jpg", "distractor face_3.jpg"),
    ]
    assert probes(found).names[0] == "Testing_Set/Probe/10_7.jpg"
    assert probes(found).people.tolist() == ["10", "2", "6", "3", "4", "5", "2"]
    pictures = found.items.pictures
    for n in range(18):
        assert decode_image(pictures.read(n), pictures.origin(n)).shape == (24, 24, 3)
    assert (found.kind, found.variant, found.missing) == ("tinyface", "", 0)


def test_the_inventory_counts_and_says_what_was_published(tmp_path: Path) -> None:
    found = tinyface.inventory(layout.tinyface(tmp_path))
    assert [(c.found, c.published) for c in found.counts] == [
        (7, 4443),
        (4, 153_428),
        (7, 3728),
        (6, 2569),
        (0, None),
    ]
    assert (found.listed, found.missing, found.coverage, found.complete) == (14, (), 1.0, False)
    assert "4 distractor pictures, published: 153,428" in str(found)


def test_the_training_set_is_counted_where_it_is_there(tmp_path: Path) -> None:
    for person, n in ((1, 0), (1, 1), (8, 0)):
        put(tmp_path / "Training_Set" / str(person) / f"{n}.jpg", person, n)
    (tmp_path / "Training_Set" / "9").mkdir()
    counts = tinyface.inventory(layout.tinyface(tmp_path)).counts[-2:]
    assert [(c.what, c.found, c.published) for c in counts] == [
        ("training pictures", 3, 7804),
        ("training people", 2, 2570),
    ]


def test_the_hash_tells_lists_and_distractors_but_not_the_place(tmp_path: Path) -> None:
    first = tinyface.inventory(layout.tinyface(tmp_path / "a")).sha256
    assert tinyface.inventory(tmp_path / "a" / "Testing_Set").sha256 == first
    shutil.copytree(tmp_path / "a", tmp_path / "b" / "tinyface")
    assert tinyface.inventory(tmp_path / "b").sha256 == first
    (tmp_path / "a" / "Testing_Set" / "Probe" / "2_3.jpg").unlink()
    assert tinyface.inventory(tmp_path / "a").sha256 == first
    (tmp_path / "a" / "Testing_Set" / "Gallery_Distractor" / "1.jpg").unlink()
    assert tinyface.inventory(tmp_path / "a").sha256 != first


def test_aligned_copies_beside_the_lists(tmp_path: Path) -> None:
    """As AdaFace lays them out."""
    layout.lists(tmp_path / "tinyface" / "Testing_Set")
    layout.pictures(tmp_path / tinyface.ALIGNED)
    found = tinyface.read(tmp_path, copies=tinyface.ALIGNED)
    assert probes(found).names[0] == "aligned_pad_0.1_pad_high/Probe/10_7.jpg"
    assert (len(gallery(found)), len(probes(found)), found.variant) == (11, 7, tinyface.ALIGNED)
    with pytest.raises(InputError, match="it lacks Gallery_Match, Gallery_Distractor, Probe"):
        tinyface.read(tmp_path)
    for outside in ("../elsewhere", str(tmp_path / tinyface.ALIGNED)):
        with pytest.raises(InputError, match="is not below"):
            tinyface.read(tmp_path, copies=outside)
    # copies with the lists among them are a Testing_Set of their own
    layout.lists(tmp_path / tinyface.ALIGNED)
    assert probes(tinyface.read(tmp_path / tinyface.ALIGNED)).names[0] == "Probe/10_7.jpg"


def test_missing_pictures_are_refused_or_left_out_and_reported(tmp_path: Path) -> None:
    """Person 10 loses the gallery's only picture, so the probe of person 10 goes too."""
    layout.tinyface(tmp_path)
    for name in ("Gallery_Match/10_1.jpg", "Gallery_Match/2_2.jpg", "Probe/4_2.jpg"):
        (tmp_path / "Testing_Set" / name).unlink()
    with pytest.raises(
        InputError, match=r"3 of 14 pictures are missing .* the first one Testing_Set/Gallery_Match/2_2"
    ):
        tinyface.read(tmp_path)
    found = tinyface.read(tmp_path, allow_missing=True)
    assert probes(found).people.tolist() == ["2", "6", "3", "5", "2"]
    assert len(gallery(found)) == 9
    assert (found.missing, found.coverage) == (4, 14 / 18)
    assert found.inventory.missing == (
        "Testing_Set/Gallery_Match/2_2.jpg",
        "Testing_Set/Gallery_Match/10_1.jpg",
        "Testing_Set/Probe/4_2.jpg",
    )
    assert [c.found for c in found.inventory.counts[:3]] == [5, 4, 6]


def test_a_folder_without_any_listed_picture_is_refused(tmp_path: Path) -> None:
    layout.tinyface(tmp_path)
    for inside in ("Gallery_Match", "Probe"):
        shutil.rmtree(tmp_path / "Testing_Set" / inside)
        (tmp_path / "Testing_Set" / inside).mkdir()
    with pytest.raises(InputError, match="holds none of the 14 pictures"):
        tinyface.read(tmp_path, allow_missing=True)
    assert len(tinyface.inventory(tmp_path).missing) == 14


def test_no_probe_left_is_refused(tmp_path: Path) -> None:
    layout.tinyface(tmp_path)
    for name in layout.PROBES:
        (tmp_path / "Testing_Set" / "Probe" / name).unlink()
    with pytest.raises(InputError, match="is no probe of whom a gallery has a picture"):
        open_benchmark("search", "tinyface", tmp_path, allow_missing=True)


def test_too_few_distractors_of_the_real_set_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No list names them; only where the lists are the published ones their number is known."""
    layout.tinyface(tmp_path)
    assert len(gallery(tinyface.read(tmp_path))) == 11
    monkeypatch.setattr(tinyface, "MATCHES", 7)
    monkeypatch.setattr(tinyface, "PROBES", 7)
    with pytest.raises(InputError, match="Gallery_Distractor holds 4 of 153,428 pictures"):
        tinyface.read(tmp_path)
    assert len(gallery(tinyface.read(tmp_path, allow_missing=True))) == 11


def test_what_is_no_picture_is_no_distractor(tmp_path: Path) -> None:
    folder = layout.tinyface(tmp_path) / "Testing_Set" / "Gallery_Distractor"
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "._1.jpg").write_bytes(b"x")
    (folder / "deep.jpg").mkdir()
    assert tinyface.inventory(tmp_path).counts[1].found == 4


def test_names_that_tell_another_person_than_the_list_are_counted(tmp_path: Path) -> None:
    """AdaFace labels by names, the official evaluation by ids."""
    at = layout.tinyface(tmp_path) / "Testing_Set" / "probe_img_ID_pairs.mat"
    write_lists(at, "probe_set", layout.PROBES, "probe_ids", [2, 10, 6, 3, 4, 5, 2])
    found = tinyface.read(tmp_path)
    assert found.inventory.counts[4].found == 2
    assert probes(found).people.tolist()[:2] == ["2", "10"]


def test_unusable_folders_and_lists_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        tinyface.inventory(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"lacks Testing_Set/probe_img_ID_pairs\.mat"):
        tinyface.inventory(tmp_path)
    at = layout.tinyface(tmp_path) / "Testing_Set"
    write_lists(at / "probe_img_ID_pairs.mat", "probe_set", ["77_1.jpg"], "probe_ids", [77])
    with pytest.raises(InputError, match="lists person 77, who is not in gallery_match_img_ID_pairs"):
        tinyface.inventory(tmp_path)
    write_lists(at / "probe_img_ID_pairs.mat", "probe_set", ["../2_1.jpg"], "probe_ids", [2])
    with pytest.raises(InputError, match=r"probe_set, row 1: '\.\./2_1\.jpg' is not a plain file name"):
        tinyface.inventory(tmp_path)
    write_lists(at / "probe_img_ID_pairs.mat", "gallery_set", ["2_1.jpg"], "gallery_ids", [2])
    with pytest.raises(InputError, match="no variable probe_set or probe_ids, only gallery_set, gallery_ids"):
        tinyface.inventory(tmp_path)
    (at / "gallery_match_img_ID_pairs.mat").unlink()
    with pytest.raises(InputError, match=r"it lacks gallery_match_img_ID_pairs\.mat"):
        tinyface.inventory(tmp_path)


def test_people_of_gallery_and_probes_share_one_kind_of_name(tmp_path: Path) -> None:
    found = tinyface.read(layout.tinyface(tmp_path))
    assert np.isin(probes(found).people, gallery(found).people).all()
    assert len(np.unique(gallery(found).people)) == 10


def test_what_is_no_distractor_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.tinyface(tmp_path)
    place = tmp_path / "Testing_Set/Gallery_Distractor"
    (place / "list.txt").write_text("text")
    (place / "1.jpg").rename(place / "1.jfif")
    found = tinyface.inventory(tmp_path)
    assert [(item.path, item.why) for item in found.left_out.items] == [
        ("Testing_Set/Gallery_Distractor/list.txt", "no picture")
    ]
    assert ("distractor pictures", 4) in [(count.what, count.found) for count in found.counts]
    monkeypatch.setattr(logging.getLogger("fewpix"), "propagate", True)
    with caplog.at_level(logging.WARNING, "fewpix"):
        tinyface.read(tmp_path, allow_missing=True)
    assert "1 file passed over: Testing_Set/Gallery_Distractor/list.txt (no picture)" in caplog.text
