"""`fewpix evaluate`: the fixed interface of `lfw`, the table, and one line for everything that is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from pixels_model import write_pixels_model
from tables import documents

from fewpix.cli import main
from fewpix.data.orl import load_orl
from fewpix.detect import default_detector
from fewpix.image.align import align
from fewpix.image.codec import write_image
from fewpix.models.shipped import WEIGHTS

pytestmark = pytest.mark.needs("samples")

FOLDS, PER_KIND = 2, 4
KEYS = {
    "model",
    "model_sha256",
    "size",
    "protocol",
    "flip",
    "interpolation",
    "n_pairs",
    "n_missing",
    "accuracy",
    "accuracy_ci95",
    "tar_at_far",
}


@pytest.fixture(scope="module")
def lfw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight people of ORL, two pictures each, in LFW's shape."""
    folder = tmp_path_factory.mktemp("lfw") / "lfw112"
    orl = load_orl()
    for person in range(FOLDS * PER_KIND):
        for n in (1, 2):
            face = cv2.copyMakeBorder(orl.images[10 * person + 4 * n], 0, 0, 10, 10, cv2.BORDER_REPLICATE)
            name = f"Person_{person}"
            write_image(folder / name / f"{name}_{n:04d}.jpg", np.asarray(face, dtype=np.uint8))
    lines = [f"{FOLDS}\t{PER_KIND}"]
    for fold in range(FOLDS):
        people = range(PER_KIND * fold, PER_KIND * (fold + 1))
        lines += [f"Person_{p}\t1\t2" for p in people]
        lines += [f"Person_{p}\t1\tPerson_{(p + 3) % 8}\t2" for p in people]
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def aligned_lfw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty people of ORL in LFW's shape, aligned as students are used to."""
    folder = tmp_path_factory.mktemp("aligned") / "lfw112"
    orl, detector, people = load_orl(), default_detector(), 20
    for person in range(people):
        for n in (1, 2):
            image = orl.images[10 * person + 4 * n]
            name = f"Person_{person}"
            crop = align(image, detector.detect(image)[0].points, 112)
            write_image(folder / name / f"{name}_{n:04d}.jpg", crop)
    lines = ["4\t5"]
    for fold in range(4):
        mates = range(5 * fold, 5 * fold + 5)
        lines += [f"Person_{p}\t1\t2" for p in mates]
        lines += [f"Person_{p}\t1\tPerson_{(p + 7) % people}\t2" for p in mates]
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pixels_model(tmp_path_factory.mktemp("models"))


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


