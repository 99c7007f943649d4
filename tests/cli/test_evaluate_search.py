"""`fewpix evaluate search`: figures that agree with searches done by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import scface_layout
import survface_layout
import table_layout
import tinyface_layout
from evaluate_runs import printed, reasons, refused, result, run, value, values
from fewpix.degrade.degradation import Degradation
from fewpix.embed.open import open_encoder
from fewpix.evaluate.benchmark import Benchmark, Searches
from fewpix.evaluate.readers import scface, survface, tinyface
from fewpix.image.codec import read_image, write_image
from fewpix.image.resize import resize_square
from orl_files import put
from pixels_model import write_pixels_model

pytestmark = pytest.mark.needs("samples")

WORDS = ("evaluate", "search", "--gallery-model", "same")


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pixels_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With one probe that looks like another person, and one that looks like a distractor."""
    folder = tinyface_layout.tinyface(tmp_path_factory.mktemp("tinyface"))
    put(folder / "Testing_Set/Probe/10_7.jpg", 3, 2)
    put(folder / "Testing_Set/Probe/6_2.jpg", 21, 3)
    return folder


@pytest.fixture(scope="module")
def surv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return survface_layout.identification(tmp_path_factory.mktemp("survface"))


def rows_of(data: Benchmark, numbers: np.ndarray, model: Path, size: int | None = None) -> np.ndarray:
    """The embeddings of some pictures of a benchmark by hand."""
    names = [data.items.pictures.names[n] for n in numbers]
    crops = [read_image(data.inventory.folder / name) for name in names]
    if size is not None:
        crops = [Degradation().apply(crop, "", size) for crop in crops]
    return open_encoder(model).embed(crops).astype(np.float64)


