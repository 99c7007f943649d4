"""`fewpix evaluate lfw`: the fixed keys for scripts, and that it is a short form of `evaluate pairs lfw`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.tables import documents
from evaluate_runs import printed, refused, run, written
from fewpix.data.orl import load_orl
from fewpix.detect import default_detector
from fewpix.image.align import align
from fewpix.image.codec import write_image
from fewpix.models.shipped import WEIGHTS
from pixels_model import write_pixels_model, write_two_models

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
def test_it_is_a_short_form_of_the_pairs_of_lfw(
    lfw: Path, pixels: Path, protocol: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The file is the same to the last byte; what is printed is one line of it."""
    words = [
        "lfw",
        lfw,
        "--model",
        pixels,
        "--teacher",
        pixels,
        "--protocol",
        protocol,
        "--size",
        8,
        "--flip",
    ]
    text = printed(capsys, "evaluate", *words, "--out", tmp_path / "text.json")
    assert text.startswith(f"LFW, pixels.onnx at 8 px, {protocol}, flip: accuracy ")
    assert text.endswith(", 16 pairs\n")
    assert "TAR at FAR 1e-3 cannot be shown: 8 impostor pairs" in text
    assert text.count("\n") == 1
    found = json.loads(printed(capsys, "evaluate", *words, "--json", "--out", tmp_path / "json.json"))
    printed(
        capsys, "evaluate", "pairs", *words, "--fit", "aligned", "--fars", "1e-3",
        "--out", tmp_path / "pairs.json",
    )  # fmt: skip
    for kind in ("json", "scores.npz"):
        first, second, third = ((tmp_path / f"{n}.{kind}").read_bytes() for n in ("text", "json", "pairs"))
        assert first == second == third
    assert (tmp_path / "text.run.json").is_file()
    assert str(pixels.parent).encode() not in (tmp_path / "text.json").read_bytes()
    whole = written(tmp_path / "pairs.json")
    (cell,) = whole.cells
    accuracy = cell.figure("accuracy")
    assert accuracy is not None
    assert accuracy.ci95 is not None
    assert found["accuracy"] == pytest.approx(accuracy.value, abs=1e-6)
    assert found["accuracy_ci95"] == pytest.approx(list(accuracy.ci95), abs=1e-6)
    assert found["tar_at_far"] == {"1e-3": None}
    assert (found["model"], found["size"], found["protocol"]) == (cell.model, cell.size, protocol)
    assert (found["flip"], found["interpolation"]) == (True, whole.treatment.interpolation)
    assert (found["n_pairs"], found["n_missing"], found["coverage"]) == (16, 0, 1)
    model = whole.models["pixels.onnx"]
    assert (found["model_sha256"], found["runtime"]) == (model.sha256, model.runtime)
    assert found["teacher_sha256"] == (model.sha256 if protocol == "hr-lr" else "")
    assert (found["data_sha256"], found["scores_sha256"]) == (
        whole.benchmark.data_sha256,
        whole.scores_sha256,
    )
    assert (found["interval"], found["replicates"], found["seed"]) == (whole.bootstrap.how, 2000, 0)


