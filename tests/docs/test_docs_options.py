"""The tables of options in docs/cli are those of the verbs, and no verb or option is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import ROOT
from options import main, options, renewed, shown, verbs

PAGES = sorted((ROOT / "docs" / "cli").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_verbs(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, f"python tests/docs/options.py {page.relative_to(ROOT)}"


def test_every_option_of_every_verb_is_shown() -> None:
    found = shown("\n".join(page.read_text(encoding="utf-8") for page in PAGES))
    wanted = {(verb, option) for verb in verbs() for option in options(verb)}
    assert wanted - found == set()


def test_an_option_of_another_verb_counts_where_both_are_the_same() -> None:
    both = renewed("<!-- options: evaluate lfw but evaluate pairs -->\n<!-- /options -->")
    assert ("evaluate lfw", "`--size`") in shown(both), "the two differ"
    assert ("evaluate lfw", "`--seed`") not in shown(both), "nobody shows it"
    both += renewed("\n<!-- options: evaluate pairs -->\n<!-- /options -->")
    assert ("evaluate lfw", "`--seed`") in shown(both)


def test_a_stale_table_is_found_and_renewed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- options: compare -->\n| `--old` |\n<!-- /options -->\nafter\n", encoding="utf-8"
    )
    assert main(["--check", str(page)]) == 1
    assert main([str(page)]) == 0
    assert main(["--check", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "| `--seed` | `0` | Of the bootstrap. |" in text
    assert "--old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
