"""Reading IJB-B and IJB-C as insightface distributes them, up to both protocols on real pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark_sides import gallery, named_pairs, pairs_of, probes
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import Items
from fewpix.evaluate.readers import ijb_protocols
from fewpix.evaluate.readers.ijb import inventory, read_pictures
from fewpix.evaluate.readers.ijb_protocols import read_pairs, read_search, read_template_pairs
from fewpix.evaluate.readers.registry import open_benchmark
from fewpix.evaluate.statistics.scores import SortedScores, allowed_accepts
from ijb_layout import Layout, lay_out
from oracles import tar_at_far

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
    found = read_pictures(layout.folder)
    assert found.inventory.kind == name
    assert found.pictures == tuple(f"loose_crop/{file}" for file, _, _ in layout.rows)
    assert found.templates.tolist() == [template for _, template, _ in layout.rows]
    assert found.media.tolist() == [medium for _, _, medium in layout.rows]
    assert found.points.shape == (24, 5, 2)
    assert found.points[1].tolist() == [[11, 12], [22, 12], [16, 18], [12, 24], [20, 24]]
    np.testing.assert_allclose(found.quality[:3], [0.9, 0.91, 0.92], rtol=1e-6)
    assert found.template_ids().tolist() == sorted(layout.people)
    for benchmark in (read_pairs(layout.folder), read_search(layout.folder)):
        assert (benchmark.kind, benchmark.missing) == (name, 0)
        items = benchmark.items
        assert items.called == tuple(map(str, sorted(layout.people)))
        rows = sorted(layout.rows, key=lambda row: row[1])
        assert items.pictures.names == tuple(f"loose_crop/{file}" for file, _, _ in rows)
        assert [items.called[n] for n in items.item] == [str(template) for _, template, _ in rows]
        assert items.media.tolist() == [medium for _, _, medium in rows]
        order = [layout.rows.index(row) for row in rows]
        assert (items.points == found.points[order]).all()
        assert (items.quality == found.quality[order]).all()
        assert (items.points.dtype, items.quality.dtype) == (np.float32, np.float64)
    assert list(benchmark.comparisons.galleries) == (["S1", "S2"] if name == "ijbb" else ["G1", "G2"])


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
    for read in (read_pairs, read_search):
        with pytest.raises(InputError, match="2 of 24 pictures are missing"):
            read(layout.folder)
    found = read_pictures(layout.folder)
    assert len(found.pictures) == len(found.templates) == len(found.points) == 24
    assert found.there.sum() == 22
    ids = found.template_ids()
    assert 8 not in ids
    assert 101 in ids
    path = layout.path("template_pair_label.txt")
    with pytest.raises(InputError, match="template 8 has no picture"):
        read_template_pairs(path, ids)
    kept = [pair for pair in layout.pairs if 8 not in pair[:2]]
    benchmark = read_pairs(layout.folder, allow_missing=True)
    assert (len(benchmark.comparisons), benchmark.missing) == (len(kept), 4)
    assert named_pairs(benchmark) == [(str(a), str(b)) for a, b, _ in kept]
    assert pairs_of(benchmark).same.tolist() == [label == 1 for _, _, label in kept]
    searched = read_search(layout.folder, allow_missing=True)
    assert (len(probes(searched)), searched.missing, len(searched.items)) == (7, 1, 11)
    assert len(searched.items.pictures.names) == len(searched.items.item) == 22
    assert searched.items.pictures_of(np.arange(11) < 1).tolist() == [0, 1]


@pytest.mark.parametrize("chunk", [1, 3, 7, 32, 1000])
@pytest.mark.parametrize(("ending", "largest"), [("\n", 1 << 24), ("", 100), ("\r\n", 1 << 24)])
def test_pairs_are_read_in_chunks_of_any_size(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, chunk: int, ending: str, largest: int
) -> None:
    monkeypatch.setattr(ijb_protocols, "CHUNK", chunk)
    monkeypatch.setattr(ijb_protocols, "_LARGEST", largest)
    path = layout.path("template_pair_label.txt")
    text = "\n".join(f"{a} {b} {label}" for a, b, label in layout.pairs)
    path.write_bytes((text.replace("\n", ending or "\n") + ending).encode())
    ids = np.array(sorted(layout.people))
    pairs, missing = read_template_pairs(path, ids)
    assert (pairs.first.dtype, pairs.second.dtype, pairs.same.dtype) == (np.int32, np.int32, np.bool_)
    assert list(zip(ids[pairs.first], ids[pairs.second], pairs.same, strict=True)) == list(layout.pairs)
    assert missing == 0
    benchmark = read_pairs(layout.folder)
    assert pairs_of(benchmark).first.dtype == np.int32
    assert [str(count) for count in benchmark.inventory.counts[-2:]] == [
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
        monkeypatch.setattr(ijb_protocols, "CHUNK", chunk)
        with pytest.raises(InputError, match=f"line {line}: expected two templates and 0 or 1"):
            read_template_pairs(path, ids)


def test_lists_that_are_no_lists_of_pairs(layout: Layout) -> None:
    path, ids = layout.path("template_pair_label.txt"), np.array(sorted(layout.people))
    edit(path, "101 8 1\n", "101 9 1\n")
    with pytest.raises(InputError, match="line 2: template 9 has no picture"):
        read_template_pairs(path, ids)
    for absent in (609, 100_000, -7):
        path.write_text(f"{absent} 101 1\n101 7 1\n", encoding="utf-8")
        assert read_template_pairs(path, ids, allow_missing=True)[1] == 1
    path.write_text("101 7 1\n101 9 1\n", encoding="utf-8")
    edit(path, "101 9 1\n", "101 99999999999 1\n")
    with pytest.raises(InputError, match="number is too large"):
        read_template_pairs(path, ids)
    path.write_text("1 2 0\n", encoding="utf-8")
    for some in (ids, ids[:0]):
        with pytest.raises(InputError, match="holds no pair"):
            read_template_pairs(path, some, allow_missing=True)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="holds no pair"):
        read_template_pairs(path, ids)
    path.write_bytes(b"101 7 1\n\xff\xfe 7 1\n")
    with pytest.raises(InputError, match="not a text in UTF-8"):
        read_template_pairs(path, ids)
    path.unlink()
    with pytest.raises(InputError, match="cannot read"):
        read_template_pairs(path, ids)


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
        read_pairs(layout.folder, allow_missing=True)


def test_pictures_named_twice_or_outside_and_lists_of_unequal_length(layout: Layout) -> None:
    both = [layout.path(file) for file in ("face_tid_mid.txt", "name_5pts_score.txt")]
    texts = [path.read_text(encoding="utf-8") for path in both]
    for path in both:
        edit(path, "2.jpg", "1.jpg")
    with pytest.raises(InputError, match="names a picture twice"):
        read_pictures(layout.folder)
    for path, text in zip(both, texts, strict=True):
        path.write_text(text.replace("1.jpg", "../1.jpg", 1), encoding="utf-8")
    with pytest.raises(InputError, match="not the name of a picture"):
        read_pictures(layout.folder)
    both[0].write_text(texts[0], encoding="utf-8")
    both[1].write_text(texts[1] + texts[1].splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"24 rows.*25 rows.*from row 25 on"):
        read_pictures(layout.folder)
    both[1].write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="line 1: expected a picture and 11 numbers, not nothing"):
        read_pictures(layout.folder)
    both[1].write_bytes(b"\xff\xd8")
    with pytest.raises(InputError, match="not a text in UTF-8"):
        read_pictures(layout.folder)
    both[1].unlink()
    with pytest.raises(InputError, match=r"lacks meta/ijbc_name_5pts_score\.txt"):
        read_pictures(layout.folder)


def test_a_folder_of_neither_or_both(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        read_pictures(tmp_path / "nowhere")
    with pytest.raises(InputError, match="it lacks meta"):
        read_pictures(tmp_path)
    layout = lay_out(tmp_path / "IJBC")
    other = layout.folder / "meta" / "ijbb_face_tid_mid.txt"
    other.touch()
    with pytest.raises(InputError, match="lists of both"):
        read_pictures(layout.folder)
    other.unlink()
    layout.path("face_tid_mid.txt").unlink()
    with pytest.raises(InputError, match="neither"):
        read_pictures(layout.folder)


def test_galleries_are_read_apart(layout: Layout) -> None:
    searched = read_search(layout.folder)
    first, second = (gallery(searched, name) for name in ("G1", "G2"))
    assert (first.names, first.people.tolist()) == (("101", "102"), [10, 20])
    assert (second.names, second.people.tolist()) == (("103", "104"), [30, 40])
    assert probes(searched).names == ("7", "8", "207", "208", "407", "408", "607", "608")
    assert probes(searched).people.tolist() == [10, 10, 20, 20, 30, 30, 40, 40]
    assert [(count.found, count.published) for count in searched.inventory.counts[-3:]] == [
        (2, 1772),
        (2, 1759),
        (8, 19_593),
    ]
    assert searched.missing == 0
    assert (searched.asked.ranks, searched.asked.fpirs) == ((1, 5, 10), (0.01, 0.1))


def test_people_of_pairs_are_those_that_pairs_of_one_person_link(layout: Layout) -> None:
    read = read_pairs(layout.folder)
    clusters = pairs_of(read).clusters(read.items.people)
    assert (clusters.first == clusters.second).tolist() == pairs_of(read).same.tolist()
    assert clusters.people == 4
    assert read.asked.fars == (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


@pytest.mark.parametrize(
    ("file", "old", "new", "match"),
    [
        ("gallery_G1", "102,20", "102,21", "line 3: template 102 is of person 20 here and of 21 before"),
        ("gallery_G1", "TEMPLATE_ID", "TID", "expected one column 'TEMPLATE_ID'"),
        ("gallery_G1", "102,20,", "102,,", "line 2: SUBJECT_ID is '', not a number"),
        ("gallery_G1", "102,20,", "102,2e400,", "SUBJECT_ID is '2e400'"),
        ("probe_mixed", "608,40,", "609,40,", "1 of 9 templates have no picture, the first one 609"),
        ("probe_mixed", "608,40,", "101,40,", "template 101 is of person 40, of 10 in another list"),
    ],
)
def test_a_malformed_list_of_the_search_is_refused(
    layout: Layout, file: str, old: str, new: str, match: str
) -> None:
    path = layout.path(f"1N_{file}.csv")
    if "609" in new:
        with path.open("a", encoding="utf-8") as more:
            more.write("609,40,img/x.jpg,1,1,1,1,1\n")
    else:
        edit(path, old, new)
    with pytest.raises(InputError, match=match):
        read_search(layout.folder)


def test_galleries_that_share_somebody_are_refused(layout: Layout) -> None:
    path = layout.path("1N_gallery_G2.csv")
    text = path.read_text(encoding="utf-8")
    edit(path, ",30,", ",10,", count=99)
    with pytest.raises(InputError, match="share 1 persons, the first one 10"):
        read_search(layout.folder)
    path.write_text(text.replace("103,30,", "101,30,"), encoding="utf-8")
    with pytest.raises(InputError, match="share 1 templates, the first one 101"):
        read_search(layout.folder)
    path.unlink()
    with pytest.raises(InputError, match="cannot read"):
        read_search(layout.folder)


def test_a_gallery_without_a_picture_is_refused(layout: Layout) -> None:
    for file, template, _ in layout.rows:
        if template in (103, 104):
            (layout.folder / "loose_crop" / file).unlink()
    with pytest.raises(InputError, match="no picture of the gallery G2 is in"):
        open_benchmark("search", "ijb", layout.folder, allow_missing=True)


def grey(layout: Layout, items: Items) -> NDArray[np.float64]:
    """An embedding that needs no model: blurred grey values, their mean taken off, averaged by item."""
    rows = []
    for name in items.pictures.names:
        picture = layout.picture(name.removeprefix("loose_crop/"))[..., 0]
        small = cv2.resize(picture, (8, 8), interpolation=cv2.INTER_AREA).astype(np.float64)
        rows.append((small - small.mean()).ravel())
    sums = np.zeros((len(items), 64))
    np.add.at(sums, items.item, np.stack(rows))
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def test_both_protocols_on_pictures(layout: Layout) -> None:
    found = read_pairs(layout.folder)
    rows, pairs = grey(layout, found.items), pairs_of(found)
    scores = SortedScores.of((rows[pairs.first] * rows[pairs.second]).sum(axis=1), pairs.same)
    place = {name: n for n, name in enumerate(found.items.called)}
    by_hand = np.array([rows[place[str(a)]] @ rows[place[str(b)]] for a, b, _ in layout.pairs])
    labels = np.array([pair[2] == 1 for pair in layout.pairs])
    assert scores.tar(scores.threshold_at(0.1)) == tar_at_far(by_hand, labels, 0.1).tar
    assert not allowed_accepts(1e-6, len(scores.impostor))
    assert scores.auc() > 0.7  # faces of one person do look alike

    searched = read_search(layout.folder)
    people, searches = searched.items.people, searched.comparisons
    for name in ("G1", "G2"):
        mated = np.isin(probes(searched).people, gallery(searched, name).people)
        assert (len(gallery(searched, name)), int(mated.sum()), int((~mated).sum())) == (2, 4, 4)
    joined = np.concatenate(list(searches.galleries.values()))
    assert np.isin(probes(searched).people, people[joined]).all()
    cosines = rows[searches.probes] @ rows[joined].T
    assert (people[joined[cosines.argmax(axis=1)]] == probes(searched).people).mean() > 0.5
