"""What a detector found in one picture, and how it looked."""

from __future__ import annotations

from dataclasses import dataclass

from fewpix.detect.face import Face


@dataclass(frozen=True)
class Search:
    """The faces of a picture and the scales at which they were looked for.

    Args:
        faces: by falling score; empty when there is none.
        scales: coarse to fine, scaled pixels per picture pixel.
        fits: whether the search was expected to stay within the budget; None without a budget.
    """

    faces: tuple[Face, ...]
    scales: tuple[float, ...]
    fits: bool | None
