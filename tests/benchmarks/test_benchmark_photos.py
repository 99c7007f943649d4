"""`benchmarks/photos/photos.py`: its protocol piece by piece, and all of it on ORL faces before walls."""

from __future__ import annotations

import importlib
import io
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.tables.photos import photo_differences, photos
from fewpix.data.orl import load_orl
from fewpix.detect.yunet import installed_yunet
from fewpix.errors import InputError
from fewpix.evaluate.result.file import read_result
from fewpix.image.codec import encode_image
from orl_film import wall
from project import ROOT

WIDTH, PICTURES = 92, 3
BLURRED = {(0, 0), (2, 1)}
"""(person, picture) of photographs that are out of focus."""


def load(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.fixture
def photo_set(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load(monkeypatch, "benchmarks.photos.people")


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load(monkeypatch, "benchmarks.photos.figures")


def photo(person: int, picture: int) -> bytes:
    """A portrait: one ORL face before a wall; person 3's second picture has a second, smaller face."""
    faces, image = load_orl().images, wall(person)
    image[30:142, 60 : 60 + WIDTH] = faces[10 * person + picture]
    if (person, picture) in BLURRED:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 3), dtype=np.uint8)
    if (person, picture) == (3, 1):
        image[150:223, 260:320] = cv2.resize(faces[300], (60, 73), interpolation=cv2.INTER_AREA)
    return encode_image(image, ".jpg", 95)


def write_tar(path: Path, people: int, extra: dict[str, bytes] | None = None) -> Path:
    files = {f"photos/p{p}/{n}.jpg": photo(p, n) for p in range(people) for n in range(PICTURES)}
    with tarfile.open(path, "w") as archive:
        for name, data in sorted((files | (extra or {})).items(), reverse=True):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_a_split_is_of_people_and_its_seed_decides(photo_set: ModuleType) -> None:
    people = np.repeat([f"{n:02}" for n in range(60)], 6)
    first = photo_set.split(people, 0)
    assert (len(first), len(set(first))) == (42, 42)
    assert list(first) == sorted(first)
    assert (photo_set.split(people[::-1], 0) == first).all()  # sorted by name first
    assert any((photo_set.split(people, seed) != first).any() for seed in range(1, 10))
    counts = sum(np.isin(np.unique(people), photo_set.split(people, seed)).astype(int) for seed in range(200))
    assert abs(counts - 140).max() < 4.5 * (200 * 0.7 * 0.3) ** 0.5


