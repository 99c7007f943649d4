"""From candidates to a name, or to none."""

from __future__ import annotations

from collections.abc import Sequence

from fewpix.errors import ConfigError
from fewpix.gallery.search import Candidate


def check_threshold(threshold: float | None) -> None:
    """Refuse a threshold that no cosine can be compared with.

    Raises:
        ConfigError: outside −1 to 1, or not a number.
    """
    if threshold is not None and not -1 <= threshold <= 1:
        raise ConfigError(
            f"the threshold must be a cosine from -1 to 1, not {threshold}", fix="see the docs on thresholds"
        )


def decide(candidates: Sequence[Candidate], threshold: float | None) -> str | None:
    """The best candidate's name, if its score reaches the threshold and nobody else's is as high.

    fewpix has no threshold of its own: what a score is worth depends on the model, the faces' size, the
    gallery's size and the people, so the number has to come from somebody who measured it.

    Args:
        candidates: best first.
        threshold: least cosine, −1 to 1; None decides nothing.

    Returns:
        A name; None for nobody, for an exact tie between two people, and without a threshold.

    Raises:
        ConfigError: the threshold is no cosine.
    """
    check_threshold(threshold)
    if threshold is None or not candidates or candidates[0].score < threshold:
        return None
    tie = len(candidates) > 1 and candidates[1].score == candidates[0].score
    return None if tie else candidates[0].name
