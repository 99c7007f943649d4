"""Who is on the pictures of a benchmark that names nobody: those that its own pairs say are one person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def linked(pictures: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """A person for every picture: the connected parts of the graph whose edges are pairs of one person.

    Two people found so may be one, where no pair says it; no two people are taken for one unless a pair says
    so. That is what resampling people needs: pairs that share somebody should be drawn together.

    Args:
        pictures: their number S.
        first: (G,) int64, 0 to S - 1, the first picture of each pair of one person.
        second: (G,) int64, the second one.

    Returns:
        (S,) int64, the lowest number of a picture that shows the same person.
    """
    person = np.arange(pictures, dtype=np.int64)
    while True:
        lowest = np.minimum(person[first], person[second])
        lower = person.copy()
        np.minimum.at(lower, person[first], lowest)
        np.minimum.at(lower, person[second], lowest)
        lower = lower[lower]  # a leap to the one that it points to: long chains take few rounds
        if (lower == person).all():
            return person
        person = lower
