"""Items to embeddings: each picture is read once, failures count, and a store spares work to the last bit."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fewpix.degrade.degradation import Degradation
from fewpix.embed.router import Router
from fewpix.errors import ConfigError, ImageError, InputError, StorageError
from fewpix.evaluate.benchmark import Items, Pairs, PictureFiles
from fewpix.evaluate.embedding import embed as module
from fewpix.evaluate.embedding.embed import Embedded, contents_sha256, embed
from fewpix.evaluate.embedding.fuse import FUSIONS, check_fusion, fuse
from fewpix.evaluate.plan import Plan
from fewpix.evaluate.view import Look, View
from fewpix.files import check_folder
from fewpix.image.align import align, pixels
from fewpix.image.codec import read_image, write_image
from grey_encoder import Grey
from made_outcomes import Memory, benchmark_of, noise

NAMES = tuple(f"{n % 3}/{n}.png" for n in range(11))
BAD = {4: "too small", 9: "no picture"}
ALL = np.ones(11, dtype=np.bool_)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eleven pictures of 9 px and more, two of them useless, and chunks of four with batches of three."""
    monkeypatch.setattr(module, "CHUNK", 4)
    monkeypatch.setattr(module, "BATCH", 3)
    for n, name in enumerate(NAMES):
        write_image(tmp_path / "faces" / name, noise(5, 20) if n == 4 else noise(9 + n, 12, n))
    (tmp_path / "faces" / NAMES[9]).write_bytes(b"no picture")
    return tmp_path / "faces"


def items_in(folder: Path, names: tuple[str, ...] = NAMES) -> Items:
    return Items(PictureFiles(folder, names), np.arange(len(names)))


def made(
    items: Items, encoder: object = None, look: Look | None = None, *, flip: bool = False, **how: object
) -> Embedded:
    """All items by one view."""
    view = View("m", encoder or Grey(), look or Look(), flip)  # type: ignore[arg-type]
    return embed(items, {view: np.ones(len(items), dtype=np.bool_)}, **how)[view]  # type: ignore[arg-type]


def same(a: Embedded, b: Embedded) -> bool:
    arrays = ("rows", "enrolled", "sides", "kept", "failed", "sha256")
    return a.faults == b.faults and all(np.array_equal(getattr(a, key), getattr(b, key)) for key in arrays)


