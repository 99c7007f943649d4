"""Tar shards of training faces: what is in them, by source, and what is damaged, missing or double.

`fewpix.data.shards` describes and reads them. PATH is one shard, or a folder of them (`*.tar`, also packed).
Shards are counted in their names, as WebDataset does (`faces-000012.tar`): a number that is left out between
two others is a missing shard. Pictures are not decoded, but their headers and ends are looked at. Memory
holds names and hashes, one picture at a time.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

from fewpix.data.inventory import Count, Inventory
from fewpix.data.passed_over import NOTHING, LeftOut, PassedOver
from fewpix.data.shards import read_shard
from fewpix.errors import InputError
from fewpix.image.header import read_header

ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
_NUMBERED = re.compile(r"(.*?)(\d+)(\.(?:tar(?:\.\w+)?|tgz))", re.IGNORECASE)


def inventory(path: Path) -> Inventory:
    """What is there of training faces in shards.

    `sha256` is that of `fewpix.data.faces.FaceSet`, so that a run of `fewpix distil` can be recognised: over
    keys, sources and contents of all pictures, damaged ones too.

    Args:
        path: a shard, or a folder of shards.

    Raises:
        InputError: there is no such path, or no shard in the folder, or no shard can be read at all.
    """
    shards, folder, left_out = _shards(path)
    rows: list[tuple[str, str, str]] = []
    bad_shards: list[str] = []
    bad_pictures: list[str] = []
    flat = 0
    why = ""
    for shard in shards:
        try:
            others: list[PassedOver] = []
            for face in read_shard(shard, others):
                header = read_header(face.data)
                if header is None or header.fault or not header.width or not header.height:
                    bad_pictures.append(f"{shard.name}: {face.key}")
                elif header.width != header.height:
                    flat += 1
                rows.append((face.key, face.source, hashlib.sha256(face.data).hexdigest()))
            left_out += LeftOut(tuple(others)).below(shard.name)
        except InputError as error:
            bad_shards.append(shard.name)
            why = why or str(error)
    if not rows:
        raise InputError(why or f"there is no picture in {path}", fix="" if why else "name shards of faces")
    absent = _absent([shard.name for shard in shards])
    rows.sort()
    keys = Counter(key for key, _, _ in rows)
    sources = Counter(source for _, source, _ in rows)
    contents = len({sha256 for *_, sha256 in rows})
    total = hashlib.sha256()
    for key, source, sha256 in rows:
        total.update(f"{key}\t{source}\t{sha256}\n".encode())
    missing = (*absent, *bad_shards, *bad_pictures)
    return Inventory(
        kind="shards",
        folder=folder,
        counts=(
            Count("shards", len(shards), len(shards) + len(absent)),
            Count("damaged or cut shards", len(bad_shards), 0),
            Count("pictures", len(rows)),
            *(
                Count(f"pictures of the source '{source}'" if source else "pictures without a source", count)
                for source, count in sorted(sources.items())
            ),
            Count("damaged or cut pictures", len(bad_pictures), 0),
            Count("pictures that are not square", flat, 0),
            Count("pictures whose key stands twice", len(rows) - len(keys), 0),
            Count("pictures whose content stands twice", len(rows) - contents),
        ),
        listed=len(rows) + len(absent) + len(bad_shards),
        missing=missing,
        sha256=total.hexdigest(),
        left_out=left_out,
    )


def _shards(path: Path) -> tuple[list[Path], Path, LeftOut]:
    """The shards, by name, the folder that they lie in, and what else is in it."""
    if path.is_file():
        return [path], path.parent, NOTHING
    if not path.is_dir():
        raise InputError(f"there is no shard or folder {path}", fix="check the path")
    parts = sorted(path.iterdir())
    shown = [part for part in parts if not part.name.startswith(".")]
    found = [part for part in shown if part.is_file() and part.name.lower().endswith(ENDINGS)]
    others = [PassedOver(part.name, "no shard") for part in shown if part not in set(found)]
    if not found:
        raise InputError(f"there is no shard in {path}", fix=f"shards end in {', '.join(ENDINGS)}")
    return found, path, LeftOut(tuple(others), len(parts) - len(shown))


def _absent(names: list[str]) -> tuple[str, ...]:
    """Names of shards that are left out in the count."""
    series: dict[tuple[str, str], dict[int, int]] = {}
    for name in names:
        if found := _NUMBERED.fullmatch(name):
            before, number, after = found.groups()
            series.setdefault((before, after), {})[int(number)] = len(number)
    return tuple(
        f"{before}{number:0{min(there.values())}d}{after}"
        for (before, after), there in sorted(series.items())
        for number in range(min(there), max(there))
        if number not in there
    )
