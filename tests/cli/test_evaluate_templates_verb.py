"""`fewpix evaluate template-pairs` and `template-search`: figures that agree with those by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import ijb_layout
import ijbs_faces_layout
import ijbs_layout
import numpy as np
import pytest
from pixels_model import write_pixels_model

from fewpix.cli import main
from fewpix.embed.open import open_encoder
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.readers import ijb
from fewpix.image.align import align

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


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["evaluate", *map(str, words)])
    done = capsys.readouterr()
    return code, done.out, done.err


def result(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    code, out, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    return json.loads(out)


def templates(layout: ijb_layout.Layout, model: Path, size: int | None) -> dict[int, np.ndarray]:
    """Every template by hand: mean of each medium, then their sum."""
    encoder, found = open_encoder(model), ijb.read(layout.folder)
    media: dict[int, dict[int, list[np.ndarray]]] = {}
    for (file, template, medium), points in zip(layout.rows, found.points, strict=True):
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
        capsys, "template-pairs", "ijb", whole.folder, "--model", pixels, "--teacher", pixels, *words,
        "--fars", "0.25,0.05,0.01",
    )  # fmt: skip
    one, two = templates(whole, pixels, first), templates(whole, pixels, second)
    scores = np.array([one[a] @ two[b] for a, b, _ in whole.pairs])
    same = np.array([label == 1 for *_, label in whole.pairs])
    genuine, impostor = scores[same], np.sort(scores[~same])[::-1]
    (figures,) = found["figures"]
    assert figures["tar_at_far"] == {
        "2.5e-1": (genuine > impostor[6]).mean(),
        "5e-2": (genuine > impostor[1]).mean(),
        "1e-2": None,
    }
    assert figures["not_resolvable"] == {
        "1e-2": "24 impostor pairs cannot show a false accept rate below 0.0417"
    }
    assert figures["auc"] == pytest.approx((genuine[:, None] > impostor).mean())
    curve = figures["curve"]
    assert curve["far"] == sorted(curve["far"], reverse=True)
    for far, tar, threshold in zip(curve["far"], curve["tar"], curve["threshold"], strict=True):
        assert (far, tar) == ((impostor >= threshold - 1e-6).mean(), (genuine >= threshold - 1e-6).mean())
    low, high = figures["tar_at_far_ci95"]["2.5e-1"]
    assert low <= figures["tar_at_far"]["2.5e-1"] <= high
    for key in ("eer", "auc"):
        low, high = figures[f"{key}_ci95"]
        assert low <= figures[key] <= high
    assert (found["n_pairs"], found["n_same"], found["coverage"]) == (32, 8, 1)
    assert (found["benchmark"], found["alignment"]) == ("ijbc", "aligned by the list's five points")
    assert (found["teachers"] is not None) == ("hr-lr" in words)
    assert (figures["templates"], figures["failed_templates"]) == (
        4 if "first" in words else 8 if "hr-lr" in words else 12,
        0,
    )


def test_several_models_and_sizes_and_a_file_that_is_the_same_again(
    whole: ijb_layout.Layout, pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "template-pairs",
        "ijb",
        whole.folder,
        "--model",
        pixels,
        "--protocol",
        "lr-lr",
        "--size",
        "8,16",
    ]
    words += ["--family", "noise", "--flip", "--fuse", "media-quality", "--fars", "0.1"]
    kept = ["--embeddings", tmp_path / "kept"]
    for n, more in enumerate(([], kept, kept)):
        code, out, _ = run(capsys, *words, *more, "--out", tmp_path / f"{n}.json")
        assert code == 0
    first, second, third = ((tmp_path / f"{n}.json").read_bytes() for n in range(3))
    assert first == second == third
    assert str(whole.folder).encode() not in first
    assert len(list((tmp_path / "kept").iterdir())) == 2  # a size each
    found = json.loads(first)
    assert [cell["size"] for cell in found["figures"]] == [8, 16]
    assert found["degraded"]["sides"] == "both"
    assert "fused: mean of each medium, weighted by the detector's score, then their sum" in out
    assert "mirrored pictures added" in out
    assert "12 templates of 24 pictures, faces of 3" in out


def test_failed_templates_count_and_missing_ones_do_not(
    copy: ijb_layout.Layout, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Template 8 is of one picture; its pairs are one of one person and three of two."""
    (file,) = [name for name, template, _ in copy.rows if template == 8]
    words = ["template-pairs", "ijb", copy.folder, "--model", pixels, "--fars", "0.3"]
    (copy.folder / "loose_crop" / file).write_bytes(b"\xff\xd8\xff")
    found = result(capsys, *words)
    (figures,) = found["figures"]
    assert (figures["failed_templates"], figures["failed_pictures"], figures["failed_pairs"]) == (1, 1, 4)
    assert (found["n_pairs"], found["coverage"]) == (32, 1)
    assert figures["tar_at_far"]["3e-1"] <= 7 / 8
    text = run(capsys, *words)[1]
    assert f"1 pictures failed; the first: loose_crop/{file} is cut off" in text
    assert "1 templates failed to enrol, and count" in text
    (copy.folder / "loose_crop" / file).unlink()
    code, out, err = run(capsys, *words)
    assert (code, out) == (3, "")
    assert "1 of 24 pictures are missing" in err
    found = result(capsys, *words, "--allow-missing")
    assert (found["n_pairs"], found["n_missing"], found["coverage"]) == (28, 4, 28 / 32)
    assert found["figures"][0]["failed_pairs"] == 0
    assert (
        "coverage 87.5 %, 4 pairs left out for want of a picture" in run(capsys, *words, "--allow-missing")[1]
    )


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
        capsys, "template-search", "ijb", whole.folder, "--model", pixels, "--gallery-model", "same",
        "--ranks", "1,2", "--fpirs", "0.3,0.1", *(["--size", size] if size else []),
    )  # fmt: skip
    probes, gallery = templates(whole, pixels, size), templates(whole, pixels, None)
    (cell,) = found["figures"]
    for name, inside in (("G1", {101, 102}), ("G2", {103, 104})):
        ranks, own, others = by_hand(whole, probes, gallery, inside)
        figures = cell["galleries"][name]
        assert (figures["people"], figures["mated"], figures["nonmated"]) == (2, 4, 4)
        assert figures["cmc"]["share"] == [np.mean([rank <= k for rank in ranks]) for k in (1, 2)]
        assert figures["rank"] == {str(k): np.mean([rank <= k for rank in ranks]) for k in (1, 2)}
        second = sorted(others)[-2]
        right = [rank == 1 and score > second for rank, score in zip(ranks, own, strict=True)]
        assert figures["tpir_at_fpir"] == {"3e-1": np.mean(right)}
        assert figures["not_resolvable"] == {"1e-1": "4 non-mated probes cannot show it"}
    assert cell["joined"]["probes"] == 8
    assert (found["n_probes"], found["coverage"], cell["size"]) == (8, 1, size)


