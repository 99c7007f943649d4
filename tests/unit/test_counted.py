"""One word for one, another for several."""

from __future__ import annotations

from fewpix.counted import counted


def test_numbers_have_their_words() -> None:
    assert [counted(number, "track") for number in (0, 1, 2, 2000)] == [
        *("0 tracks", "1 track", "2 tracks", "2,000 tracks")
    ]
    assert (counted(1, "person", "people"), counted(3, "person", "people")) == ("1 person", "3 people")
