"""The operations of a chain on many faces at once, in torch, for devices on which a step is short.

What is drawn stays in NumPy, from the same generators as `Chain.apply`: a view has the same operations,
parameters and noise wherever it is made, and differs by the rounding of some grey levels. Covered is what the
named chains (`fewpix.degrade.PRESETS`) are made of.
"""

from __future__ import annotations

from fewpix.train.batched.chain import BatchedChain

__all__ = ["BatchedChain"]
