"""Somebody's own pictures, from ORL faces, and tables of them."""

from __future__ import annotations

from pathlib import Path

from orl_files import face_file

PAIRS = """first,second,same,fold
ann/1.jpg,ann/2.jpg,1,0
ann/1.jpg,bob/1.jpg,0,0
bob/1.jpg,bob/2.jpg,true,1
"bob/2.jpg","cams, west/7.png",False,1
"""

SEARCH = """picture,person,role
ann/1.jpg,ann,gallery
bob/1.jpg,bob,gallery
bob/2.jpg,bob,probe
"cams, west/7.png",,probe
ann/2.jpg,ann,probe
"""

FACES = {
    "ann/1.jpg": (0, 0),
    "ann/2.jpg": (0, 1),
    "bob/1.jpg": (1, 0),
    "bob/2.jpg": (1, 1),
    "cams, west/7.png": (2, 0),
}


def lay_out(folder: Path, text: str, *, name: str = "table.csv") -> Path:
    """The pictures, and a table beside them; the table's path."""
    for picture, (person, number) in FACES.items():
        path = folder / picture
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(face_file(person, number, path.suffix))
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder / name
