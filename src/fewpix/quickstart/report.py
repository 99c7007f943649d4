"""The report: one HTML file with everything in it, readable on light and dark, without scripts."""

from __future__ import annotations

from html import escape

from fewpix.page import page as html_page
from fewpix.quickstart import plots
from fewpix.quickstart.outcome import Quickstart
from fewpix.quickstart.report_faces import pairs
from fewpix.quickstart.report_scene import scene
from fewpix.quickstart.report_style import CSS
from fewpix.quickstart.report_table import tables
from fewpix.quickstart.results import CONTENDERS

SIZES = (24, 12, 8)
"""Sizes at which single faces and score distributions are shown, in pixels."""


def page(done: Quickstart) -> str:
    """The whole page.

    Args:
        done: what the quickstart made.
    """
    sections = (
        _head(done),
        _section("What was done", _steps(done)),
        _section(
            "Accuracy against pixels", plots.accuracy(done.table) + tables(done.table, done.test_people)
        ),
        _section("Faces as the student sees them, next to their matches", pairs(done, SIZES)),
        _section("Score distributions", plots.distributions(done.table, SIZES) + _SCORES),
        _section("Small faces in a picture", scene(done.scene)),
        _section("What this does and does not show", _LIMITS),
    )
    return html_page("fewpix quickstart", CSS, "".join(sections))


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>\n"


def _head(done: Quickstart) -> str:
    """The one figure that people look for first, and what it is worth."""
    size = min(done.table.sizes)
    rank1 = {item.key: done.table.cell(item.key, size).rank1[0] for item in CONTENDERS}
    best = max((item for item in CONTENDERS if item.key != "teacher"), key=lambda item: rank1[item.key])
    return f"""<header>
<h1>fewpix quickstart</h1>
<p class="lead">At {size} px the {escape(best.title)} puts the right one of {done.test_people} people
first for {100 * rank1[best.key]:.0f} % of the pictures; the teacher, fed directly with the same pixels, for
{100 * rank1["teacher"]:.0f} %.</p>
<p class="note"><strong>ORL is an easy set:</strong> near-frontal faces before a plain wall, and only
{done.test_people} people to tell apart. The figures that count are those on LFW, in
<code>results/lfw/table.json</code> and in the README's table.</p>
</header>
"""


def _steps(done: Quickstart) -> str:
    """The six steps with their numbers."""
    parts = done.parts
    skipped = f"; no face was found in {len(done.faces.skipped)}" if done.faces.skipped else ""
    return f"""<ol>
<li><b>Aligned</b> {len(done.faces.crops)} ORL pictures by five landmarks{skipped}. {done.learn_people} people
({len(parts.learn)} pictures) are for learning, {done.test_people} others for testing.</li>
<li><b>Distilled</b>: the shipped student went on learning from the teacher, at instance and at relation
level: {escape(str(done.learnt))}. No label was used.</li>
<li><b>Adapted</b> both students with FaceBN to {len(parts.adapt)} unlabelled pictures of the people
tested, once for each size. These pictures are neither enrolled nor searched for.</li>
<li><b>Evaluated</b> on the people never trained on: one sharp picture each is enrolled by the teacher,
{len(parts.probes)} other pictures are made small and searched for.</li>
<li><b>Identified</b> the faces of one composed picture. {escape(str(done.scene))}.</li>
<li><b>Reported</b> here, after {done.seconds:.0f} seconds in all. The figures are in
<code>quickstart.json</code> too.</li>
</ol>"""


_SCORES = """<p>Each picture searched for, against every enrolled one. The further the two humps are
apart, the better a threshold can tell a person from others; where they overlap, none can.</p>"""

_LIMITS = """<ul>
<li>The faces were made small by averaging, cleanly. Real small faces are blurred, noisy and compressed
as well, and gains on clean ones need not carry over.</li>
<li>A short run on a few faces shows that the way works. It does not make better weights in general: the
shipped ones have learnt from far more faces.</li>
<li>FaceBN saw other pictures of the very people who are searched for, made small in the same way. That
is what a fixed camera with regular visitors offers, and the best case for it.</li>
<li>For research only: the weights, shipped and made here, are distilled on faces released for non-commercial
research. Whoever identifies people needs a lawful reason for it; and a name given to so few pixels is a
lead for a person to check, not a finding.</li>
</ul>"""
