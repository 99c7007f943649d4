"""Numbers with the words that go with them."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what it counts, "1 track", "2,000 tracks", "3 people".

    Args:
        number: how many.
        one: the word for one of them.
        many: for any other number; `one` with an s when empty.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
