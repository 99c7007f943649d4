"""The form of results: what is committed has it, earlier tables are read into it, others are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from fewpix.errors import InputError
from fewpix.evaluate.result.model import Curve, Figure, Result, UccsScores
from fewpix.evaluate.result.read import EARLIER, KNOWN, SCHEMAS, kind_of, parsed
from fewpix.evaluate.result.scores import (
    digest,
    group_of,
    names_array,
    names_of,
    packed,
    read_scores,
    scores_path,
    unpacked,
    write_scores,
)
from fewpix.evaluate.result.words import LOWER_IS_BETTER, MEASURES, headline, title
from project import ROOT

RESULTS = ROOT / "results"


def committed(name: str) -> dict[str, object]:
    found = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_a_table_of_the_former_form_is_read_number_by_number() -> None:
    name = "lfw/table_xs.json"
    table = committed(name)
    found = parsed(table, name)
    assert isinstance(found, Result)
    assert kind_of(table) == "lfw-table-1"
    how, rows = table["settings"], table["figures"]
    assert isinstance(how, dict)
    assert isinstance(rows, list)
    assert how["baseline"] in found.models
    assert list(found.models) == list(table["models"])  # type: ignore[call-overload]
    assert len(found.cells) == len(rows)
    assert found.treatment.protocols == list(dict.fromkeys(row["protocol"] for row in rows))
    differences = iter(found.differences)
    for cell, row in zip(found.cells, rows, strict=True):
        assert (cell.model, cell.size, cell.part) == (
            row["model"],
            row["size"],
            {"protocol": row["protocol"]} if len(found.treatment.protocols) > 1 else {},
        )
        accuracy = cell.figure("accuracy")
        assert accuracy is not None
        assert (accuracy.value, accuracy.ci95) == (row["accuracy"], tuple(row["accuracy_ci95"]))
        for far, value in row["tar_at_far"].items():
            tar = cell.figure("tar", far)
            assert tar is not None
            assert (tar.value, tar.reason == "") == (value, value is not None)
        if row["minus_baseline"]:
            one = next(differences)
            assert (one.model, one.minus, one.size) == (row["model"], how["baseline"], row["size"])
            assert one.changes[0].difference == row["minus_baseline"]["accuracy"]
            assert one.changes[0].ci95 == tuple(row["minus_baseline"]["ci95"])
    assert next(differences, None) is None
    assert found.sizes() == list(dict.fromkeys(row["size"] for row in rows))
    assert sum(len(cells) for _, cells in found.by_part()) == len(rows)
    # what is read can be written, and read again
    assert parsed(found.model_dump(mode="json", by_alias=True)) == found


def test_a_table_that_lacks_what_tables_have_is_refused() -> None:
    table = committed("lfw/table_xs.json")
    for key in ("data", "settings", "figures", "models"):
        with pytest.raises(InputError, match=r"x\.json is not as lfw-table-1 has it"):
            parsed({name: value for name, value in table.items() if name != key}, "x.json")
    with pytest.raises(InputError, match="is not as lfw-table-1 has it"):
        parsed({**table, "figures": [{"protocol": "hr-lr"}]})
    with pytest.raises(InputError, match="is not as lfw-table-1 has it"):
        parsed({**table, "data": []})


def test_committed_results_that_name_their_schema_have_it() -> None:
    for path in RESULTS.rglob("*.json"):
        payload = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(payload, dict) and "schema" in payload:
            parsed(payload, path.name)


def test_what_is_no_result_is_named() -> None:
    says = r"router\.json has the unknown schema None; known are evaluation-2, uccs-scores-1, lfw-table-1"
    with pytest.raises(InputError, match=says):
        parsed(committed("resolution/router.json"), "router.json")
    for kind in KNOWN:
        with pytest.raises(InputError, match=f"the result is not as {kind} has it: "):
            parsed({"schema": kind})
    for kind in (*EARLIER, 2, ["evaluation-2"], {}):
        with pytest.raises(InputError, match=r"has the unknown schema .* measure it again"):
            parsed({"schema": kind})


def test_a_form_has_its_keys_and_no_others() -> None:
    found = parsed(committed("lfw/table_xs.json"))
    payload = found.model_dump(mode="json", by_alias=True)
    assert payload["schema"] == "evaluation-2"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Result.model_validate({**payload, "more": 1})
    with pytest.raises(ValidationError, match="Field required"):
        Result.model_validate({key: value for key, value in payload.items() if key != "benchmark"})
    assert set(SCHEMAS.values()) == {Result, UccsScores}


def test_lists_of_a_curve_are_of_one_length() -> None:
    ends = [(0.1, 0.2)]
    for lists in (
        {"x": [0.1], "y": [], "ci95": [], "threshold": []},
        {"x": [0.1], "y": [0.2], "ci95": ends, "threshold": [0.1, 0.2]},
        {"x": [0.1], "y": [0.2], "ci95": [*ends, None], "threshold": []},
    ):
        with pytest.raises(ValidationError, match="lists of different lengths"):
            Curve.model_validate(lists)
    Curve.model_validate({"x": [1.0], "y": [0.2], "ci95": [None], "threshold": []})


# measures


def figure(measure: str, at: str = "") -> Figure:
    return Figure(measure=measure, at=at, value=0.5, ci95=None, threshold=None, reason="", detail={})


@pytest.mark.parametrize(
    ("found", "first"),
    [
        (["eer", "auc", "tar 1e-1", "tar 1e-3", "accuracy"], "accuracy"),
        (["accuracy worst", "tar 1e-1", "tar 1e-3", "tar 1e-2", "eer"], "tar 1e-3"),
        (["rank 1", "rank 5", "map"], "map"),
        (["rank 5", "rank 1", "auc"], "rank 5"),
        (["rank 1", "tpir 1e-1", "tpir 1e-2", "auc"], "tpir 1e-2"),
        (["found 1e+0", "found 1e-2"], "found 1e-2"),
        (["rank 1", "recall 1e-2"], "rank 1"),
        (["accuracy worst"], None),
        ([], None),
    ],
)
def test_the_headline_is_what_people_look_for_first(found: list[str], first: str | None) -> None:
    one = headline(figure(*name.split()) for name in found)
    assert (None if one is None else f"{one.measure} {one.at}".strip()) == first


def test_every_measure_has_a_title_and_is_described() -> None:
    assert set(MEASURES) >= LOWER_IS_BETTER
    assert title("tar", "1e-3") == "TAR at FAR 1e-3"
    assert title("rank", "5") == "rank-5"
    assert title("accuracy", "worst") == "accuracy, worst third by quality"
    assert (title("accuracy"), title("map"), title("eer")) == ("accuracy", "mAP", "EER")


# the file of single scores

PART = dict[str, str]


def content() -> bytes:
    common = {"names": names_array(("Bo/1.jpg", "Äl, b/3.png")), "same": np.array([True, False])}
    found = packed([({}, common, {"scores": np.array([0.5, n])}) for n in (0.1, -0.2)])
    assert found is not None
    return found


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert content() == content()
    write_scores(tmp_path / "x.json", content())
    assert scores_path(tmp_path / "x.json") == tmp_path / "x.scores.npz"
    found = read_scores(tmp_path / "x.json", digest(content()))
    assert found["scores"].tolist() == [[0.5, 0.1], [0.5, -0.2]]
    assert names_of(found["names"]) == ("Bo/1.jpg", "Äl, b/3.png")
    assert unpacked(found, "").keys() == found.keys()
    assert {array.dtype.kind for array in found.values()} == {"u", "b", "f"}


def test_galleries_have_their_arrays_and_protocols_share_theirs(tmp_path: Path) -> None:
    def one(value: float, size: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        return {"people": np.array([size])}, {"own": np.full(size, value)}

    parts: list[PART] = [{"gallery": "G1"}, {"gallery": "G.2"}, {"gallery": "joined"}]
    made = packed(
        [
            (parts[0], *one(0.1, 2)),
            (parts[1], *one(0.2, 3)),
            (parts[2], {}, {}),
            (parts[0], *one(0.3, 2)),
            (parts[1], *one(0.4, 3)),
        ]
    )
    assert made is not None
    write_scores(tmp_path / "x.json", made)
    arrays = read_scores(tmp_path / "x.json", digest(made))
    assert unpacked(arrays, "G1")["own"].tolist() == [[0.1] * 2, [0.3] * 2]
    assert unpacked(arrays, "G.2")["own"].tolist() == [[0.2] * 3, [0.4] * 3]
    assert unpacked(arrays, "joined") == unpacked(arrays, "") == {}
    assert packed([(parts[2], {}, {})]) is packed([]) is None
    assert [group_of(part) for part in ({}, {"protocol": "hr-lr"}, parts[0], {"faces": "rank 1"})] == [
        "",
        "",
        "G1",
        "rank 1",
    ]


def test_nothing_in_the_file_is_an_object() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        packed([({}, {"x": np.array([{}])}, {"y": np.zeros(1)})])


def test_a_missing_or_changed_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with pytest.raises(InputError, match="keep both files together"):
        read_scores(path, digest(content()))
    write_scores(path, content()[:-1] + b"x")
    with pytest.raises(InputError, match=r"hashes to [0-9a-f]{12}, but x\.json was written with"):
        read_scores(path, digest(content()))
    write_scores(path, b"no archive")
    with pytest.raises(InputError, match="is no file of scores"):
        read_scores(path, digest(b"no archive"))


def test_names_of_any_letters() -> None:
    names = ("a", "", "ö/\n \\x.jpg")
    assert names_of(names_array(names)) == names
    assert names_of(names_array(())) == ()
