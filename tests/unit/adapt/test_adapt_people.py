"""One person only: recognised by the pairs' similarity, of vectors made so and of real faces."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.adapt.people import MAX_FACES, SAME, judge_people
from fewpix.errors import ConfigError


def people(counts: list[int], cosine: float, seed: int = 0) -> NDArray[np.float64]:
    """Unit vectors, those of one person at about `cosine` to each other, different people at about 0."""
    rng = np.random.default_rng(seed)
    rows = []
    for count in counts:
        middle = rng.normal(size=128)
        middle /= np.linalg.norm(middle)
        own = rng.normal(size=(count, 128)) / np.sqrt(128)
        rows.append(np.sqrt(cosine) * middle + np.sqrt(1 - cosine) * own)
    out = np.concatenate(rows)
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def test_one_person_is_one():
    found = judge_people(people([40], 0.5))
    assert found.one
    assert found.alike > 0.99
    assert "one person" in found.reason
    assert f"cosine of {SAME} or more" in found.reason


@pytest.mark.parametrize("counts", [[1] * 40, [20, 20], [30, 10], [10, 10, 10, 10]])
def test_two_people_and_more_are_not(counts: list[int]):
    found = judge_people(people(counts, 0.5))
    assert not found.one
    assert found.reason == ""


def test_a_stranger_among_forty_pictures_of_one_changes_nothing():
    assert judge_people(people([39, 1], 0.5)).one


def test_the_share_of_pairs_by_hand():
    rows = np.array([[1, 0], [0.6, 0.8], [0, 1]])
    assert judge_people(rows, same=0.7).alike == pytest.approx(1 / 3)
    assert judge_people(rows, same=0.59).alike == pytest.approx(2 / 3)
    assert judge_people(rows, same=0.7).to_json() == {
        "faces": 3,
        "alike": pytest.approx(1 / 3),
        "same": 0.7,
        "one": False,
    }


def test_many_faces_are_thinned_out():
    rows = np.tile(people([1, 1], 0.5), (900, 1))
    found = judge_people(rows)
    assert found.faces == 1800 // 4 <= MAX_FACES


def test_one_face_cannot_be_compared():
    with pytest.raises(ConfigError, match="two faces"):
        judge_people(people([1], 0.5))


@pytest.mark.needs("samples", "torch", "weights")
@pytest.mark.parametrize("family", ["area", "cctv"])
def test_the_shipped_student_finds_one_person_of_orl_among_forty(family: str):
    import torch

    from fewpix.adapt.estimate.judge import embed
    from fewpix.data.orl import load_orl
    from fewpix.degrade import family as family_of
    from fewpix.degrade import per_item_rng
    from fewpix.models.shipped import shipped
    from fewpix.models.zoo import load_student

    orl = load_orl()
    model, card = load_student(shipped("fewpix-s.safetensors"))
    chosen = np.concatenate((np.flatnonzero(orl.people == 12), np.arange(0, 400, 10)))
    chain = family_of(family, 16)
    crops = [chain.apply(orl.images[n][12:104], per_item_rng(0, int(n))) for n in chosen]
    rows = embed(model, torch.from_numpy(card.preprocess.apply(crops)))
    assert judge_people(rows[:10]).one
    assert not judge_people(rows[10:]).one
