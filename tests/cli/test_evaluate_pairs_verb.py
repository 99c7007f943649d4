"""`fewpix evaluate pairs`: what it prints and writes; of templates: test_evaluate_templates_verb.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import scface_layout
from evaluate_runs import printed, reasons, refused, result, value, values, written
from fewpix.data.orl import load_orl
from fewpix.degrade.degradation import Degradation
from fewpix.embed.open import open_encoder
from fewpix.image.codec import read_image, write_image
from pixels_model import write_two_models

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
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_two_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def pixels(models: tuple[Path, Path]) -> Path:
    return models[0]


def test_pictures_as_they_are(table: Path, pixels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "pairs", "table", table, "--model", pixels]
    lines = printed(capsys, *words).splitlines()
    assert lines[0] == "table: pairs, native: 12 pairs of one person, 12 of two people"
    assert lines[1].startswith("coverage 100.0 %; lists ")
    assert lines[2] == "pictures are crops of faces; squares by pad; resampled area down, cubic up (OpenCV)"
    assert lines[3].startswith("intervals: people resampled")
    assert lines[4:6] == [
        "pixels.onnx",
        "  24 pictures of 12 people, shorter side 92 px, half of them 92 to 92, all 92 to 92",
    ]
    assert lines[6].startswith("  accuracy ")
    reason = "12 impostor pairs cannot show a false accept rate below 0.0833"
    assert f"  TAR at FAR 1e-2 cannot be shown: {reason}" in lines
    found = result(capsys, *words, "--fars", "0.3,1e-1")
    (cell,) = found.cells
    assert list(values(cell, "tar")) == ["3e-1", "1e-1"]
    assert value(cell, "accuracy") > 0.5
    accuracy = cell.figure("accuracy")
    assert accuracy is not None
    assert len(accuracy.detail["per_fold"]) == 3
    assert (found.benchmark.kind, found.treatment.protocols, found.treatment.steps) == (
        "table",
        ["native"],
        {},
    )
    assert (cell.size, cell.part, found.others) == (None, {}, {})
    assert cell.seen is not None
    assert (cell.seen.items, cell.seen.not_square) == (24, 24)
    assert found.benchmark.comparisons == {"same": 12, "different": 12}


def test_figures_agree_with_scores_by_hand(
    table: Path, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first of a pair is small, the other one is not."""
    words = [
        "evaluate",
        "pairs",
        "table",
        table,
        "--model",
        pixels,
        "--protocol",
        "hr-lr",
        "--small",
        "first",
    ]
    found = result(capsys, *words, "--teacher", "same", "--size", 10, "--fit", "stretch", "--fars", "0.3")
    encoder, rows = open_encoder(pixels), table.read_text(encoding="utf-8").splitlines()[1:]
    scores, same = [], []
    for first, second, label, _ in (row.split(",") for row in rows):
        square = [read_image(table.parent / name) for name in (first, second)]
        square = [_stretched(picture) for picture in square]
        small = Degradation().apply(square[0], first, 10)
        one, two = encoder.embed([small])[0], encoder.embed([square[1]])[0]
        scores.append(float(one.astype(float) @ two.astype(float)))
        same.append(label == "1")
    mated, others = np.array(scores)[same], np.sort(np.array(scores)[~np.array(same)])[::-1]
    (cell,) = found.cells
    assert value(cell, "tar", "3e-1") == (mated > others[3]).mean()
    assert value(cell, "auc") == pytest.approx((mated[:, None] > others).mean())
    assert cell.worst is not None
    assert cell.worst.nonmated[0].score == pytest.approx(others[0], abs=1e-5)
    assert cell.worst.mated[0].score == pytest.approx(mated.min(), abs=1e-5)
    assert cell.histogram is not None
    assert sum(cell.histogram.mated) == sum(cell.histogram.nonmated) == PEOPLE


def _stretched(picture: np.ndarray) -> np.ndarray:
    from fewpix.evaluate.view import fitted

    return fitted("stretch")(picture, "")