def test_rows_are_those_of_single_pictures_and_failures_are_marked(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    items, look = items_in(folder), Look(14, "pad", Degradation("noise", 7))
    found = made(items, Grey(), look, advance=lambda *done: told.append(done))
    assert told == [(3, 11), (6, 11), (9, 11), (11, 11)]
    assert np.flatnonzero(~found.enrolled).tolist() == list(BAD) == np.flatnonzero(found.failed).tolist()
    assert found.sides.min(axis=1).tolist() == [9, 10, 11, 12, 5, 12, 12, 12, 12, 0, 12]
    assert found.sha256.any(axis=1).all()
    for n, name in enumerate(NAMES):
        if n in BAD:
            assert not found.rows[n].any()
        else:
            crop = look.apply(read_image(folder / name), name)[0]
            assert np.array_equal(found.rows[n], Grey().embed([crop])[0])
    seen = found.seen(items, ALL)
    assert (seen.items, seen.failed_items, seen.pictures, seen.failed_pictures) == (11, 2, 11, 2)
    assert (seen.already_smaller, seen.not_square) == (4, 9)
    assert seen.first_fault == f"{NAMES[4]} is 20x5 px, below 8 px"
    assert seen.px is not None
    assert seen.px.of == "picture"
    assert list(seen.px.model_dump().values())[1:] == [5, 10, 12, 12, 12]
    part = found.seen(items, np.arange(11) == 9)
    assert (part.items, part.failed_items, part.px) == (1, 1, None)
    assert part.first_fault.startswith(NAMES[9])


def test_what_cannot_be_embedded_says_why_without_a_path(tmp_path: Path) -> None:
    names = ("a.png", "flat.png", "bad.jpg", "no.png")
    write_image(tmp_path / "a.png", noise(8, 30))
    write_image(tmp_path / "flat.png", noise(7, 30))
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    items = items_in(tmp_path, names)
    found = made(items)
    assert found.sides.tolist() == [[30, 8], [30, 7], [0, 0], [0, 0]]
    assert found.faults == {
        1: "flat.png is 30x7 px, below 8 px",
        2: "bad.jpg is cut off: its end is missing",
        3: "cannot read no.png: No such file or directory",
    }
    assert found.sha256[3].tobytes() == bytes(32) != found.sha256[2].tobytes()
    for n, error in ((1, InputError), (2, ImageError), (3, InputError)):
        with pytest.raises(error, match=names[n]):
            made(items_in(tmp_path, (names[0], names[n])), faults="stop")


def test_pictures_out_of_memory_fail_under_their_names() -> None:
    items = Items(Memory([noise(9, 9), b"", noise(3, 3), b"no picture"]), np.arange(4))
    found = made(items)
    assert set(found.faults) == {1, 2, 3}
    assert all(f"{n}.png" in fault and "/home" not in fault for n, fault in found.faults.items())
    with pytest.raises(InputError, match=r"cannot read /home/somebody/faces/1\.png"):
        made(items, faults="stop")


def test_a_picture_is_read_once_for_all_views_and_only_where_one_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    pictures = Memory([noise(20, 20, n) for n in range(7)])
    items = Items(pictures, np.arange(7))
    one, other, looks = Grey(), Grey("1" * 64), (Look(), Look(8))
    wanted = {
        View("a", one, looks[0]): np.arange(7) < 4,
        View("a", one, looks[1]): np.arange(7) != 1,
        View("b", other, looks[1]): np.arange(7) == 3,
    }
    for mask in wanted.values():
        mask[5] = False
    told: list[tuple[int, int]] = []
    found = embed(items, wanted, advance=lambda *done: told.append(done))
    assert sorted(pictures.reads) == [0, 1, 2, 3, 4, 6]
    assert told[-1] == (10, 10)
    assert sorted(one.seen) == [8] * 5 + [20] * 4
    assert other.seen == [8]
    for view, mask in wanted.items():
        assert np.array_equal(found[view].enrolled, mask)
        crop = view.look.apply(pictures.images[3], "3.png")[0]  # type: ignore[arg-type]
        assert np.array_equal(found[view].rows[3], Grey().embed([crop])[0])


def test_files_and_memory_give_the_same(tmp_path: Path) -> None:
    memory = Memory([noise(20, 20, n) for n in range(3)])
    for n, name in enumerate(memory.names):
        (tmp_path / name).write_bytes(memory.read(n))
    wanted, found = np.array([True, False, True]), []
    for source in (memory, PictureFiles(tmp_path, memory.names)):
        items, view = Items(source, np.arange(3)), View("m", Grey(), Look(8))
        (embedded,) = embed(items, {view: wanted}).values()
        found.append((embedded.rows.tolist(), contents_sha256(items, [embedded])))
    assert found[0] == found[1]
    assert not any(found[0][0][1])
    (tmp_path / memory.names[1]).write_bytes(b"another one, which nobody looks at")
    assert contents_sha256(items, [embedded]) == found[0][1]


def test_a_repeated_run_embeds_nothing_and_an_interrupted_one_the_rest(folder: Path, tmp_path: Path) -> None:
    store, items = tmp_path / "store", items_in(folder)
    plain = made(items)

    class Stopped(Exception):
        pass

    def stop(done: int, _: int) -> None:
        if done == 6:  # two pictures into the second chunk
            raise Stopped

    with pytest.raises(Stopped):
        made(items, store=store, advance=stop)
    encoder = Grey()
    second = made(items, encoder, store=store)
    assert len(encoder.seen) == 7 - len(BAD)
    told: list[int] = []
    third = made(items, encoder, store=store, advance=lambda done, _: told.append(done))
    assert (told[-1], len(encoder.seen)) == (11, 5)
    assert same(plain, second)
    assert same(plain, third)
    files = sorted(path.name for path in store.glob("*/*"))
    assert files == ["000000.npz", "000001.npz", "000002.npz", "key.json"]
    with np.load(next(store.glob("*/000001.npz")), allow_pickle=False) as arrays:
        assert arrays["names"].tolist() == list(NAMES[4:8])
        assert np.array_equal(arrays["rows"], plain.rows[4:8])


def test_a_store_filled_where_failures_count_does_not_hide_them_where_they_may_not(
    folder: Path, tmp_path: Path
) -> None:
    items = items_in(folder)
    made(items, store=tmp_path / "store")
    with pytest.raises(InputError, match=r"4\.png is 20x5 px, below 8 px"):
        made(items, store=tmp_path / "store", faults="stop")


def test_what_is_kept_is_not_read_again(tmp_path: Path) -> None:
    pictures = Memory([noise(20, 20, n) for n in range(5)])
    items, kept, other = Items(pictures, np.arange(5)), View("m", Grey(), Look()), View("m", Grey(), Look(8))
    mask = np.ones(5, dtype=np.bool_)
    first = embed(items, {kept: mask}, store=tmp_path)[kept]
    pictures.reads.clear()
    assert same(embed(items, {kept: mask}, store=tmp_path)[kept], first)
    assert pictures.reads == []
    both = embed(items, {kept: mask, other: mask}, store=tmp_path)
    assert sorted(pictures.reads) == [0, 1, 2, 3, 4]
    assert same(both[kept], first)
    assert same(both[other], made(items, look=Look(8)))


def test_what_the_embeddings_depend_on_is_in_the_key(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    adapted = Grey()
    adapted.state_id = "s"
    cases = [
        (NAMES, Grey(), Look(), False),
        (NAMES, Grey("1" * 64), Look(), False),
        (NAMES, adapted, Look(), False),
        (NAMES, Grey(), Look(12), False),
        (NAMES, Grey(), Look(12, degradation=Degradation("noise")), False),
        (NAMES, Grey(), Look(12, degradation=Degradation("noise", 1)), False),
        (NAMES, Grey(), Look(fit="stretch"), False),
        (NAMES, Grey(), Look(), True),
        (NAMES[:-1], Grey(), Look(), False),
        (NAMES[::-1], Grey(), Look(), False),
    ]
    for n, (names, encoder, look, flip) in enumerate(cases, start=1):
        made(items_in(folder, names), encoder, look, flip=flip, store=store)
        assert len(encoder.seen) == (1 + flip) * (len(names) - len(BAD))
        assert len(list(store.iterdir())) == n
    key = json.loads(next(store.glob("*/key.json")).read_text())
    assert key["pictures"] in (10, 11)
    assert str(tmp_path) not in json.dumps(key)


def test_a_changed_picture_or_a_damaged_chunk_is_embedded_anew(folder: Path, tmp_path: Path) -> None:
    store, items = tmp_path / "store", items_in(folder)
    first = made(items, store=store)
    for damage in (b"", b"PK\x03\x04 no archive", b"\x93NUMPY"):
        next(store.glob("*/000001.npz")).write_bytes(damage)
        encoder = Grey()
        assert same(first, made(items, encoder, store=store))
        assert len(encoder.seen) == 3  # of four, one of which is bad
    other = next(store.glob("*/000000.npz"))
    other.with_name("000002.npz").write_bytes(other.read_bytes())  # a chunk of other pictures
    encoder = Grey()
    assert same(first, made(items, encoder, store=store))
    assert len(encoder.seen) == 2
    stat = (folder / NAMES[0]).stat()
    os.utime(folder / NAMES[0], ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))
    made(items, encoder, store=store)
    assert len(encoder.seen) == 2 + 9


def test_mirrored_pictures_are_added(folder: Path) -> None:
    encoder, items = Grey(), items_in(folder)
    flipped = made(items, encoder, flip=True)
    assert len(encoder.seen) == 18
    assert not np.array_equal(flipped.rows, made(items).rows)


def test_nothing_to_embed_is_an_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"none of 2 pictures can be embedded; the first: 1/4.png is 20x5 px"
    ):
        made(items_in(folder, (NAMES[4], NAMES[9])))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="is a file"):
        check_folder(tmp_path / "file", "the embeddings")
    check_folder(tmp_path / "new", "the embeddings")


