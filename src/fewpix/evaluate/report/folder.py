"""A folder with the report of a result: `report.html`, and `report.md` with its pictures beside it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fewpix.evaluate.report.blocks import Block, FacePairs, Plots, Report, Section, Table, Tile
from fewpix.evaluate.report.compose import report, uccs_scores_report
from fewpix.evaluate.report.faces import Faces, ReadPicture
from fewpix.evaluate.report.html import page
from fewpix.evaluate.result.file import canonical
from fewpix.evaluate.result.model import Result, UccsScores
from fewpix.evaluate.result.read import parsed
from fewpix.files import atomic, write_text
from fewpix.foreign import json_of
from fewpix.printable import escaped
from fewpix.svg import alone

logger = logging.getLogger(__name__)

RESULT = "result.json"
"""The result's own name in the folder."""

FOLDER = "pictures"
"""Beside the document."""

_OURS = re.compile(r"(plot-[\w-]+\.svg|face-[0-9a-f]{12}\.(jpg|png))")


def made(result: Result | UccsScores, faces: Faces) -> Report:
    """The report of a result.

    Args:
        result: as it was read from its file.
        faces: draws the worst comparisons.
    """
    return uccs_scores_report(result) if isinstance(result, UccsScores) else report(result, faces)


def write_report(folder: Path, payload: Mapping[str, Any], read: ReadPicture) -> Faces:
    """Write the report, each file whole or not at all; pictures of an earlier report are removed.

    Args:
        folder: made when missing.
        payload: of a result; numbers are rounded as in files, so that a result and its file give the same
            report.
        read: pictures by their names in the benchmark; those that it cannot give are named in the report.

    Returns:
        Which pictures could be shown.

    Raises:
        InputError: see `parsed`.
        StorageError: the folder cannot be written.
    """
    faces = Faces(read)
    whole = made(parsed(json_of(canonical(payload))), faces)
    files = pictures(whole)
    for name, data in files.items():
        with atomic(folder / FOLDER / name) as part:
            part.write_bytes(data)
    write_text(folder / "report.md", document(whole))
    write_text(folder / "report.html", page(whole))
    if (folder / FOLDER).is_dir():
        for path in (folder / FOLDER).iterdir():
            if path.name not in files and _OURS.fullmatch(path.name):
                path.unlink(missing_ok=True)
    if faces.gone:
        first, why = next(iter(faces.gone.items()))
        logger.warning(
            "%d of %d pictures are not in the report; the first, %s: %s",
            len(faces.gone),
            len(faces.wanted),
            first,
            why,
        )
    return faces


def document(report: Report) -> str:
    """The text."""
    parts = [f"# {_safe(report.title)}", _safe(report.lead), *map(_section, report.sections)]
    return "\n\n".join(parts) + "\n"


def pictures(report: Report) -> dict[str, bytes]:
    """The files that the text shows, by their names in `FOLDER`."""
    found: dict[str, bytes] = {}
    for _, blocks in report.sections:
        for block in blocks:
            match block:
                case Plots(plots):
                    found |= {f"{plot.name}.svg": alone(plot.svg).encode() for plot in plots}
                case FacePairs(_, pairs):
                    tiles = [tile for pair in pairs for tile in (*pair.seen, *pair.sharp)]
                    found |= {tile.file: tile.data for tile in tiles if tile.data}
    return found


def _section(section: Section) -> str:
    title, blocks = section
    return "\n\n".join([f"## {_safe(title)}", *map(_block, blocks)])


def _block(block: Block) -> str:
    match block:
        case str():
            return _safe(block)
        case Table():
            return _table(block)
        case Plots(plots, tables):
            shown = "\n".join(f"![{_safe(plot.alt)}]({FOLDER}/{plot.name}.svg)" for plot in plots)
            folded = "\n\n".join(map(_table, tables))
            more = f"\n\n<details><summary>The same as tables</summary>\n\n{folded}\n\n</details>"
            return shown + (more if tables else "")
        case FacePairs(caption, pairs):
            head = ("as the encoders saw them", "before", "score", "pictures")
            rows = tuple(
                (
                    " ".join(map(_tile, pair.seen)),
                    " ".join(map(_tile, pair.sharp)),
                    _safe(pair.caption),
                    ", ".join(map(_safe, pair.names)),
                )
                for pair in pairs
            )
            return f"### {_safe(caption)}\n\n{_rows(head, rows)}"


def _table(table: Table) -> str:
    rows = tuple(tuple(map(_safe, row)) for row in table.rows)
    return f"**{_safe(table.caption)}**\n\n{_rows(tuple(map(_safe, table.head)), rows)}"


def _rows(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _tile(tile: Tile) -> str:
    return f"![{_safe(tile.alt)}]({FOLDER}/{tile.file})" if tile.data else _safe(tile.alt)


def _safe(text: str) -> str:
    """Text in which nothing means anything to Markdown, and whose control characters are seen."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", escaped(text))
