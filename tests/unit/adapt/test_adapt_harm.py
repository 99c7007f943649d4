"""Harm on faces kept out: d' is what its formula says, and a worse model is noticed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.adapt.guard import Verdict
from fewpix.adapt.harm import TOLERANCE, Views, judge_harm, lightly
from fewpix.adapt.people import People
from fewpix.errors import ConfigError, GuardError


def views(count: int, noise: float, common: float = 0.0, seed: int = 0) -> Views:
    """Two views of each of `count` faces, with noise in each view, and with something that all share."""
    rng = np.random.default_rng(seed)
    faces = rng.normal(size=(count, 64)) + common * rng.normal(size=64)
    made = [faces + noise * rng.normal(size=faces.shape) for _ in range(2)]
    first, second = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in made)
    return first, second


def dprime(both: Views) -> float:
    """The formula, pair by pair."""
    a, b = both
    own = [float(a[n] @ b[n]) for n in range(len(a))]
    other = [float(a[n] @ b[m]) for n in range(len(a)) for m in range(len(b)) if n != m]
    return float((np.mean(own) - np.mean(other)) / math.sqrt((np.var(own) + np.var(other)) / 2))


def test_it_is_the_formula():
    before, after = views(20, 0.3), views(20, 0.8)
    found = judge_harm(before, after)
    assert found.before == pytest.approx(dprime(before))
    assert found.after == pytest.approx(dprime(after))
    assert found.faces == 20
    assert found.low < found.change < found.high


def test_a_model_that_blurs_faces_or_makes_them_alike_is_refused():
    before = views(60, 0.3)
    for after in (views(60, 1.5), views(60, 0.3, common=2.0)):
        found = judge_harm(before, after)
        assert found.harmful
        assert found.high < -TOLERANCE
        assert "60 faces kept out" in found.reason


def test_the_same_a_better_and_a_hardly_worse_model_pass():
    before = views(60, 0.8)
    for after in (before, views(60, 0.3), views(60, 0.8, seed=0)):
        found = judge_harm(before, after)
        assert not found.harmful
        assert found.reason == ""
    assert judge_harm(before, before).change == 0
    assert (judge_harm(before, before).low, judge_harm(before, before).high) == (0, 0)


def test_few_faces_make_a_wide_interval_and_no_refusal():
    few, many = (judge_harm(views(n, 0.5), views(n, 0.7)) for n in (8, 200))
    assert few.high - few.low > 2 * (many.high - many.low)


def test_equal_seeds_give_equal_findings():
    both = views(30, 0.5), views(30, 0.6)
    assert judge_harm(*both, seed=3) == judge_harm(*both, seed=3)
    assert judge_harm(*both, seed=3) != judge_harm(*both, seed=4)


def test_views_of_different_faces_are_refused():
    with pytest.raises(ConfigError, match="same three faces"):
        judge_harm(views(8, 0.1), views(9, 0.1))
    with pytest.raises(ConfigError, match="same three faces"):
        judge_harm(views(2, 0.1), views(2, 0.1))


def smooth(count: int) -> NDArray[np.float32]:
    ramp = np.linspace(-1, 1, 24, dtype=np.float32)
    face = np.stack([np.add.outer(ramp, k * ramp) for k in (0.2, 0.5, 1.0)])
    return np.repeat(face[None], count, axis=0)


def test_a_view_is_a_little_different_and_repeatable():
    faces = smooth(6)
    kept = faces.copy()
    first, again = (lightly(faces, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(faces, kept)
    assert first.dtype == np.float32
    assert not np.array_equal(first[0], first[1])
    apart = np.sqrt(((first - faces) ** 2).mean()) / faces.std()
    assert 0.05 < apart < 0.3
    mirrored = lightly(faces, np.random.default_rng(1), mirror=True)
    np.testing.assert_array_equal(mirrored, first[..., ::-1])


def people(alike: float) -> People:
    return People(40, alike, 0.2)


def test_the_verdict_joins_the_reasons():
    good, bad = judge_harm(views(60, 0.3), views(60, 0.3)), judge_harm(views(60, 0.3), views(60, 1.5))
    for verdict in (Verdict(people(0.2), good), Verdict(people(0.2), None), Verdict(None, None)):
        assert verdict.reasons == ()
        verdict.check()
    assert "too few" in str(Verdict(people(0.2), None))
    with pytest.raises(GuardError, match=r"one person, .* --force") as caught:
        Verdict(people(0.9), good).check()
    assert caught.value.exit_code == 8
    with pytest.raises(GuardError, match=r"one person, .*; and on 60 faces kept out .*d' "):
        Verdict(people(0.9), bad).check()
    assert Verdict(people(0.9), bad).to_json()["harm"]["harmful"] is True
    assert len(Verdict(people(0.9), bad).reasons) == 2
