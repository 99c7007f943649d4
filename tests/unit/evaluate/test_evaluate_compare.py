"""Two results subtracted by their single scores; what is not alike is refused, and what differs is named."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import lfw_layout
import table_layout
from fewpix.degrade.degradation import Degradation
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PAIRS, SEARCH, Asked
from fewpix.evaluate.compare import Scores, compare
from fewpix.evaluate.plan import Plan
from fewpix.evaluate.readers.registry import open_benchmark
from fewpix.evaluate.result.file import Run, canonical, write_result
from fewpix.evaluate.result.model import Result
from fewpix.evaluate.result.scores import digest, scores_path, write_scores
from fewpix.evaluate.result.words import words
from fewpix.evaluate.run import Evaluation, evaluate
from fewpix.evaluate.statistics.estimate import Draws
from fewpix.evaluate.tasks import pairs as pairs_module
from grey_encoder import Grey

pytestmark = pytest.mark.needs("samples")

FEW = Draws(20, 3)


class Upper(Grey):
    """Half of the pixels: another model of the same space."""

    def embed(self, crops: object) -> NDArray[np.float32]:
        rows = super().embed(crops)[:, :8]  # type: ignore[arg-type]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return np.concatenate((rows, np.zeros_like(rows)), axis=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lfw_layout.lay_out_folds(tmp_path_factory.mktemp("lfw"))


ONE, OTHER = {"one": Grey()}, {"other": Upper("1" * 64)}


def lfw(made: Path, models: dict[str, Grey], **how: object) -> Evaluation:
    plan = {"sizes": (8,), "protocols": ("lr-lr",), "draws": FEW, **how}
    if "hr-lr" in plan["protocols"]:  # type: ignore[operator]
        plan["others"] = {name: ("sharp", Grey("2" * 64)) for name in models}
    return evaluate(open_benchmark(PAIRS, "lfw", made), Plan(models, **plan))  # type: ignore[arg-type]


def kept(path: Path, run: Evaluation) -> Scores:
    """Written, and read again."""
    write_result(path, run.to_json(), Run(None, None, "", {}, {}, 0.0), run.scores)
    return Scores.read(path)


def test_the_differences_are_those_of_one_run_of_both(made: Path, tmp_path: Path) -> None:
    how = {"sizes": (8, 12), "flip": True, "asked": Asked(fars=(0.5, 0.1))}
    first = kept(tmp_path / "a.json", lfw(made, OTHER, **how))
    second = kept(tmp_path / "b.json", lfw(made, ONE, **how))
    found = compare(first, second, draws=FEW)
    both = lfw(made, {**ONE, **OTHER}, **how).measured()
    assert [(one.model, one.minus, one.size) for one in found.differences] == [
        ("other", "one", 8),
        ("other", "one", 12),
    ]
    for mine, run in zip(found.differences, both.differences, strict=True):
        assert mine.changes == run.changes
        assert mine.part == {}
    assert (found.cells, found.models, found.others, found.scores_sha256) == ([], {}, {}, None)
    assert [one.name for one in found.compared] == ["a.json", "b.json"]
    assert [list(one.models) for one in found.compared] == [["other"], ["one"]]
    assert found.compared[0].scores_sha256 == first.result.scores_sha256
    assert found.benchmark == first.result.benchmark
    assert (found.bootstrap.replicates, found.bootstrap.seed) == (20, 3)
    assert words(found).splitlines()[2] == "a.json minus b.json"
    assert Result.model_validate_json(canonical(found.model_dump(by_alias=True))).compared == found.compared


def test_every_model_of_one_is_compared_with_every_one_of_the_other(made: Path, tmp_path: Path) -> None:
    both = kept(tmp_path / "a.json", lfw(made, {**ONE, **OTHER}))
    found = compare(both, both, draws=FEW)
    names = [(one.model, one.minus) for one in found.differences]
    assert names == [("one", "one"), ("one", "other"), ("other", "one"), ("other", "other")]
    for n in (0, 3):
        assert all(
            change.difference == 0 and change.ci95 == (0, 0) for change in found.differences[n].changes
        )
    there, back = (found.differences[n].changes for n in (1, 2))
    assert [change.difference for change in there] == [-change.difference for change in back]


def test_of_one_protocol_and_of_several_what_both_have_is_compared(made: Path, tmp_path: Path) -> None:
    table = kept(tmp_path / "table.json", lfw(made, ONE, sizes=(8, 12), protocols=("hr-lr", "lr-lr")))
    for protocol in ("hr-lr", "lr-lr"):
        alone = kept(tmp_path / f"{protocol}.json", lfw(made, OTHER, protocols=(protocol,)))
        there, back = compare(alone, table, draws=FEW), compare(table, alone, draws=FEW)
        (one,), (other,) = there.differences, back.differences
        assert (one.model, one.minus, one.size, one.part) == ("other", "one", 8, {"protocol": protocol})
        assert [change.difference for change in one.changes] == [
            -change.difference for change in other.changes
        ]
        assert [side.sizes_alone for side in there.compared] == [[], [12]]
        assert "only in table.json, not compared: 12 px" in words(there)
    hr_lr, lr_lr = (Scores.read(tmp_path / f"{name}.json") for name in ("hr-lr", "lr-lr"))
    with pytest.raises(
        InputError, match=r"no size is in both: hr-lr\.json has 8 px, hr-lr, lr-lr\.json 8 px, lr"
    ):
        compare(hr_lr, lr_lr)


def test_rates_are_those_that_both_report(made: Path, tmp_path: Path) -> None:
    first = kept(tmp_path / "a.json", lfw(made, ONE, asked=Asked(fars=(0.5, 0.3))))
    second = kept(tmp_path / "b.json", lfw(made, OTHER, asked=Asked(fars=(0.3, 0.1))))
    (one,) = compare(first, second, draws=FEW).differences
    assert [(change.measure, change.at) for change in one.changes] == [
        ("accuracy", ""),
        ("tar", "3e-1"),
        ("eer", ""),
        ("auc", ""),
    ]


def test_of_many_pairs_rates_under_held_thresholds_are_compared(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs_module, "WHOLE", 12)
    how = {"asked": Asked(fars=(0.5,))}
    first, second = (
        kept(tmp_path / "a.json", lfw(made, ONE, **how)),
        kept(tmp_path / "b.json", lfw(made, OTHER, **how)),
    )
    (one,) = compare(first, second, draws=FEW).differences
    (change,) = one.changes
    figures = [side.result.cells[0].figure("tar", "5e-1") for side in (first, second)]
    values = [figure.value for figure in figures if figure and figure.value is not None]
    assert (change.measure, change.at) == ("tar", "5e-1")
    assert change.difference == pytest.approx(values[0] - values[1], abs=1e-6)
    assert change.mcnemar is not None
    (run,) = lfw(made, {**OTHER, **ONE}, **how).measured().differences
    assert run.changes == one.changes


def test_searches_are_compared_gallery_by_gallery(tmp_path: Path) -> None:
    found = open_benchmark(SEARCH, "table", table_layout.lay_out(tmp_path, table_layout.SEARCH))
    searches = found.comparisons
    two = replace(searches, galleries={"A": searches.galleries[""][:1], "B": searches.galleries[""][1:]})  # type: ignore[union-attr]
    for name, benchmark in (("one", found), ("two", replace(found, comparisons=two))):
        runs = [
            kept(tmp_path / f"{name}{n}.json", evaluate(benchmark, Plan(models, sizes=(8,), draws=FEW)))
            for n, models in enumerate((ONE, OTHER))
        ]
        compared = compare(*runs, draws=FEW)
        run = evaluate(benchmark, Plan({**OTHER, **ONE}, sizes=(8,), draws=FEW)).measured()
        # galleries joined have no single scores
        differences = [one for one in run.differences if one.part.get("gallery") != "joined"]
        assert compared.differences == differences
        assert [one.part for one in differences] == (
            [{}] if name == "one" else [{"gallery": "A"}, {"gallery": "B"}]
        )


def test_ranks_and_rates_that_only_one_has_are_not_compared_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    benchmark = open_benchmark(SEARCH, "table", table_layout.lay_out(tmp_path, table_layout.SEARCH))
    first, second = (
        kept(
            tmp_path / f"{name}.json",
            evaluate(benchmark, Plan(models, sizes=(8,), draws=FEW, asked=Asked(ranks=ranks, fpirs=(0.5,)))),
        )
        for name, models, ranks in (("a", ONE, (2, 3)), ("b", OTHER, (1, 4)))
    )
    (one,) = compare(first, second, draws=FEW).differences
    assert "auc" in {change.measure for change in one.changes} <= {"tpir", "auc"}
    assert "rank-k is not compared: a.json has it at 2, 3, b.json at 1, 4" in caplog.text
    caplog.clear()
    compare(first, first, draws=FEW)
    assert "not compared" not in caplog.text


@pytest.mark.parametrize(
    ("how", "key"),
    [
        ({"degradation": Degradation("noise")}, "family: area and noise"),
        ({"fit": "stretch"}, "fit: pad and stretch"),
        ({"protocols": ("hr-lr",), "small": "first"}, "small: second and first"),
    ],
)
def test_other_treatment_of_pictures_is_refused(
    made: Path, tmp_path: Path, how: dict[str, object], key: str
) -> None:
    first = kept(tmp_path / "a.json", lfw(made, ONE, protocols=how.get("protocols", ("lr-lr",))))
    second = kept(tmp_path / "b.json", lfw(made, ONE, **how))
    with pytest.raises(InputError, match=f"a.json and b.json differ in {key}"):
        compare(first, second)


def test_the_seed_counts_where_pictures_got_small(made: Path, tmp_path: Path) -> None:
    sides = [
        kept(tmp_path / f"{n}.json", lfw(made, ONE, degradation=Degradation("noise", n))) for n in (0, 1)
    ]
    with pytest.raises(InputError, match=r"differ in seed: 0 and 1"):
        compare(*sides)
    native = [
        kept(
            tmp_path / f"n{n}.json",
            lfw(made, ONE, sizes=(None,), protocols=("native",), degradation=Degradation("noise", n)),
        )
        for n in (0, 1)
    ]
    assert compare(*native, draws=FEW).differences[0].changes[0].difference == 0


@pytest.fixture
def result(made: Path, tmp_path: Path) -> Scores:
    return kept(tmp_path / "a.json", lfw(made, ONE))


def changed(one: Scores, name: str = "b.json", **facts: object) -> Scores:
    """With other facts of the benchmark or the treatment."""
    parts = {"benchmark": one.result.benchmark, "treatment": one.result.treatment}
    for key, value in facts.items():
        for place, part in parts.items():
            if key in type(part).model_fields:
                parts[place] = part.model_copy(update={key: value})
    return replace(one, name=name, result=one.result.model_copy(update=parts))


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"kind": "xqlfw"}, "differ in kind: lfw and xqlfw"),
        ({"variant": "original"}, "differ in variant:  and original"),
        ({"data_sha256": "e" * 64}, "differ in data_sha256: [0-9a-f]{12} and eeeeeeeeeeee "),
        ({"interpolation": "nearest"}, "differ in interpolation"),
        ({"alignment": "none"}, "differ in alignment"),
        ({"fusion": "mean"}, "differ in fusion"),
        ({"prototypes": True}, "differ in prototypes"),
        ({"rank": 5}, "differ in rank: 1 and 5 .*--rank"),
        ({"other_size": 12}, "differ in other_size: its own size and 12 .*--gallery-size"),
        ({"iou": 0.5}, "differ in iou"),
    ],
)
def test_what_differs_is_named(result: Scores, facts: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare(result, changed(result, **facts))


def test_results_of_two_tasks_or_without_a_common_size_are_refused(
    result: Scores, made: Path, tmp_path: Path
) -> None:
    search = replace(result, name="s.json", result=result.result.model_copy(update={"task": "search"}))
    with pytest.raises(InputError, match=r"a\.json is of pairs, s\.json of search"):
        compare(result, search)
    larger = kept(tmp_path / "b.json", lfw(made, ONE, sizes=(12, 16)))
    with pytest.raises(
        InputError, match=r"no size is in both: a\.json has 8 px, lr-lr, b\.json 12 px, lr-lr, 16 px, lr-lr"
    ):
        compare(result, larger)


def test_scores_of_other_comparisons_are_refused(result: Scores) -> None:
    other = replace(result, arrays={**result.arrays, "same": ~result.arrays["same"]})
    with pytest.raises(InputError, match="are of different comparisons"):
        compare(result, other)


def test_arrays_that_do_not_fit_are_refused(result: Scores, made: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lack the array 'folds'"):
        compare(result, replace(result, arrays={k: v for k, v in result.arrays.items() if k != "folds"}))
    short = replace(result, arrays={**result.arrays, "scores": result.arrays["scores"][:, :3]})
    with pytest.raises(InputError, match="do not fit one another"):
        compare(short, result)
    two = kept(tmp_path / "b.json", lfw(made, {**ONE, **OTHER}))
    fewer = replace(two, arrays={**two.arrays, "scores": two.arrays["scores"][:1]})
    with pytest.raises(InputError, match=r"scores of b\.json do not fit its figures"):
        compare(fewer, two)


def test_only_results_with_their_scores_are_read(result: Scores, made: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    content = scores_path(path).read_bytes()
    write_scores(path, content[:-1] + b"x")
    with pytest.raises(InputError, match=r"hashes to [0-9a-f]{12}, but a\.json was written with"):
        Scores.read(path)
    scores_path(path).unlink()
    with pytest.raises(InputError, match="keep both files together"):
        Scores.read(path)
    write_scores(path, content)
    payload = json.loads(path.read_text())
    path.write_text(json.dumps({**payload, "scores_sha256": None}))
    with pytest.raises(InputError, match="has no single scores"):
        Scores.read(path)
    found = compare(result, result, draws=FEW)
    path.write_text(found.model_dump_json(by_alias=True))
    with pytest.raises(InputError, match=r"a\.json is a comparison"):
        Scores.read(path)


def test_tables_of_lfw_with_scores_are_compared(result: Scores, tmp_path: Path) -> None:
    """As they were written before there was one form: without rates, or that all pairs are kept."""
    (cell,) = result.result.cells
    figure = cell.figure("accuracy")
    assert figure is not None
    buffer = io.BytesIO()
    arrays = {
        key: array for key, array in result.arrays.items() if key not in ("whole", "fars", "thresholds")
    }
    np.savez(buffer, allow_pickle=False, **arrays)
    facts, how = result.result.benchmark, result.result.treatment
    table = {
        "schema": "lfw-table-1",
        "benchmark": "lfw",
        "data": {"pictures": 24, "pairs": 24, "missing": 0, "sha256": facts.data_sha256},
        "models": {name: model.model_dump() for name, model in result.result.models.items()},
        "settings": {
            "baseline": "one",
            "family": "area",
            "seed": 0,
            "interpolation": how.interpolation,
            "flip": False,
            "replicates": 20,
            "interval": "people resampled",
        },
        "figures": [
            {
                "model": "one",
                "protocol": "lr-lr",
                "size": 8,
                "n_pairs": 24,
                "accuracy": figure.value,
                "accuracy_ci95": figure.ci95,
                "tar_at_far": {"1e-3": None},
                "tar_at_far_ci95": {"1e-3": None},
                "minus_baseline": None,
            }
        ],
        "scores_sha256": digest(buffer.getvalue()),
    }
    path = tmp_path / "table.json"
    path.write_text(json.dumps(table))
    write_scores(path, buffer.getvalue())
    earlier = Scores.read(path)
    aligned = changed(result, "a.json", fit="aligned")
    (one,) = compare(earlier, aligned, draws=FEW).differences
    assert [(change.measure, change.difference) for change in one.changes] == [
        ("accuracy", 0),
        ("eer", 0),
        ("auc", 0),
    ]
