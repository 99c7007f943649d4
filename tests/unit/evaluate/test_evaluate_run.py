"""Runs on small benchmarks in their own layouts, by an encoder whose scores can be worked out by hand."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import bin_layout
import lfw_layout
import scface_layout
import survface_layout
import table_layout
import xqlfw_layout
from fewpix.degrade import FAMILIES
from fewpix.degrade.degradation import Degradation
from fewpix.errors import ConfigError, ImageError, InputError
from fewpix.evaluate.benchmark import PAIRS, SEARCH, Benchmark, Pairs
from fewpix.evaluate.plan import Plan
from fewpix.evaluate.readers.registry import open_benchmark
from fewpix.evaluate.readers.xqlfw import ALIGNED, ORIGINAL
from fewpix.evaluate.result.file import canonical
from fewpix.evaluate.result.model import Result
from fewpix.evaluate.run import Evaluation, evaluate
from fewpix.evaluate.statistics.estimate import Draws
from fewpix.evaluate.tasks import pairs as pairs_module
from fewpix.image.codec import decode_image, read_image, write_image
from grey_encoder import Grey
from made_outcomes import cell_of, pair_outcomes

pytestmark = pytest.mark.needs("samples")

FEW = Draws(20)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve people, two pictures each of 112 px, in three folds."""
    return lfw_layout.lay_out_folds(tmp_path_factory.mktemp("lfw"))


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "lfw"))


def lfw(folder: Path) -> Benchmark:
    return open_benchmark(PAIRS, "lfw", folder)


def pairs_of(found: Benchmark) -> Pairs:
    assert isinstance(found.comparisons, Pairs)
    return found.comparisons


def measured(found: Benchmark, model: Grey | None = None, **how: object) -> Evaluation:
    """One model; under hr-lr another one of the same space sees the other side."""
    others = {"m": ("teacher", how.pop("teacher", None) or Grey("1" * 64))}
    plan = {"protocols": ("lr-lr",), "sizes": (8,), "fit": "aligned", "draws": FEW, **how}
    if "hr-lr" in plan["protocols"]:  # type: ignore[operator]
        plan["others"] = others
    return evaluate(found, Plan({"m": model or Grey()}, **plan))  # type: ignore[arg-type]


def scores_of(evaluation: Evaluation) -> NDArray[np.float64]:
    assert evaluation.scores is not None
    with np.load(io.BytesIO(evaluation.scores)) as arrays:
        return np.asarray(arrays["scores"])


def by_hand(folder: Path, size: int, protocol: str) -> list[float]:
    """The protocol in its plainest form: pair by pair, everything anew."""
    scores, model = [], Grey()
    for line in (folder / "pairs.txt").read_text().splitlines()[1:]:
        words = line.split("\t")
        words = [words[0], words[1], words[0], words[2]] if len(words) == 3 else words
        crops = [read_image(folder / name / f"{name}_{int(n):04d}.png") for name, n in (words[:2], words[2:])]
        small = [cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA) for crop in crops]
        first = model.embed([crops[0] if protocol == "hr-lr" else small[0]])
        scores.append(float(first[0].astype(float) @ model.embed([small[1]])[0].astype(float)))
    return scores


@pytest.mark.parametrize("protocol", ["hr-lr", "lr-lr"])
@pytest.mark.parametrize("size", [8, 16, 112])
def test_the_protocol_agrees_with_pairs_done_by_hand(made: Path, protocol: str, size: int) -> None:
    found = lfw(made)
    run = measured(found, sizes=(size,), protocols=(protocol,))
    scores = by_hand(made, size, protocol)
    assert scores_of(run)[0].tolist() == pytest.approx(scores)
    expected = cell_of(pair_outcomes(np.array(scores), pairs_of(found), found.items.people), 20)
    (cell,) = run.measured().cells
    assert (cell.model, cell.size, cell.part) == ("m", size, {})
    for mine, plain in zip(cell.figures, expected.figures, strict=True):
        assert (mine.measure, mine.at, mine.reason) == (plain.measure, plain.at, plain.reason)
        assert mine.value == pytest.approx(plain.value)
        assert mine.ci95 == pytest.approx(plain.ci95)
    accuracy = cell.figure("accuracy")
    assert accuracy is not None
    assert accuracy.value is not None
    assert accuracy.value > 0.5  # pixels recognise ORL's faces better than chance


