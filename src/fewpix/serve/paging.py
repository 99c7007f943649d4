"""Lists that are read a page at a time: cursors, and what is read of the service's own file."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from fewpix.foreign import json_of
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.problems import ProblemError

Item = TypeVar("Item")


def cursor(after: str | int | list[Any]) -> str:
    """What continues a list after this item."""
    return base64.urlsafe_b64encode(json.dumps(after).encode()).decode().rstrip("=")


def after_of(text: str | None, kind: type[Item]) -> Item | None:
    """What a cursor continues after; None for the beginning.

    Raises:
        ProblemError: it is none of this list.
    """
    if text is None:
        return None
    try:
        found: Any = json_of(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        raise ProblemError("cursor") from None
    if type(found) is not kind:
        raise ProblemError("cursor")
    return found


def page(
    items: Sequence[Item], most: int, place: Callable[[Item], str | int | list[Any]]
) -> tuple[Sequence[Item], str | None]:
    """The first items of a list, of which one more than wanted was read, and what continues it.

    Args:
        items: that were read.
        most: how many are wanted.
        place: of an item in the list, for the cursor.

    Returns:
        The items, and the cursor of what comes next; None where nothing does.
    """
    shown = items[:most]
    return shown, cursor(place(shown[-1])) if len(items) > most else None


def given(conditions: Mapping[str, object]) -> tuple[str, list[object]]:
    """Conditions on rows as one, and their values; those whose value is None ask for nothing."""
    asked = {text: value for text, value in conditions.items() if value is not None}
    return " AND ".join(asked) or "1 = 1", list(asked.values())


def rows(
    database: ServiceDatabase, query: str, wanted: tuple[str, list[object]], order: str, most: int
) -> list[tuple]:  # type: ignore[type-arg]
    """Rows of a table.

    Args:
        database: of the service.
        query: up to where the conditions stand.
        wanted: conditions as one, and their values; see `given`.
        order: by which columns.
        most: how many at most; below 0 all.
    """
    text, values = wanted
    return database.select(f"{query} WHERE {text} ORDER BY {order} LIMIT ?", *values, most)
