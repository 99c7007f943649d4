"""docs/results.md names every key of every result, as the models have it that the results are checked by."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator

import pytest

from documents import ROOT
from fewpix.evaluate.result.model import Cell, Part, Result, UccsScores
from fewpix.evaluate.result.words import MEASURES as WORDS
from fewpix.evaluate.result.words import ShortForm
from result_made import pairs
from schema import MEASURES, measures, models, renewed, shown, table

DOCUMENT = ROOT / "docs" / "results.md"


@pytest.fixture(scope="module")
def text() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_models(text: str) -> None:
    assert renewed(text) == text, "python tests/docs/schema.py docs/results.md"


def test_every_model_is_shown_once_under_a_heading_of_its_name(text: str) -> None:
    assert sorted(shown(text)) == sorted([*(model.__name__ for model in models()), MEASURES])
    for model in models():
        assert f"# {model.__name__}\n" in text  # tables link to it


def test_every_key_and_every_measure_is_explained() -> None:
    for model in models():
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name} says nothing"
    for name, (_, said) in WORDS.items():
        assert said
        assert f"| `{name}` | " in measures()


def test_a_stale_table_is_found(text: str) -> None:
    for key in ("`eer`", "`lists_sha256`"):
        assert f"| {key} |" in text
        assert renewed(text.replace(f"| {key} |", "| `other` |")) == text


def test_the_short_form_of_lfw_has_the_keys_that_are_shown(text: str) -> None:
    part = text.split("\n## The short form of LFW\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) == set(ShortForm(pairs()).to_json())


def inside(kind: typing.Any) -> Iterator[type[Part]]:
    """The models that a type leads to."""
    if isinstance(kind, type) and issubclass(kind, Part):
        yield kind
        for field in kind.model_fields.values():
            yield from inside(field.annotation)
    for part in typing.get_args(kind):
        yield from inside(part)


def test_every_model_is_part_of_a_result() -> None:
    assert {*inside(Result), *inside(UccsScores)} == set(models())
    lines = table(Cell).splitlines()
    assert "| `size` | whole number or null | " in lines[3]
    assert "| `figures` | list of: [Figure](#figure) | " in lines[7]