def sides(data: Benchmark) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the gallery and of the probes."""
    assert isinstance(data.comparisons, Searches)
    return data.comparisons.galleries[""], data.comparisons.probes


@pytest.mark.parametrize("size", [None, 9])
def test_a_closed_set_agrees_with_a_search_by_hand(
    tiny: Path, pixels: Path, size: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    found = result(
        capsys, *WORDS, "tinyface", tiny, "--model", pixels, "--allow-missing",
        "--ranks", "1,3", *(["--size", size] if size else []),
    )  # fmt: skip
    data = tinyface.read(tiny, allow_missing=True)
    gallery, probes = sides(data)
    people = data.items.people
    scores = rows_of(data, probes, pixels, size) @ rows_of(data, gallery, pixels).T
    own = people[probes][:, None] == people[gallery][None, :]
    best = np.where(own, scores, -2).max(axis=1)
    places = 1 + (np.where(own, -2, scores) >= best[:, None] - 5e-7).sum(axis=1)
    (cell,) = found.cells
    assert values(cell, "rank") == {"1": (places <= 1).mean(), "3": (places <= 3).mean()}
    assert 0 < value(cell, "rank", "1") < 1
    assert 0 < value(cell, "map") < 1
    assert values(cell, "tpir") == values(cell, "auc") == {}  # nobody is a stranger
    assert cell.counts == {"people": 10, "rows": 11, "mated": 7, "nonmated": 0}
    assert (cell.size, cell.part) == (size, {})
    assert cell.seen is not None
    assert cell.seen.items == 7
    other = found.others["pixels.onnx"].seen
    assert (other.items, other.px and other.px.median) == (11, 24)
    assert found.benchmark.comparisons == {"probes": 7, "gallery": 11}
    assert (found.benchmark.lists_sha256, found.benchmark.coverage) == (data.inventory.sha256, 1)
    assert not found.benchmark.complete
    assert (found.treatment.fit, found.treatment.family) == ("pad", "area")


def test_the_watch_list_searches_prototypes_as_its_protocol_says(
    surv: Path, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*WORDS, "survface", surv, "--model", pixels)
    found = result(capsys, *words)
    (cell,) = found.cells
    assert (found.treatment.prototypes, found.treatment.rank) == (True, 20)
    assert cell.counts == {"people": 3, "rows": 3, "mated": 4, "nonmated": 5}
    assert list(values(cell, "tpir")) == ["1e-2", "1e-1", "2e-1", "3e-1"]
    why = "5 non-mated searches cannot show it"  # five cannot show one in ten
    assert reasons(cell, "tpir") == {"1e-2": why, "1e-1": why}
    data = survface.read(surv)
    gallery, probes = sides(data)
    people = data.items.people
    rows, names = rows_of(data, gallery, pixels), np.unique(people[gallery])
    means = np.stack([rows[people[gallery] == one].mean(axis=0) for one in names])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    scores = rows_of(data, probes, pixels) @ means.T
    mated = np.isin(people[probes], names)
    alarms = np.sort(scores[~mated].max(axis=1))[::-1]
    own = scores[mated][people[probes][mated][:, None] == names]
    for key in ("2e-1", "3e-1"):  # one alarm of five
        assert value(cell, "tpir", key) == (own > alarms[1]).mean()
    found = result(capsys, *words, "--rank", 1, "--fpirs", "0.2", "--ranks", "2")
    (cell,) = found.cells
    assert found.treatment.rank == 1
    assert (list(values(cell, "tpir")), list(values(cell, "rank"))) == (["2e-1"], ["2"])
    text = printed(capsys, *words)
    assert text.startswith("survface: search: 9 probes, 5 in the gallery\n")
    assert (
        "\n  3 people, 3 rows, 4 mated, 5 nonmated\n  TPIR at FPIR 1e-2 cannot be shown: 5 non-mated" in text
    )
    assert "; one row a person\n" in text


def test_one_distance_and_some_people_of_scface(
    pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Strangers are those who are not enrolled."""
    folder, ids = scface_layout.scface(tmp_path / "scface"), scface_layout.ids(tmp_path / "ids.txt")
    words = [*WORDS, "scface", folder, "--model", pixels, "--ids", ids, "--distance"]
    near = result(capsys, *words, 2, "--ranks", "1")
    assert near.cells[0].counts == {"people": 5, "rows": 5, "mated": 25, "nonmated": 0}
    assert any(count.what.startswith("probes at distance 2") for count in near.benchmark.counts)
    known = scface_layout.ids(tmp_path / "known.txt", [44, 87, 130])
    found = result(capsys, *words, 3, "--enrolled", known, "--fpirs", "0.1,0.05")
    (cell,) = found.cells
    assert cell.counts == {"people": 3, "rows": 3, "mated": 15, "nonmated": 10}
    assert list(reasons(cell, "tpir")) == ["5e-2"]
    data = scface.read(folder, 3, ids=ids, enrolled=known)
    gallery, probes = sides(data)
    scores = rows_of(data, probes, pixels) @ rows_of(data, gallery, pixels).T
    own = data.items.people[probes][:, None] == data.items.people[gallery]
    mated = own.any(axis=1)
    second = np.sort(scores[~mated].max(axis=1))[-2]  # one alarm of ten is allowed
    best = scores[mated].max(axis=1)
    right = (np.where(own, scores, -2).max(axis=1)[mated] == best) & (best > second)
    assert value(cell, "tpir", "1e-1") == right.mean()
    every = result(capsys, *words, 3)
    assert len({one.benchmark.lists_sha256 for one in (near, found, every)}) == 3
    other = scface_layout.ids(tmp_path / "other.txt", [7])
    err = refused(capsys, 3, *words, 3, "--enrolled", other)
    assert "person 7 is to be enrolled, but is not among the people asked for" in err