@pytest.mark.needs("samples")
def test_known_faces_sharpest_photographs_and_sizes(photo_set: ModuleType, tmp_path: Path) -> None:
    blank = {"photos/p0/blank.jpg": encode_image(wall(), ".jpg", 95)}
    read = photo_set.Photos.read(write_tar(tmp_path / "p.tar", 4, blank), installed_yunet(0.6).find)
    assert read.names == tuple(f"p{p}/{n}.jpg" for p in range(4) for n in range(PICTURES))
    assert read.unknown == ("p0/blank.jpg",)
    for x, y, width, height in read.faces[:, :4]:  # the large one, also where there are two
        assert 60 < x + width / 2 < 60 + WIDTH
        assert 30 < y + height / 2 < 142
    chosen = [read.names[n] for n in photo_set.sharpest(read)]
    assert [name.split("/")[0] for name in chosen] == ["p0", "p1", "p2", "p3"]
    assert not {f"p{p}/{n}.jpg" for p, n in BLURRED} & set(chosen)

    for size in (32, 12):
        small = read.picture(0, size)
        high, wide = read.images[0].shape[:2]
        factor = size / read.pixels[0]
        assert small.shape == (round(high * factor), round(wide * factor), 3)
        ratio = small.shape[1] / wide
        assert np.allclose(read.box(0, small) / ratio, read.faces[0, :4], rtol=0.02)
        plain = cv2.resize(read.images[0], small.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert 0 < np.abs(small.astype(int) - plain).mean() < 6  # it went through JPEG
    assert read.picture(0, None) is read.images[0]
    assert read.factor(0, 10**4) == 1  # a photograph with a smaller face is not enlarged

    with pytest.raises(InputError, match="p0 has fewer than two photographs with a face"):
        photo_set.Photos.read(tmp_path / "p.tar", lambda image: np.zeros((0, 15), np.float32))
    again = photo_set.Photos.read(tmp_path / "p.tar", installed_yunet(0.6).find, limit=2)
    assert set(again.people) == {"p0", "p1"}
    assert again.sha256 != read.sha256
    (tmp_path / "torn.tar").write_bytes((tmp_path / "p.tar").read_bytes()[:700])
    with pytest.raises(InputError, match=r"torn\.tar"):
        photo_set.Photos.read(tmp_path / "torn.tar", installed_yunet(0.6).find)


def test_of_several_faces_the_one_that_overlaps_the_known_one_counts(photo_set: ModuleType) -> None:
    rows = np.zeros((3, 15), dtype=np.float32)
    rows[:, :4] = [(100, 100, 50, 50), (12, 11, 30, 30), (0, 0, 90, 90)]
    rows[:, 14] = (0.99, 0.7, 0.9)
    assert (photo_set.overlapping(rows, np.array([10.0, 10, 30, 30])) == rows[1]).all()
    assert photo_set.overlapping(rows[:1], np.array([10.0, 10, 30, 30])) is None
    assert photo_set.overlapping(rows[:0], np.array([10.0, 10, 30, 30])) is None


def sides(figures: ModuleType, missed: tuple[int, ...] = ()) -> tuple[Any, Any]:
    """Ten people on orthogonal axes, two probes each that lie on their own axis; some are missed."""
    people = np.repeat([f"{n}" for n in range(10)], 2)
    rows = np.repeat(np.eye(10, dtype=np.float32), 2, axis=0)
    found = ~np.isin(np.arange(20), missed)
    gallery = figures.Side(np.eye(10, dtype=np.float32), np.ones(10, dtype=bool), people[::2])
    return figures.Side(np.where(found[:, None], rows, 0), found, people), gallery


def test_misses_count_as_errors(figures: ModuleType) -> None:
    splits = [np.array([f"{n}" for n in range(7)]), np.array([f"{n}" for n in range(3, 10)])]
    options: dict[str, Any] = {"replicates": 200, "seed": 0}
    probes, gallery = sides(figures)
    good = figures.measure(probes, gallery, splits, **options)
    assert dict(good.values) == {"rank1": 1.0, "tpir": 1.0, "detection": 1.0}
    assert good.interval("rank1").low < 1  # though resampling alone would say 1 to 1

    # probe 0 is of somebody enrolled under the first seed only, probe 19 under the second only
    probes, gallery = sides(figures, missed=(0, 8, 19))
    some = figures.measure(probes, gallery, splits, **options)
    assert some.values["detection"] == pytest.approx(17 / 20)
    assert some.by_seed["rank1"] == pytest.approx((12 / 14, 12 / 14))
    assert some.by_seed["tpir"] == pytest.approx((12 / 14, 12 / 14))
    value, interval = some.minus(good, "rank1")
    assert value == pytest.approx(-2 / 14)
    assert interval.low <= value <= interval.high <= 0
    assert good.minus(good, "tpir") == (0, figures.Interval(0.0, 0.0))  # equal draws for equal people

    gallery.found[4] = False  # a failure to enrol: both of this person's probes are errors
    lost = figures.measure(probes, gallery, splits, **options)
    assert lost.by_seed["rank1"] == pytest.approx((11 / 14, 11 / 14))
    probes.found[:] = False
    none = figures.measure(probes, gallery, splits, **options)
    assert dict(none.values) == {"rank1": 0.0, "tpir": 0.0, "detection": 0.0}


def test_a_threshold_is_that_of_the_strangers_of_its_seed(figures: ModuleType) -> None:
    probes, gallery = sides(figures)
    blend = np.full(10, 0.5, dtype=np.float32)
    probes.rows[18] = blend / np.linalg.norm(blend)  # person 9 looks a little like everybody: 0.316
    probes.rows[2] = 0.3 * probes.rows[2] + np.sqrt(1 - 0.09) * np.eye(10, dtype=np.float32)[9]
    found = figures.measure(probes, gallery, [np.array([f"{n}" for n in range(9)])], replicates=50, seed=0)
    # Of two probes of strangers none may pass at 10 %, so the threshold lies above 0.316 and 0.3 is too low.
    assert found.by_seed["rank1"] == (1.0,)
    assert found.by_seed["tpir"] == pytest.approx((17 / 18,))


def test_each_probe_is_searched_among_the_rows_of_its_size(figures: ModuleType) -> None:
    probes, gallery = sides(figures, missed=(3,))
    turned = np.roll(gallery.rows, 1, axis=0)  # everybody's row is their neighbour's
    sizes = np.where(np.arange(20) < 5, 8, 0)
    probes = figures.Side(probes.rows, probes.found, probes.people, sizes)
    gallery = figures.Side(gallery.rows, gallery.found, gallery.people, shrunk={8: turned, 12: turned})
    found = figures.searched(probes, gallery, np.unique(gallery.people))
    assert (found.ranks[:5] > 1).all()
    assert (found.ranks[5:] == 1).all()
    assert (found.own[[0, 3, 5]] == np.array([0, -2, 1], dtype=np.float32)).all()


@pytest.mark.slow
@pytest.mark.needs("samples", "weights", "torch")
def test_the_whole_way_and_going_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench, work = load(monkeypatch, "benchmarks.photos.photos"), load(monkeypatch, "benchmarks.photos.work")
    tar = write_tar(tmp_path / "p.tar", 6)
    words = [str(tar), "--work", str(tmp_path / "work"), "--sizes", "24", "10", "--replicates", "60"]
    embedded = work.embed_faces
    calls = []

    def interrupted(faces: Any) -> Any:
        calls.append(len(faces))
        if len(calls) == 40:
            raise KeyboardInterrupt
        return embedded(faces)

    monkeypatch.setattr(work, "embed_faces", interrupted)
    assert bench.main([*words, "--out", str(tmp_path / "a.json")]) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert not (tmp_path / "a.json").exists()
    assert bench.main([*words, "--out", str(tmp_path / "a.json")]) == 0
    made = len(calls)
    assert bench.main([*words, "--out", str(tmp_path / "b.json")]) == 0
    assert len(calls) == made  # nothing is embedded twice
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()

    result = read_result(tmp_path / "a.json")
    assert result["data"]["probes"] == 12
    assert result["settings"]["enrolled"] == 4
    cells = {(row["size"], row["arm"]): row for row in result["figures"]}
    assert len(cells) == 2 * 9
    assert all(arm["enrolled"] == 6 for arm in result["arms"].values())
    for size in (24, 10):
        ours, plain = cells[size, "fewpix + auto"], cells[size, "yunet + sface"]
        assert ours["detection"] >= plain["detection"]
        assert ours["detection"] == cells[size, "fewpix + fewpix-l"]["detection"]  # one detector
        assert all(row["rank1"] <= 1 and row["tpir"] <= row["rank1"] for row in (ours, plain))
    assert cells[24, "fewpix + auto"]["rank1"] > 0.8
    # 6 faces of other people are too few for the guard, which is told, and then nothing is adapted
    assert {"too few" in state["refused"] for state in result["states"]} == {True}
    assert cells[10, "fewpix + auto, FaceBN excess"]["rank1"] == cells[10, "fewpix + auto"]["rank1"]

    table = photos(result, "tpir").splitlines()
    assert table[0] == "|  | 24 px | 10 px |"
    assert len(table) == 2 + 9 + 2
    assert "12 probes of 6 people, 4 of them enrolled under each of 10 seeds" in table[-1]
    table = photo_differences(result, "fewpix + auto").splitlines()
    assert [line.split(" | ")[0] for line in table[2:4]] == [
        "| faces found − yunet + sface",
        "| rank-1 − yunet + sface",
    ]


@pytest.mark.needs("samples")
def test_bad_requests_cost_no_measurement(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = load(monkeypatch, "benchmarks.photos.photos")
    here = ("--work", str(tmp_path / "w"))
    trial = str(ROOT / "results" / "photos" / "x.json")
    for words, code, message in (
        ((str(tmp_path / "none.tar"), *here, "--out", str(tmp_path / "a.json")), 3, "cannot read"),
        ((str(tmp_path / "p.tar"), *here, "--out", trial, "--limit", "8"), 5, "a trial is no result"),
        ((str(tmp_path / "p.tar"), *here, "--out", str(tmp_path / "a.txt")), 3, "a result is a .json file"),
        ((str(tmp_path / "p.tar"), *here, "--out", str(tmp_path / "a.json"), "--limit", "3"), 5, "too few"),
    ):
        monkeypatch.setattr(bench, "open_encoder", lambda name, **_: None)
        assert bench.main(list(words)) == code
        assert message in capsys.readouterr().err