def test_each_picture_is_embedded_once_per_model_and_size_and_only_where_needed(made: Path) -> None:
    found = lfw(made)
    pairs, model, teacher = pairs_of(found), Grey(), Grey("1" * 64)
    measured(found, model, teacher=teacher, sizes=(8, 16), protocols=("hr-lr",))
    assert teacher.seen == [112] * len(set(pairs.first.tolist())) != [112] * len(found.items)
    assert sorted(model.seen) == sorted([8, 16] * len(set(pairs.second.tolist())))
    both = Grey()
    measured(found, both, sizes=(8,), protocols=("hr-lr", "lr-lr"))
    assert both.seen == [8] * len(found.items)


def test_two_models_that_share_an_encoder_embed_once(made: Path) -> None:
    found, shared = lfw(made), Grey()
    plan = Plan(
        {"a": shared, "b": shared},
        {"a": ("a", shared), "b": ("b", shared)},
        sizes=(8,),
        protocols=("hr-lr", "lr-lr"),
        draws=FEW,
    )
    result = evaluate(found, plan).measured()
    first = len(set(pairs_of(found).first.tolist()))
    assert sorted(shared.seen) == [8] * len(found.items) + [112] * first
    assert [(cell.model, *cell.part.values()) for cell in result.cells] == [
        ("a", "hr-lr"),
        ("b", "hr-lr"),
        ("a", "lr-lr"),
        ("b", "lr-lr"),
    ]
    assert result.cells[0].figures == result.cells[1].figures
    assert all(change.difference == 0 for one in result.differences for change in one.changes)
    assert {name: other.name for name, other in result.others.items()} == {"a": "a", "b": "b"}


def test_flip_adds_the_mirrored_picture_on_both_sides(made: Path) -> None:
    model, teacher = Grey(), Grey("1" * 64)
    result = measured(lfw(made), model, teacher=teacher, protocols=("hr-lr",), flip=True).measured()
    assert result.treatment.flip
    for encoder in (model, teacher):
        half = len(encoder.crops) // 2
        assert all(np.array_equal(encoder.crops[n][:, ::-1], encoder.crops[half + n]) for n in range(half))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_leaves_the_sharp_side_alone(made: Path, family: str) -> None:
    found, teacher = lfw(made), Grey("1" * 64)
    sharp = {read_image(made / name).tobytes() for name in found.items.called}
    how = Degradation(family)
    run = measured(found, teacher=teacher, sizes=(16,), protocols=("hr-lr",), degradation=how, draws=Draws(2))
    assert {crop.tobytes() for crop in teacher.crops} <= sharp
    assert run.measured().treatment.family == family


def test_progress_ends_with_all_pictures(made: Path) -> None:
    told: list[tuple[object, ...]] = []
    found = lfw(made)
    plan = Plan({"m": Grey()}, sizes=(8, 16), protocols=("lr-lr",), draws=FEW)
    evaluate(found, plan, advance=lambda *given: told.append(given))
    assert told[-1] == (2 * len(found.items), 2 * len(found.items), "", "part 1 of 1")


