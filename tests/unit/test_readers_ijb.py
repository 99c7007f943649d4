"""Reading IJB-B and IJB-C as insightface distributes them, up to both protocols on real pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from ijb_layout import Layout, lay_out
from numpy.typing import NDArray
from oracles import tar_at_far

from fewpix.errors import InputError
from fewpix.evaluate.pair_scores import iter_scores
from fewpix.evaluate.readers import ijb_pairs
from fewpix.evaluate.readers.ijb import inventory, read
from fewpix.evaluate.readers.ijb_pairs import read_pairs
from fewpix.evaluate.readers.ijb_search import read_search
from fewpix.evaluate.statistics.scores import SortedScores
from fewpix.evaluate.template_search import joined_search, search
from fewpix.evaluate.templates import fuse

pytestmark = pytest.mark.needs("samples")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return lay_out(tmp_path / "IJBC")


def edit(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


@pytest.mark.parametrize("name", ["ijbb", "ijbc"])
def test_pictures_and_templates_are_read_as_they_stand(tmp_path: Path, name: str) -> None:
    layout = lay_out(tmp_path, name)
    found = read(layout.folder)
    assert found.inventory.kind == name
    assert found.pictures == tuple(f"loose_crop/{file}" for file, _, _ in layout.rows)
    assert found.templates.tolist() == [template for _, template, _ in layout.rows]
    assert found.media.tolist() == [medium for _, _, medium in layout.rows]
    assert found.points.shape == (24, 5, 2)
    assert found.points[1].tolist() == [[11, 12], [22, 12], [16, 18], [12, 24], [20, 24]]
    np.testing.assert_allclose(found.quality[:3], [0.9, 0.91, 0.92], rtol=1e-6)
    assert found.template_ids().tolist() == sorted(layout.people)
    assert read_search(layout.folder, found.template_ids()).names == (
        ("S1", "S2") if name == "ijbb" else ("G1", "G2")
    )


def test_the_inventory_stands_beside_what_was_published(layout: Layout) -> None:
    found = inventory(layout.folder)
    assert [(count.found, count.published) for count in found.counts] == [
        (24, 469_375),
        (12, 23_124),
        (16, None),
        (4, 4),
    ]
    assert (found.listed, found.missing) == (24, ())
    before = found.sha256
    edit(layout.path("template_pair_label.txt"), " 0\n", " 1\n")
    assert inventory(layout.folder).sha256 != before
    layout.path("1N_probe_mixed.csv").unlink()
    assert inventory(layout.folder).counts[3].found == 3


def test_missing_pictures_take_their_templates_pairs_and_probes_with_them(layout: Layout) -> None:
    alone = next(file for file, template, _ in layout.rows if template == 8)
    shared = next(file for file, template, _ in layout.rows if template == 101)
    for file in (alone, shared):
        (layout.folder / "loose_crop" / file).unlink()
    with pytest.raises(InputError, match="2 of 24 pictures are missing"):
        read(layout.folder)
    found = read(layout.folder, allow_missing=True)
    assert len(found.pictures) == len(found.templates) == len(found.points) == 22
    ids = found.template_ids()
    assert 8 not in ids
    assert 101 in ids
    path = layout.path("template_pair_label.txt")
    with pytest.raises(InputError, match="template 8 has no picture"):
        read_pairs(path, ids)
    pairs = read_pairs(path, ids, allow_missing=True)
    kept = [pair for pair in layout.pairs if 8 not in pair[:2]]
    assert (len(pairs), pairs.missing) == (len(kept), 4)
    assert list(zip(ids[pairs.first], ids[pairs.second], pairs.same, strict=True)) == kept
    with pytest.raises(InputError, match="1 of 8 templates have no picture, the first one 8"):
        read_search(layout.folder, ids)
    searched = read_search(layout.folder, ids, allow_missing=True)
    assert (len(searched.probes), searched.missing) == (7, 1)


@pytest.mark.parametrize("chunk", [1, 3, 7, 32, 1000])
@pytest.mark.parametrize(("ending", "largest"), [("\n", 1 << 24), ("", 100), ("\r\n", 1 << 24)])
def test_pairs_are_read_in_chunks_of_any_size(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, chunk: int, ending: str, largest: int
) -> None:
    monkeypatch.setattr(ijb_pairs, "CHUNK", chunk)
    monkeypatch.setattr(ijb_pairs, "_LARGEST", largest)
    path = layout.path("template_pair_label.txt")
    text = "\n".join(f"{a} {b} {label}" for a, b, label in layout.pairs)
    path.write_bytes((text.replace("\n", ending or "\n") + ending).encode())
    ids = np.array(sorted(layout.people))
    pairs = read_pairs(path, ids)
    assert (pairs.first.dtype, pairs.second.dtype, pairs.same.dtype) == (np.int32, np.int32, np.bool_)
    assert list(zip(ids[pairs.first], ids[pairs.second], pairs.same, strict=True)) == list(layout.pairs)
    assert pairs.missing == 0
    assert [str(count) for count in ijb_pairs.counts(pairs, "ijbc")] == [
        "32 template pairs, published: 15,658,489",
        "8 template pairs of one person, published: 19,557",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("101 7 1\n101 8 1\n", "101 7\n1 101 8 1\n", 1),
        ("101 7 1\n101 8 1\n", "101 7 1\n101 8 1 0\n", 2),
        ("101 8 1\n", "101 8 2\n", 2),
        ("101 8 1\n", "101 8 -1\n", 2),
        ("101 8 1\n", "101 x 1\n", 2),
        ("101 8 1\n", "101 8.0 1\n", 2),
        ("101 8 1\n", "101 8 nan\n", 2),
        ("101 8 1\n", "\n101 8 1\n", 2),
        ("101 8 1\n", "101,8,1\n", 2),
        ("101 8 1\n", "# 101 8 1\n", 2),
    ],
)
def test_a_malformed_pair_is_refused_by_its_line(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, old: str, new: str, line: int
) -> None:
    path = layout.path("template_pair_label.txt")
    edit(path, old, new)
    ids = np.array(sorted(layout.people))
    for chunk in (1, 2, 1000):
        monkeypatch.setattr(ijb_pairs, "CHUNK", chunk)
        with pytest.raises(InputError, match=f"line {line}: expected two templates and 0 or 1"):
            read_pairs(path, ids)


def test_lists_that_are_no_lists_of_pairs(layout: Layout) -> None:
    path, ids = layout.path("template_pair_label.txt"), np.array(sorted(layout.people))
    edit(path, "101 8 1\n", "101 9 1\n")
    with pytest.raises(InputError, match="line 2: template 9 has no picture"):
        read_pairs(path, ids)
    for absent in (609, 100_000, -7):
        path.write_text(f"{absent} 101 1\n101 7 1\n", encoding="utf-8")
        assert read_pairs(path, ids, allow_missing=True).missing == 1
    path.write_text("101 7 1\n101 9 1\n", encoding="utf-8")
    edit(path, "101 9 1\n", "101 99999999999 1\n")
    with pytest.raises(InputError, match="number is too large"):
        read_pairs(path, ids)
    path.write_text("1 2 0\n", encoding="utf-8")
    for some in (ids, ids[:0]):
        with pytest.raises(InputError, match="holds no pair"):
            read_pairs(path, some, allow_missing=True)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="holds no pair"):
        read_pairs(path, ids)
    path.write_bytes(b"101 7 1\n\xff\xfe 7 1\n")
    with pytest.raises(InputError, match="not a text in UTF-8"):
        read_pairs(path, ids)
    path.unlink()
    with pytest.raises(InputError, match="cannot read"):
        read_pairs(path, ids)


@pytest.mark.parametrize(
    ("file", "old", "new", "match"),
    [
        ("face_tid_mid.txt", "2.jpg 101", "3.jpg 101", "name different pictures from row 2 on"),
        ("face_tid_mid.txt", "2.jpg 101", "2.jpg", "line 2: expected a picture and 2 numbers"),
        ("face_tid_mid.txt", "2.jpg 101", "2.jpg 1.5", "line 2: expected a picture and 2 numbers"),
        ("face_tid_mid.txt", "2.jpg 101", "2.jpg 1 101", "line 2: expected a picture and 2 numbers"),
        ("name_5pts_score.txt", "2.jpg 11.000", "2.jpg nan", "line 2: expected a picture and 11 numbers"),
        ("name_5pts_score.txt", "2.jpg 11.000", "2.jpg 1 11.0", "line 2: expected a picture and 11 numbers"),
        ("name_5pts_score.txt", "2.jpg 11.000", "2.jpg x", "line 2: expected a picture and 11 numbers"),
        ("name_5pts_score.txt", "2.jpg 11.000", "\n2.jpg 11.000", "line 2: expected a picture"),
    ],
)
def test_a_malformed_list_of_pictures_is_refused(
    layout: Layout, file: str, old: str, new: str, match: str
) -> None:
    edit(layout.path(file), old, new)
    with pytest.raises(InputError, match=match):
        inventory(layout.folder)
    with pytest.raises(InputError, match=match):
        read(layout.folder, allow_missing=True)


def test_pictures_named_twice_or_outside_and_lists_of_unequal_length(layout: Layout) -> None:
    both = [layout.path(file) for file in ("face_tid_mid.txt", "name_5pts_score.txt")]
    texts = [path.read_text(encoding="utf-8") for path in both]
    for path in both:
        edit(path, "2.jpg", "1.jpg")
    with pytest.raises(InputError, match="names a picture twice"):
        read(layout.folder)
    for path, text in zip(both, texts, strict=True):
        path.write_text(text.replace("1.jpg", "../1.jpg", 1), encoding="utf-8")
    with pytest.raises(InputError, match="not the name of a picture"):
        read(layout.folder)
    both[0].write_text(texts[0], encoding="utf-8")
    both[1].write_text(texts[1] + texts[1].splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"24 rows.*25 rows.*from row 25 on"):
        read(layout.folder)
    both[1].write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="line 1: expected a picture and 11 numbers, not nothing"):
        read(layout.folder)
    both[1].write_bytes(b"\xff\xd8")
    with pytest.raises(InputError, match="not a text in UTF-8"):
        read(layout.folder)
    both[1].unlink()
    with pytest.raises(InputError, match=r"lacks meta/ijbc_name_5pts_score\.txt"):
        read(layout.folder)


def test_a_folder_of_neither_or_both(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(InputError, match="it lacks meta"):
        read(tmp_path)
    layout = lay_out(tmp_path / "IJBC")
    other = layout.folder / "meta" / "ijbb_face_tid_mid.txt"
    other.touch()
    with pytest.raises(InputError, match="lists of both"):
        read(layout.folder)
    other.unlink()
    layout.path("face_tid_mid.txt").unlink()
    with pytest.raises(InputError, match="neither"):
        read(layout.folder)


def test_galleries_are_read_apart_and_joined(layout: Layout) -> None:
    searched = read_search(layout.folder, np.array(sorted(layout.people)))
    first, second = searched.galleries
    assert (first.ids.tolist(), first.people.tolist()) == ([101, 102], [10, 20])
    assert (second.ids.tolist(), second.people.tolist()) == ([103, 104], [30, 40])
    assert searched.probes.ids.tolist() == [7, 8, 207, 208, 407, 408, 607, 608]
    assert searched.probes.people.tolist() == [10, 10, 20, 20, 30, 30, 40, 40]
    assert searched.joined().people.tolist() == [10, 20, 30, 40]
    assert [(count.found, count.published) for count in searched.counts("ijbc")] == [
        (2, 1772),
        (2, 1759),
        (8, 19_593),
    ]
    assert searched.missing == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "match"),
    [
        ("gallery_G1", "102,20", "102,21", "row 2: template 102 is of person 20 here and of 21 before"),
        ("gallery_G1", "TEMPLATE_ID", "TID", "expected one column 'TEMPLATE_ID'"),
        ("gallery_G1", "102,20,", "102,,", "row 1: SUBJECT_ID is '', not a number"),
        ("gallery_G1", "102,20,", "102,2e400,", "SUBJECT_ID is '2e400'"),
        ("probe_mixed", "608,40,", "609,40,", "1 of 9 templates have no picture, the first one 609"),
    ],
)
def test_a_malformed_list_of_the_search_is_refused(
    layout: Layout, file: str, old: str, new: str, match: str
) -> None:
    ids = np.array(sorted(layout.people))
    path = layout.path(f"1N_{file}.csv")
    if "609" in new:
        with path.open("a", encoding="utf-8") as more:
            more.write("609,40,img/x.jpg,1,1,1,1,1\n")
    else:
        edit(path, old, new)
    with pytest.raises(InputError, match=match):
        read_search(layout.folder, ids)


def test_galleries_that_share_somebody_are_refused(layout: Layout) -> None:
    ids = np.array(sorted(layout.people))
    edit(layout.path("1N_gallery_G2.csv"), ",30,", ",10,", count=99)
    with pytest.raises(InputError, match="share 1 persons, the first one 10"):
        read_search(layout.folder, ids)
    layout.path("1N_gallery_G2.csv").unlink()
    with pytest.raises(InputError, match="cannot read"):
        read_search(layout.folder, ids)
    with pytest.raises(InputError, match="names no template that has a picture"):
        read_search(layout.folder, ids[:0], allow_missing=True)


def grey(layout: Layout) -> NDArray[np.float32]:
    """An embedding that needs no model: the blurred grey values of each picture, their mean taken off."""
    rows = []
    for file, _, _ in layout.rows:
        small = cv2.resize(layout.picture(file)[..., 0], (8, 8), interpolation=cv2.INTER_AREA).astype(
            np.float32
        )
        rows.append((small - small.mean()).ravel())
    return np.stack(rows)


def test_both_protocols_on_pictures(layout: Layout) -> None:
    found = read(layout.folder)
    fused = fuse(grey(layout), found.templates, found.media, quality=found.quality)
    pairs = read_pairs(layout.path("template_pair_label.txt"), fused.ids)
    scores = SortedScores.of_blocks(iter_scores(fused.embeddings, pairs.first, pairs.second), pairs.same)
    cosines = fused.embeddings.astype(np.float64) @ fused.embeddings.astype(np.float64).T
    by_hand = np.array(
        [
            cosines[fused.rows_of(np.array(pair[:2]))[0], fused.rows_of(np.array(pair[:2]))[1]]
            for pair in layout.pairs
        ]
    )
    labels = np.array([pair[2] == 1 for pair in layout.pairs])
    assert scores.tar_at_far(0.1).tar == tar_at_far(by_hand, labels, 0.1).tar
    assert scores.tar_at_far(1e-6).tar is None
    assert scores.auc() > 0.7  # faces of one person do look alike

    searched = read_search(layout.folder, fused.ids)
    probes = fused.embeddings[fused.rows_of(searched.probes.ids)]
    for gallery in searched.galleries:
        rows = fused.embeddings[fused.rows_of(gallery.ids)]
        figures = search(probes, searched.probes.people, rows, gallery.people, fpirs=(0.1, 0.25))
        rates = figures.watch.open_set
        assert (rates.people, rates.mated, rates.nonmated) == (2, 4, 4)
        assert figures.unresolved == (0.1,)
        assert list(rates.tpir_at_fpir) == ["2.5e-1"]
    joined = searched.joined()
    public = joined_search(
        probes,
        searched.probes.people,
        fused.embeddings[fused.rows_of(joined.ids)],
        joined.people,
        ranks=(1, 4),
    )
    assert (public.probes, public.people, public.rank[4]) == (8, 4, 1.0)
