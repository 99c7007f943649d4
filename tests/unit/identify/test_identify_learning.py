"""The random choice of faces that a state is learned from."""

from __future__ import annotations

import numpy as np
import pytest

from fewpix.detect import Face
from fewpix.embed.router import Router
from fewpix.identify.learning import Reservoir
from fewpix.image.align import TEMPLATE
from grey_encoder import Grey

IMAGE = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
"""As much detail as pixels everywhere."""


def face(side: float) -> Face:
    points = (TEMPLATE * side / 112).astype(np.float32)
    return Face((0.0, 0.0, side, side), points, 0.9, side)


@pytest.mark.slow
def test_every_face_is_as_likely_to_be_held_as_any_other():
    held = np.zeros(20)
    for seed in range(300):
        reservoir = Reservoir(Grey(), "0" * 64, most=5, seed=seed)
        for n in range(20):
            assert reservoir.see(IMAGE, face(8.0 + n))
        assert (reservoir.seen, len(reservoir.crops), len(reservoir.pixels)) == (20, 5, 5)
        assert len(set(reservoir.pixels)) == 5
        held[np.array(reservoir.pixels, dtype=int) - 8] += 1
    assert held.sum() == 300 * 5
    assert abs(held - 75).max() < 4 * (300 * 0.25 * 0.75) ** 0.5  # four standard deviations of a binomial


def test_faces_of_another_encoder_are_counted_and_left_out():
    small, large = Grey("1" * 64), Grey("2" * 64)
    reservoir = Reservoir(Router([(0, small), (20, large)]), "1" * 64)
    assert [reservoir.see(IMAGE, face(side)) for side in (12, 30, 19.9, 20)] == [True, False, True, False]
    assert (reservoir.seen, reservoir.elsewhere) == (2, 2)
    assert [round(value, 3) for value in reservoir.pixels] == [12, 19.9]
    assert {crop.shape for crop in reservoir.crops} == {(4, 4, 3)}
