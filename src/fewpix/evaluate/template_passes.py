"""Progress over several passes through the pictures of templates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.template_embedding import EmbeddedTemplates, TemplatePictures
from fewpix.evaluate.views import Advance


class Passes:
    """How many pictures were embedded, and how many there will be.

    Args:
        pictures: of the benchmark.
        advance: told both numbers.
    """

    def __init__(self, pictures: TemplatePictures, advance: Advance | None) -> None:
        self._pictures, self._advance = pictures, advance
        self._before = self._total = 0

    def plan(self, *ids: NDArray[np.int64]) -> None:
        """What passes there will be, each by its templates."""
        self._total += sum(int(np.isin(self._pictures.templates, some).sum()) for some in ids)

    def tell(self) -> Advance | None:
        """What the pass that begins now is to tell."""
        if self._advance is None:
            return None
        advance, before = self._advance, self._before
        return lambda done, _: advance(before + done, self._total)

    def done(self, made: EmbeddedTemplates) -> EmbeddedTemplates:
        """Count a pass that has ended; gives what it made."""
        self._before += made.pictures
        return made
