"""`fewpix evaluate pairs` and `search` of templates: figures that agree with those by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import ijb_layout
import ijbs_faces_layout
import ijbs_layout
from evaluate_runs import printed, reasons, refused, result, value, values, written
from fewpix.degrade.degradation import Degradation
from fewpix.embed.open import open_encoder
from fewpix.evaluate.readers import ijb_protocols
from fewpix.image.align import align
from pixels_model import write_pixels_model, write_two_models

pytestmark = pytest.mark.needs("samples", "torch")


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pixels_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> ijb_layout.Layout:
    return ijb_layout.lay_out(tmp_path_factory.mktemp("ijb") / "ijbc")


@pytest.fixture
def copy(whole: ijb_layout.Layout, tmp_path: Path) -> ijb_layout.Layout:
    folder = shutil.copytree(whole.folder, tmp_path / "copy")
    return ijb_layout.Layout(folder, whole.name, whole.rows, whole.people, whole.pairs)


def templates(layout: ijb_layout.Layout, model: Path, size: int | None) -> dict[int, np.ndarray]:
    """Every template by hand: mean of each medium, then their sum."""
    encoder, found = open_encoder(model), ijb_protocols.read_pairs(layout.folder)
    assert found.items.points is not None
    at = dict(zip(found.items.pictures.names, found.items.points, strict=True))
    media: dict[int, dict[int, list[np.ndarray]]] = {}
    for file, template, medium in layout.rows:
        points = at[f"loose_crop/{file}"]
        if size is None:
            crop = align(layout.picture(file), points, 8)
        else:
            sharp = align(layout.picture(file), points, 112)
            crop = Degradation().apply(sharp, f"loose_crop/{file}", size)
        media.setdefault(template, {}).setdefault(medium, []).append(encoder.embed([crop])[0].astype(float))
    sums = {t: sum(np.mean(rows, axis=0) for rows in of.values()) for t, of in media.items()}
    return {t: row / np.linalg.norm(row) for t, row in sums.items()}


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        ([], None, None),
        (["--protocol", "lr-lr", "--size", "10"], 10, 10),
        (["--protocol", "hr-lr", "--size", "10"], None, 10),
        (["--protocol", "hr-lr", "--size", "10", "--small", "first"], 10, None),
    ],
)
def test_pairs_agree_with_those_scored_by_hand(
    words: list[str],
    first: int | None,
    second: int | None,
    whole: ijb_layout.Layout,
    pixels: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = result(
        capsys, "evaluate", "pairs", "ijb", whole.folder, "--model", pixels, "--teacher", pixels, *words,
        "--fars", "0.25,0.05,0.01",
    )  # fmt: skip
    one, two = templates(whole, pixels, first), templates(whole, pixels, second)
    scores = np.array([one[a] @ two[b] for a, b, _ in whole.pairs])
    same = np.array([label == 1 for *_, label in whole.pairs])
    genuine, impostor = scores[same], np.sort(scores[~same])[::-1]
    (cell,) = found.cells
    assert values(cell, "tar") == {
        "2.5e-1": (genuine > impostor[6]).mean(),
        "5e-2": (genuine > impostor[1]).mean(),
        "1e-2": None,
    }
    assert reasons(cell, "tar") == {"1e-2": "24 impostor pairs cannot show a false accept rate below 0.0417"}
    assert "in one fold" in reasons(cell, "accuracy")[""]
    assert value(cell, "auc") == pytest.approx((genuine[:, None] > impostor).mean())
    for measure, at in (("tar", "2.5e-1"), ("tar", "5e-2"), ("eer", ""), ("auc", "")):
        value(cell, measure, at)  # lies in its interval
    curve = cell.curve
    assert curve is not None
    assert curve.x == sorted(curve.x, reverse=True)
    for far, tar, threshold in zip(curve.x, curve.y, curve.threshold, strict=True):
        assert (far, tar) == ((impostor >= threshold - 1e-6).mean(), (genuine >= threshold - 1e-6).mean())
    assert found.benchmark.comparisons == {"same": 8, "different": 24}
    assert (found.benchmark.kind, found.benchmark.coverage) == ("ijbc", 1)
    assert found.treatment.alignment == "by the list's five points"
    assert list(found.others) == (["pixels.onnx"] if "hr-lr" in words else [])
    assert cell.seen is not None
    items = 4 if "first" in words else 8 if "hr-lr" in words else 12
    assert (cell.seen.items, cell.seen.failed_items) == (items, 0)
    assert cell.worst is None  # a template is no single picture


def test_several_sizes_and_a_file_that_is_the_same_again(
    whole: ijb_layout.Layout, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "pairs", "ijb", whole.folder, "--model", pixels, "--protocol", "lr-lr"]
    words += ["--size", "8,16", "--family", "noise", "--flip", "--fuse", "media-quality", "--fars", "0.1"]
    kept = ["--embeddings", tmp_path / "kept"]
    for n, more in enumerate(([], kept, kept)):
        text = printed(capsys, *words, *more, "--out", tmp_path / f"{n}.json")
    first, second, third = ((tmp_path / f"{n}.json").read_bytes() for n in range(3))
    assert first == second == third
    assert str(whole.folder).encode() not in first
    assert len(list((tmp_path / "kept").iterdir())) == 2  # a size each
    found = written(tmp_path / "2.json")
    assert [cell.size for cell in found.cells] == [8, 16]
    assert found.treatment.small == "both"
    assert "fused: mean of each medium, weighted by the detector's score, then their sum" in text
    assert "mirrored pictures added" in text
    assert "12 templates of 24 pictures of 4 people, faces of 3" in text


def test_each_model_may_see_the_other_templates_itself(
    whole: ijb_layout.Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = write_two_models(tmp_path)
    words = ["evaluate", "pairs", "ijb", whole.folder, "--protocol", "hr-lr", "--size", 10, "--fars", "0.25"]
    found = result(capsys, *words, "--model", ",".join(map(str, models)), "--teacher", "same")
    for name, other in found.others.items():
        assert (other.name, other.model) == (name, found.models[name])
        assert (other.seen.items, other.seen.pictures) == (4, 12)
    for model, cell in zip(models, found.cells, strict=True):
        assert result(capsys, *words, "--model", model, "--teacher", model).cells == [cell]


def test_failed_templates_count_and_missing_ones_do_not(
    copy: ijb_layout.Layout, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Template 8 is of one picture; its pairs are one of one person and three of two."""
    (file,) = [name for name, template, _ in copy.rows if template == 8]
    words = ["evaluate", "pairs", "ijb", copy.folder, "--model", pixels, "--fars", "0.3"]
    (copy.folder / "loose_crop" / file).write_bytes(b"\xff\xd8\xff")
    found = result(capsys, *words)
    (cell,) = found.cells
    assert cell.seen is not None
    assert (cell.seen.failed_items, cell.seen.failed_pictures, cell.counts) == (1, 1, {"failed": 4})
    assert (found.benchmark.comparisons, found.benchmark.coverage) == ({"same": 8, "different": 24}, 1)
    assert value(cell, "tar", "3e-1") <= 7 / 8
    text = printed(capsys, *words)
    assert f"1 pictures failed; the first: loose_crop/{file} is cut off" in text
    assert "\n  1 failed to enrol, and count\n  4 failed\n" in text
    (copy.folder / "loose_crop" / file).unlink()
    assert "1 of 24 pictures are missing" in refused(capsys, 3, *words)
    found = result(capsys, *words, "--allow-missing")
    assert found.benchmark.comparisons == {"same": 7, "different": 21}
    assert (found.benchmark.left_out, found.benchmark.coverage) == (4, 28 / 32)
    assert found.cells[0].counts == {"failed": 0}
    text = printed(capsys, *words, "--allow-missing")
    assert "coverage 87.5 %, 4 left out for want of a picture" in text


