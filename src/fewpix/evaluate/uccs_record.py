"""At what score a score file of the UCCS watchlist finds each face, as it is kept beside the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.scores_file import Arrays, names_array, names_of


@dataclass(frozen=True, eq=False)
class UccsRecord:
    """F faces that count, in the order of the list.

    Args:
        image: (F,) int64, the picture of each.
        people: (F,) int64, who it is, from 1; 0 and below for strangers.
        detected: (F,) float64, the score that it is detected at; minus infinity for never.
        identified: by rank, (F,) the similarity that it is identified at, likewise.
        rates: R numbers of false alarms per picture as results write them ("1e-2").
        detection_thresholds: (R,) at them; NaN where the pictures are too few to show one.
        identification_thresholds: by rank, likewise.
    """

    image: NDArray[np.int64]
    people: NDArray[np.int64]
    detected: NDArray[np.float64]
    identified: Mapping[int, NDArray[np.float64]]
    rates: tuple[str, ...]
    detection_thresholds: NDArray[np.float64]
    identification_thresholds: Mapping[int, NDArray[np.float64]]

    @property
    def known(self) -> NDArray[np.bool_]:
        """(F,) whether the face is of somebody in the gallery."""
        return self.people > 0

    def arrays(self) -> Arrays:
        """For `scores_file.packed`."""
        ranks = sorted(self.identified)
        return {
            "image": self.image,
            "people": self.people,
            "rates": names_array(self.rates),
            "ranks": np.array(ranks, dtype=np.int64),
            "detected": self.detected,
            "detection_thresholds": self.detection_thresholds,
            "identified": np.stack([self.identified[rank] for rank in ranks]),
            "identification_thresholds": np.stack([self.identification_thresholds[rank] for rank in ranks]),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> UccsRecord:
        """What `arrays` gave.

        Raises:
            InputError: an array is missing, or they do not fit one another.
        """
        try:
            image, people = (arrays[key].astype(np.int64) for key in ("image", "people"))
            rates, ranks = names_of(arrays["rates"]), arrays["ranks"].tolist()
            detected, first = (arrays[key].astype(np.float64) for key in ("detected", "detection_thresholds"))
            identified, second = (
                arrays[key].astype(np.float64) for key in ("identified", "identification_thresholds")
            )
        except KeyError as error:
            raise InputError(f"the scores lack the array {error}", fix="measure again with --out") from error
        faces, places = image.shape, (len(ranks),)
        shapes = (people.shape, detected.shape, first.shape, identified.shape, second.shape)
        if shapes != (faces, faces, (len(rates),), places + faces, (*places, len(rates))):
            raise InputError(
                "the arrays of the scores do not fit one another", fix="measure again with --out"
            )
        return cls(
            image,
            people,
            detected,
            dict(zip(ranks, identified, strict=True)),
            rates,
            first,
            dict(zip(ranks, second, strict=True)),
        )