ITEM = np.repeat([0, 1, 2, 3, 4], [3, 1, 4, 1, 3])
MEDIA = np.array([5, 5, 6, 7, 8, 8, 8, 9, 7, 1, 2, 2])


@pytest.fixture
def templates() -> Items:
    """Five templates of twelve pictures of 32 px, with points, media and qualities."""
    points = np.array(
        [[(10 - n / 3, 12), (22 + n / 3, 12), (16, 18), (12, 24), (20, 24)] for n in range(12)],
        dtype=np.float32,
    )
    quality = np.linspace(0.4, 0.95, 12)
    pictures = Memory([noise(32, 32, n) for n in range(12)])
    return Items(pictures, np.arange(5), tuple("abcde"), ITEM, MEDIA, points, quality)


def aligned_rows(items: Items, numbers: list[int]) -> np.ndarray:
    assert items.points is not None
    side = Grey().card.preprocess.side
    crops = [align(items.pictures.images[n], items.points[n], side) for n in numbers]  # type: ignore[attr-defined]
    return Grey().embed(crops)


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("name", FUSIONS)
def test_chunks_make_the_templates_of_all_pictures(
    templates: Items, name: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", chunk)
    monkeypatch.setattr(module, "BATCH", 2)
    wanted = np.array([True, False, True, True, True])
    part = wanted[ITEM]
    assert templates.quality is not None
    _, expected = fuse(
        aligned_rows(templates, np.flatnonzero(part).tolist()),
        ITEM[part],
        MEDIA[part] if name.startswith("media") else None,
        templates.quality[part] if name.endswith("quality") else None,
    )
    view = View("m", Grey(), Look())
    for store in (None, tmp_path, tmp_path):  # the third time out of the store
        found = embed(templates, {view: wanted}, fusion=name, store=store)[view]
        assert np.array_equal(found.enrolled, wanted)
        np.testing.assert_allclose(found.rows[wanted], expected, rtol=0, atol=1e-6)
        assert not found.rows[1].any()
    assert len(view.encoder.seen) == 2 * 11  # type: ignore[attr-defined]
    seen = found.seen(templates, wanted)
    assert (seen.items, seen.pictures, seen.failed_pictures, seen.first_fault) == (4, 11, 0, "")
    assert seen.px is not None
    assert templates.points is not None
    sizes = [pixels(points) for points in templates.points[part]]
    assert seen.px.of == "face"
    assert list(seen.px.model_dump().values())[1:] == [
        pytest.approx(np.quantile(sizes, q), abs=0.06) for q in (0, 0.25, 0.5, 0.75, 1)
    ]


def test_a_size_goes_through_112_px_and_a_smaller_face_stays(templates: Items) -> None:
    only = np.array([False, True, False, False, False])
    assert templates.points is not None
    picture, points = templates.pictures.images[3], templates.points[3]  # type: ignore[attr-defined]
    for size, kept in ((12, False), (60, True)):
        view = View("m", Grey(), Look(size))
        found = embed(templates, {view: only})[view]
        (crop,) = view.encoder.crops  # type: ignore[attr-defined]
        straight = align(picture, points, Grey().card.preprocess.side)
        small = Degradation().apply(align(picture, points, 112), "3.png", size)
        assert np.array_equal(crop, straight if kept else small)
        assert found.kept.tolist() == [kept and n == 3 for n in range(12)]
        assert found.seen(templates, only).already_smaller == kept


def test_a_router_chooses_by_the_pixels_of_the_face(templates: Items) -> None:
    """Not by the side of the crop, which is that of the chosen model's input."""
    assert templates.points is not None
    faces = np.array([pixels(points) for points in templates.points])
    edge = float(np.median(faces))
    low, high = Grey(), Grey()
    made(templates, Router([(0, low), (edge, high)]))
    assert len(low.seen) == np.count_nonzero(faces < edge) > 0
    assert len(high.seen) == np.count_nonzero(faces >= edge) > 0


@pytest.mark.parametrize("chunk", [2, 100])
def test_failures_are_left_out_of_their_template_and_counted(
    templates: Items, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", chunk)
    assert templates.points is not None
    images = [noise(32, 32, n) for n in range(12)]
    points = templates.points.copy()
    points[1] = points[1][[1, 0, 2, 4, 3]]  # left and right the wrong way round
    points[4] = points[4] * 0.1 + 10  # a face of a few pixels
    broken = [b"" if n == 0 else b"\xff\xd8\xff" if n == 3 else image for n, image in enumerate(images)]
    items = replace(templates, pictures=Memory(broken), points=points)
    found = made(items)
    assert found.enrolled.tolist() == [True, False, True, True, True]
    assert sorted(found.faults) == [0, 1, 3, 4]
    assert found.faults[0] == "cannot read 0.png: No such file or directory"
    assert found.faults[1].startswith("1.png: ")
    assert "below 8 px" in found.faults[4]
    assert not found.rows[1].any()
    np.testing.assert_allclose(found.rows[0], aligned_rows(templates, [2])[0], atol=1e-6)
    seen = found.seen(items, np.arange(5) < 2)
    assert (seen.items, seen.failed_items, seen.pictures, seen.failed_pictures) == (2, 1, 4, 3)
    assert seen.first_fault == found.faults[0]
    view = View("m", Grey(), Look())
    with pytest.raises(InputError, match=r"none of 1 templates' pictures can be embedded; the first: 3\.png"):
        embed(items, {view: np.arange(5) == 1})


def test_what_is_not_there_cannot_weigh(templates: Items) -> None:
    with pytest.raises(ConfigError, match="fuse: there is no way 'max'"):
        check_fusion("max")
    pairs = Pairs(np.array([0, 0]), np.array([1, 2]), np.array([True, False]))
    bare = replace(templates, quality=None)
    for name in ("quality", "media-quality"):
        plan = Plan({"m": Grey()}, fusion=name)
        plan.check(benchmark_of(templates, pairs))
        with pytest.raises(ConfigError, match="gives its pictures no quality"):
            plan.check(benchmark_of(bare, pairs))
    Plan({"m": Grey()}).check(benchmark_of(bare, pairs))
