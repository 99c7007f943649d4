"""Which views make up a batch: a pure function of seed and step, with the draws that the weights ask for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewpix.data.sampling import Sampler
from fewpix.errors import ConfigError


def test_every_view_of_weight_one_once_an_epoch() -> None:
    sampler = Sampler(np.ones(37), 5, seed=3)
    orders = [sampler.epoch(n).tolist() for n in range(4)]
    for order in orders:
        assert sorted(order) == list(range(37))
    assert len({tuple(order) for order in orders}) == 4


@given(
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0]), min_size=4, max_size=40),
    st.integers(0, 99),
)
def test_a_view_is_drawn_its_weight_rounded_down_or_up(weights: list[float], seed: int) -> None:
    array = np.array(weights)
    array[0] += np.ceil(array.sum()) - array.sum()  # the weights in quarters, their sum a whole number
    array[1] += 4
    sampler = Sampler(array, 1, seed)
    assert sampler.length == array.sum()
    drawn = np.bincount(sampler.epoch(seed), minlength=len(array))
    assert (drawn >= np.floor(array)).all()
    assert (drawn <= np.ceil(array)).all()


def test_draws_are_the_weights_on_average() -> None:
    weights = np.array([0.0, 0.1, 0.5, 0.5, 1.0, 1.3, 2.6, 4.0])
    sampler = Sampler(weights, 4, seed=0)
    drawn = np.bincount(np.concatenate([sampler.epoch(n) for n in range(4000)]), minlength=8) / 4000
    # One epoch's draw of a view is w rounded down or up, so its variance is at most 1/4: sigma is 0.008 here.
    np.testing.assert_allclose(drawn, weights, atol=0.035)
    assert drawn[0] == 0
    assert drawn[4] == 1
    assert drawn[7] == 4


def test_a_sum_that_is_no_whole_number_scales_the_draws() -> None:
    sampler = Sampler(np.full(10, 0.77), 2, seed=0)  # 7.7 draws
    assert sampler.length == 8
    drawn = np.bincount(np.concatenate([sampler.epoch(n) for n in range(3000)]), minlength=10) / 3000
    np.testing.assert_allclose(drawn, 0.8, atol=0.04)


def test_batches_run_on_across_the_ends_of_epochs() -> None:
    sampler = Sampler(np.ones(7), 3, seed=1)
    drawn = np.concatenate([sampler.batch(step) for step in range(14)])
    epochs = np.concatenate([sampler.epoch(n) for n in range(6)])
    np.testing.assert_array_equal(drawn, epochs)
    assert all(len(sampler.batch(step)) == 3 for step in range(14))


@given(st.integers(0, 2**32), st.lists(st.integers(0, 200), min_size=1, max_size=8))
def test_a_batch_does_not_depend_on_what_was_drawn_before(seed: int, steps: list[int]) -> None:
    weights = np.array([1.0, 0.5, 2.0, 1.25, 1.25, 3.0])
    used = Sampler(weights, 4, seed)
    for step in steps:
        np.testing.assert_array_equal(used.batch(step), Sampler(weights, 4, seed).batch(step))


def test_another_seed_draws_otherwise() -> None:
    one, other = (Sampler(np.ones(50), 25, seed) for seed in (0, 1))
    assert one.batch(0).tolist() != other.batch(0).tolist()


@pytest.mark.parametrize("weights", [np.ones(3), np.full(30, 0.1), np.zeros(9)])
def test_a_batch_larger_than_an_epoch(weights: np.ndarray) -> None:
    with pytest.raises(
        ConfigError, match=rf"run\.batch is 4, but an epoch has only {round(weights.sum())} faces"
    ):
        Sampler(weights, 4, seed=0)


def test_people_come_together() -> None:
    """Each draw brings others of its person; who has none, or no label, comes again; weight 0 never comes."""
    labels = np.array([0, 0, 0, 1, 1, 2, -1, -1, 0])
    weights = np.array([1.0, 1, 1, 1, 1, 1, 1, 1, 0])
    sampler = Sampler(weights, 12, seed=4, per_person=3, labels=labels)
    plain = Sampler(weights, 4, seed=4)
    seen: set[tuple[int, ...]] = set()
    for step in range(40):
        groups = sampler.batch(step).reshape(4, 3)
        np.testing.assert_array_equal(groups[:, 0], plain.batch(step))
        for group in groups.tolist():
            people = {int(labels[view]) for view in group}
            assert len(people) == 1
            assert 8 not in group
            if people == {0}:
                assert sorted(group) == [0, 1, 2]
            elif people == {1}:
                assert set(group) == {3, 4}
                assert group[1] == group[2]
            else:
                assert len(set(group)) == 1
            seen.add(tuple(group))
    assert {(0, 1, 2), (0, 2, 1)} <= seen


@given(st.integers(0, 99), st.lists(st.integers(0, 50), min_size=1, max_size=5))
def test_people_who_come_along_depend_on_seed_and_step_alone(seed: int, steps: list[int]) -> None:
    labels = np.arange(12) // 4
    used = Sampler(np.ones(12), 4, seed, 2, labels)
    for step in steps:
        np.testing.assert_array_equal(used.batch(step), Sampler(np.ones(12), 4, seed, 2, labels).batch(step))


def test_without_labels_a_view_comes_several_times() -> None:
    groups = Sampler(np.ones(5), 4, seed=0, per_person=2).batch(0).reshape(2, 2)
    np.testing.assert_array_equal(groups[:, 0], groups[:, 1])
    assert groups[0, 0] != groups[1, 0]


def test_people_must_fill_the_batch() -> None:
    with pytest.raises(ConfigError, match=r"data\.per_person is 3, which does not divide run\.batch \(4\)"):
        Sampler(np.ones(9), 4, seed=0, per_person=3)