def test_every_model_is_compared_with_the_baseline(made: Path) -> None:
    class Upper(Grey):
        """Half of the pixels."""

        def embed(self, crops: object) -> NDArray[np.float32]:
            rows = super().embed(crops)[:, :8]  # type: ignore[arg-type]
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            return np.concatenate((rows, np.zeros_like(rows)), axis=1)

    def run(**how: object) -> Evaluation:
        models = {"small": Upper("2" * 64), "teacher": Grey("1" * 64)}
        others = dict.fromkeys(models, ("teacher", models["teacher"]))
        given = {"sizes": (8, 16), "protocols": ("hr-lr", "lr-lr"), "draws": Draws(50, 3), **how}
        return evaluate(lfw(made), Plan(models, others, baseline="teacher", **given))  # type: ignore[arg-type]

    found = run()
    result = found.measured()
    places = [(one.part["protocol"], one.size, one.model) for one in result.cells]
    assert places == [
        (protocol, size, model)
        for protocol in ("hr-lr", "lr-lr")
        for size in (8, 16)
        for model in ("small", "teacher")
    ]
    assert [(one.model, one.minus, one.size, *one.part.values()) for one in result.differences] == [
        ("small", "teacher", size, protocol) for protocol in ("hr-lr", "lr-lr") for size in (8, 16)
    ]
    for n, one in enumerate(result.differences):
        mine, base = result.cells[2 * n : 2 * n + 2]
        assert {change.measure for change in one.changes} == {"accuracy", "tar", "eer", "auc"}
        for change in one.changes:
            figures = [cell.figure(change.measure, change.at) for cell in (mine, base)]
            values = [figure.value for figure in figures if figure and figure.value is not None]
            assert change.difference == pytest.approx(values[0] - values[1])
            assert change.ci95[0] <= change.difference <= change.ci95[1]
    alone = measured(
        lfw(made), Upper("2" * 64), protocols=("hr-lr",), fit="pad", draws=Draws(50, 3)
    ).measured()
    assert alone.cells[0].figures == result.cells[0].figures
    assert alone.benchmark.data_sha256 == result.benchmark.data_sha256
    assert alone.differences == []
    # the same text in every run, and nothing of this machine in it
    random = [run(degradation=Degradation("noise", 5), flip=True) for _ in range(2)]
    texts = [canonical(one.to_json()) for one in random]
    assert texts[0] == texts[1]
    assert random[0].scores == random[1].scores
    assert str(made) not in texts[0] + str(random[0])
    assert Result.model_validate(found.to_json()) == result


def test_the_data_digest_names_the_content_and_not_the_place(made: Path, copy: Path) -> None:
    def digest(folder: Path) -> str:
        return measured(lfw(folder), draws=Draws(2)).measured().benchmark.data_sha256

    before = digest(made)
    assert digest(copy) == before
    path = copy / "p0" / "p0_0001.png"
    other = read_image(path).copy()
    other[50, 50] ^= 1
    write_image(path, other)
    assert digest(copy) != before
    shutil.copy(made / "p0" / "p0_0001.png", path)
    with (copy / "pairs.txt").open("a") as file:
        file.write("\n")
    assert digest(copy) != before


def test_pictures_that_are_not_aligned_crops_end_the_run(copy: Path) -> None:
    path = copy / "p0" / "p0_0001.png"
    write_image(path, np.zeros((250, 250, 3), dtype=np.uint8))
    with pytest.raises(ImageError, match=r"p0_0001\.png is 250x250 px, not an aligned crop of 112x112"):
        measured(lfw(copy))
    path.write_bytes(b"not an image")
    with pytest.raises(ImageError, match=r"p0_0001\.png"):
        measured(lfw(copy))


def test_a_store_spares_pairs_the_work_and_changes_no_bit(copy: Path, tmp_path: Path) -> None:
    plain, store = measured(lfw(copy), protocols=("hr-lr",)), tmp_path / "store"
    for count in (24, 0):
        model, teacher = Grey(), Grey("1" * 64)
        run = measured(lfw(copy), model, teacher=teacher, protocols=("hr-lr",), store=store)
        assert len(model.seen) + len(teacher.seen) == count
        assert run.to_json() == plain.to_json()
        assert run.scores == plain.scores
    for chunk in store.glob("*/000000.npz"):
        chunk.write_bytes(b"PK\x03\x04 damaged")
    model = Grey()
    assert measured(lfw(copy), model, protocols=("hr-lr",), store=store).to_json() == plain.to_json()
    assert len(model.seen) == 12


def test_of_too_many_pairs_no_scores_are_kept(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs_module, "WHOLE", 12)  # of one person there are twelve
    some = measured(lfw(made))
    assert scores_of(some).shape == (1, 12)
    assert some.measured().bootstrap.how.startswith("people of the pairs of one person resampled")
    monkeypatch.setattr(pairs_module, "WHOLE", 11)
    none = measured(lfw(made))
    assert none.scores is None
    assert none.measured().scores_sha256 is None
    assert none.measured().cells[0].figures == some.measured().cells[0].figures


# every kind of pairs


