"""How finely a picture can be searched in a given time, by what searching has cost so far."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fewpix.detect.tiles import scaled_area
from fewpix.errors import ConfigError

logger = logging.getLogger(__name__)

MEMORY = 0.8
"""Share that what was measured before keeps with every picture: after ten pictures a tenth is left of it."""

RESERVE = 0.9
"""A finer search than for the last picture of the same size must fit into this share of the budget, so that
pictures of a video are not searched now finer, now coarser."""


@dataclass(frozen=True)
class Plan:
    """The scales that one picture is searched at.

    Args:
        scales: coarse to fine, scaled pixels per picture pixel.
        seconds: that it is expected to take, the aligner included.
        fits: whether that is within the budget.
    """

    scales: tuple[float, ...]
    seconds: float
    fits: bool


class Budget:
    """Chooses scales by the time that a million scaled pixels, and the aligner of a picture, have taken.

    Both are means over the pictures so far, the last ones counting most. A coarser search than the mean one
    is expected to find less to look at, in proportion to the scaled pixels; a finer one as much. What was
    never measured is expected to take no time, so `spent` should be told of a trial before the first plan.

    Args:
        milliseconds: for one picture, above 0.

    Raises:
        ConfigError: it is not above 0, or not finite.
    """

    def __init__(self, milliseconds: float) -> None:
        if not 0 < milliseconds < math.inf:
            raise ConfigError(f"a budget must be above 0 milliseconds, not {milliseconds:g}")
        self.milliseconds = milliseconds
        self._area = self._searching = 0.0
        self._pictures = self._looking = self._looked_area = 0.0
        self._last: tuple[int, int, Plan] | None = None

    @property
    def measured(self) -> bool:
        """Whether it knows what searching costs."""
        return self._area > 0

    def plan(self, width: int, height: int, choices: Iterable[Sequence[float]]) -> Plan:
        """The first of the choices that fits, or the last one when none does.

        Args:
            width: of the picture, in pixels.
            height: of the picture, in pixels.
            choices: scales to search at, the most expensive choice first.
        """
        last = self._last[2] if self._last is not None and self._last[:2] == (width, height) else None
        for scales in choices:
            seconds = self._expected(width, height, scales)
            finer = last is not None and scales[-1] > last.scales[-1]
            most = self.milliseconds / 1000 * (RESERVE if finer else 1)
            plan = Plan(tuple(scales), seconds, seconds <= most)
            if plan.fits:
                break
        if last is None or plan.scales != last.scales:
            self._tell(width, height, plan)
        self._last = (width, height, plan)
        return plan

    def spent(self, area: float, searching: float, looking: float | None = None) -> None:
        """Learn from a picture.

        Args:
            area: scaled pixels that were searched.
            searching: seconds that it took.
            looking: seconds of the aligner; None where it did not run, as in a trial.
        """
        self._area, self._searching = MEMORY * self._area + area, MEMORY * self._searching + searching
        if looking is not None:
            self._pictures = MEMORY * self._pictures + 1
            self._looking = MEMORY * self._looking + looking
            self._looked_area = MEMORY * self._looked_area + area

    def _expected(self, width: int, height: int, scales: Sequence[float]) -> float:
        area = sum(scaled_area(width, height, scale) for scale in scales)
        seconds = area * self._searching / self._area if self._area else 0.0
        if self._pictures:
            share = min(1.0, area * self._pictures / self._looked_area)
            seconds += share * self._looking / self._pictures
        return seconds

    def _tell(self, width: int, height: int, plan: Plan) -> None:
        text = ", ".join(f"{scale:.3g}" for scale in plan.scales)
        level = logging.INFO if plan.fits else logging.WARNING
        verdict = "of" if plan.fits else "more than the budget of"
        logger.log(
            level,
            "%d x %d px are searched at the scales %s: about %.0f ms, %s %g ms",
            *(width, height, text, 1000 * plan.seconds, verdict, self.milliseconds),
        )