def test_the_fixed_interface_with_the_teacher(lfw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The direct feed, as the documents of this project call it."""
    from fewpix.models.teacher import SFACE_SHA256

    code, out, err = run(
        capsys, "evaluate", "lfw", lfw, "--model", "teacher", "--size", 32, "--protocol", "hr-lr", "--json"
    )
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    result = json.loads(out)
    assert set(result) >= KEYS
    assert result["model"] == "teacher"
    assert result["model_sha256"] == SFACE_SHA256
    assert (result["size"], result["protocol"], result["flip"]) == (32, "hr-lr", False)
    assert (result["n_pairs"], result["n_missing"]) == (16, 0)
    assert 0.8 <= result["accuracy"] <= 1
    low, high = result["accuracy_ci95"]
    assert 0 <= low <= result["accuracy"] <= high <= 1
    assert result["tar_at_far"] == {"1e-3": None}  # eight pairs of two people cannot show it
    assert result["tar_at_far_ci95"] == {"1e-3": None}


@pytest.mark.skipif(not (WEIGHTS / "fewpix-s.onnx").is_file(), reason="this checkout has no shipped weights")
@pytest.mark.parametrize("model", ["fewpix-s", "auto"])
def test_the_shipped_student_and_the_router(
    aligned_lfw: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "evaluate", "lfw", aligned_lfw, "--model", model, "--size", 12, "--json")
    assert code == 0
    result = json.loads(out)
    assert set(result) >= KEYS
    assert (result["model"], result["protocol"]) == (model, "hr-lr")
    assert result["accuracy"] > 0.7


@pytest.mark.parametrize("protocol", ["hr-lr", "lr-lr"])
def test_a_model_by_path_with_its_own_teacher(
    lfw: Path, pixels: Path, protocol: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = [
        "evaluate",
        "lfw",
        lfw,
        "--model",
        pixels,
        "--teacher",
        pixels,
        "--size",
        8,
        "--protocol",
        protocol,
    ]
    code, text, _ = run(capsys, *words)
    assert code == 0
    assert text.startswith(f"LFW, pixels.onnx at 8 px, {protocol}: accuracy ")
    outputs = []
    for n in (1, 2):
        code, out, _ = run(capsys, *words, "--flip", "--json", "--out", tmp_path / f"{n}.json")
        assert code == 0
        assert json.loads(out)["flip"] is True
        outputs.append((tmp_path / f"{n}.json").read_bytes())
        assert (tmp_path / f"{n}.run.json").is_file()
    assert outputs[0] == outputs[1]
    assert b'"model": "pixels.onnx"' in outputs[0]
    assert str(pixels.parent).encode() not in outputs[0]


def test_another_family_and_another_list(
    lfw: Path, pixels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = (lfw / "pairs.txt").read_text().splitlines()
    (tmp_path / "other.txt").write_text("\n".join([lines[0], *lines[9:], *lines[1:9]]))
    words = ["evaluate", "lfw", lfw, "--model", pixels, "--protocol", "lr-lr", "--json"]
    results = [
        json.loads(run(capsys, *words, *more)[1])
        for more in ([], ["--family", "dark"], ["--pairs", tmp_path / "other.txt"])
    ]
    assert [result["family"] for result in results] == ["area", "dark", "area"]
    assert results[0]["accuracy"] == results[2]["accuracy"]  # the same pairs with the folds exchanged
    assert len({result["data_sha256"] for result in results}) == 2


def test_missing_pictures(
    lfw: Path, pixels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import shutil

    copy = shutil.copytree(lfw, tmp_path / "lfw")
    (copy / "Person_0" / "Person_0_0002.jpg").unlink()
    words = ["evaluate", "lfw", copy, "--model", pixels, "--protocol", "lr-lr", "--json"]
    code, out, err = run(capsys, *words)
    assert (code, out) == (3, "")
    assert "2 of 16 pairs lack a picture" in err
    assert err.count("\n") == 1
    code, out, _ = run(capsys, *words, "--allow-missing")
    assert code == 0
    assert (json.loads(out)["n_pairs"], json.loads(out)["n_missing"]) == (14, 2)
    assert json.loads(out)["coverage"] == 14 / 16


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (["{lfw}/nowhere"], 3, "there is no folder"),
        (["{lfw}/Person_0"], 3, "cannot read {lfw}/Person_0/pairs.txt"),
        (["{lfw}", "--size", "4"], 5, "size: 4 px is out of range"),
        (["{lfw}", "--size", "small"], 2, "Invalid value for '--size'"),
        (["{lfw}", "--protocol", "lr-hr"], 5, "unknown protocol 'lr-hr'"),
        (["{lfw}", "--family", "fog"], 5, "unknown degradation family 'fog'"),
        (["{lfw}", "--protocol", "hr-lr"], 7, "pixels.onnx writes into space"),
        (["{lfw}", "--model", "nobody"], 3, "no model 'nobody'"),
        (["{lfw}", "--state", "{lfw}/no.safetensors"], 3, "no.safetensors"),
        (["{lfw}", "--runtime", "abacus"], 5, "unknown runtime 'abacus'"),
        (["{lfw}", "--out", "{lfw}/x.txt"], 3, "a result is a .json file"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str],
    code: int,
    match: str,
    lfw: Path,
    pixels: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [word.replace("{lfw}", str(lfw)) for word in words]
    given = [] if "--model" in words else ["--model", str(pixels)]
    given += [] if "--protocol" in words else ["--protocol", "lr-lr"]
    found, out, err = run(capsys, "evaluate", "lfw", *words, *given, "--json")
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert match.replace("{lfw}", str(lfw)) in err


def test_the_table_goes_from_pictures_to_a_document(
    lfw: Path,
    pixels: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(pixels.read_bytes())
    card = json.loads(pixels.with_name("pixels.onnx.json").read_text())
    card["preprocess"]["color"] = "rgb"
    other.with_name("other.onnx.json").write_text(json.dumps(card))
    words = ["evaluate", "lfw-table", lfw, "--models", f"{pixels},{other}", "--sizes", "8,16"]
    words += ["--teacher", pixels, "--baseline", pixels, "--out", tmp_path / "results" / "lfw.json"]
    code, out, _ = run(capsys, *words, "--json")
    assert code == 0
    result = json.loads(out)
    assert len(result["figures"]) == 8
    assert set(result["models"]) == {"pixels.onnx", "other.onnx"}
    first = (tmp_path / "results" / "lfw.json").read_bytes()
    code, text, _ = run(capsys, *words)
    assert code == 0
    assert "hr-lr at 8 px" in text
    assert (tmp_path / "results" / "lfw.json").read_bytes() == first
    assert str(tmp_path).encode() not in first

    document = tmp_path / "page.md"
    document.write_text("<!-- table: lfw-lr-lr -->\n<!-- /table -->\n")
    given = [str(document), "--results", str(tmp_path / "results")]
    for more, code, said in (
        (["--check"], 1, "run `make tables`"),
        ([], 0, "page.md: tables replaced"),
        (["--check"], 0, "page.md: up to date"),
    ):
        monkeypatch.setattr(sys, "argv", ["documents", *given, *more])
        assert documents.main() == code
        assert said in "".join(capsys.readouterr())
    assert "| px | other.onnx | pixels.onnx | other.onnx − pixels.onnx |" in document.read_text()


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--sizes", "8,big"], "sizes: 'big' is not a whole number"),
        (["--sizes", "8,8"], "names something twice"),
        (["--sizes", "8,200"], "size: 200 px is out of range"),
        (["--models", ","], "models: ',' is empty"),
        (["--baseline", "nobody"], "the baseline 'nobody' is not among the models"),
        (["--protocols", "hr-lr,hr"], "unknown protocol 'hr'"),
    ],
)
def test_lists_are_checked(
    words: list[str], match: str, lfw: Path, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [] if "--models" in words else ["--models", str(pixels)]
    given += [] if "--baseline" in words else ["--baseline", str(pixels)]
    code, out, err = run(capsys, "evaluate", "lfw-table", lfw, *given, "--teacher", pixels, *words)
    assert (code, out) == (5, "")
    assert match in err


def test_two_models_of_one_name_are_refused(
    lfw: Path, pixels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    twin = tmp_path / "pixels.onnx"
    code, _, err = run(capsys, "evaluate", "lfw-table", lfw, "--models", f"{pixels},{twin}")
    assert code == 5
    assert "have the same name" in err
