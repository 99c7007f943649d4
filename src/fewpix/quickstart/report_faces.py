"""The report's faces as the student sees them, each next to its best match."""

from __future__ import annotations

from html import escape

import numpy as np

from fewpix.degrade.degradation import Degradation
from fewpix.image.codec import Image, encode_image
from fewpix.image.resize import resize_square
from fewpix.page import data_uri
from fewpix.quickstart.outcome import Quickstart

PEOPLE = 6

SHOWN = "distilled+facebn"
"""Whose matches are shown."""


def png_uri(image: Image) -> str:
    """A picture inside the page."""
    return data_uri(encode_image(image, ".png"), "png")


def pairs(done: Quickstart, sizes: tuple[int, ...]) -> str:
    """The first probe of the first people at each size, with whoever scored highest, as HTML.

    Args:
        done: what the quickstart made.
        sizes: columns, in pixels.
    """
    people = np.unique(done.faces.people[done.parts.gallery])
    rows = "\n".join(_row(done, int(person), people.tolist(), sizes) for person in people[:PEOPLE])
    head = "".join(f"<th>{size} px, best match</th>" for size in sizes)
    side = done.learnt.side
    return f"""<div class="wide"><table class="pairs">
<tr><th>picture</th>{head}</tr>
{rows}
</table></div>
<p>The first picture searched for of the first {PEOPLE} people, not chosen for how they come out. Left in
each pair: what enters the student, {side}×{side} pixels made from as many as the column says. Right: the
enrolled picture that the distilled student with FaceBN finds most similar, with their cosine.</p>"""


def _row(done: Quickstart, person: int, people: list[int], sizes: tuple[int, ...]) -> str:
    faces, parts = done.faces, done.parts
    enrolled = {int(faces.people[n]): int(n) for n in parts.gallery}
    place = int(np.flatnonzero(faces.people[parts.probes] == person)[0])
    probe = int(parts.probes[place])
    cells = [_figure("", [("", faces.crops[probe])], faces.names[probe])]
    for size in sizes:
        cell = done.table.cell(SHOWN, size)
        best = int(cell.scores[place].argmax())
        verdict = "right" if cell.same[place, best] else "wrong"
        small = Degradation().apply(faces.crops[probe], faces.names[probe], size)
        shown = [("raw", resize_square(small, done.learnt.side)), ("", faces.crops[enrolled[people[best]]])]
        cells.append(_figure(verdict, shown, f"{verdict}, {cell.scores[place, best]:.2f}"))
    return f"<tr>{''.join(cells)}</tr>"


def _figure(verdict: str, images: list[tuple[str, Image]], caption: str) -> str:
    shown = "".join(f'<img class="{kind}" src="{png_uri(image)}" alt="">' for kind, image in images)
    return f'<td class="{verdict}"><figure>{shown}<figcaption>{escape(caption)}</figcaption></figure></td>'