def test_failures_to_enrol_count(
    surv: Path, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(surv, tmp_path / "survface") / "Face_Identification_Test_Set"
    (copy / "mated_probe" / survface_layout.MATED[0]).write_bytes(b"\xff\xd8\xff")
    write_image(copy / "mated_probe" / survface_layout.MATED[1], np.zeros((7, 40, 3), np.uint8))
    (copy / "unmated_probe" / survface_layout.UNMATED[0]).write_bytes(b"")
    (copy / "gallery" / "31_cam1_2.jpg").write_bytes(b"")  # the only one of this person
    words = (*WORDS, "survface", tmp_path / "survface", "--model", pixels, "--fpirs", "0.8")
    found = result(capsys, *words)
    (cell,) = found.cells
    assert cell.counts == {"people": 3, "rows": 2, "mated": 4, "nonmated": 5}
    assert value(cell, "tpir", "8e-1") <= 0.25  # one of four mated probes can be found
    seen, other = cell.seen, found.others["pixels.onnx"].seen
    assert seen is not None
    assert (seen.failed_items, seen.failed_pictures, other.failed_items) == (3, 3, 1)
    assert seen.px is not None
    assert seen.px.min == 7
    text = printed(capsys, *words)
    assert "\n  3 failed to enrol, and count\n" in text
    assert "\n  3 pictures failed; the first: Face_Identification_Test_Set/mated_probe/" in text
    assert "is cut off" in text


def test_pictures_that_are_no_squares_and_smaller_ones(
    pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = table_layout.lay_out(tmp_path, table_layout.SEARCH.replace('7.png",,probe', '7.png",bob,probe'))
    for name, shape in (("ann/2.jpg", (20, 30)), ("bob/2.jpg", (10, 9))):
        square = read_image(tmp_path / name)
        write_image(tmp_path / name, np.ascontiguousarray(resize_square(square, 30)[: shape[0], : shape[1]]))
    words = (*WORDS, "table", table, "--model", pixels, "--size", 12)
    pad, stretch = (result(capsys, *words, "--fit", fit) for fit in ("pad", "stretch"))
    assert (pad.treatment.fit, stretch.treatment.fit) == ("pad", "stretch")
    seen = pad.cells[0].seen
    assert seen is not None
    assert seen.px is not None
    assert (seen.already_smaller, seen.not_square) == (1, 2)
    assert (seen.px.min, seen.px.p25, seen.px.median, seen.px.p75, seen.px.max) == (9, 9, 20, 20, 24)
    text = printed(capsys, *words, "--gallery-size", 10, "--family", "noise", "--flip")
    assert "\n  1 pictures were smaller already and stayed so\n" in text
    assert "\nprobes made small to 12 px: noise@12" in text
    assert "\nthe gallery made small to 10 px: noise@10" in text
    assert "\nthe other side of pixels.onnx seen by pixels.onnx\n" in text
    assert "squares by pad; resampled area down, cubic up (OpenCV); mirrored pictures added" in text


def test_a_result_is_the_same_again_also_from_kept_embeddings(
    tiny: Path, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "search", "tinyface", tiny, "--model", pixels, "--gallery-model", pixels]
    words += ["--allow-missing", "--size", 12]
    kept = ["--embeddings", tmp_path / "kept"]
    for n, more in enumerate(([], kept, kept)):
        code, _, err = run(capsys, *words, *more, "-v", "--out", tmp_path / f"{n}.json")
        assert code == 0
    for kind in ("json", "scores.npz"):
        assert len({(tmp_path / f"{n}.{kind}").read_bytes() for n in range(3)}) == 1
    assert (tmp_path / "0.run.json").is_file()
    assert str(tiny).encode() not in (tmp_path / "0.json").read_bytes()
    assert len(list((tmp_path / "kept").iterdir())) == 2  # probes and gallery
    assert "11 of 11 embeddings were kept in" in err
    assert "7 of 7 embeddings were kept in" in err


@pytest.mark.needs("weights")
def test_the_shipped_student_searches_the_teachers_gallery(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["picture,person,role"]
    for person in range(4):
        for n, role in ((0, "gallery"), (5, "probe")):
            put(tmp_path / f"{person}-{n}.png", person, n)
            rows.append(f"{person}-{n}.png,p{person},{role}")
    put(tmp_path / "9.png", 9, 0)
    (tmp_path / "table.csv").write_text("\n".join([*rows, "9.png,,probe"]) + "\n")
    words = ["evaluate", "search", "table", tmp_path / "table.csv"]
    found = result(capsys, *words, "--size", 16, "--fpirs", "0.5")
    (cell,) = found.cells
    other = found.others["fewpix-s"]
    assert (cell.model, other.name) == ("fewpix-s", "teacher")
    assert found.models["fewpix-s"].sha256 != other.model.sha256
    assert (cell.counts["mated"], cell.counts["nonmated"]) == (4, 1)
    assert list(reasons(cell, "tpir")) == ["5e-1"]
    assert value(cell, "auc") > 0.4


def test_missing_pictures(
    tiny: Path, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(tiny, tmp_path / "tinyface")
    (copy / "Testing_Set/Probe/3_6.jpg").unlink()
    words = (*WORDS, "tinyface", copy, "--model", pixels)
    assert "1 of 14 pictures are missing" in refused(capsys, 3, *words)
    found = result(capsys, *words, "--allow-missing")
    benchmark = found.benchmark
    assert (benchmark.missing, benchmark.listed, benchmark.left_out) == (1, 14, 1)
    assert benchmark.coverage == pytest.approx(17 / 18)  # with the distractors, which no list names
    assert found.cells[0].counts["mated"] == 6
    text = printed(capsys, *words, "--allow-missing")
    assert "coverage 94.4 %, 1 left out for want of a picture, not as published; lists " in text
