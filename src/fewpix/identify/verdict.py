"""From candidates to a name, to several that it may be, or to none with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fewpix.errors import ConfigError
from fewpix.gallery.search import Candidate

Kind = Literal["named", "ambiguous", "unknown", "undecided"]

LISTED = 100
"""Names that an ambiguous verdict holds at most."""

_SHOWN = 5  # of them, in a line of text

NO_RULE = "no threshold and no FPIR"
NO_RULE_FIX = "give a threshold (--threshold), or a calibration and a rate (--calibration, --fpir)"

SEVERAL_FIX = (
    "look at the pictures; `fewpix gallery check` looks for one person under two names; a higher --threshold "
    "or a rarer --fpir asks for more"
)


@dataclass(frozen=True)
class Verdict:
    """What is said of a face or of a track.

    Args:
        kind: "named": one person reaches the threshold, and nobody else does. "ambiguous": several do.
            "unknown": nobody does, or what scores are worth is not known. "undecided": there was no threshold
            and no rate to decide by.
        name: the person; None unless named.
        ambiguous: all who reach the threshold where several do, best first, at most `LISTED`.
        tie: those who share the best score where several do, whatever was decided; by name.
        reason: why nobody is named; empty where somebody is.
        fix: what helps; empty where nothing is known to.
    """

    kind: Kind
    name: str | None = None
    ambiguous: tuple[str, ...] = ()
    tie: tuple[str, ...] = ()
    reason: str = ""
    fix: str = ""

    def __str__(self) -> str:
        """The name, "ambiguous" or "tie" with the names, or "unknown" or "not decided" with the reason."""
        if self.kind in ("unknown", "undecided"):
            said = f"unknown, {self.reason}" if self.kind == "unknown" else f"not decided: {self.reason}"
            return f"{said}; tie: {_names(self.tie)}" if self.tie else said
        return self.short

    @property
    def short(self) -> str:
        """As the text, without reasons; empty where nothing was decided."""
        if self.kind == "named":
            return self.name or ""
        if self.kind != "ambiguous":
            return "unknown" if self.kind == "unknown" else ""
        if set(self.tie) == set(self.ambiguous):
            return f"tie: {_names(self.tie)}"
        tie = f"; tie: {_names(self.tie)}" if self.tie else ""
        return f"ambiguous: {_names(self.ambiguous)}{tie}"

    def to_json(self) -> dict[str, Any]:
        """`decision`, the name or None, `verdict`, the kind, and the other fields."""
        return {
            "decision": self.name,
            "verdict": self.kind,
            "ambiguous": list(self.ambiguous),
            "tie": list(self.tie),
            "reason": self.reason or None,
            "fix": self.fix or None,
        }


def check_threshold(threshold: float | None) -> None:
    """Refuse a threshold that no cosine can be compared with.

    Raises:
        ConfigError: outside −1 to 1, or not a number.
    """
    if threshold is not None and not -1 <= threshold <= 1:
        raise ConfigError(
            f"the threshold must be a cosine from -1 to 1, not {threshold}",
            fix="docs/limits.md says what a score is worth",
        )


def decide(
    candidates: Sequence[Candidate], threshold: float | None, *, reason: str = "", fix: str = ""
) -> Verdict:
    """The best candidate, if nobody else's score reaches the threshold too.

    fewpix has no threshold of its own: what a score is worth depends on the model, the faces' size, the
    gallery's size and the people, so the number has to come from somebody who measured it. Such a number is
    about strangers; between two enrolled people who both reach it nothing is known, so neither is named.

    Args:
        candidates: best first; all whose scores may reach the threshold, at least two if there are so many.
        threshold: least cosine, −1 to 1; None names nobody.
        reason: why there is no threshold, or, where it is not reached, what is to be said of that.
        fix: what helps.

    Returns:
        "unknown" where there is a reason, and "undecided" where there is neither threshold nor reason.

    Raises:
        ConfigError: the threshold is no cosine.
    """
    check_threshold(threshold)
    best = [each for each in candidates if each.score == candidates[0].score]
    tie = tuple(each.name for each in best[:LISTED]) if len(best) > 1 else ()
    if threshold is None:
        if reason:
            return Verdict("unknown", tie=tie, reason=reason, fix=fix)
        return Verdict("undecided", tie=tie, reason=NO_RULE, fix=NO_RULE_FIX)
    passing = [each.name for each in candidates if each.score >= threshold]
    if len(passing) == 1:
        return Verdict("named", passing[0])
    if passing:
        names = tuple(passing[:LISTED])
        reach = f"{len(passing)} people reach the threshold"
        return Verdict("ambiguous", ambiguous=names, tie=tie, reason=reach, fix=SEVERAL_FIX)
    if not candidates:
        return Verdict("unknown", reason="nobody is enrolled", fix="enrol people with `fewpix enrol`")
    return Verdict("unknown", tie=tie, reason=reason or f"below the threshold of {threshold:.3g}", fix=fix)


def _names(names: Sequence[str]) -> str:
    """Names in a line; of many the first few."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
