"""A report as Markdown, and the pictures that lie beside it as files."""

from __future__ import annotations

import re

from fewpix.evaluate.report.blocks import Block, FacePairs, Plots, Report, Section, Table, Text, Tile
from fewpix.evaluate.report.svg import alone
from fewpix.printable import escaped

FOLDER = "pictures"
"""Beside the document."""


def document(report: Report) -> str:
    """The text."""
    parts = [f"# {_safe(report.title)}", _safe(report.lead), *map(_section, report.sections)]
    return "\n\n".join(parts) + "\n"


def pictures(report: Report) -> dict[str, bytes]:
    """The files that the text shows, by their names in `FOLDER`."""
    found: dict[str, bytes] = {}
    for section in report.sections:
        for block in section.blocks:
            match block:
                case Plots(plots):
                    found |= {f"{plot.name}.svg": alone(plot.svg).encode() for plot in plots}
                case FacePairs(_, pairs):
                    tiles = [tile for pair in pairs for tile in (*pair.seen, *pair.sharp)]
                    found |= {tile.file: tile.data for tile in tiles if tile.data}
    return found


def _section(section: Section) -> str:
    return "\n\n".join([f"## {_safe(section.title)}", *map(_block, section.blocks)])


def _block(block: Block) -> str:
    match block:
        case Text(text):
            return _safe(text)
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
