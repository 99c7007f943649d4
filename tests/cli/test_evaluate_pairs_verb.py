"""`fewpix evaluate pairs`: what it prints and writes, and one line for everything that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scface_layout
from fewpix.evaluate.schema.pairs import PairsResult
from pixels_model import write_pixels_model

from fewpix.cli import main
from fewpix.data.orl import load_orl
from fewpix.image.align import align
from fewpix.image.codec import write_image
from fewpix.models.shipped import WEIGHTS

pytestmark = pytest.mark.needs("samples")

PEOPLE = 12


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photographs of each of twelve people of ORL, 92x112 px, and a table of pairs in three folds."""
    folder, orl = tmp_path_factory.mktemp("own"), load_orl()
    rows = ["first,second,same,fold"]
    for person in range(PEOPLE):
        for n in (1, 2):
            write_image(folder / f"s{person}" / f"{n}.png", orl.images[10 * person + 4 * n])
        rows.append(f"s{person}/1.png,s{person}/2.png,1,{person % 3}")
        rows.append(f"s{person}/1.png,s{(person + 5) % PEOPLE}/2.png,0,{person % 3}")
    (folder / "pairs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "pairs.csv"


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pixels_model(tmp_path_factory.mktemp("models"))


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


def test_pictures_as_they_are(table: Path, pixels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "pairs", "table", table, "--model", pixels]
    code, text, _ = run(capsys, *words)
    assert code == 0
    lines = text.splitlines()
    assert lines[0] == "table, native: 12 pairs of one person and 12 of two, 3 folds"
    assert lines[1].startswith("coverage 100.0 %; lists ")
    assert lines[2].startswith(
        "24 pictures of 112 px, 24 not square, pad: the border is repeated on both sides"
    )
    assert lines[3] == "both pictures as they are, to the model; area down, cubic up (OpenCV)"
    assert lines[4] == "pixels.onnx"
    assert "over 3 folds" in lines[5]
    reason = "not resolvable: 12 impostor pairs cannot show a false accept rate below 0.0833"
    assert f"  TAR at FAR 1e-2 {reason}" in lines
    code, out, _ = run(capsys, *words, "--json", "--fars", "0.3,1e-1")
    assert code == 0
    result = json.loads(out)
    PairsResult.model_validate(result)
    (figures,) = result["figures"]
    assert list(figures["tar_at_far"]) == ["3e-1", "1e-1"]
    assert figures["accuracy"] > 0.5
    assert (result["benchmark"], result["degraded"], figures["size"]) == ("table", None, None)


def test_every_mugshot_of_scface_with_every_probe_of_a_distance(
    pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scface_layout.scface(tmp_path / "scface")
    ids = scface_layout.ids(tmp_path / "ids.txt")
    (folder / "surveillance_cameras_distance_1/cam_3/044_cam3_1.jpg").unlink()
    words = ["evaluate", "pairs", "scface", folder, "--ids", ids, "--model", pixels, "--fars", "0.1"]
    code, out, err = run(capsys, *words, "--distance", 1)
    assert (code, out) == (3, "")
    assert "1 of 30 pictures are missing" in err
    code, out, _ = run(capsys, *words, "--distance", 1, "--allow-missing", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["n_pairs"], found["n_same"], found["n_missing"]) == (5 * 24, 24, 5)
    assert (found["variant"], found["folds"], found["coverage"]) == ("distance 1", 1, 24 / 25)
    figures = found["figures"][0]
    assert "in one fold" in figures["no_accuracy"]
    assert figures["auc"] > 0.5
    code, _, err = run(capsys, *words)
    assert code == 5
    assert "scface needs --distance" in err


def test_the_file_is_the_same_in_every_run_and_names_no_place(
    table: Path, pixels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["evaluate", "pairs", "table", table, "--model", pixels, "--teacher", pixels]
    words += ["--protocol", "hr-lr", "--small", "first", "--size", "16,8", "--family", "noise", "--flip"]
    written = []
    for n in (1, 2):
        code, out, err = run(capsys, *words, "--json", "--out", tmp_path / f"{n}.json")
        assert (code, err) == (0, "")
        written.append((tmp_path / f"{n}.json").read_bytes())
        assert (tmp_path / f"{n}.run.json").is_file()
    assert written[0] == written[1]
    assert str(table.parent).encode() not in written[0]
    assert str(pixels.parent).encode() not in written[0]
    result = json.loads(out)
    assert result["degraded"]["sides"] == "first"
    assert result["degraded"]["family"] == "noise"
    assert set(result["degraded"]["steps"]) == {"16", "8"}
    assert [figures["size"] for figures in result["figures"]] == [16, 8]
    assert result["models"]["pixels.onnx"] == result["teachers"]["pixels.onnx"]


@pytest.mark.skipif(not (WEIGHTS / "fewpix-s.onnx").is_file(), reason="this checkout has no shipped weights")
def test_the_protocol_of_lfw_gives_what_its_own_verb_gives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orl = load_orl()
    points = np.array([(30, 45), (62, 45), (46, 65), (33, 82), (59, 82)], dtype=np.float32)
    for person in range(8):
        for n in (1, 2):
            crop = align(orl.images[10 * person + 4 * n], points, 112)
            write_image(tmp_path / f"P{person}" / f"P{person}_{n:04d}.png", crop)
    lines = ["2\t4"]
    for people in (range(4), range(4, 8)):
        lines += [f"P{p}\t1\t2" for p in people]
        lines += [f"P{p}\t1\tP{(p + 3) % 8}\t2" for p in people]
    (tmp_path / "pairs.txt").write_text("\n".join(lines) + "\n")
    shared = ["--protocol", "hr-lr", "--size", 12, "--json"]
    code, out, _ = run(capsys, "evaluate", "lfw", tmp_path, *shared)
    assert code == 0
    known = json.loads(out)
    code, out, _ = run(capsys, "evaluate", "pairs", "lfw", tmp_path, *shared, "--fars", "0.2")
    assert code == 0
    result = json.loads(out)
    (figures,) = result["figures"]
    for key in ("model", "size", "accuracy", "accuracy_ci95"):
        assert figures[key] == known[key]
    for key in ("n_pairs", "n_missing", "interpolation", "coverage", "flip"):
        assert result[key] == known[key]
    assert result["models"]["fewpix-s"]["sha256"] == known["model_sha256"]


def test_several_models_see_the_same_pictures(
    table: Path, pixels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = write_pixels_model(tmp_path).rename(tmp_path / "other.onnx")
    (tmp_path / "pixels.onnx.json").rename(tmp_path / "other.onnx.json")
    words = ["evaluate", "pairs", "table", table, "--protocol", "lr-lr", "--size", "8,12", "--json"]
    code, out, _ = run(capsys, *words, "--model", f"{pixels},{other}")
    assert code == 0
    cells = [(figures["model"], figures["size"]) for figures in json.loads(out)["figures"]]
    assert cells == [("pixels.onnx", 8), ("other.onnx", 8), ("pixels.onnx", 12), ("other.onnx", 12)]
    code, _, err = run(capsys, *words, "--model", f"{pixels},{tmp_path / 'pixels.onnx'}")
    assert code == 5
    assert "model: two of pixels.onnx, pixels.onnx have the same name" in err


def test_missing_pictures_and_another_folder(
    table: Path, pixels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = [*table.read_text().splitlines(), "s0/2.png,gone/1.png,0,0"]
    (tmp_path / "more.csv").write_text("\n".join(rows))
    words = ["evaluate", "pairs", "table", tmp_path / "more.csv", "--folder", table.parent, "--model", pixels]
    code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "1 of 25 pictures are missing" in err
    code, out, _ = run(capsys, *words, "--allow-missing", "--json")
    assert code == 0
    result = json.loads(out)
    assert (result["n_pairs"], result["n_missing"], result["coverage"]) == (24, 1, 0.96)
    code, out, _ = run(capsys, *words, "--allow-missing")
    assert "coverage 96.0 %, 1 pairs left out for want of a picture; lists " in out


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (["tinyface", "{table}"], 5, "'tinyface' is no list of pairs (use one of lfw, xqlfw, bin,"),
        (["bin", "{table}", "--folder", "{table}"], 5, "bin takes no option --folder"),
        (["table", "{table}", "--aligned"], 5, "table takes no option --aligned"),
        (["table", "{table}", "--pairs", "{table}"], 5, "table takes no option --pairs"),
        (["bin", "{table}"], 3, "pairs.csv"),
        (["lfw", "{table}/nowhere"], 3, "there is no folder"),
        (["table", "{table}", "--protocol", "hr"], 5, "unknown protocol 'hr'"),
        (["table", "{table}", "--size", "8"], 5, "native compares pictures as they are"),
        (["table", "{table}", "--protocol", "lr-lr"], 5, "lr-lr needs a size"),
        (["table", "{table}", "--protocol", "lr-lr", "--size", "4"], 5, "size: 4 px is out of range"),
        (
            ["table", "{table}", "--protocol", "lr-lr", "--size", "big"],
            5,
            "size: 'big' is not a whole number",
        ),
        (["table", "{table}", "--small", "first"], 5, "--small chooses a side of hr-lr"),
        (["table", "{table}", "--protocol", "hr-lr", "--small", "left"], 5, "a pair has no side 'left'"),
        (["table", "{table}", "--fit", "cut"], 5, "fit: there is no way 'cut'"),
        (["table", "{table}", "--fars", "0"], 5, "fars: '0' is not a number between 0 and 1"),
        (["table", "{table}", "--fars", "few"], 5, "fars: 'few' is not a number between 0 and 1"),
        (["table", "{table}", "--fars", "1e-1,0.1"], 5, "fars: '0.1' stands there twice"),
        (["table", "{table}", "--family", "fog"], 5, "unknown degradation family 'fog'"),
        (["table", "{table}", "--protocol", "hr-lr"], 7, "pixels.onnx writes into space"),
        (["table", "{table}", "--model", "nobody"], 3, "no model 'nobody'"),
        (["table", "{table}", "--model", "fewpix-s,teacher", "--state", "x"], 5, "belongs to one model"),
        (["table", "{table}", "--out", "x.txt"], 3, "a result is a .json file"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str], code: int, match: str, table: Path, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.replace("{table}", str(table)) for word in words]
    given = [] if "--model" in words else ["--model", str(pixels)]
    found, out, err = run(capsys, "evaluate", "pairs", *words, *given, "--json")
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert match in err
