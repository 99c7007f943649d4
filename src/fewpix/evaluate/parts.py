"""Progress over the parts of a run, told as one."""

from __future__ import annotations

from fewpix.evaluate.views import Advance


class Parts:
    """How far all parts of a run are together.

    Args:
        total: units of all parts, such as pictures.
        advance: told the units done and of all.
    """

    def __init__(self, total: int, advance: Advance | None) -> None:
        self._before, self._total, self._advance = 0, total, advance

    def part(self, size: int) -> Advance | None:
        """What the next part, of `size` units, is to tell; None where nobody listens."""
        start, self._before = self._before, self._before + size
        advance, total = self._advance, self._total
        return None if advance is None else lambda done, _: advance(start + done, total)
