"""Where a face will be: a Kalman filter of constant velocity, in units of the face's own size.

Faces are small and frames rare: from one to the next a face may move by several of its widths. So nothing
here knows pixels; spreads are multiples of the face's side, and speeds sides per second (a head is about
0.16 m wide, a walker's speed about 9 sides per second).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MEASURED = 0.15
"""Spread of a detected centre around the true one, and of the shake of a camera, in sides."""

SPEED = 15.0
"""Spread of the speed of a face seen once, sides per second; but at least one side per frame."""

RESTLESS = 24.0
"""Root of the spectral density of the acceleration, sides per second^1.5: a walker may turn back in half a
second."""

FARTHEST = 2.0
"""The spread of a prediction grows to so many sides and no further: after a longer gap, a face anywhere in
the picture would do."""

_SIZE_GAIN = 0.3


class Motion:
    """Position, velocity and size of one face; x and y are independent and share their variances.

    Args:
        box: x, y, width, height in pixels.
        time: seconds.
    """

    def __init__(self, box: NDArray[np.float64], time: float) -> None:
        centre, side = centre_and_side(box)
        self.centre, self.velocity, self.side, self.time = centre, np.zeros(2), side, time
        self._seen = 1
        self._pp, self._pv, self._vv = (MEASURED * side) ** 2, 0.0, 0.0

    def predict(self, time: float) -> tuple[NDArray[np.float64], float]:
        """The centre at a later time, pixels, and the variance of a measurement around it, pixels²."""
        centre, pp, _, _ = self._ahead(time)
        spread = min(pp + (MEASURED * self.side) ** 2, (FARTHEST * self.side) ** 2)
        return centre, spread

    def update(self, box: NDArray[np.float64], time: float) -> None:
        """Take in where the face was found."""
        centre, side = centre_and_side(box)
        ahead, pp, pv, vv = self._ahead(time)
        total = pp + (MEASURED * self.side) ** 2
        gain, gain_v = pp / total, pv / total
        off = centre - ahead
        self.centre, self.velocity = ahead + gain * off, self.velocity + gain_v * off
        self._pp, self._pv, self._vv = (1 - gain) * pp, (1 - gain) * pv, vv - gain_v * pv
        self.side = math.exp((1 - _SIZE_GAIN) * math.log(self.side) + _SIZE_GAIN * math.log(side))
        self.time = time
        self._seen += 1

    def _ahead(self, time: float) -> tuple[NDArray[np.float64], float, float, float]:
        step = max(time - self.time, 1e-6)
        vv = self._vv
        if self._seen == 1:  # the speed is unknown, and how far it may carry depends on the frame rate
            vv = (max(SPEED, 1 / step) * self.side) ** 2
        noise = (RESTLESS * self.side) ** 2
        pp = self._pp + 2 * step * self._pv + step**2 * vv + noise * step**3 / 3
        pv = self._pv + step * vv + noise * step**2 / 2
        return self.centre + step * self.velocity, pp, pv, vv + noise * step


def centre_and_side(box: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The middle (2,) of a box x, y, width, height, and the side of the square of its area, in pixels."""
    return box[:2] + box[2:] / 2, max(math.sqrt(max(float(box[2] * box[3]), 0.0)), 1e-3)
