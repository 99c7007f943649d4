"""Who is named: the threshold, ties, and nobody without a threshold."""

from __future__ import annotations

import pytest

from fewpix.errors import ConfigError
from fewpix.gallery import Candidate
from fewpix.identify import decide

ANA, BO = Candidate("Ana", 0.5), Candidate("Bo", 0.4)


def test_the_best_is_named_from_the_threshold_on():
    assert decide([ANA, BO], 0.5) == "Ana"
    assert decide([ANA, BO], 0.50001) is None
    assert decide([ANA], 0.3) == "Ana"


def test_nobody_is_named_without_a_threshold_or_candidates():
    assert decide([ANA, BO], None) is None
    assert decide([], -1.0) is None


def test_an_exact_tie_names_nobody():
    assert decide([Candidate("Ana", 0.5), Candidate("Bo", 0.5)], 0.3) is None


@pytest.mark.parametrize("threshold", [1.01, -1.01, float("nan"), float("inf")])
def test_a_threshold_that_is_no_cosine_is_refused(threshold: float):
    with pytest.raises(ConfigError, match="threshold must be a cosine"):
        decide([ANA], threshold)