def by_hand(
    layout: ijb_layout.Layout, probes: dict[int, np.ndarray], gallery: dict[int, np.ndarray], inside: set[int]
) -> tuple[list[int], list[float], list[float]]:
    """Ranks and scores of the mated probes, and the best scores of the others."""
    ranks, own, others = [], [], []
    for template, person in layout.people.items():
        if 100 < template < 105:
            continue
        scores = {t: float(probes[template] @ gallery[t]) for t in inside}
        mates = [t for t in inside if layout.people[t] == person]
        if mates:
            ranks.append(sum(score >= scores[mates[0]] for score in scores.values()))
            own.append(scores[mates[0]])
        else:
            others.append(max(scores.values()))
    return ranks, own, others


@pytest.mark.parametrize("size", [None, 9])
def test_a_search_agrees_with_one_by_hand_in_each_gallery(
    size: int | None, whole: ijb_layout.Layout, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = result(
        capsys, "evaluate", "search", "ijb", whole.folder, "--model", pixels, "--gallery-model", "same",
        "--ranks", "1,2", "--fpirs", "0.3,0.1", *(["--size", size] if size else []),
    )  # fmt: skip
    probes, gallery = templates(whole, pixels, size), templates(whole, pixels, None)
    first, second, joined = found.cells
    for cell, name, inside in ((first, "G1", {101, 102}), (second, "G2", {103, 104})):
        ranks, own, others = by_hand(whole, probes, gallery, inside)
        assert (cell.part, cell.size) == ({"gallery": name}, size)
        assert cell.counts == {"people": 2, "rows": 2, "mated": 4, "nonmated": 4}
        shares = [np.mean([rank <= k for rank in ranks]) for k in (1, 2)]
        assert list(values(cell, "rank").values()) == shares
        assert cell.ranks is not None
        assert (cell.ranks.x, cell.ranks.y) == ([1, 2], shares)
        lowest = sorted(others)[-2]
        right = [rank == 1 and score > lowest for rank, score in zip(ranks, own, strict=True)]
        assert values(cell, "tpir") == {"3e-1": np.mean(right), "1e-1": None}
        assert reasons(cell, "tpir") == {"1e-1": "4 non-mated searches cannot show it"}
    assert (joined.part, joined.counts) == ({"gallery": "joined"}, {"people": 4, "mated": 8})
    assert list(values(joined, "recall")) == ["3e-1", "1e-1"]
    assert found.benchmark.comparisons == {"probes": 8, "gallery G1": 2, "gallery G2": 2}
    assert found.benchmark.coverage == 1


def test_failures_to_enrol_count_in_a_search(
    copy: ijb_layout.Layout, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, template, _ in copy.rows:
        if template in (8, 102):  # a probe of person 10, the only template of person 20
            (copy.folder / "loose_crop" / name).write_bytes(b"")
    words = ["evaluate", "search", "ijb", copy.folder, "--model", pixels, "--gallery-model", "same"]
    found = result(capsys, *words, "--fpirs", "0.3")
    first, _, joined = found.cells
    assert first.counts == {"people": 2, "rows": 1, "mated": 4, "nonmated": 4}
    assert value(first, "rank", "10") == 0.25  # of person 10's two probes one is there, of 20's none is found
    assert value(first, "tpir", "3e-1") <= 0.25
    assert first.seen is not None
    assert (first.seen.failed_items, found.others["pixels.onnx"].seen.failed_items) == (1, 1)
    assert value(joined, "rank", "10") == 5 / 8
    lines = printed(capsys, *words).splitlines()
    start = lines.index("the other side of pixels.onnx seen by pixels.onnx")
    assert lines[start + 3] == "  1 failed to enrol, and count"


def test_ijbs_is_searched_by_faces_cut_from_it(
    pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ijbs_layout.lay_out(tmp_path / "ijbs")
    faces = ijbs_faces_layout.cut(tmp_path / "faces")
    words = ["evaluate", "search", "ijbs", tmp_path / "ijbs", "--faces", faces, "--model", pixels]
    words += ["--gallery-model", "same", "--fpirs", "0.5"]
    found = result(capsys, *words)
    first, second, _ = found.cells
    benchmark, other = found.benchmark, found.others["pixels.onnx"].seen
    assert (benchmark.kind, benchmark.variant) == ("ijbs", "surveillance_to_single")
    assert benchmark.comparisons == {"probes": 3, "gallery g1": 2, "gallery g2": 2}
    assert first.seen is not None
    assert (first.seen.pictures, other.pictures) == (6, 4)
    assert (first.counts["mated"], first.counts["nonmated"]) == (2, 1)
    assert (second.counts["mated"], second.counts["nonmated"]) == (1, 2)
    booking = result(capsys, *words, "--lists", "surveillance_to_booking")
    assert booking.others["pixels.onnx"].seen.pictures == 12
    # a person in whose frames nothing was found, and one whose frames were never cut
    for path in (faces / "videos/10.mp4/2").iterdir():
        path.unlink()
    shutil.rmtree(faces / "img/3.png")
    err = refused(capsys, 3, *words)
    assert "1 of 7 pictures are missing" in err
    assert "img/3.png/3" in err
    found = result(capsys, *words, "--allow-missing")
    first, second, _ = found.cells
    assert first.seen is not None
    assert (first.seen.failed_items, first.counts["mated"]) == (1, 2)
    assert value(first, "rank", "1") <= 0.5
    assert (found.benchmark.left_out, found.benchmark.coverage) == (1, 6 / 7)
    assert second.counts["people"] == 1
