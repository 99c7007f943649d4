"""The section of reports that shows the worst comparisons as faces."""

from __future__ import annotations

from collections.abc import Sequence

from fewpix.evaluate.native import Look
from fewpix.evaluate.report.blocks import Block, Section, Text
from fewpix.evaluate.report.faces import Faces
from fewpix.evaluate.schema.parts import Failures

_HOW = (
    "Above, the faces as the encoders saw them, enlarged by nearest neighbour; below, where any was "
    "made small, the pictures themselves. Under them the score, the threshold that judged it, and the "
    "pictures' names in the benchmark. They are chosen by their scores alone, so some may have been "
    "answered rightly."
)


def worst(cells: Sequence[tuple[str, Failures, tuple[Look, Look]]], faces: Faces) -> Section:
    """The worst comparisons of every model at every size.

    Args:
        cells: name, comparisons, and how both pictures came to the encoders.
        faces: draws them.
    """
    blocks: list[Block] = []
    for name, found, looks in cells:
        if found.nonmated:
            blocks.append(faces.pairs(f"{name}: two people, the highest scores", found.nonmated, looks))
        if found.mated:
            blocks.append(faces.pairs(f"{name}: one person, the lowest scores", found.mated, looks))
    said = [Text(_HOW)]
    if faces.gone:
        first, why = next(iter(faces.gone.items()))
        share = f"{len(faces.gone)} of {len(faces.wanted)} pictures"
        said.append(Text(f"{share} cannot be shown; the first, {first}: {why}."))
    return Section("Worst failures", (*said, *blocks))
