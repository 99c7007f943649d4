"""A report as one HTML page: nothing is fetched, no script runs."""

from __future__ import annotations

from fewpix.evaluate.report.blocks import Block, FacePair, FacePairs, Plots, Report, Section, Table, Tile
from fewpix.page import STYLE, data_uri, escape
from fewpix.page import page as html_page
from fewpix.svg import inline

CSS = (
    STYLE
    + """
h3 { font-size: 1rem; font-weight: 600; margin: 1.5rem 0 .6rem; }
th[scope=col] { white-space: normal; vertical-align: bottom; }
td small { display: block; opacity: .75; }
th, td { vertical-align: top; }
h1, h2, figcaption, p, .long { overflow-wrap: anywhere; }
.long { white-space: normal; min-width: 15rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
  gap: .5rem 1.5rem; max-width: 60rem; }
.plots svg { max-width: 34rem; }
details { margin: .75rem 0; }
summary { cursor: pointer; opacity: .85; }
.faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr)); gap: 1.1rem; }
.tiles { display: flex; gap: 3px; margin-bottom: 3px; }
.tiles img, .gone { width: 100px; height: 100px; border-radius: 4px; }
.tiles img { image-rendering: pixelated; }
.sharp img, .sharp .gone { width: 60px; height: 60px; image-rendering: auto; }
.gone { display: grid; place-items: center; background: var(--soft); font-size: .75rem; text-align: center; }
.wrong figcaption b { color: var(--bad); }
.right figcaption b { color: var(--good); }
figcaption small { display: block; opacity: .8; }
@media print { body { font-size: 10.5pt; } main { max-width: none; padding: 0; } details { display: none; }
  .wide { overflow: visible; } table { font-size: 8.5pt; } th, td { padding: .15rem .4rem; }
  h2, h3 { break-after: avoid; } section, figure, .plots > * { break-inside: avoid; }
  section:has(.faces) { break-inside: auto; } }
"""
)
"""Light and dark, on a phone, on paper."""

_LONG = 40  # letters of a cell from which on it may be broken


def page(report: Report) -> str:
    """The whole page."""
    head = f'<h1>{escape(report.title)}</h1>\n<p class="lead">{escape(report.lead)}</p>'
    return html_page(
        report.title, CSS, f"<header>\n{head}\n</header>\n{''.join(map(_section, report.sections))}"
    )


def _section(section: Section) -> str:
    title, blocks = section
    inside = "\n".join(map(_block, blocks))
    return f"<section>\n<h2>{escape(title)}</h2>\n{inside}\n</section>\n"


def _block(block: Block) -> str:
    match block:
        case str():
            return f"<p>{escape(block)}</p>"
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
    return f'<img src="{data_uri(tile.data, kind)}" alt="{escape(tile.alt)}">'
