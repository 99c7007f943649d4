"""The reference: training faces by size, and FaceBN that compares with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fewpix.adapt.reference import Reference, beside, load_reference, reference_of, save_reference
from fewpix.adapt.stats import LayerStats, NormState, load_state, mix, save_state
from fewpix.errors import ConfigError, InputError, WeightsError


def layer(mean: float, var: float, count: int = 10) -> LayerStats:
    return LayerStats(np.array([mean, 0.0]), np.array([var, 1.0]), count)


def reference(**changes: object) -> Reference:
    values: dict[str, object] = {
        "model_sha256": "a" * 64,
        "faces_sha256": "f" * 64,
        "chain": "train: in words",
        "seed": 3,
        "sizes": {16: {"bn": layer(4.0, 2.0)}, 8: {"bn": layer(0.0, 1.0)}, 32: {"bn": layer(5.0, 3.0)}},
    }
    return Reference(**{**values, **changes})  # type: ignore[arg-type]


def test_the_mixture_with_a_reference_by_hand():
    """Half of the shift; half of the change of the spread, on a scale of ratios."""
    target = LayerStats(np.array([5.0]), np.array([8.0]), 9, LayerStats(np.array([3.0]), np.array([2.0]), 9))
    mean, var = mix(np.array([1.0]), np.array([10.0]), target, 0.5)
    assert mean[0] == 1 + 0.5 * (5 - 3)
    assert var[0] == pytest.approx(10 * ((8 + 0.01) / (2 + 0.01)) ** 0.5)
    mean, var = mix(np.array([1.0]), np.array([10.0]), target, 1.0)
    assert (mean[0], var[0]) == (1.0, 10.0)


def test_a_target_like_training_faces_of_its_size_changes_nothing():
    base = layer(7.0, 0.3)
    for weight in (0.0, 0.3, 1.0):
        mean, var = mix(np.array([1.0, 2.0]), np.array([4.0, 5.0]), replace(base, reference=base), weight)
        assert (mean.tolist(), var.tolist()) == ([1.0, 2.0], [4.0, 5.0])


def test_a_silent_channel_does_not_blow_up():
    target = LayerStats(np.array([0.0]), np.array([1.0]), 9, LayerStats(np.array([0.0]), np.array([0.0]), 9))
    assert mix(np.array([0.0]), np.array([1.0]), target, 0.0)[1][0] == pytest.approx(1001, rel=1e-3)
    dead = LayerStats(np.array([0.0]), np.array([0.0]), 9, LayerStats(np.array([0.0]), np.array([0.0]), 9))
    assert mix(np.array([0.0]), np.array([0.0]), dead, 0.0)[1][0] == 0


def test_faces_between_two_sizes_count_for_both():
    found = reference()
    assert list(found.sizes) == [8, 16, 32]
    for pixels, mean, var in (
        ([8], 0.0, 1.0),
        ([5], 0.0, 1.0),  # below the smallest
        ([200], 5.0, 3.0),  # above the largest
        ([16, 16, 16], 4.0, 2.0),
        ([8, 16], 2.0, 1.5 + 4.0),  # half of each: the means are 2 away from their middle
    ):
        got = found.at(pixels)["bn"]
        assert got.mean[0] == pytest.approx(mean)
        assert got.var[0] == pytest.approx(var)
    middle = found.at([round(8 * 2**0.5)])["bn"]  # 11 px, a little less than half way on a log scale
    share = np.log(11 / 8) / np.log(2)
    assert middle.mean[0] == pytest.approx(4 * share)
    with pytest.raises(ConfigError, match="no faces"):
        found.at([])


def test_sizes_have_the_same_layers():
    with pytest.raises(ConfigError, match="the same layers"):
        reference(sizes={8: {"bn": layer(0, 1)}, 16: {"other": layer(0, 1)}})
    with pytest.raises(ConfigError, match="at least one size"):
        reference(sizes={})
    with pytest.raises(ConfigError, match="the reference has 3"):
        replace(layer(0, 1), reference=LayerStats(np.zeros(3), np.ones(3), 1))


def test_a_file_gives_back_what_was_written(tmp_path: Path):
    weights = tmp_path / "student.safetensors"
    path = beside(weights)
    assert path.name == "student.reference.safetensors"
    assert reference_of(weights, "a" * 64) is None
    save_reference(path, reference())
    found = reference_of(weights, "a" * 64)
    assert found is not None
    assert found.id == reference().id
    assert (found.chain, found.seed, list(found.sizes)) == ("train: in words", 3, [8, 16, 32])
    np.testing.assert_array_equal(found.sizes[16]["bn"].mean, [4.0, 0.0])
    assert reference(sizes={8: {"bn": layer(0, 2)}}).id != found.id
    with pytest.raises(WeightsError, match="belongs to the model aaaaaaaaaaaa"):
        reference_of(weights, "b" * 64)
    first = path.read_bytes()
    save_reference(path, reference())
    assert path.read_bytes() == first


def test_other_files_are_refused(tmp_path: Path):
    path = tmp_path / "x.reference.safetensors"
    with pytest.raises(InputError, match="no reference at"):
        load_reference(path)
    path.write_bytes(b"hello")
    with pytest.raises(WeightsError, match="is not a reference"):
        load_reference(path)
    save_reference(path, reference())
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(WeightsError, match="is damaged"):
        load_reference(path)


def test_a_state_keeps_what_it_was_compared_with(tmp_path: Path):
    def state(base: LayerStats | None) -> NormState:
        layers = {"bn": replace(layer(1.0, 2.0), reference=base)}
        return NormState("a" * 64, "prior", 0.5, 40, "2026-01-02", "a yard", layers)

    with_one = state(layer(0.5, 1.0))
    assert with_one.id != state(None).id != state(layer(0.6, 1.0)).id
    save_state(tmp_path / "s.safetensors", with_one)
    found = load_state(tmp_path / "s.safetensors")
    assert found.id == with_one.id
    assert found.has_reference
    assert found.to_json()["reference"] is True
    assert "compared with training faces of that size" in str(found)
    base = found.layers["bn"].reference
    assert base is not None
    assert (base.mean.tolist(), base.var.tolist(), base.count) == ([0.5, 0.0], [1.0, 1.0], 10)
    assert not state(None).has_reference