def layouts() -> dict[str, Callable[[Path], Path]]:
    return {
        "lfw": lfw_layout.lay_out,
        "xqlfw": lambda folder: xqlfw_layout.lay_out_xqlfw(folder, ALIGNED),
        "bin": lambda folder: bin_layout.write(folder / "own.bin", (bin_layout.BINS, bin_layout.SAME)),
        "scface": scface_layout.scface,
        "survface-pairs": survface_layout.verification,
        "table": lambda folder: table_layout.lay_out(folder, table_layout.PAIRS),
    }


@pytest.fixture(params=layouts())
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Benchmark:
    options: dict[str, object] = {}
    if request.param == "scface":
        options = {"distance": 2, "ids": scface_layout.ids(tmp_path / "ids.txt")}
    return open_benchmark(PAIRS, request.param, layouts()[request.param](tmp_path / "made"), **options)


def crops_of(found: Benchmark) -> list[NDArray[np.uint8]]:
    pictures = found.items.pictures
    return [decode_image(pictures.read(n), "") for n in range(len(pictures.names))]


def test_pictures_go_to_the_model_as_they_are(data: Benchmark) -> None:
    model, pairs = Grey(), pairs_of(data)
    how = {"protocols": ("native",), "sizes": (None,), "fit": "pad"}
    run = measured(data, model, **how)
    crops = crops_of(data)
    assert {crop.tobytes() for crop in model.crops} == {crop.tobytes() for crop in crops}
    rows = np.stack([Grey().embed([crop])[0] for crop in crops]).astype(float)
    scores = [float(rows[a] @ rows[b]) for a, b in zip(pairs.first, pairs.second, strict=True)]
    assert scores_of(run)[0].tolist() == pytest.approx(scores)
    plain = pair_outcomes(
        np.array(scores), pairs, data.items.people, fars=data.asked.fars, quality=data.items.quality
    )
    result = run.measured()
    (cell,) = result.cells
    assert [(one.measure, one.at) for one in cell.figures] == [
        (one.measure, one.at) for one in cell_of(plain).figures
    ]
    for mine, other in zip(cell.figures, cell_of(plain).figures, strict=True):
        assert mine.value == pytest.approx(other.value)
    assert (result.benchmark.kind, result.treatment.protocols) == (data.kind, ["native"])
    assert result.benchmark.lists_sha256 == data.inventory.sha256
    assert (result.benchmark.left_out, result.benchmark.coverage) == (0, 1.0)
    assert (result.treatment.steps, result.others, result.treatment.small) == ({}, {}, "both")
    assert cell.seen is not None
    assert cell.seen.px is not None
    assert (cell.seen.px.min, cell.seen.px.median, cell.seen.px.max) == (24, 24, 24)
    assert (cell.seen.already_smaller, cell.seen.not_square) == (0, 0)
    assert canonical(run.to_json()) == canonical(measured(data, **how).to_json())


@pytest.mark.parametrize("small", ["first", "second"])
def test_the_side_that_was_asked_for_gets_small(data: Benchmark, small: str) -> None:
    model, teacher, pairs = Grey(), Grey("f" * 64), pairs_of(data)
    how = {"protocols": ("hr-lr",), "sizes": (8, 12), "fit": "pad", "small": small}
    run = measured(data, model, teacher=teacher, **how)
    low, high = (pairs.first, pairs.second)[:: 1 if small == "first" else -1]
    crops = crops_of(data)
    reduced = [cv2.resize(crop, (8, 8), interpolation=cv2.INTER_AREA).tobytes() for crop in crops]
    assert {crop.tobytes() for crop in teacher.crops} == {crops[n].tobytes() for n in high}
    assert {crop.tobytes() for crop in model.crops if len(crop) == 8} == {reduced[n] for n in low}
    result = run.measured()
    treated = result.treatment
    assert (treated.small, treated.family, treated.seed) == (small, "area", 0)
    assert treated.steps == {"8": "area@8: downscale side 8", "12": "area@12: downscale side 12"}
    assert [cell.size for cell in result.cells] == [8, 12]
    other = result.others["m"]
    assert (other.name, other.model.sha256) == ("teacher", "f" * 64)
    assert other.seen.pictures == len(set(high.tolist()))


def test_cross_resolution_by_nature_needs_no_size(data: Benchmark) -> None:
    model, teacher = Grey(), Grey("1" * 64)
    how = {"protocols": ("hr-lr",), "sizes": (None,), "fit": "pad"}
    result = measured(data, model, teacher=teacher, **how).measured()
    assert {crop.shape for crop in model.crops + teacher.crops} == {(24, 24, 3)}
    assert result.treatment.steps == {}
    assert [cell.size for cell in result.cells] == [None]


