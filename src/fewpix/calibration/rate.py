"""How often strangers score as high, as a number and in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, log1p


@dataclass(frozen=True)
class Rate:
    """How often strangers score as high, or why it cannot be said.

    Args:
        value: 0 to 1; None where it was not measured, or is not resolvable.
        low: lower end of the 95 % interval of the measurement, or of the other populations if one of them
            lies lower; None where nothing is known.
        high: upper end; None too where the score is above all thresholds, among all populations.
        reason: why there is no value; empty where there is.
        below: where the score is above all thresholds, the rarest rate that the impostors can show.
        fix: what helps where nothing is known.
        basis: how the numbers follow from what was measured, where they were not measured so; then they are
            bounds, or their interval is wider.
        bound: whether the value is at most so high, rather than measured to be so.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    below: float | None = None
    fix: str = ""
    basis: str = ""
    bound: bool = False

    @property
    def known(self) -> float | None:
        """The number that there is: the value, or what the rate is below; None where nothing is known."""
        return self.below if self.value is None else self.value

    def of(self, unit: str) -> str:
        """In words: "1 of 16 searches", "under 1 of 5,600 searches", or the reason why that is not known.

        Args:
            unit: what it is a share of, in the plural: "searches", "comparisons".
        """
        if self.known is None:
            return self.reason
        least = "under " if self.value is None else "at most " if self.bound else ""
        return f"{least}{one_of(self.known, unit)}{f' ({self.basis})' if self.basis else ''}"

    def __str__(self) -> str:
        if self.value is not None:
            return f"{'at most ' if self.bound else ''}{one_in(self.value)}"
        return "not measured" if self.below is None else f"under {one_in(self.below)}"

    @property
    def interval(self) -> str:
        """From rare to frequent, in words; empty where nothing is known."""
        if self.low is None or self.high is None:
            return ""
        return f"{one_in(self.low)} to {one_in(self.high)}" if self.low > 0 else f"up to {one_in(self.high)}"

    def at_most(self, rate: float) -> bool:
        """Whether strangers score as high at most this often."""
        return self.known is not None and self.known <= rate * (1 + 1e-9)


def one_in(rate: float) -> str:
    """A rate as people read it, with two digits: 1 in 2,000; 1 in 7; 62 %."""
    if rate > 0.4:
        return f"{100 * rate:.0f} %"
    number = 1 / rate
    digits = max(0, len(str(int(number))) - 2)
    return f"1 in {int(round(number, -digits)):,}"


def one_of(rate: float, unit: str) -> str:
    """A rate with what it is a share of: 1 of 2,000 searches; 62 % of searches."""
    said = one_in(rate)
    return f"{said} of {unit}" if said.endswith("%") else f"{said.replace(' in ', ' of ')} {unit}"


def at_most_in(rate: float, times: float) -> float:
    """A bound on FPIR in a gallery so many times as large: 1 − (1 − rate)^times, however alike people are.

    A stranger who finds nobody in several galleries finds nobody in all of them. As strangers differ in how
    easily they are taken for somebody, the mean over them lies below the bound (Jensen's inequality).

    Args:
        rate: in the smaller gallery, 0 to 1.
        times: how many times as large the other one is; below 1 the inverse.
    """
    return 1.0 if rate >= 1 else -expm1(times * log1p(-rate))