def test_failures_to_enrol_count_in_a_search(
    copy: ijb_layout.Layout, pixels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, template, _ in copy.rows:
        if template in (8, 102):  # a probe of person 10, the only template of person 20
            (copy.folder / "loose_crop" / name).write_bytes(b"")
    words = ["template-search", "ijb", copy.folder, "--model", pixels, "--gallery-model", "same"]
    found = result(capsys, *words, "--fpirs", "0.3")
    (cell,) = found["figures"]
    first = cell["galleries"]["G1"]
    assert (first["people"], first["mated"], first["nonmated"]) == (2, 4, 4)
    assert first["rank"]["10"] == 0.25  # of person 10's two probes one is there, of person 20's none is found
    assert first["tpir_at_fpir"]["3e-1"] <= 0.25
    assert (cell["probes"]["failed_templates"], cell["gallery"]["failed_templates"]) == (1, 1)
    assert cell["joined"]["rank"]["10"] == 5 / 8
    assert "galleries, by pixels.onnx: 1 templates failed to enrol, and count" in run(capsys, *words)[1]


def test_ijbs_is_searched_by_faces_cut_from_it(
    pixels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ijbs_layout.lay_out(tmp_path / "ijbs")
    faces = ijbs_faces_layout.cut(tmp_path / "faces")
    words = ["template-search", "ijbs", tmp_path / "ijbs", "--faces", faces, "--model", pixels]
    words += ["--gallery-model", "same", "--fpirs", "0.5"]
    found = result(capsys, *words)
    (cell,) = found["figures"]
    assert (found["benchmark"], found["variant"], found["n_probes"]) == ("ijbs", "surveillance_to_single", 3)
    assert (cell["probes"]["pictures"], cell["gallery"]["pictures"]) == (6, 4)
    assert (cell["galleries"]["g1"]["mated"], cell["galleries"]["g1"]["nonmated"]) == (2, 1)
    assert (cell["galleries"]["g2"]["mated"], cell["galleries"]["g2"]["nonmated"]) == (1, 2)
    booking = result(capsys, *words, "--protocol", "surveillance_to_booking")["figures"][0]
    assert booking["gallery"]["pictures"] == 12
    # a person in whose frames nothing was found, and one whose frames were never cut
    for path in (faces / "videos/10.mp4/2").iterdir():
        path.unlink()
    shutil.rmtree(faces / "img/3.png")
    code, _, err = run(capsys, *words)
    assert code == 3
    assert "1 of 7 pictures are missing" in err
    assert "img/3.png/3" in err
    found = result(capsys, *words, "--allow-missing")
    (cell,) = found["figures"]
    assert (cell["probes"]["failed_templates"], cell["galleries"]["g1"]["mated"]) == (1, 2)
    assert cell["galleries"]["g1"]["rank"]["1"] <= 0.5
    assert (found["n_missing"], found["coverage"]) == (1, 6 / 7)
    assert cell["galleries"]["g2"]["people"] == 1


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (["template-pairs", "ijbs", "{ijb}"], 5, "'ijbs' has no pairs of templates (use one of ijb)"),
        (["template-pairs", "ijb", "{tmp}"], 3, "it lacks meta"),
        (["template-pairs", "ijb", "{ijb}", "--fuse", "max"], 5, "fuse: there is no way 'max'"),
        (["template-pairs", "ijb", "{ijb}", "--size", "8"], 5, "native compares pictures as they are"),
        (["template-pairs", "ijb", "{ijb}", "--small", "first"], 5, "--small chooses a side of hr-lr"),
        (["template-pairs", "ijb", "{ijb}", "--fars", "2"], 5, "fars: '2' is not a number between 0 and 1"),
        (["template-pairs", "ijb", "{ijb}", "--protocol", "hr-lr"], 7, "--teacher, same for the model"),
        (["template-pairs", "ijb", "{ijb}", "--out", "x.txt"], 3, "a result is a .json file"),
        (["template-search", "lfw", "{ijb}"], 5, "'lfw' has no galleries of templates"),
        (["template-search", "ijb", "{ijb}", "--protocol", "x"], 5, "ijb takes no option --protocol"),
        (["template-search", "ijbs", "{ijbs}"], 5, "ijbs needs --faces"),
        (["template-search", "ijbs", "{ijbs}", "--faces", "{tmp}/no"], 3, "there is no folder"),
        (["template-search", "ijbs", "{ijbs}", "--faces", "{tmp}", "--allow-missing"], 3, "holds none of"),
        (["template-search", "ijbs", "{ijbs}", "--faces", "{tmp}", "--protocol", "x"], 5, "has no 'x'"),
        (["template-search", "ijb", "{ijb}", "--fpirs", "0"], 5, "fpirs: 0 is out of range"),
        (["template-search", "ijb", "{ijb}", "--ranks", "0"], 5, "rank: 0 is out of range"),
        (["template-search", "ijb", "{ijb}", "--size", "7"], 5, "size: 7 px is out of range"),
        (["template-search", "ijb", "{ijb}"], 7, "with --gallery-model, or same"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(
    words: list[str],
    code: int,
    match: str,
    whole: ijb_layout.Layout,
    pixels: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "{ijbs}" in words:
        ijbs_layout.lay_out(tmp_path / "lists")
    (tmp_path / "empty").mkdir()
    places = {"{ijb}": whole.folder, "{ijbs}": tmp_path / "lists", "{tmp}": tmp_path / "empty"}
    for name, place in places.items():
        words = [word.replace(name, str(place)) for word in words]
    found, out, err = run(capsys, *words, "--model", pixels, "--json")
    assert (found, out, err.count("\n")) == (code, "", 1), err
    assert match in err
