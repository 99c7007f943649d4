"""`fewpix evaluate search`: figures that agree with searches done by hand, and one line for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scface_layout
import survface_layout
import table_layout
import tinyface_layout
from fewpix.evaluate.schema.search import SearchResult
from orl_files import put
from pixels_model import write_pixels_model

from fewpix.cli import main
from fewpix.embed.open import open_encoder
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.readers import scface, survface, tinyface
from fewpix.image.codec import read_image, write_image
from fewpix.image.resize import resize_square

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.needs("samples")


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


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["evaluate", "search", *map(str, words)])
    done = capsys.readouterr()
    return code, done.out, done.err


def result(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    code, out, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    found = json.loads(out)
    SearchResult.model_validate(found)
    return found


def only(found: dict[str, Any]) -> dict[str, Any]:
    """The figures of a search by one model at one size."""
    (figures,) = found["figures"]
    return figures


def embedded(folder: Path, names: tuple[str, ...], model: Path, size: int | None) -> np.ndarray:
    crops = [read_image(folder / name) for name in names]
    if size is not None:
        crops = [Degradation().apply(crop, "", size) for crop in crops]
    return open_encoder(model).embed(crops).astype(np.float64)


@pytest.mark.parametrize("size", [None, 9])
def test_a_closed_set_agrees_with_a_search_by_hand(
    tiny: Path, pixels: Path, size: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    found = result(
        capsys, "tinyface", tiny, "--model", pixels, "--gallery-model", "same", "--allow-missing",
        "--ranks", "1,3", *(["--size", size] if size else []),
    )  # fmt: skip
    data = tinyface.read(tiny, allow_missing=True)
    probes = embedded(tiny, data.probes.names, pixels, size)
    scores = probes @ embedded(tiny, data.gallery.names, pixels, None).T
    own = data.probes.people[:, None] == data.gallery.people[None, :]
    best = np.where(own, scores, -2).max(axis=1)
    places = 1 + (np.where(own, -2, scores) >= best[:, None] - 5e-7).sum(axis=1)
    assert found["set"] == "closed"
    figures = only(found)
    assert figures["rank"] == {"1": (places <= 1).mean(), "3": (places <= 3).mean()}
    assert 0 < figures["rank"]["1"] < 1
    assert 0 < figures["map"] < 1
    assert (found["mated"], found["nonmated"], found["gallery_rows"]) == (7, 0, 11)
    assert figures["size"] == size
    assert (found["probes"]["pictures"], found["probes"]["people"]) == (7, 6)
    assert (found["gallery"]["pictures"], found["gallery"]["people"]) == (11, 10)
    assert found["gallery"]["native"]["median"] == 24
    assert found["lists_sha256"] == data.inventory.sha256
    assert found["coverage"] == 1
    assert not found["as_published"]
    assert (found["fit"], found["family"]) == ("pad", "area")


def test_the_watch_list_searches_prototypes_as_its_protocol_says(
    surv: Path, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("survface", surv, "--model", pixels, "--gallery-model", "same")
    found = result(capsys, *words)
    assert (found["set"], found["prototypes"], found["gallery_rows"]) == ("open", True, 3)
    assert (found["mated"], found["nonmated"]) == (4, 5)
    figures = only(found)
    assert figures["rank"] == 20
    assert list(figures["tpir_at_fpir"]) == ["2e-1", "3e-1"]
    assert found["fpirs_unresolved"] == ["1e-2", "1e-1"]  # five searches cannot show one in ten
    data = survface.read(surv)
    rows = embedded(surv, data.gallery.names, pixels, None)
    people = np.unique(data.gallery.people)
    means = np.stack([rows[data.gallery.people == one].mean(axis=0) for one in people])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    scores = embedded(surv, data.probes.names, pixels, None) @ means.T
    mated = np.isin(data.probes.people, people)
    alarms = np.sort(scores[~mated].max(axis=1))[::-1]
    own = scores[mated][data.probes.people[mated][:, None] == people]
    for key in ("2e-1", "3e-1"):  # one alarm of five
        assert figures["tpir_at_fpir"][key] == (own > alarms[1]).mean()
    first = only(result(capsys, *words, "--rank", 1, "--fpirs", "0.2"))
    assert first["rank"] == 1
    assert list(first["tpir_at_fpir"]) == ["2e-1"]
    code, text, _ = run(capsys, *words)
    assert code == 0
    assert text.startswith("survface: 4 mated and 5 non-mated searches\n")
    assert "\n  TPIR20 " in text
    assert "FPIR 1e-2, 1e-1: unresolved, 5 non-mated searches cannot show it" in text
    assert "gallery: 5 pictures of 3 people, one row a person, at own size" in text


def test_one_distance_and_some_people_of_scface(
    pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scface_layout.scface(tmp_path / "scface")
    ids = scface_layout.ids(tmp_path / "ids.txt")
    words = ("scface", folder, "--model", pixels, "--gallery-model", "same", "--ids", ids, "--ranks", "1")
    found = result(capsys, *words, "--distance", 2)
    assert (found["mated"], found["gallery_rows"]) == (25, 5)
    assert any(row["what"].startswith("probes at distance 2") for row in found["counts"])
    assert found["lists_sha256"] != result(capsys, *words, "--distance", 3)["lists_sha256"]


def test_strangers_of_scface_are_those_who_are_not_enrolled(
    pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scface_layout.scface(tmp_path / "scface")
    ids = scface_layout.ids(tmp_path / "ids.txt")
    known = scface_layout.ids(tmp_path / "known.txt", [44, 87, 130])
    words = ["scface", folder, "--model", pixels, "--gallery-model", "same", "--ids", ids, "--distance", 3]
    found = result(capsys, *words, "--enrolled", known, "--fpirs", "0.1,0.05")
    assert (found["set"], found["mated"], found["nonmated"], found["gallery_rows"]) == ("open", 15, 10, 3)
    assert found["fpirs_unresolved"] == ["5e-2"]
    data = scface.read(folder, 3, ids=ids)
    kept = np.isin(data.gallery.people, ["044", "087", "130"])
    rows = embedded(folder, data.gallery.names, pixels, None)[kept]
    scores = embedded(folder, data.probes.names, pixels, None) @ rows.T
    own = data.probes.people[:, None] == data.gallery.people[kept]
    mated = own.any(axis=1)
    second = np.sort(scores[~mated].max(axis=1))[-2]  # one alarm of ten is allowed
    best = scores[mated].max(axis=1)
    right = (np.where(own, scores, -2).max(axis=1)[mated] == best) & (best > second)
    assert only(found)["tpir_at_fpir"] == {"1e-1": right.mean()}
    assert found["lists_sha256"] != result(capsys, *words)["lists_sha256"]
    other = scface_layout.ids(tmp_path / "other.txt", [7])
    code, _, err = run(capsys, *words, "--enrolled", other)
    assert code == 3
    assert "person 7 is to be enrolled, but is not among the people asked for" in err


def test_failures_to_enrol_count(
    surv: Path, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    copy = shutil.copytree(surv, tmp_path / "survface") / "Face_Identification_Test_Set"
    (copy / "mated_probe" / survface_layout.MATED[0]).write_bytes(b"\xff\xd8\xff")
    write_image(copy / "mated_probe" / survface_layout.MATED[1], np.zeros((7, 40, 3), np.uint8))
    (copy / "unmated_probe" / survface_layout.UNMATED[0]).write_bytes(b"")
    (copy / "gallery" / "31_cam1_2.jpg").write_bytes(b"")  # the only one of this person
    words = (
        "survface",
        tmp_path / "survface",
        "--model",
        pixels,
        "--gallery-model",
        "same",
        "--fpirs",
        "0.8",
    )
    found = result(capsys, *words)
    assert (found["mated"], found["nonmated"], found["gallery_rows"]) == (4, 5, 2)
    assert (found["probes"]["failed"], found["gallery"]["failed"]) == (3, 1)
    assert only(found)["people"] == 3
    assert only(found)["tpir_at_fpir"]["8e-1"] <= 0.25  # one of four mated probes can be found
    assert found["probes"]["native"]["min"] == 7
    text = run(capsys, *words)[1]
    assert "3 failed to enrol, and count; the first: Face_Identification_Test_Set/mated_probe/" in text
    assert "is cut off" in text


def test_pictures_that_are_no_squares_and_smaller_ones(
    pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = table_layout.lay_out(tmp_path, table_layout.SEARCH.replace('7.png",,probe', '7.png",bob,probe'))
    for name, shape in (("ann/2.jpg", (20, 30)), ("bob/2.jpg", (10, 9))):
        square = read_image(tmp_path / name)
        write_image(tmp_path / name, np.ascontiguousarray(resize_square(square, 30)[: shape[0], : shape[1]]))
    words = ("table", table, "--model", pixels, "--gallery-model", "same", "--size", 12)
    pad, stretch = (result(capsys, *words, "--fit", fit) for fit in ("pad", "stretch"))
    assert (pad["fit"], stretch["fit"]) == ("pad", "stretch")
    assert only(pad)["kept"] == 1
    assert pad["probes"]["native"] == {"min": 9, "p25": 9, "median": 20, "p75": 20, "max": 24}
    text = run(capsys, *words, "--gallery-size", 10, "--family", "noise", "--flip")[1]
    assert "1 were smaller already and stayed as they were" in text
    assert "pixels.onnx at 12 px, gallery by pixels.onnx\n" in text
    assert "people, at 10 px\n" in text
    assert "squares by pad; made small by noise; resampled area down, cubic up (OpenCV); flip" in text


def test_a_result_is_the_same_again_also_from_kept_embeddings(
    tiny: Path, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tinyface", tiny, "--model", pixels, "--gallery-model", pixels, "--allow-missing"]
    kept = ["--embeddings", tmp_path / "kept"]
    for n, more in enumerate(([], kept, kept)):
        assert run(capsys, *words, *more, "--out", tmp_path / f"{n}.json")[0] == 0
    first, second, third = ((tmp_path / f"{n}.json").read_bytes() for n in range(3))
    assert first == second == third
    assert (tmp_path / "0.run.json").is_file()
    assert str(tiny).encode() not in first
    assert len(list((tmp_path / "kept").iterdir())) == 2  # probes and gallery
    err = run(capsys, *words, *kept, "-v")[2]
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
    found = result(capsys, "table", tmp_path / "table.csv", "--size", 16, "--fpirs", "0.5")
    assert only(found)["model"] == "fewpix-s"
    assert found["galleries"]["fewpix-s"]["model"] == "teacher"
    assert found["models"]["fewpix-s"]["sha256"] != found["galleries"]["fewpix-s"]["sha256"]
    assert (found["mated"], found["nonmated"]) == (4, 1)
    assert found["fpirs_unresolved"] == ["5e-1"]
    assert only(found)["auc"] > 0.4


def test_missing_pictures(
    tiny: Path, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    copy = shutil.copytree(tiny, tmp_path / "tinyface")
    (copy / "Testing_Set/Probe/3_6.jpg").unlink()
    words = ("tinyface", copy, "--model", pixels, "--gallery-model", "same")
    code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "1 of 14 pictures are missing" in err
    found = result(capsys, *words, "--allow-missing")
    assert (found["missing"], found["listed"], found["coverage"]) == (1, 14, pytest.approx(13 / 14))
    assert found["mated"] == 6
    assert (
        "1 of 14 listed pictures left out, coverage 92.9 %, not as published"
        in run(capsys, *words, "--allow-missing")[1]
    )


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (["lfw", "{tiny}"], 5, "'lfw' has no gallery to search (use one of tinyface, scface, "),
        (["tinyface", "{tiny}/nowhere"], 3, "nowhere"),
        (["tinyface", "{tiny}", "--distance", "1"], 5, "tinyface takes no option --distance"),
        (["tinyface", "{tiny}", "--aligned", "else"], 3, "else"),
        (["scface", "{tiny}"], 5, "scface needs --distance"),
        (["tinyface", "{tiny}", "--size", "4"], 5, "size: 4 px is out of range"),
        (["tinyface", "{tiny}", "--fit", "crop"], 5, "fit: there is no way 'crop'"),
        (["tinyface", "{tiny}", "--family", "fog"], 5, "unknown degradation family 'fog'"),
        (["tinyface", "{tiny}", "--rank", "2"], 5, "rank and fpirs are for open sets"),
        (["tinyface", "{tiny}", "--ranks", "1,1"], 5, "ranks: '1,1' is empty or names something twice"),
        (["tinyface", "{tiny}", "--ranks", "1,b"], 5, "ranks: '1,b' is no list of numbers"),
        (["tinyface", "{tiny}", "--ranks", "0"], 5, "rank: 0 is out of range"),
        (["tinyface", "{tiny}", "--out", "x.txt"], 3, "a result is a .json file"),
        (["tinyface", "{tiny}", "--embeddings", "{surv}/a_file"],
         10, "is a file"),
        (["tinyface", "{tiny}", "--gallery-model", "teacher"], 7, "with --gallery-model, or same"),
        (["survface", "{surv}", "--ranks", "1"], 5, "ranks are for closed sets"),
        (["survface", "{surv}", "--fpirs", "0"], 5, "fpirs: 0 is out of range"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(
    words: list[str],
    code: int,
    match: str,
    tiny: Path,
    surv: Path,
    pixels: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (surv / "a_file").touch()
    words = [word.replace("{tiny}", str(tiny)).replace("{surv}", str(surv)) for word in words]
    given = [] if "--gallery-model" in words else ["--gallery-model", "same"]
    found, out, err = run(capsys, *words, "--model", pixels, *given, "--allow-missing", "--json")
    assert (found, out, err.count("\n")) == (code, "", 1), err
    assert match in err
