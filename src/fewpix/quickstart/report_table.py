"""The report's two tables of figures."""

from __future__ import annotations

from html import escape

from fewpix.evaluate.statistics.bootstrap import Interval
from fewpix.quickstart.results import CONTENDERS, FAR, Table


def tables(table: Table, people: int) -> str:
    """Rank-1 and TAR as HTML, with how to read them.

    Args:
        table: all cells.
        people: how many were tested.
    """
    return f"""{_table(table, "rank1", "Right person first (rank-1), %")}
{_table(table, "tar", f"True accepts at a false accept rate of {FAR}, %")}
<p>Bold: the highest of a column, whatever the intervals say. Small: 95 % intervals, by resampling the
{people} people; where they overlap widely, this set cannot tell two models apart. A face is made small
by averaging areas of the aligned 112 px crop, and brought to each model's input size in one step.</p>"""


def _table(table: Table, figure: str, title: str) -> str:
    values: dict[tuple[str, int], tuple[float, Interval]] = {
        (cell.contender, cell.size): getattr(cell, figure) for cell in table.cells
    }
    best = {size: max(values[item.key, size][0] for item in CONTENDERS) for size in table.sizes}
    rows = "\n".join(
        f"<tr><th>{escape(item.title)}</th>"
        + "".join(_cell(values[item.key, size], best[size]) for size in table.sizes)
        + "</tr>"
        for item in CONTENDERS
    )
    head = "".join(f"<th>{size} px</th>" for size in table.sizes)
    return f"""<div class="wide"><table>
<caption>{escape(title)}</caption>
<tr><th></th>{head}</tr>
{rows}
</table></div>"""


def _cell(figure: tuple[float, Interval], best: float) -> str:
    value, interval = figure
    mark = ' class="best"' if value == best else ""
    return (
        f"<td{mark}>{100 * value:.1f} <small>{100 * interval.low:.0f}–{100 * interval.high:.0f}</small></td>"
    )