def test_a_random_family_draws_by_name_and_seed(data: Benchmark) -> None:
    def seen(seed: int) -> list[bytes]:
        model = Grey()
        measured(data, model, fit="pad", degradation=Degradation("noise", seed), draws=Draws(2))
        return [crop.tobytes() for crop in model.crops]

    assert seen(0) == seen(0) != seen(1)


def test_both_sides_get_small_but_never_large(tmp_path: Path) -> None:
    path = layouts()["table"](tmp_path)
    write_image(tmp_path / "ann" / "1.jpg", np.random.default_rng(0).integers(0, 256, (9, 6, 3), np.uint8))
    write_image(tmp_path / "bob" / "1.jpg", np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8))
    with pytest.raises(InputError, match="below 8 px"):
        measured(open_benchmark(PAIRS, "table", path), fit="pad")
    write_image(tmp_path / "ann" / "1.jpg", np.random.default_rng(0).integers(0, 256, (12, 9, 3), np.uint8))
    found = open_benchmark(PAIRS, "table", path)
    how = {"sizes": (16, 8), "flip": True}
    result = measured(found, **how, fit="stretch").measured()
    seen = [cell.seen for cell in result.cells]
    assert [one.already_smaller for one in seen if one] == [1, 0]
    assert seen[0] is not None
    assert seen[0].px is not None
    assert (seen[0].pictures, seen[0].not_square) == (5, 2)
    assert (seen[0].px.min, seen[0].px.median, seen[0].px.max) == (9, 24, 30)
    treated = result.treatment
    assert (treated.small, treated.fit, treated.flip) == ("both", "stretch", True)
    padded = measured(found, **how, fit="pad").measured()
    assert padded.cells[0].histogram != result.cells[0].histogram
    assert padded.benchmark.data_sha256 == result.benchmark.data_sha256


def test_survface_has_one_fold_and_rates_of_its_own(tmp_path: Path) -> None:
    folder = survface_layout.verification(tmp_path)
    how = {"protocols": ("native",), "sizes": (None,), "fit": "pad"}
    outer, inner = (
        measured(open_benchmark(PAIRS, "survface-pairs", at), **how)
        for at in (folder, next(folder.iterdir()))
    )
    (cell,) = outer.measured().cells
    accuracy, *rates = cell.figures[:5]
    assert accuracy.value is None
    assert accuracy.reason.startswith("the pairs are in one fold")
    assert [one.at for one in rates] == ["3e-1", "1e-1", "1e-2", "1e-3"]
    assert rates[1].value is None
    assert canonical(outer.to_json()) == canonical(inner.to_json())


def test_xqlfw_tells_thirds_by_quality(tmp_path: Path) -> None:
    folder = xqlfw_layout.lay_out_xqlfw(tmp_path, ALIGNED, ORIGINAL)
    how = {"protocols": ("native",), "sizes": (None,), "fit": "pad"}
    result = measured(open_benchmark(PAIRS, "xqlfw", folder, aligned=False), **how).measured()
    assert result.benchmark.variant == ORIGINAL
    thirds = [one for one in result.cells[0].figures if one.measure == "accuracy" and one.at]
    assert thirds[0].at == "worst"
    assert sum(third.detail["pairs"][0] for third in thirds) == 6  # the other two pairs lack a quality
    (folder / "xqlfw_scores.txt").unlink()
    (cell,) = measured(open_benchmark(PAIRS, "xqlfw", folder), **how).measured().cells
    assert [one.at for one in cell.figures if one.measure == "accuracy"] == [""]


