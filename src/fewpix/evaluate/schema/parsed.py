"""A result read as its schema has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from fewpix.errors import InputError
from fewpix.evaluate.schema.comparison import Comparison
from fewpix.evaluate.schema.lfw import LfwResult, LfwTable
from fewpix.evaluate.schema.pairs import PairsResult
from fewpix.evaluate.schema.parts import Part
from fewpix.evaluate.schema.search import SearchResult
from fewpix.evaluate.schema.templates import TemplatePairsResult, TemplateSearchResult
from fewpix.evaluate.schema.uccs import UccsResult, UccsScores

LFW_TABLE = "lfw-table-1"

SCHEMAS: dict[str, type[Part]] = {
    "pairs-1": PairsResult,
    "search-1": SearchResult,
    "template-pairs-1": TemplatePairsResult,
    "template-search-1": TemplateSearchResult,
    "uccs-1": UccsResult,
    "uccs-scores-1": UccsScores,
    "lfw-1": LfwResult,
    LFW_TABLE: LfwTable,
    "comparison-1": Comparison,
}
"""What results say of themselves → the keys they have."""

_EARLIER_TABLE = {"benchmark", "data", "models", "settings", "figures"}
"""Keys of a table of LFW from before tables said of themselves what they are."""


def kind_of(payload: Mapping[str, Any]) -> object:
    """What a result says of itself; an earlier table of LFW is known by its keys."""
    if set(payload) == _EARLIER_TABLE and payload["benchmark"] == "lfw":
        return LFW_TABLE
    return payload.get("schema")


def parsed(payload: Mapping[str, Any], name: str = "the result") -> Part:
    """A result as its schema has it.

    Args:
        payload: JSON values.
        name: of the file, for messages.

    Raises:
        InputError: it is of no known kind, or not as its schema says.
    """
    kind = kind_of(payload)
    if not isinstance(kind, str) or kind not in SCHEMAS:
        raise InputError(
            f"{name} says of itself {kind!r}, which is none of {', '.join(SCHEMAS)}",
            fix="name a result of a verb of fewpix evaluate, or of fewpix compare",
        )
    try:
        return SCHEMAS[kind].model_validate(dict(payload))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{name} is not as {kind} has it: {place}: {first['msg']}", fix="measure it again"
        ) from error
