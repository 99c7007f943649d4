"""docs/api.md tells what the service does, operation by operation, and every code."""

from __future__ import annotations

import pytest

from documents import ROOT

pytestmark = pytest.mark.needs("serve")
PAGE = ROOT / "docs" / "api.md"


def test_the_page_is_that_of_the_service() -> None:
    from api import renewed

    text = PAGE.read_text(encoding="utf-8")
    assert renewed(text) == text, "python tests/docs/api.py docs/api.md"


def test_every_operation_says_all_that_a_reader_needs() -> None:
    from api import CODES, REPEAT, described
    from fewpix.serve.access import SCOPE
    from fewpix.serve.problems import KINDS

    used = set()
    for path, item in described()["paths"].items():
        for method, said in item.items():
            assert said["description"].strip(), (method, path)
            assert said[SCOPE] in ("none", "read", "enrol", "admin")
            assert said[REPEAT].split()[0].rstrip(":") in ("Yes", "No", "With")
            assert {str(KINDS[code].status) for code in said[CODES]} <= set(said["responses"])
            used |= set(said[CODES])
    elsewhere = {"no-route", "method", "guard", "error"}  # of no operation, or of ones to come
    assert used | elsewhere == set(KINDS)
