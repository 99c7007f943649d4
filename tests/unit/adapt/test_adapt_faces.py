"""How many faces a state is estimated from, and how far that is."""

from __future__ import annotations

from pathlib import Path

import pytest

from fewpix.embed.adaptation import Adapted, chosen_faces
from fewpix.errors import ConfigError
from tiny_student import inputs, orl_crops, tiny_student

COMMON = {"model_sha256": "d" * 64, "source": "test", "mode": "batch"}


def test_of_many_faces_some_are_drawn_in_their_order():
    drawn = chosen_faces(1243, 512)
    assert len(set(drawn)) == 512
    assert drawn == sorted(drawn) == chosen_faces(1243, 512)
    assert drawn[-1] > 1200, "of all of them, not the first ones"
    assert chosen_faces(1243, 512, seed=1) != drawn
    assert chosen_faces(512, 512) == chosen_faces(512, None) == list(range(512))
    with pytest.raises(ConfigError, match="--most-faces"):
        chosen_faces(5, 0)


@pytest.mark.needs("samples", "torch")
@pytest.mark.parametrize("memory_mb", [0, 1024])
def test_every_way_of_estimating_says_how_far_it_is(memory_mb: int):
    from fewpix.adapt.estimate import estimate

    model, card = tiny_student()
    faces = inputs(card, orl_crops()[::4][:96])
    told: list[tuple[int, int]] = []
    state = estimate(model, faces, memory_mb=memory_mb, advance=lambda *at: told.append(at), **COMMON)
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    # at once: a report per layer; else one per chunk and layer, which counts as much as the layer lies deep
    assert len(told) == len(state.layers) * (1 if memory_mb else 2)


@pytest.mark.needs("samples", "torch")
def test_the_line_says_that_faces_were_drawn(tmp_path: Path):
    from fewpix.adapt.stats import source_state

    state = source_state("d" * 64, count=512, source="yard", date="2026-11-29")
    some, all_ = Adapted("a", state, among=1243), Adapted("a", state)
    assert "a random choice of 1,243 images; --most-faces all takes them all" in str(some)
    assert "random" not in str(all_)
    assert (some.to_json()["among"], all_.to_json()["among"]) == (1243, 512)