def test_missing_pictures_are_an_error_or_counted(tmp_path: Path) -> None:
    folder = lfw_layout.lay_out(tmp_path)
    (folder / "Cid" / "Cid_0001.jpg").unlink()
    with pytest.raises(InputError, match="1 of 6 pictures are missing"):
        lfw(folder)
    how = {"protocols": ("native",), "sizes": (None,), "fit": "pad"}
    run = measured(open_benchmark(PAIRS, "lfw", folder, allow_missing=True), **how)
    facts = run.measured().benchmark
    assert (facts.comparisons, facts.left_out, facts.coverage) == ({"same": 3, "different": 3}, 2, 0.75)
    assert (facts.missing, facts.missing_first) == (1, ["Cid/Cid_0001.jpg"])
    assert "coverage 75.0 %, 2 left out for want of a picture" in str(run)
    cut = bin_layout.write(
        tmp_path / "cut.bin", ([bin_layout.BINS[0][:99], *bin_layout.BINS[1:]], bin_layout.SAME)
    )
    facts = measured(open_benchmark(PAIRS, "bin", cut, allow_missing=True), **how).measured().benchmark
    assert facts.left_out + sum(facts.comparisons.values()) == len(bin_layout.SAME)
    assert facts.left_out >= 1
    for name in ("Ann_0001", "Ann_0002"):
        (folder / "Ann" / f"{name}.jpg").unlink()
    with pytest.raises(InputError, match=r"only 2 of one person are whole \(verification needs both kinds"):
        open_benchmark(PAIRS, "lfw", folder, allow_missing=True)


def test_a_folder_that_is_no_lfw_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        lfw(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"cannot read .*pairs\.txt"):
        lfw(tmp_path / "empty")
    with pytest.raises(InputError, match="holds none of the"):
        open_benchmark(PAIRS, "lfw", tmp_path / "empty", pairs=copy / "pairs.txt", allow_missing=True)


def test_options_belong_to_kinds(tmp_path: Path) -> None:
    for kind, option in (("bin", "pairs"), ("lfw", "aligned"), ("xqlfw", "folder")):
        with pytest.raises(ConfigError, match=f"{kind} takes no option --{option}"):
            open_benchmark(PAIRS, kind, tmp_path, **{option: tmp_path})
    with pytest.raises(InputError, match="column"):
        open_benchmark(PAIRS, "table", table_layout.lay_out(tmp_path, table_layout.SEARCH))
    folder = lfw_layout.lay_out(tmp_path / "lfw", "other.txt")
    assert len(open_benchmark(PAIRS, "lfw", folder, pairs=folder / "other.txt").comparisons) == 8


# searches


def test_a_search_sends_probes_and_gallery_to_whom_they_belong(tmp_path: Path) -> None:
    found = open_benchmark(SEARCH, "table", table_layout.lay_out(tmp_path, table_layout.SEARCH))
    model, other = Grey(), Grey("1" * 64)
    plan = Plan({"m": model}, {"m": ("other", other)}, sizes=(8, None), other_size=12, draws=FEW)
    told: list[tuple[object, ...]] = []
    run = evaluate(found, plan, advance=lambda *given: told.append(given))
    result = run.measured()
    assert (sorted(model.seen), other.seen) == ([8] * 3 + [24] * 3, [12] * 2)
    assert told[-1] == (3, 3, "", "part 3 of 3")
    assert (result.task, result.treatment.protocols, result.treatment.small) == ("search", [], "probes")
    assert (result.treatment.other_size, list(result.treatment.steps)) == (12, ["8", "12"])
    assert [cell.size for cell in result.cells] == [8, None]
    assert result.cells[0].counts == {"people": 2, "rows": 2, "mated": 2, "nonmated": 1}
    seen = result.others["m"].seen
    assert (result.others["m"].name, seen.items, seen.failed_items) == ("other", 2, 0)
    assert result.benchmark.comparisons == {"probes": 3, "gallery": 2}
    assert "the other side of m seen by other" in str(run)


def test_a_probe_that_cannot_be_read_counts_and_does_not_end_the_run(tmp_path: Path) -> None:
    found = open_benchmark(SEARCH, "table", table_layout.lay_out(tmp_path, table_layout.SEARCH))
    (tmp_path / "ann/2.jpg").write_bytes(b"\xff\xd8\xff")
    (cell,) = evaluate(found, Plan({"m": Grey()}, draws=FEW)).measured().cells
    assert cell.seen is not None
    assert (cell.seen.items, cell.seen.failed_items) == (3, 1)
    assert cell.seen.first_fault == "ann/2.jpg is cut off: its end is missing"
    assert cell.counts["mated"] == 2
    rank = cell.figure("rank", "1")
    assert rank is not None
    assert rank.value in (0.0, 0.5)
