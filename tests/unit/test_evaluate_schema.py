"""Results that are in the repository have the keys that the documents name; others are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fewpix.evaluate.schema.lfw import LfwTable
from fewpix.evaluate.schema.pairs import PairCurve
from fewpix.evaluate.schema.parsed import SCHEMAS, parsed
from pydantic import ValidationError

from fewpix.errors import InputError

RESULTS = Path(__file__).resolve().parent.parent.parent / "results"


@pytest.mark.parametrize("name", ["lfw.json", "lfw_router.json"])
def test_committed_tables_of_lfw(name: str) -> None:
    table = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    found = parsed(table, name)
    assert isinstance(found, LfwTable)
    assert found.settings.baseline in found.models
    with pytest.raises(ValidationError, match="Extra inputs"):
        LfwTable.model_validate({**table, "more": 1})
    with pytest.raises(ValidationError, match="Field required"):
        LfwTable.model_validate({key: value for key, value in table.items() if key != "data"})


def test_committed_results_that_name_their_schema_have_it() -> None:
    for path in RESULTS.glob("*.json"):
        payload = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(payload, dict) and "schema" in payload:
            parsed(payload, path.name)


def test_what_is_no_result_is_named() -> None:
    with pytest.raises(
        InputError, match=r"router\.json says of itself None, which is none of pairs-1, search-1"
    ):
        parsed(json.loads((RESULTS / "router.json").read_text(encoding="utf-8")), "router.json")
    for kind in SCHEMAS:
        with pytest.raises(InputError, match=f"the result is not as {kind} has it: "):
            parsed({"schema": kind})


def test_lists_of_a_curve_are_of_one_length() -> None:
    with pytest.raises(ValidationError, match="lists of different lengths"):
        PairCurve.model_validate({"far": [0.1], "tar": [], "tar_ci95": [], "threshold": []})