def test_every_mugshot_of_scface_with_every_probe_of_a_distance(
    pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scface_layout.scface(tmp_path / "scface")
    ids = scface_layout.ids(tmp_path / "ids.txt")
    (folder / "surveillance_cameras_distance_1/cam_3/044_cam3_1.jpg").unlink()
    words = ["evaluate", "pairs", "scface", folder, "--ids", ids, "--model", pixels, "--fars", "0.1"]
    assert "1 of 30 pictures are missing" in refused(capsys, 3, *words, "--distance", 1)
    found = result(capsys, *words, "--distance", 1, "--allow-missing")
    benchmark, (cell,) = found.benchmark, found.cells
    assert benchmark.comparisons == {"same": 24, "different": 4 * 24}
    assert (benchmark.left_out, benchmark.variant, benchmark.coverage) == (5, "distance 1", 24 / 25)
    assert "in one fold" in reasons(cell, "accuracy")[""]
    assert value(cell, "auc") > 0.5
    assert "scface needs --distance" in refused(capsys, 5, *words)


def test_the_file_is_the_same_in_every_run_and_names_no_place(
    table: Path, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "pairs", "table", table, "--model", pixels, "--teacher", pixels]
    words += ["--protocol", "hr-lr", "--small", "first", "--size", "16,8", "--family", "noise", "--flip"]
    for n in (1, 2):
        printed(capsys, *words, "--json", "--out", tmp_path / f"{n}.json")
        assert (tmp_path / f"{n}.run.json").is_file()
    content = (tmp_path / "1.json").read_bytes()
    assert content == (tmp_path / "2.json").read_bytes()
    assert (tmp_path / "1.scores.npz").read_bytes() == (tmp_path / "2.scores.npz").read_bytes()
    assert str(table.parent).encode() not in content
    assert str(pixels.parent).encode() not in content
    found = written(tmp_path / "1.json")
    how = found.treatment
    assert (how.protocols, how.small, how.family, how.flip) == (["hr-lr"], "first", "noise", True)
    assert set(how.steps) == {"16", "8"}
    assert [cell.size for cell in found.cells] == [16, 8]
    other = found.others["pixels.onnx"]
    assert (other.name, other.model) == ("pixels.onnx", found.models["pixels.onnx"])
    assert (other.seen.items, other.seen.already_smaller) == (12, 0)


def test_the_scores_beside_a_result_are_those_of_its_figures(
    table: Path, models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of several models at several sizes, in the order of the cells; all see the same pictures."""
    words = ["evaluate", "pairs", "table", table, "--model", f"{models[0]},{models[1]}"]
    words += ["--protocol", "lr-lr", "--size", "8,12", "--out", tmp_path / "x.json"]
    text = printed(capsys, *words)
    assert "both sides made small to 8 px: area@8" in text
    found = written(tmp_path / "x.json")
    assert [(cell.model, cell.size) for cell in found.cells] == [
        ("pixels.onnx", 8),
        ("flat.onnx", 8),
        ("pixels.onnx", 12),
        ("flat.onnx", 12),
    ]
    assert [(one.model, one.minus, one.size) for one in found.differences] == [
        ("flat.onnx", "pixels.onnx", 8),
        ("flat.onnx", "pixels.onnx", 12),
    ]
    with np.load(tmp_path / "x.scores.npz", allow_pickle=False) as arrays:
        scores, same = arrays["scores"], arrays["same"]
    for row, cell in zip(scores, found.cells, strict=True):
        above = row[same][:, None] > row[~same][None]
        assert value(cell, "auc") == pytest.approx(above.mean(), abs=1e-6)
        assert cell.worst is not None
        assert cell.worst.mated[0].score == pytest.approx(row[same].min(), abs=1e-6)
        assert cell.worst.nonmated[0].score == pytest.approx(row[~same].max(), abs=1e-6)


def test_missing_pictures_and_another_folder(
    table: Path, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [*table.read_text().splitlines(), "s0/2.png,gone/1.png,0,0"]
    (tmp_path / "more.csv").write_text("\n".join(rows))
    words = ["evaluate", "pairs", "table", tmp_path / "more.csv", "--folder", table.parent, "--model", pixels]
    assert "1 of 25 pictures are missing" in refused(capsys, 3, *words)
    found = result(capsys, *words, "--allow-missing")
    assert found.benchmark.comparisons == {"same": 12, "different": 12}
    assert (found.benchmark.left_out, found.benchmark.coverage) == (1, 0.96)
    text = printed(capsys, *words, "--allow-missing")
    assert "coverage 96.0 %, 1 left out for want of a picture; lists " in text


def test_a_damaged_picture_is_refused(
    table: Path, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of searches and templates it counts instead: a pair of pictures has nothing else to be judged by."""
    copy = shutil.copytree(table.parent, tmp_path / "own")
    (copy / "s3/2.png").write_bytes(table.with_name("s3").joinpath("2.png").read_bytes()[:-30])
    err = refused(capsys, 3, "evaluate", "pairs", "table", copy / "pairs.csv", "--model", pixels, "--json")
    assert f"{copy / 's3/2.png'} is cut off" in err


def test_a_run_goes_on_with_the_embeddings_that_were_kept(
    table: Path,
    pixels: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["evaluate", "pairs", "table", table, "--model", pixels, "--protocol", "lr-lr", "--size", 8]
    kept = ["--embeddings", tmp_path / "kept"]
    for n, more in enumerate(([], kept)):
        printed(capsys, *words, *more, "--out", tmp_path / f"{n}.json")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("embedded again")

    monkeypatch.setattr("fewpix.evaluate.embedding.embed.embed_each", never)
    printed(capsys, *words, *kept, "--out", tmp_path / "2.json")
    for kind in ("json", "scores.npz"):
        assert len({(tmp_path / f"{n}.{kind}").read_bytes() for n in range(3)}) == 1
    with pytest.raises(AssertionError, match="embedded again"):  # at another size nothing is kept
        printed(capsys, *words[:-1], 9, *kept)
