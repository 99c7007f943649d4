"""docs/results.md names every key of every result, as the models have it that the results are checked by."""

from __future__ import annotations

from documents import ROOT
from schema import models, renewed, shown

DOCUMENT = ROOT / "docs" / "results.md"


def test_the_tables_are_those_of_the_models() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert renewed(text) == text, "python tests/docs/schema.py docs/results.md"


def test_every_model_is_shown_and_every_key_explained() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    unexplained = {("parts", "Part"), ("parts", "Curve"), ("search", "SearchFigures"), ("lfw", "LfwFigures")}
    assert shown(text) == {(module, model.__name__) for module, model in models()} - unexplained
    for module, model in models():
        for name, field in model.model_fields.items():
            assert field.description, f"{module}.{model.__name__}.{name} says nothing"
        assert f"#### {model.__name__}\n" in text or (module, model.__name__) in unexplained


def test_a_stale_table_is_found() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert renewed(text.replace("| `eer` |", "| `equal` |")) == text
