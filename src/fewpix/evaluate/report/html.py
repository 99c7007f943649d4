"""A report as one HTML page: nothing is fetched, no script runs."""

from __future__ import annotations

import base64
import html

from fewpix.evaluate.report.blocks import (
    Block,
    FacePair,
    FacePairs,
    Plots,
    Report,
    Section,
    Table,
    Text,
    Tile,
)
from fewpix.evaluate.report.style import CSS
from fewpix.evaluate.report.svg import inline
from fewpix.printable import escaped

_LONG = 40  # letters of a cell from which on it may be broken


def escape(text: str) -> str:
    """Text in which nothing means anything to HTML, and whose control and direction characters are seen."""
    return html.escape(escaped(text))


def page(report: Report) -> str:
    """The whole page."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="generator" content="fewpix">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<main>\n"
        f'<header>\n<h1>{escape(report.title)}</h1>\n<p class="lead">{escape(report.lead)}</p>\n</header>\n'
        f"{''.join(map(_section, report.sections))}</main>\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    blocks = "\n".join(map(_block, section.blocks))
    return f"<section>\n<h2>{escape(section.title)}</h2>\n{blocks}\n</section>\n"


def _block(block: Block) -> str:
    match block:
        case Text(text):
            return f"<p>{escape(text)}</p>"
        case Table():
            return _table(block)
        case Plots(plots, tables):
            drawn = "\n".join(f"<div>{inline(plot.svg, plot.name, plot.alt)}</div>" for plot in plots)
            shown = f'<div class="plots">\n{drawn}\n</div>'
            folded = "\n".join(map(_table, tables))
            more = f"\n<details><summary>The same as tables</summary>\n{folded}\n</details>"
            return shown + (more if tables else "")
        case FacePairs(caption, pairs):
            return f'<h3>{escape(caption)}</h3>\n<div class="faces">\n{"".join(map(_pair, pairs))}</div>'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    rows = "\n".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(map(_cell, row[1:])) + "</tr>"
        for row in table.rows
    )
    first = f"<tr>{head}</tr>\n" if any(table.head) else ""
    return (
        f'<div class="wide"><table>\n<caption>{escape(table.caption)}</caption>\n{first}{rows}\n'
        "</table></div>"
    )


def _cell(text: str) -> str:
    """A cell; an interval in brackets goes below its figure, since rows have to fit a page."""
    value, _, rest = text.partition(" (")
    if " to " not in rest or not rest.endswith(")"):
        long = ' class="long"' if len(text) > _LONG else ""
        return f"<td{long}>{escape(text)}</td>"
    return f"<td>{escape(value)}<small>{escape(rest.removesuffix(')'))}</small></td>"


def _pair(pair: FacePair) -> str:
    seen = "".join(map(_tile, pair.seen))
    sharp = f'<div class="tiles sharp">{"".join(map(_tile, pair.sharp))}</div>' if pair.sharp else ""
    names = "".join(f"<small>{escape(name)}</small>" for name in pair.names)
    return (
        f'<figure class="{pair.verdict}"><div class="tiles">{seen}</div>{sharp}'
        f"<figcaption><b>{escape(pair.caption)}</b>{names}</figcaption></figure>\n"
    )


def _tile(tile: Tile) -> str:
    if not tile.data:
        return f'<span class="gone" role="img" aria-label="{escape(tile.alt)}">not there</span>'
    kind = "jpeg" if tile.file.endswith(".jpg") else "png"
    data = base64.b64encode(tile.data).decode()
    return f'<img src="data:image/{kind};base64,{data}" alt="{escape(tile.alt)}">'
