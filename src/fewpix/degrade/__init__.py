"""Makes low-resolution faces from sharp ones: pure operations on one crop, and chains of them that are named,
ordered, seeded and able to describe themselves. Needs only NumPy and OpenCV.
"""

from __future__ import annotations

from fewpix.degrade.chain import Chain
from fewpix.degrade.draws import Choice, Draw, Fixed, Uniform
from fewpix.degrade.presets import FAMILIES, PRESETS, family
from fewpix.degrade.seeds import per_item_rng
from fewpix.degrade.sheet import sheet
from fewpix.degrade.step import Step, step

__all__ = [
    "FAMILIES",
    "PRESETS",
    "Chain",
    "Choice",
    "Draw",
    "Fixed",
    "Step",
    "Uniform",
    "family",
    "per_item_rng",
    "sheet",
    "step",
]
