"""What every verb of `fewpix evaluate` says stays what it was, to the last byte where scores are the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from runs import KEPT, RUNS, kept, lay_out, report, run

pytestmark = pytest.mark.needs("samples", "torch")

LAST_DIGIT = 2e-6
"""Files have six digits, and another processor may round the last one otherwise."""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return lay_out(tmp_path_factory.mktemp("golden") / "all")


def alike(found: object, known: object, at: str = "") -> None:
    """Equal, but for the last digit of a number and the hash of the single scores."""
    if isinstance(found, dict) and isinstance(known, dict):
        assert list(found) == list(known), at
        for key in found:
            if key != "scores_sha256":
                alike(found[key], known[key], f"{at}.{key}")
    elif isinstance(found, list) and isinstance(known, list):
        assert len(found) == len(known), at
        for n, (one, other) in enumerate(zip(found, known, strict=True)):
            alike(one, other, f"{at}[{n}]")
    elif isinstance(found, float) and isinstance(known, float):
        assert abs(found - known) <= LAST_DIGIT, at
    else:
        assert found == known, at


def hashes(result: object) -> list[str]:
    """The hashes of all single scores that a result is made of; a comparison has those of two results."""
    if isinstance(result, dict):
        own = [str(result["scores_sha256"])] if "scores_sha256" in result else []
        return own + [each for value in result.values() for each in hashes(value)]
    return [each for value in result for each in hashes(value)] if isinstance(result, list) else []


@pytest.mark.parametrize("name", RUNS)
def test_results_are_those_that_are_kept(name: str, places: dict[str, Path]) -> None:
    found, known = run(name, places), kept(name)
    assert found.text == known.text
    result, former = json.loads(found.result), json.loads(known.result)
    alike(result, former)
    if hashes(result) == hashes(former):
        assert found.result == known.result
    assert (found.scores is None) == (known.scores is None)
    if found.scores is not None and known.scores is not None:
        assert list(found.scores) == list(known.scores)
        for key, array in found.scores.items():
            assert (array.dtype, array.shape) == (known.scores[key].dtype, known.scores[key].shape)
            np.testing.assert_allclose(array, known.scores[key], rtol=0, atol=LAST_DIGIT, equal_nan=True)


@pytest.mark.slow
@pytest.mark.needs("report")
@pytest.mark.parametrize("name", RUNS)
def test_reports_are_those_that_are_kept(name: str, places: dict[str, Path]) -> None:
    path = places["out"] / f"{name}.json"
    path.write_bytes((KEPT / f"{name}.json").read_bytes())
    assert report(name, places) == (KEPT / f"{name}.md").read_text(encoding="utf-8")
