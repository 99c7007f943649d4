"""The guard with a model: it fires on one person and on a harmful state, and not otherwise."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fewpix.adapt.apply import fold
from fewpix.adapt.estimate import estimate, judge
from fewpix.adapt.estimate.judge import embed, judge_state
from fewpix.adapt.harm import MINIMUM
from fewpix.adapt.stats import NormState
from fewpix.data.orl import load_orl
from fewpix.degrade import family, per_item_rng
from fewpix.models.shipped import shipped
from fewpix.models.zoo import load_student
from tiny_student import inputs, orl_crops, shifted, tiny_student

pytestmark = pytest.mark.needs("samples", "torch")

COMMON = {"model_sha256": "d" * 64, "source": "test", "minimum": 1}


def student() -> nn.Module:
    """Random weights, but centred on clean ORL faces as a distilled student is."""
    model, card = tiny_student()
    return fold(model, estimate(model, inputs(card, orl_crops()[1::4]), mode="batch", final=True, **COMMON))


def faces(indices: object, *, dark: bool = False) -> Tensor:
    crops = tuple(orl_crops()[n] for n in np.asarray(indices))
    return inputs(tiny_student()[1], shifted(crops) if dark else crops)


def test_many_people_and_a_mild_state_pass_and_the_model_is_as_before():
    model = student().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    verdict = judge(model, faces(range(0, 400, 5)), partial(estimate, model, **COMMON))
    assert verdict.reasons == ()
    assert verdict.people is not None
    assert not verdict.people.one
    assert verdict.harm is not None
    assert verdict.harm.faces == 80 // 3
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert "faces kept out" in str(verdict)


def test_the_state_that_is_judged_never_saw_the_faces_it_is_judged_on():
    model, x = student(), faces(range(0, 400, 5))
    seen: list[Tensor] = []

    def make(part: Tensor) -> NormState:
        seen.append(part)
        return estimate(model, part, **COMMON)

    first = judge(model, x, make)
    assert [len(part) for part in seen] == [80 - 80 // 3]
    places = [int(np.flatnonzero([torch.equal(row, face) for face in x])[0]) for row in seen[0]]
    assert places == sorted(places), "a stream keeps its order"
    assert judge(model, x, make) == first
    assert judge(model, x, make, seed=1) != first


@pytest.mark.needs("weights")
@pytest.mark.slow
def test_states_that_do_harm_are_noticed_and_a_good_one_is_not():
    """The shipped student at 16 px: statistics of a dark place in a bright one, and of eight faces alone."""
    model, card = load_student(shipped("fewpix-s.safetensors"))
    sharp = [orl.images[n][12:104] for orl in [load_orl()] for n in range(0, 400, 9)]
    bright, dark = (
        torch.from_numpy(
            card.preprocess.apply(
                [family(name, 16).apply(crop, per_item_rng(0, n)) for n, crop in enumerate(sharp)]
            )
        )
        for name in ("area", "dark")
    )
    make = partial(estimate, model, **COMMON)
    harmful = {
        "another place": make(dark, mode="batch", final=True),
        "eight faces": make(bright[:8], mode="batch", final=True),
    }
    for name, state in harmful.items():
        found = judge_state(model, bright[8:], state)
        assert found.harmful, name
        assert f"{len(bright) - 8} faces kept out" in found.reason
    for x in (bright, dark):
        assert not judge_state(model, x[:15], make(x[15:])).harmful


def test_few_faces_are_not_judged_for_harm_and_one_not_at_all():
    model = student()
    make = partial(estimate, model, **COMMON)
    few = judge(model, faces(range(0, 400, 20))[: MINIMUM - 1], make)
    assert few.harm is None
    assert few.people is not None
    one = judge(model, faces([7]), make)
    assert (one.people, one.harm, one.reasons) == (None, None, ())


def test_embeddings_are_unit_rows_in_order():
    model, x = student(), faces(range(0, 400, 4))
    rows = embed(model, x)
    assert rows.shape == (100, 32)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(embed(model, x[70:]), rows[70:], atol=1e-5)
