"""Who is named: the threshold, several who pass, ties, and the reason why nobody is."""

from __future__ import annotations

import json

import pytest

from fewpix.errors import ConfigError
from fewpix.gallery import Candidate
from fewpix.identify import Verdict, decide
from fewpix.identify.verdict import LISTED

ANA, BO = Candidate("Ana", 0.5), Candidate("Bo", 0.4)


def test_the_best_is_named_from_the_threshold_on():
    assert decide([ANA, BO], 0.5) == Verdict("named", "Ana")
    assert decide([ANA], 0.3).name == "Ana"
    below = decide([ANA, BO], 0.50001)
    assert (below.kind, below.name, str(below)) == ("unknown", None, "unknown, below the threshold of 0.5")


def test_two_who_reach_the_threshold_are_ambiguous():
    """However far the first is ahead: a threshold is about strangers, and says nothing of these two."""
    found = decide([ANA, BO, Candidate("Cy", 0.2)], 0.3)
    assert (found.kind, found.name, found.ambiguous, found.tie) == ("ambiguous", None, ("Ana", "Bo"), ())
    assert str(found) == found.short == "ambiguous: Ana, Bo"
    assert (found.reason, bool(found.fix)) == ("2 people reach the threshold", True)


def test_nobody_is_named_without_a_threshold_or_candidates():
    undecided = decide([ANA, BO], None)
    assert (undecided.kind, undecided.name, undecided.short) == ("undecided", None, "")
    assert str(undecided) == "not decided: no threshold and no FPIR"
    assert "--threshold" in undecided.fix
    assert str(decide([], -1.0)) == "unknown, nobody is enrolled"
    assert str(decide([], None)) == "not decided: no threshold and no FPIR"


def test_a_reason_for_having_no_threshold_is_that_of_the_verdict():
    found = decide([ANA, BO], None, reason="not measured: 17 px", fix="take another")
    assert found == Verdict("unknown", reason="not measured: 17 px", fix="take another")
    assert (str(found), found.short) == ("unknown, not measured: 17 px", "unknown")


def test_ties_are_said_whatever_is_decided():
    tied = [Candidate("Ana", 0.5), Candidate("Bo", 0.5), Candidate("Cy", 0.4)]
    assert decide(tied, 0.45).short == "tie: Ana, Bo"
    assert decide(tied, 0.45).kind == "ambiguous"
    assert decide(tied, 0.3).short == "ambiguous: Ana, Bo, Cy; tie: Ana, Bo"
    assert str(decide(tied, 0.6)) == "unknown, below the threshold of 0.6; tie: Ana, Bo"
    assert str(decide(tied, None)) == "not decided: no threshold and no FPIR; tie: Ana, Bo"


def test_of_many_names_the_first_are_shown_and_a_hundred_kept():
    found = decide([Candidate(f"P{n:03}", 0.9 - n / 1000) for n in range(LISTED + 20)], 0.1)
    assert found.short == "ambiguous: P000, P001, P002, P003, P004 and 95 more"
    assert len(found.ambiguous) == LISTED
    assert found.reason == "120 people reach the threshold"


def test_a_verdict_as_json():
    values = json.loads(json.dumps(decide([ANA, BO], 0.3).to_json()))
    assert values.keys() == {"decision", "verdict", "ambiguous", "tie", "reason", "fix"}
    assert (values["decision"], values["verdict"], values["ambiguous"]) == (None, "ambiguous", ["Ana", "Bo"])
    named = decide([ANA], 0.3).to_json()
    assert (named["decision"], named["verdict"], named["reason"]) == ("Ana", "named", None)


@pytest.mark.parametrize("threshold", [1.01, -1.01, float("nan"), float("inf")])
def test_a_threshold_that_is_no_cosine_is_refused(threshold: float):
    with pytest.raises(ConfigError, match="threshold must be a cosine"):
        decide([ANA], threshold)
