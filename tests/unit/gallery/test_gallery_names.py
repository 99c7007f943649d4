"""Names: what may be given, and that galleries which hold others stay readable and can be mended."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from fewpix.check.gallery import check_gallery
from fewpix.errors import ConfigError, InputError
from fewpix.gallery.edit import remove, rename
from fewpix.gallery.exchange import export_gallery, read_document
from fewpix.gallery.names import person_name, stored_name
from fewpix.gallery.store import Gallery
from fewpix.models.space import Space

SPACE = Space("a" * 64, 4)


@pytest.mark.parametrize(
    "name",
    [
        "José",
        "山田\u3000太郎",
        "عبد\u200cالله",
        "क्\u200dष",
        "O'Neil",
        "x",
        "Nobody Jones",
        "Unknown Pleasures",
        "😀",
    ],
)
def test_names_that_may_be_given(name: str) -> None:
    assert person_name(name) == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("\u200b", "cannot be seen"),
        ("\u202e", "cannot be seen"),
        ("\u200e\u200f", "cannot be seen"),
        ("\u2066\u2069", "cannot be seen"),
        ("\u3164", "cannot be seen"),
        ("\u2800", "cannot be seen"),
        ("\ufeff", "cannot be seen"),
        ("\u200d", "cannot be seen"),
        ("an\u200bna", "cannot be seen"),
        ("an\u200cna", "cannot be seen"),
        ("anna\u202e", "cannot be seen"),
        ("anna\U000e0041", "cannot be seen"),
        ("unknown", "names nobody"),
        ("Unknown ", "names nobody"),
        ("NOBODY", "names nobody"),
        ("ambiguous", "names nobody"),
        ("not\u00a0measured", "names nobody"),
        ("not  Measured", "names nobody"),
        ("unknown\u2800", "names nobody"),
        ("ｕｎｋｎｏｗｎ", "names nobody"),
        ("a\nb", "control"),
        ("a\u2028b", "control"),
        ("\udcff", "undecodable"),
        ("", "empty"),
    ],
)
def test_names_that_nobody_is_given(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        person_name(name)
    assert str(caught.value).isprintable()


def gallery_with(path: Path, name: str) -> Gallery:
    """A gallery as an older fewpix, or another program, may have left it."""
    gallery = Gallery.open(path, SPACE)
    row = np.eye(4, dtype=np.float32)[0]
    gallery.add("anna", row, pixels=20, encoder_sha256="b" * 64, state_id="", source="x")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE people SET name = ?", (name,))
    connection.close()
    return gallery


@pytest.mark.parametrize("name", ["unknown", "\u202eanna", "a\nnobody: 0 photos", "\u200b"])
def test_an_older_gallery_is_read_checked_and_mended(name: str, tmp_path: Path) -> None:
    with gallery_with(tmp_path / "g.db", name) as gallery:
        assert [person.name for person in gallery.people()] == [stored_name(name)]
        assert any("the name" in fault for fault in check_gallery(gallery).faults)
        export_gallery(gallery, tmp_path / "g.json")
        with pytest.raises(InputError, match="the name"):
            read_document(tmp_path / "g.json")
        rename(gallery, name, "ben")
        assert not [fault for fault in check_gallery(gallery).faults if "name" in fault]
        with pytest.raises(ConfigError):
            rename(gallery, "ben", name)
    with gallery_with(tmp_path / "h.db", name) as gallery:
        remove(gallery, [name])
        assert gallery.people() == []