def test_another_family_and_another_list(
    lfw: Path, pixels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = (lfw / "pairs.txt").read_text().splitlines()
    (tmp_path / "other.txt").write_text("\n".join([lines[0], *lines[9:], *lines[1:9]]))
    words = ["evaluate", "lfw", lfw, "--model", pixels, "--protocol", "lr-lr", "--json"]
    results = [
        json.loads(printed(capsys, *words, *more))
        for more in ([], ["--family", "dark"], ["--pairs", tmp_path / "other.txt"])
    ]
    assert [result["family"] for result in results] == ["area", "dark", "area"]
    assert results[0]["accuracy"] == results[2]["accuracy"]  # the same pairs with the folds exchanged
    assert len({result["data_sha256"] for result in results}) == 2


def test_missing_pictures(
    lfw: Path, pixels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    copy = shutil.copytree(lfw, tmp_path / "lfw")
    (copy / "Person_0" / "Person_0_0002.jpg").unlink()
    words = ["evaluate", "lfw", copy, "--model", pixels, "--protocol", "lr-lr"]
    err = refused(capsys, 3, *words, "--json")
    assert "1 of 16 pictures are missing" in err
    assert "Person_0/Person_0_0002.jpg" in err
    found = json.loads(printed(capsys, *words, "--allow-missing", "--json"))
    assert (found["n_pairs"], found["n_missing"], found["coverage"]) == (14, 2, 14 / 16)
    text = printed(capsys, *words, "--allow-missing", "--family", "noise")
    assert text.startswith("LFW, pixels.onnx at 16 px, lr-lr, noise: ")
    assert text.endswith(", 14 pairs; 2 pairs left out, coverage 87.5 %\n")


def test_pictures_that_are_no_aligned_crops_are_refused(
    lfw: Path, pixels: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    copy = shutil.copytree(lfw, tmp_path / "lfw")
    write_image(copy / "Person_0" / "Person_0_0002.jpg", np.zeros((24, 20, 3), np.uint8))
    err = refused(capsys, 3, "evaluate", "lfw", copy, "--model", pixels, "--protocol", "lr-lr", "--json")
    assert "Person_0_0002.jpg is 20x24 px, not an aligned crop of 112x112 px" in err


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (["{lfw}/nowhere"], 3, "there is no folder {lfw}/nowhere"),
        (["{lfw}", "--pairs", "{lfw}/none.txt"], 3, "none.txt"),
        (["{lfw}", "--size", "7"], 5, "size: 7 px is out of range"),
        (["{lfw}", "--size", "113"], 5, "size: 113 px is out of range"),
        (["{lfw}", "--size", "small"], 5, "size: 'small' is not a whole number"),
        (["{lfw}", "--protocol", "lr-hr"], 5, "unknown protocol 'lr-hr'"),
        (["{lfw}", "--protocol", "native"], 5, "unknown protocol 'native' (use hr-lr or lr-lr)"),
        (["{lfw}", "--family", "fog"], 5, "unknown degradation family 'fog'"),
        (["{lfw}", "--protocol", "hr-lr"], 7, "pixels.onnx writes into space"),
        (["{lfw}", "--model", "nobody"], 3, "no model 'nobody'"),
        (["{lfw}", "--state", "{lfw}/no.safetensors"], 3, "no.safetensors"),
        (["{lfw}", "--runtime", "abacus"], 5, "unknown runtime 'abacus'"),
        (["{lfw}", "--out", "{lfw}/x.txt"], 3, "a result is a .json file"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str], code: int, match: str, lfw: Path, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.replace("{lfw}", str(lfw)) for word in words]
    given = [] if "--model" in words else ["--model", str(pixels)]
    given += [] if "--protocol" in words else ["--protocol", "lr-lr"]
    assert match.replace("{lfw}", str(lfw)) in refused(
        capsys, code, "evaluate", "lfw", *words, *given, "--json"
    )


def test_the_table_goes_from_pictures_to_a_document(
    lfw: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both protocols at several sizes, and what each model changes against the baseline."""
    one, other = write_two_models(tmp_path)
    words = ["evaluate", "pairs", "lfw", lfw, "--model", f"{other},{one}", "--size", "8,16"]
    words += ["--protocol", "hr-lr,lr-lr", "--fit", "aligned", "--fars", "0.3", "--teacher", "same"]
    words += ["--baseline", one, "--out", tmp_path / "results" / "lfw/table.json"]
    text = printed(capsys, *words)
    assert "flat.onnx minus pixels.onnx at 8 px, hr-lr, in points" in text
    result = written(tmp_path / "results" / "lfw/table.json")
    protocols = ["hr-lr"] * 4 + ["lr-lr"] * 4
    assert [cell.part["protocol"] for cell in result.cells] == protocols
    assert [cell.size for cell in result.cells] == [8, 8, 16, 16] * 2
    assert [cell.model for cell in result.cells] == ["flat.onnx", "pixels.onnx"] * 4
    assert {(one.model, one.minus) for one in result.differences} == {("flat.onnx", "pixels.onnx")}
    assert len(result.differences) == 4
    assert set(result.models) == set(result.others) == {"pixels.onnx", "flat.onnx"}
    assert str(tmp_path).encode() not in (tmp_path / "results" / "lfw/table.json").read_bytes()

    document = tmp_path / "page.md"
    document.write_text("<!-- table: lfw-lr-lr -->\n<!-- /table -->\n")
    given = [str(document), "--results", str(tmp_path / "results")]
    for more, code, said in (
        (["--check"], 3, "run `make tables`"),
        ([], 0, "page.md: tables replaced"),
        (["--check"], 0, "page.md: up to date"),
    ):
        monkeypatch.setattr(sys, "argv", ["documents", *given, *more])
        assert documents.main() == code
        assert said in "".join(capsys.readouterr())
    assert "| px | flat.onnx | pixels.onnx | flat.onnx − pixels.onnx |" in document.read_text()
