"""The tables of options in docs/cli are those of the verbs, and no verb is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from documents import ROOT
from options import main, options, renewed, shown, table, verbs

PAGES = sorted((ROOT / "docs" / "cli").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_verbs(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, f"python tests/docs/options.py {page.relative_to(ROOT)}"


def test_the_options_of_every_verb_are_shown() -> None:
    found = shown("\n".join(page.read_text(encoding="utf-8") for page in PAGES))
    assert found == {verb for verb in verbs() if options(verb)}


def test_a_table_of_several_verbs_says_whose_an_option_is() -> None:
    rows = table("gallery *").splitlines()
    assert rows[0] == "| option | default | meaning | of |"
    assert rows[2].startswith("| `--gallery` |")
    assert rows[2].endswith("| all |"), "those of most verbs come first"
    assert any(row.startswith("| `--into` | needed |") and row.endswith("| merge |") for row in rows)


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
