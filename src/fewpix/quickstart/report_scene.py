"""The report's annotated picture, and what became of each face in it."""

from __future__ import annotations

from html import escape

from fewpix.quickstart.identifying import FALSE_ALARMS, Identified
from fewpix.quickstart.report_faces import png_uri
from fewpix.quickstart.scene import Verdict

OUTCOMES = {
    "right": "named rightly",
    "wrong": "named wrongly",
    "unknown": "enrolled, but not named",
    "rejected": "not enrolled, and not named",
    "missed": "not found by the detector",
}


def scene(found: Identified) -> str:
    """The picture and its table as HTML.

    Args:
        found: what the search of the picture gave.
    """
    by_size = sorted(found.verdicts, key=lambda verdict: -verdict.placed.pixels)
    extra = f" {found.false} more were found where nobody is." if found.false else ""
    return f"""<img class="scene" src="{png_uri(found.annotated)}" alt="the picture with names">
<div class="wide"><table>
<tr><th>face</th><th>who it is</th><th>best candidate</th><th>outcome</th></tr>
{"".join(map(_row, by_size))}
</table></div>
<p>{escape(str(found))}.{extra} A name is given from a cosine of {found.threshold:.2f} on: at the sizes
in this picture, {100 * FALSE_ALARMS:.0f} % of {found.basis} faces of people who are not enrolled reach
that with anybody. The threshold holds for this student, these people and a gallery of this size only.
The picture is composed of ORL pictures; the search is that of <code>fewpix identify</code>.</p>"""


def _row(verdict: Verdict) -> str:
    placed = verdict.placed
    who = escape(placed.person) + ("" if placed.enrolled else ", not enrolled")
    best = "–"
    if verdict.found is not None and verdict.found.candidates:
        candidate = verdict.found.candidates[0]
        best = f"{escape(candidate.name)}, {candidate.score:.2f}"
    return (
        f'<tr class="{verdict.outcome}"><td>{placed.pixels:.0f} px</td><td>{who}</td><td>{best}</td>'
        f"<td>{OUTCOMES[verdict.outcome]}</td></tr>\n"
    )
