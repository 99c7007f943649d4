"""QMUL-SurvFace from its original layout: the watch list and the pairs."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import survface_layout as layout
from benchmark_sides import gallery, named_pairs, pairs_of, probes
from fewpix.errors import InputError
from fewpix.evaluate.readers import survface
from fewpix.evaluate.readers.registry import open_benchmark
from fewpix.image.codec import decode_image
from matlab_layout import write_lists
from oracles import tar_at_far
from orl_files import put

pytestmark = pytest.mark.needs("samples")

TEST, PAIRS = "Face_Identification_Test_Set", "Face_Verification_Test_Set"


def test_people_are_the_numbers_in_the_names(tmp_path: Path) -> None:
    """Though the lists come in different orders: by first appearance 10002 would become 500."""
    found = survface.read(layout.identification(tmp_path))
    assert gallery(found).names[0] == f"{TEST}/gallery/10002_cam1_1.jpg"
    assert gallery(found).people.tolist() == ["10002", "10002", "31", "500", "500"]
    assert probes(found).people.tolist() == [
        *("500", "31", "10002", "31"),
        *("77", "77", "900", "unmated distractors_1.jpg", "unmated distractors_12.jpg"),
    ]
    assert probes(found).names[3:5] == (
        f"{TEST}/mated_probe/31_cam2_3.jpg",
        f"{TEST}/unmated_probe/77_cam1_1.jpg",
    )
    assert np.isin(probes(found).people, gallery(found).people).tolist() == [True] * 4 + [False] * 5
    pictures = found.items.pictures
    for n in range(14):
        assert decode_image(pictures.read(n), pictures.origin(n)).shape == (24, 24, 3)
    assert found.comparisons.prototypes
    assert (found.kind, found.asked.rank, found.asked.fpirs) == ("survface", 20, (0.01, 0.1, 0.2, 0.3))


def test_the_inventory_counts_and_says_what_was_published(tmp_path: Path) -> None:
    found = survface.inventory(layout.identification(tmp_path))
    assert [(c.found, c.published) for c in found.counts] == [
        (5, 60_294),
        (3, 3_000),
        (4, 60_423),
        (5, 121_736),
        (2, 28_476),
    ]
    assert (found.listed, found.missing, found.complete) == (9, (), False)


def test_lists_in_the_folder_of_the_evaluation(tmp_path: Path) -> None:
    layout.identification(tmp_path)
    first = survface.inventory(tmp_path).sha256
    for file in ("gallery_img_ID_pairs.mat", "mated_probe_img_ID_pairs.mat"):
        (tmp_path / "Face_Identification_Evaluation").mkdir(exist_ok=True)
        (tmp_path / TEST / file).rename(tmp_path / "Face_Identification_Evaluation" / file)
    assert survface.inventory(tmp_path).sha256 == first
    inside = survface.read(tmp_path / TEST)
    assert inside.inventory.sha256 == first
    assert gallery(inside).names[0] == "gallery/10002_cam1_1.jpg"


def test_missing_pictures_are_refused_or_left_out_and_no_mate_becomes_a_stranger(tmp_path: Path) -> None:
    layout.identification(tmp_path)
    (tmp_path / TEST / "gallery" / "31_cam1_2.jpg").unlink()
    (tmp_path / TEST / "mated_probe" / "500_cam1_9.jpg").unlink()
    with pytest.raises(InputError, match=r"2 of 9 pictures are missing .*/gallery/31_cam1_2\.jpg"):
        survface.read(tmp_path)
    found = survface.read(tmp_path, allow_missing=True)
    assert gallery(found).people.tolist() == ["10002", "10002", "500", "500"]
    assert probes(found).people.tolist()[:2] == ["10002", "77"]
    assert len(probes(found)) == 6
    assert len(found.inventory.missing) == 2


def test_no_probe_of_a_kind_is_refused(tmp_path: Path) -> None:
    layout.identification(tmp_path)
    shutil.rmtree(tmp_path / TEST / "mated_probe")
    (tmp_path / TEST / "mated_probe").mkdir()
    with pytest.raises(InputError, match="is no probe of whom a gallery has a picture"):
        open_benchmark("search", "survface", tmp_path, allow_missing=True)
    layout.identification(tmp_path)
    shutil.rmtree(tmp_path / TEST / "unmated_probe")
    (tmp_path / TEST / "unmated_probe").mkdir()
    with pytest.raises(InputError, match="unmated_probe holds 0 of 121,736 pictures"):
        survface.read(tmp_path)


def test_too_few_unmated_probes_of_the_real_set_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.identification(tmp_path)
    monkeypatch.setattr(survface, "GALLERY_PICTURES", 5)
    monkeypatch.setattr(survface, "MATED_PICTURES", 4)
    with pytest.raises(InputError, match="unmated_probe holds 5 of 121,736 pictures"):
        survface.read(tmp_path)
    assert len(probes(survface.read(tmp_path, allow_missing=True))) == 9


@pytest.mark.parametrize(
    ("names", "ids", "match"),
    [
        (["500_cam1_9.jpg"], [7], r"one id for two people: 10002_cam1_1\.jpg is 7, 500_cam1_9\.jpg is 7"),
        (["500_cam1_9.jpg"], [8], r"two ids for one person: 500_cam3_1\.jpg is 2, 500_cam1_9\.jpg is 8"),
        (["8_cam1_1.jpg"], [8], "lists person 8, who is not in gallery_img_ID_pairs"),
        (
            ["cam1_1.jpg"],
            [7],
            r"mated_probe_img_ID_pairs\.mat, row 1: cam1_1\.jpg does not begin with a person",
        ),
        (["500_cam1_9.jpg", "31.jpg"], [2, 1], r"row 2: 31\.jpg does not begin with"),
    ],
)
def test_lists_that_contradict_the_names_are_refused(
    tmp_path: Path, names: list[str], ids: list[int], match: str
) -> None:
    at = layout.identification(tmp_path) / TEST / "mated_probe_img_ID_pairs.mat"
    write_lists(at, "mated_probe_set", names, "mated_probe_ids", ids)
    with pytest.raises(InputError, match=match):
        survface.inventory(tmp_path)


def test_an_unmated_probe_of_somebody_in_the_gallery_is_refused(tmp_path: Path) -> None:
    put(layout.identification(tmp_path) / TEST / "unmated_probe" / "31_cam9_9.jpg", 31, 0)
    with pytest.raises(
        InputError, match=r"unmated_probe holds 31_cam9_9\.jpg, whose person is in the gallery"
    ):
        survface.inventory(tmp_path)


def test_unusable_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it lacks gallery, mated_probe, unmated_probe"):
        survface.inventory(tmp_path)
    with pytest.raises(InputError, match=r"it lacks verification_images, positive_pairs_names\.mat"):
        survface.inventory_of_pairs(tmp_path)
    layout.identification(tmp_path)
    (tmp_path / TEST / "gallery_img_ID_pairs.mat").unlink()
    with pytest.raises(InputError, match=r"it lacks gallery_img_ID_pairs\.mat"):
        survface.inventory(tmp_path)


def test_pairs_of_one_person_come_first_in_a_single_fold(tmp_path: Path) -> None:
    found = survface.read_pairs(layout.verification(tmp_path))
    pairs, pictures = pairs_of(found), found.items.pictures
    assert pairs.same.tolist() == [True] * 3 + [False] * 3
    assert pairs.folds is None
    ours = [tuple(name.rpartition("/")[2] for name in pair) for pair in named_pairs(found)]
    assert ours == layout.POSITIVE + layout.NEGATIVE
    assert pictures.names[0] == "verification_images/10002_cam1_1.jpg"
    assert found.items.people[0] == "10002"
    clusters = pairs.clusters(found.items.people)
    assert (clusters.people, (clusters.first == clusters.second).tolist()) == (5, pairs.same.tolist())
    for n in range(8):
        assert decode_image(pictures.read(n), pictures.origin(n)).shape == (24, 24, 3)
    assert (found.kind, found.missing) == ("survface-pairs", 0)
    assert [(c.found, c.published) for c in found.inventory.counts] == [
        (3, 5_320),
        (3, 5_320),
        (8, 10_051),
        (5, None),
        (6, None),
    ]
    scores = np.array([0.9, 0.8, 0.3, 0.5, 0.2, 0.1])
    rates = {far: tar_at_far(scores, pairs.same, far).tar for far in found.asked.fars}
    assert rates == pytest.approx({0.3: 2 / 3, 0.1: 2 / 3, 0.01: 2 / 3, 0.001: 2 / 3})


def test_pairs_with_a_missing_picture_are_refused_or_left_out(tmp_path: Path) -> None:
    layout.verification(tmp_path)
    whole = survface.inventory_of_pairs(tmp_path)
    (tmp_path / PAIRS / "verification_images" / "77_cam1_1.jpg").unlink()
    with pytest.raises(InputError, match="1 of 8 pictures are missing"):
        survface.read_pairs(tmp_path)
    found = survface.read_pairs(tmp_path, allow_missing=True)
    assert (len(found.comparisons), found.missing) == (4, 2)
    assert pairs_of(found).same.tolist() == [True, True, False, False]
    assert found.inventory.missing == (f"{PAIRS}/verification_images/77_cam1_1.jpg",)
    assert found.inventory.sha256 == whole.sha256
    assert not [pair for pair in named_pairs(found) if "verification_images/77_cam1_1.jpg" in pair]
    for name in ("10002_cam2_4.jpg", "500_cam3_2.jpg"):
        (tmp_path / PAIRS / "verification_images" / name).unlink()
    with pytest.raises(InputError, match=r"of the pairs in .* only 2 of two people are whole"):
        open_benchmark("pairs", "survface-pairs", tmp_path, allow_missing=True)


@pytest.mark.parametrize(
    ("key", "rows", "match"),
    [
        ("positive_pairs_names", [("31_a.jpg", "77_b.jpg")], "positive_pairs_names, row 1: .* other kind"),
        (
            "negative_pairs_names",
            [("31_a.jpg", "77_b.jpg"), ("31_a.jpg", "31_b.jpg")],
            r"negative_pairs_names, row 2: 31_a\.jpg and 31_b\.jpg are of the other kind",
        ),
        ("positive_pairs_names", [("31_a.jpg", "31_a.jpg")], "row 1: 31_a.jpg is paired with itself"),
        (
            "positive_pairs_names",
            [("31_a.jpg", "../31_b.jpg")],
            "row 1: '../31_b.jpg' is not a plain file name",
        ),
        ("positive_pairs_names", [("31_a.jpg", "b.jpg")], "row 1: b.jpg does not begin with a person"),
        ("positive_pairs_names", [("31_a.jpg", "31_b.jpg", "31_c.jpg")], "not two columns of names"),
    ],
)
def test_lists_of_pairs_that_cannot_be_right_are_refused(
    tmp_path: Path, key: str, rows: list[tuple[str, str]], match: str
) -> None:
    at = layout.verification(tmp_path) / PAIRS / f"{key}.mat"
    layout.pairs(at, key, rows)
    with pytest.raises(InputError, match=match):
        survface.inventory_of_pairs(tmp_path)


def test_the_folder_of_the_pairs_itself_does_too(tmp_path: Path) -> None:
    layout.verification(tmp_path)
    inside = survface.read_pairs(tmp_path / PAIRS)
    assert inside.items.pictures.names[0] == "verification_images/10002_cam1_1.jpg"
    assert inside.inventory.sha256 == survface.inventory_of_pairs(tmp_path).sha256
