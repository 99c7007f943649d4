"""Where something is in a picture: one convention, and what becomes of a place when the picture is resized.

Places are in pixels, x to the right and y downwards. The centre of the upper left pixel is at (0, 0), so that
the picture reaches from −0.5 to width − 0.5. A box is x, y, width and height as slices count: it covers the
pixels from x to x + width, and the whole picture is (0, 0, width, height). Made twice as large, a picture has
the place p at 2p + 0.5, and a box at twice its numbers; mirrored, a place x is at width − 1 − x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def resized(points: NDArray[np.floating], ratio: float | tuple[float, float]) -> NDArray[np.float32]:
    """Places after their picture was resized.

    Args:
        points: (..., 2) x, y; centres of pixels at whole numbers.
        ratio: new pixels per old pixel, for both directions or for x and y.
    """
    factor = np.asarray(ratio, dtype=np.float64)
    return ((np.asarray(points, dtype=np.float64) + 0.5) * factor - 0.5).astype(np.float32)
