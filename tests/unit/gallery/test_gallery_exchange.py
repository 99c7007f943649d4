"""Exported galleries: everything comes back bit for bit, and files that lie are refused."""

from __future__ import annotations

import base64
import io
import itertools
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fewpix.errors import ConfigError, InputError, SpaceError
from fewpix.gallery import Gallery, Original
from fewpix.gallery.cameras import add_camera, camera_state, cameras
from fewpix.gallery.edit import rename
from fewpix.gallery.exchange import export_gallery, import_document, read_document
from fewpix.gallery.history import history
from fewpix.image.codec import encode_image
from fewpix.models.space import Space
from gallery_stores import PROVENANCE, SPACE, new_database, state, unit

FORMATS = [".npz", ".json", pytest.param(".parquet", marks=pytest.mark.needs("parquet"))]
POINTS = tuple((n + 0.1, 2.0 * n) for n in range(5))


def png(seed: int) -> bytes:
    return encode_image(np.random.default_rng(seed).integers(0, 256, (9, 7, 3), dtype=np.uint8))


def fill(location: str | Path) -> Gallery:
    gallery = Gallery.open(location, SPACE)
    gallery.add(
        "Zoë", unit(0), **{**PROVENANCE, "source": "ü.jpg"}, quality=0.5, original=Original(png(0), POINTS)
    )
    gallery.add("Zoë", unit(1), **{**PROVENANCE, "pixels": 16.5, "state_id": "51" * 8}, face=1)
    gallery.add("Zoë", unit(2), **PROVENANCE, original=Original(png(1), None))
    gallery.add("李", unit(3), **PROVENANCE)
    rename(gallery, "李", "李小龍")
    add_camera(gallery, "gate", state(1))
    return gallery


def everything(gallery: Gallery) -> dict[str, Any]:
    """All but the numbers of photos, which are the store's own."""
    numbers = {face.face: n for n, face in enumerate(gallery.faces())}
    return {
        "rows": [
            (numbers[r.face], r.name, r.embedding.tobytes(), r.encoder_sha256, r.pixels, r.state_id, r.source,
             r.created, r.quality)
            for r in gallery.rows()
        ],
        "people": gallery.people(),
        "originals": [gallery.original(face.face) for face in gallery.faces()],
        "cameras": [(c.name, c.created, c.state.id) for c in cameras(gallery)],
        "history": [
            (p.name, e) for p in gallery.people() for e in history(gallery, p.name) if e.action != "imported"
        ],
    }  # fmt: skip


@pytest.mark.parametrize("ending", FORMATS)
def test_everything_comes_back(tmp_path: Path, ending: str):
    file = tmp_path / f"out{ending}"
    with fill(tmp_path / "a.db") as gallery:
        before = everything(gallery)
        done = export_gallery(gallery, file)
        assert (done.people, done.faces, done.rows, done.originals, done.cameras) == (2, 3, 4, 2, 1)
    document = read_document(file)
    with Gallery.open(tmp_path / "b.db", document.space) as gallery:
        trial = import_document(gallery, document, "out", dry_run=True)
        assert (trial.faces, trial.new, gallery.people()) == (3, 2, [])
        done = import_document(gallery, document, "out")
        assert (done.faces, done.same, done.new, done.cameras) == (3, 0, 2, 1)
        assert everything(gallery) == before
        assert [e.detail for e in history(gallery, "Zoë")] == ["2 photos from out"]
        again = import_document(gallery, document, "out")
        assert (again.faces, again.same, again.new, again.cameras) == (0, 3, 0, 0)
        assert everything(gallery) == before
        export_gallery(gallery, tmp_path / f"again{ending}", originals=False)
        assert not read_document(tmp_path / f"again{ending}").originals


