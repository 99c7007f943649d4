"""A face training set in MXNet's RecordIO: what is in it.

`fewpix.data.recordio` describes the format and reads it for training. Beside `train.rec` and `train.idx` lie,
as a rule, `property` with the number of people, height and width (`10572,112,112`), and sometimes
`train.lst`, the list that it was made from.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from fewpix.data.inventory import Count, Inventory, digest, require_folder
from fewpix.data.recordio import picture_records
from fewpix.errors import InputError


def inventory(folder: Path, name: str = "train") -> Inventory:
    """What is there of a training set: pictures without a sound record and a whole label count as missing.

    Every record's head is looked at, no picture is decoded.

    Args:
        folder: that holds the `.rec`, and the `.idx` if there is one; or the `.rec` itself.
        name: of these files, where a folder is named.

    Raises:
        InputError: no folder, no records, or an index or `property` that cannot be read.
    """
    if folder.suffix == ".rec" and not folder.is_dir():
        folder, name = folder.parent, folder.stem
    require_folder(folder, f"{name}.rec", kind="RecordIO")
    found = picture_records(folder / f"{name}.rec")
    wanted = len(found) + len(found.missing)
    announced = _announced(folder / "property")
    listed = folder / f"{name}.lst"
    counts = [
        Count("records", found.records),
        Count("damaged records", found.damaged, 0),
        Count("pictures", len(found), wanted),
        Count("people", len(np.unique(found.labels)), announced),
    ]
    if listed.is_file():
        counts.append(Count(f"lines of {listed.name}", _lines(listed), wanted))
    records = hashlib.sha256()
    for numbers in (found.keys, found.positions, found.labels):
        records.update(numbers.astype("<i8").tobytes())
    lists = [path for path in (folder / "property", listed) if path.is_file()]
    sha256 = digest(lists, [records.hexdigest()])
    missing = tuple(f"record {key}" for key in found.missing)
    return Inventory("recordio", folder, tuple(counts), wanted, missing, sha256)


def _announced(path: Path) -> int | None:
    """The number of people in `property`; None if there is no such file.

    Raises:
        InputError: it holds something else.
    """
    if not path.is_file():
        return None
    words = path.read_bytes().strip().split(b",")
    if len(words) != 3 or not all(word.strip().isdigit() for word in words):
        raise InputError(
            f"{path} is not of the form PEOPLE,HEIGHT,WIDTH, such as 10572,112,112",
            fix="correct it, or take it away",
        )
    return int(words[0])


def _lines(path: Path) -> int:
    text = path.read_bytes().rstrip()
    return text.count(b"\n") + bool(text)
