"""A generator per item, so that what happens to an image does not depend on which worker sees it, or when."""

from __future__ import annotations

import operator

import numpy as np

from fewpix.errors import ConfigError

_WORD = 1 << 32
_LIMIT = 1 << 64


def per_item_rng(seed: int, *parts: int) -> np.random.Generator:
    """A generator from the seed and every part, in order: for example `per_item_rng(seed, step, image,
    view)`.

    Different arguments give independent streams, also (1,) and (1, 0). NumPy's own list seeding would pad
    with zeros and split large numbers into 32-bit words, so that some different lists collide; here each part
    takes two words of the spawn key. The stream is PCG64, the same on every platform.

    Args:
        seed: of the run, 0 to 2^64 − 1.
        parts: what identifies the item, each 0 to 2^64 − 1.

    Raises:
        ConfigError: a negative or larger number.
        TypeError: not a whole number.
    """
    key: list[int] = []
    for part in parts:
        value = operator.index(part)  # NumPy's integers too, but no float that would be cut off
        if not 0 <= value < _LIMIT:
            raise ConfigError(f"a part of a seed must be 0 to 2^64 - 1, not {value}")
        key += (value % _WORD, value // _WORD)
    if not 0 <= seed < _LIMIT:
        raise ConfigError(f"seed must be 0 to 2^64 - 1, not {seed}")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(operator.index(seed), spawn_key=key)))
