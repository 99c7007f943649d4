"""A result read as its schema has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from fewpix.errors import InputError
from fewpix.evaluate.schema.comparison import Comparison
from fewpix.evaluate.schema.pairs import PairsResult
from fewpix.evaluate.schema.parts import Part
from fewpix.evaluate.schema.search import SearchResult

SCHEMAS: dict[str, type[Part]] = {
    "pairs-1": PairsResult,
    "search-1": SearchResult,
    "comparison-1": Comparison,
}
"""What results say of themselves → the keys they have."""


def parsed(payload: Mapping[str, Any], name: str = "the result") -> Part:
    """A result as its schema has it.

    Args:
        payload: JSON values.
        name: of the file, for messages.

    Raises:
        InputError: it is of no known kind, or not as its schema says.
    """
    kind = payload.get("schema")
    if kind not in SCHEMAS:
        raise InputError(
            f"{name} says of itself {kind!r}, which is none of {', '.join(SCHEMAS)}",
            fix="name a result of fewpix evaluate pairs or search, or of fewpix compare",
        )
    try:
        return SCHEMAS[kind].model_validate(dict(payload))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{name} is not as {kind} has it: {place}: {first['msg']}", fix="measure it again"
        ) from error