class WrittenBetween:
    """A database beside which somebody else commits a change after every query."""

    def __init__(self, database: Any, write: Callable[[], None]) -> None:
        self.database, self.write = database, write

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)

    def select(self, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        rows = list(self.database.select(statement, *values))
        self.write()
        return iter(rows)


def test_an_export_is_of_one_moment_beside_a_writer(location: str, tmp_path: Path):
    names = (f"new {n}" for n in itertools.count())
    with fill(location) as gallery, Gallery.open(location, SPACE) as writer:

        def write() -> None:
            name, new = next(names), Original(png(9), None)
            writer.add(name, unit(4), **PROVENANCE, original=new)
            rename(writer, name, f"{name}, renamed")
            add_camera(writer, name, state(2))

        before = everything(gallery)
        gallery.database = WrittenBetween(gallery.database, write)
        done = export_gallery(gallery, tmp_path / "out.json")
        assert len(writer.people()) > 2 + 5  # it was written to between any two of the reads
        assert (done.people, done.rows, done.originals, done.cameras) == (2, 4, 2, 1)
    document = read_document(tmp_path / "out.json")
    with Gallery.open(tmp_path / "b.db", SPACE) as copy:
        import_document(copy, document, "out")
        assert everything(copy) == before


def test_an_export_of_a_gallery_that_another_process_moved_to_another_space(tmp_path: Path):
    with fill(tmp_path / "g.db") as gallery, Gallery.open(tmp_path / "g.db", SPACE) as other:
        with other.database.transaction():
            other.database.set_space(Space("b" * 64, 8))
        with pytest.raises(SpaceError, match=r"was moved to .* by another process"):
            export_gallery(gallery, tmp_path / "out.npz")
        assert not (tmp_path / "out.npz").exists()


@pytest.mark.slow
@pytest.mark.needs("postgres")
def test_a_gallery_moves_from_a_file_to_a_server_and_back(tmp_path: Path, server: str):
    with fill(tmp_path / "a.db") as gallery:
        before = everything(gallery)
        export_gallery(gallery, tmp_path / "a.npz")
    with Gallery.open(new_database(server), SPACE) as gallery:
        import_document(gallery, read_document(tmp_path / "a.npz"), "a")
        assert everything(gallery) == before
        export_gallery(gallery, tmp_path / "b.npz")
    with Gallery.open(tmp_path / "b.db", SPACE) as gallery:
        import_document(gallery, read_document(tmp_path / "b.npz"), "b")
        assert everything(gallery) == before


def test_an_empty_gallery_and_people_who_are_there_already(tmp_path: Path):
    with Gallery.open(tmp_path / "empty.db", SPACE) as gallery:
        for ending in (".npz", ".json"):
            export_gallery(gallery, tmp_path / f"empty{ending}")
            assert read_document(tmp_path / f"empty{ending}").rows == ()
    with fill(tmp_path / "a.db") as gallery:
        export_gallery(gallery, tmp_path / "a.npz")
    with Gallery.open(tmp_path / "b.db", SPACE) as gallery:
        gallery.add("Zoë", unit(2), **PROVENANCE)
        add_camera(gallery, "gate", state(2))
        done = import_document(gallery, read_document(tmp_path / "a.npz"), "a.npz")
        assert (done.faces, done.same, done.new, done.kept) == (2, 1, 1, ("gate",))
        assert camera_state(gallery, "gate").id == state(2).id
        assert [(p.name, p.faces, p.rows) for p in gallery.people()] == [("Zoë", 2, 3), ("李小龍", 1, 1)]


def test_another_space_and_bad_embeddings_write_nothing(tmp_path: Path):
    with fill(tmp_path / "a.db") as gallery:
        export_gallery(gallery, tmp_path / "a.json")
    value = json.loads((tmp_path / "a.json").read_text())
    with Gallery.open(tmp_path / "b.db", Space("b" * 64, 8)) as gallery, pytest.raises(SpaceError):
        import_document(gallery, read_document(tmp_path / "a.json"), "a")
    value["rows"][-1]["embedding"] = [2.0] * 8
    (tmp_path / "long.json").write_text(json.dumps(value))
    with Gallery.open(tmp_path / "c.db", SPACE) as gallery:
        with pytest.raises(InputError, match="unit length"):
            import_document(gallery, read_document(tmp_path / "long.json"), "long")
        assert gallery.people() == []


@pytest.fixture
def good(tmp_path: Path) -> dict[str, Any]:
    with fill(tmp_path / "good.db") as gallery:
        export_gallery(gallery, tmp_path / "good.json")
        export_gallery(gallery, tmp_path / "good.npz")
    return dict(json.loads((tmp_path / "good.json").read_text()))


def row(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["rows"][1].__setitem__(key, value)


LIES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another format": (lambda d: d.update(format="songs"), "format 'songs'"),
    "newer": (lambda d: d.update(version=3), "update fewpix"),
    "no people": (lambda d: d.pop("people"), "'people' is missing"),
    "twice": (lambda d: d["people"].append(d["people"][0]), "listed twice"),
    "stranger": (lambda d: d["people"].pop(), "not the photo's, or not in the list"),
    "no photo": (
        lambda d: d["people"].append({"name": "Eve", "created": "2026-01-01", "history": []}),
        "'Eve' has no photo",
    ),
    "dimensions": (lambda d: d["space"].update(dim=9), "must be \\(N, 9\\) float32"),
    "huge space": (lambda d: d["space"].update(dim=10**12), "dimensions"),
    "camera": (lambda d: d["cameras"][0].update(state="AAAA"), "not a NormState"),
    "base64": (lambda d: d["cameras"][0].update(state="%%%"), "not an exported gallery"),
    "history": (lambda d: d["people"][0].update(history=[{"action": 1}]), "a text of at most"),
    "name": (row("name", "a\nb"), "row 1: "),
    "name form": (row("name", " Zoë"), "not in the form"),
    "pixels": (row("pixels", -1), "row 1: pixels -1.0"),
    "pixels text": (row("pixels", "many"), "row 1: "),
    "quality": (row("quality", 2), "row 1: pixels"),
    "face": (row("face", 1.5), "number of a photo is 1.5"),
    "one photo of two": (row("face", 3), "not the photo's"),
    "date": (row("created", "yesterday"), "row 1: "),
    "long": (row("source", "x" * 5000), "at most 4096 characters"),
    "nul": (row("source", "a\0b"), "NUL"),
    "surrogate": (row("source", "\ud800"), "surrogate"),
    "crop": (row("crop", base64.b64encode(b"MZ virus").decode()), "row 1: a crop is no PNG"),
    "embedding": (row("embedding", [1e300] * 8), "not finite"),
    "short embedding": (row("embedding", [1.0]), "not an exported gallery"),
    "points": (lambda d: d["rows"][0].update(points="[[1, 2]]"), "five finite points"),
    "deep points": (lambda d: d["rows"][0].update(points="[" * 900), "row 0: "),
    "rows": (lambda d: d.update(rows=7), "not an exported gallery"),
    "row": (lambda d: d.update(rows=[None]), "not an exported gallery"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_json_file_that_lies_is_one_clear_error(tmp_path: Path, good: dict[str, Any], lie: str):
    change, message = LIES[lie]
    change(good)
    path = tmp_path / "lie.json"
    path.write_text(json.dumps(good))
    with pytest.raises(InputError, match=message) as caught:
        read_document(path)
    assert "lie.json" in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": "fewpix-gallery"}', b"PK\x03\x04"],
)
@pytest.mark.parametrize("ending", FORMATS)
def test_no_exported_gallery_at_all(tmp_path: Path, ending: str, data: bytes):
    path = tmp_path / f"x{ending}"
    path.write_bytes(data)
    with pytest.raises(InputError, match="is not an exported gallery"):
        read_document(path)


def members(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def test_arrays_are_called_as_in_embed_and_files_of_before_stay_readable(
    tmp_path: Path, good: dict[str, Any]
):
    arrays = members(tmp_path / "good.npz")
    assert {"names", "embeddings"} < set(arrays)
    before = {"names": "name", "embeddings": "embedding"}
    np.savez(tmp_path / "old.npz", **{before.get(name, name): value for name, value in arrays.items()})
    old, new = read_document(tmp_path / "old.npz"), read_document(tmp_path / "good.npz")
    assert old.people == new.people
    assert [row.name for row in old.rows] == [row.name for row in new.rows]
    for one, other in zip(old.rows, new.rows, strict=True):
        np.testing.assert_array_equal(one.embedding, other.embedding)


class Trap:
    """Would leave a file behind if anybody unpickled it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_an_npz_file_that_lies_is_one_clear_error(tmp_path: Path, good: dict[str, Any]):
    path = tmp_path / "lie.npz"
    arrays = members(tmp_path / "good.npz")
    for change, message in (
        ({"names": np.array([Trap(tmp_path / "run")] * 4, dtype=object)}, "'names' is object"),
        ({"embeddings": arrays["embeddings"].astype(np.float64)}, "'embeddings' is float64"),
        ({"embeddings": arrays["embeddings"][:2]}, "bytes, more than can be|not a 4"),
        ({"embeddings": arrays["embeddings"][:, :7].copy()}, "has shape"),
        ({"embeddings": np.asfortranarray(arrays["embeddings"])}, "'embeddings' is"),
        ({"pixels": arrays["pixels"][:3]}, "has not 4 rows"),
        ({"face": arrays["face"].reshape(2, 2)}, "has shape"),
        ({"crops": arrays["crops"][:-5]}, "do not add up"),
        ({"crop_bytes": -arrays["crop_bytes"]}, "do not add up"),
        ({"source": np.array(["x" * 5000] * 4)}, "more than can be in this file"),
        ({"header": np.frombuffer(b"{}", np.uint8)}, "'format' is missing"),
    ):
        np.savez(path, **{**arrays, **change})
        with pytest.raises(InputError, match=message):
            read_document(path)
    np.savez(path, **{name: value for name, value in arrays.items() if name != "pixels"})
    with pytest.raises(InputError, match=r"pixels\.npy"):
        read_document(path)
    assert not (tmp_path / "run").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, good: dict[str, Any]):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 8)}
    )
    with zipfile.ZipFile(tmp_path / "good.npz") as old, zipfile.ZipFile(tmp_path / "bomb.npz", "w") as new:
        for name in old.namelist():
            new.writestr(name, header.getvalue() + bytes(9) if name == "embeddings.npy" else old.read(name))
    with pytest.raises(InputError, match="would have 32000000000 bytes, more than can be in this file"):
        read_document(tmp_path / "bomb.npz")
    header.seek(0)
    header.truncate()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (4, 8)})
    with zipfile.ZipFile(tmp_path / "good.npz") as old, zipfile.ZipFile(tmp_path / "cut.npz", "w") as new:
        for name in old.namelist():
            new.writestr(name, header.getvalue() + bytes(9) if name == "embeddings.npy" else old.read(name))
    with pytest.raises(InputError, match="has not the 128 bytes that it promises"):
        read_document(tmp_path / "cut.npz")


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_with_flipped_bytes_never_ends_in_another_error(tmp_path: Path, ending: str):
    with fill(tmp_path / "g.db") as gallery:
        export_gallery(gallery, tmp_path / f"good{ending}")
    data = (tmp_path / f"good{ending}").read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        broken = bytearray(data)
        for at in rng.integers(0, len(data), rng.integers(1, 5)):
            broken[at] = rng.integers(0, 256)
        path = tmp_path / f"broken{ending}"
        path.write_bytes(broken[: len(data) if rng.random() < 0.7 else int(rng.integers(0, len(data)))])
        try:
            read_document(path)
        except InputError:
            refused += 1
    assert refused > 50


def test_endings_and_missing_files(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"\.npz, \.json, \.parquet"):
        read_document(tmp_path / "g.pickle")
    with pytest.raises(InputError, match="there is no file"):
        read_document(tmp_path / "g.npz")
