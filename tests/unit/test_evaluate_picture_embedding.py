"""Embedding many pictures: what fails is counted, and a store spares the work without changing a bit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from fewpix.evaluate.native import Look, read_native
from fewpix.evaluate.picture_embedding import Embedded, embed_pictures
from grey_encoder import Grey

from fewpix.errors import InputError, StorageError
from fewpix.evaluate import embedding_store, picture_embedding
from fewpix.evaluate.degraded import Degradation
from fewpix.image.codec import write_image

NAMES = [f"{n % 3}/{n}.png" for n in range(11)]
BAD = {4: "too small", 9: "no picture"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eleven pictures of 9 px and more, two of them useless, and chunks of four with batches of three."""
    monkeypatch.setattr(picture_embedding, "CHUNK", 4)
    monkeypatch.setattr(picture_embedding, "BATCH", 3)
    rng = np.random.default_rng(0)
    for n, name in enumerate(NAMES):
        shape = (5, 20, 3) if n == 4 else (9 + n, 12, 3)
        write_image(tmp_path / "faces" / name, rng.integers(0, 256, shape, dtype=np.uint8))
    (tmp_path / "faces" / NAMES[9]).write_bytes(b"no picture")
    return tmp_path / "faces"


def same(a: Embedded, b: Embedded) -> bool:
    return all(np.array_equal(getattr(a, key), getattr(b, key)) for key in vars(a) if key not in ("reused",))


def test_rows_are_those_of_single_pictures_and_failures_are_marked(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    encoder, look = Grey(), Look(14, "pad", Degradation("noise", 7))
    made = embed_pictures(folder, NAMES, encoder, look, advance=lambda *done: told.append(done))
    assert told == [(3, 11), (4, 11), (7, 11), (8, 11), (11, 11)]
    assert np.flatnonzero(~made.enrolled).tolist() == list(BAD)
    assert (made.failed, made.kept) == (2, 4)  # sides 12, 12, 12 and 13
    assert made.first_fault == f"{NAMES[4]} is 20x5 px, below 8 px"
    assert made.shorter.tolist() == [9, 10, 11, 12, 5, 12, 12, 12, 12, 0, 12]
    assert made.side_quantiles() == [5, 10, 12, 12, 12]
    assert len(made.enrolled_rows) == 9
    for n, name in enumerate(NAMES):
        if n in BAD:
            assert not made.rows[n].any()
        else:
            native = read_native(folder, name).picture
            assert native is not None
            assert np.array_equal(made.rows[n], Grey().embed([look.apply(native, name)[0]])[0])


def test_a_repeated_run_embeds_nothing_and_an_interrupted_one_the_rest(folder: Path, tmp_path: Path) -> None:
    store, look = tmp_path / "store", Look()
    plain = embed_pictures(folder, NAMES, Grey(), look)

    class Stopped(Exception):
        pass

    def stop(done: int, _: int) -> None:
        if done > 7:
            raise Stopped

    with pytest.raises(Stopped):
        embed_pictures(folder, NAMES, Grey(), look, store=store, advance=stop)
    encoder = Grey()
    second = embed_pictures(folder, NAMES, encoder, look, store=store)
    assert second.reused == 4
    assert len(encoder.seen) == 7 - len(BAD)
    third = embed_pictures(folder, NAMES, encoder, look, store=store)
    assert (third.reused, len(encoder.seen)) == (11, 5)
    assert same(plain, second)
    assert same(plain, third)
    files = sorted(path.name for path in store.glob("*/*"))
    assert files == ["000000.npz", "000001.npz", "000002.npz", "key.json"]
    with np.load(next(store.glob("*/000001.npz")), allow_pickle=False) as arrays:
        assert arrays["names"].tolist() == NAMES[4:8]
        assert np.array_equal(arrays["rows"], plain.rows[4:8])


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
        assert embed_pictures(folder, names, encoder, look, flip=flip, store=store).reused == 0
        assert len(list(store.iterdir())) == n
    key = json.loads(next(store.glob("*/key.json")).read_text())
    assert key["pictures"] in (10, 11)
    assert str(tmp_path) not in json.dumps(key)


def test_a_changed_picture_or_a_damaged_chunk_is_embedded_anew(folder: Path, tmp_path: Path) -> None:
    store, look = tmp_path / "store", Look()
    first = embed_pictures(folder, NAMES, Grey(), look, store=store)
    for damage in (b"", b"PK\x03\x04 no archive", b"\x93NUMPY"):
        next(store.glob("*/000001.npz")).write_bytes(damage)
        again = embed_pictures(folder, NAMES, Grey(), look, store=store)
        assert again.reused == 7
        assert same(first, again)
    other = next(store.glob("*/000000.npz"))
    other.with_name("000002.npz").write_bytes(other.read_bytes())  # a chunk of other pictures
    assert embed_pictures(folder, NAMES, Grey(), look, store=store).reused == 8
    stat = (folder / NAMES[0]).stat()
    os.utime(folder / NAMES[0], ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))
    assert embed_pictures(folder, NAMES, Grey(), look, store=store).reused == 0


def test_mirrored_pictures_are_added(folder: Path) -> None:
    encoder = Grey()
    flipped = embed_pictures(folder, NAMES, encoder, Look(), flip=True)
    assert len(encoder.seen) == 18
    assert not np.array_equal(flipped.rows, embed_pictures(folder, NAMES, Grey(), Look()).rows)


def test_nothing_to_embed_is_an_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"none of 2 pictures can be embedded; the first: 1/4.png is 20x5 px"
    ):
        embed_pictures(folder, [NAMES[4], NAMES[9]], Grey(), Look())
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="is a file"):
        embedding_store.check_folder(tmp_path / "file")
    embedding_store.check_folder(tmp_path / "new")
