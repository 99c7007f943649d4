"""How TAR at FAR, with its intervals and what cannot be resolved of it, is said in words and in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fewpix.evaluate.statistics.bootstrap import Interval
from fewpix.evaluate.statistics.scores import TarPoint, far_key


def tar_lines(points: Sequence[TarPoint], intervals: Sequence[Interval | None], *, digits: int) -> list[str]:
    """A line for each point.

    Args:
        points: at the false accept rates that were asked for.
        intervals: of them, None for one that cannot be resolved.
        digits: of a percentage, behind the point.
    """
    return [
        f"TAR at FAR {far_key(point.target)} not resolvable: {point.reason}"
        if point.tar is None
        else f"TAR {100 * point.tar:.{digits}f} % at FAR {far_key(point.target)} ({ci95})"
        for point, ci95 in zip(points, intervals, strict=True)
    ]


def tar_values(points: Sequence[TarPoint], intervals: Sequence[Interval | None]) -> dict[str, Any]:
    """The JSON values of the same, by the false accept rate as text; null for what cannot be resolved."""
    by_far = {far_key(point.target): point for point in points}
    known = dict(zip(by_far, intervals, strict=True))
    return {
        "tar_at_far": {far: point.tar for far, point in by_far.items()},
        "tar_at_far_ci95": {far: ci95.to_json() if ci95 else None for far, ci95 in known.items()},
        "threshold_at_far": {far: point.threshold for far, point in by_far.items()},
        "not_resolvable": {far: point.reason for far, point in by_far.items() if point.tar is None},
    }
