"""What is familiar to a student, by size, and FaceBN that moves only beyond it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fewpix.adapt.expected import Expected
from fewpix.adapt.reference import Familiar, Reference, beside, load_reference, reference_of, save_reference
from fewpix.adapt.stats import LayerStats, Mode, NormState, load_state, mix, save_state
from fewpix.errors import ConfigError, InputError, WeightsError


def one(*values: float) -> list[np.ndarray]:
    return [np.array([value]) for value in values]


def layer(mean: float, var: float, *spreads: float) -> Familiar:
    found = spreads or (0.3, 4.0, 0.2, 1.0)
    return Familiar(np.array([mean, 0.0]), np.array([var, 1.0]), *(np.array([value, 0.0]) for value in found))


def reference(**changes: object) -> Reference:
    values: dict[str, object] = {
        "model_sha256": "a" * 64,
        "faces_sha256": "f" * 64,
        "chain": "train: in words",
        "seed": 3,
        "faces": 100,
        "sizes": {16: {"bn": layer(4.0, 2.0)}, 8: {"bn": layer(0.0, 1.0)}, 32: {"bn": layer(5.0, 3.0)}},
    }
    return Reference(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("sign", [1, -1])
def test_only_what_lies_beyond_two_spreads_moves_the_source(sign: int):
    """Mean: 3 away, 2 of them familiar. Variance: a factor of e³, e of it familiar."""
    familiar = Expected(*one(sign * 2, 2, 1, 0.5))
    target = LayerStats(*one(sign * 5, (2 + 0.01) * np.exp(sign * 3) - 0.01), 9, familiar)
    for weight in (0.0, 0.25, 1.0):
        mean, var = mix(*one(sign, 10), target, weight)
        assert mean[0] == pytest.approx(sign + sign * (1 - weight) * 1)
        assert var[0] == pytest.approx(10 * np.exp(sign * (1 - weight) * 2))


def test_a_target_within_the_spreads_changes_nothing():
    familiar = Expected(
        np.array([1.0, 2.0]), np.array([4.0, 0.5]), np.array([0.5, 0.5]), np.array([0.2, 0.2])
    )
    for shift in (-1.0, -0.4, 0.0, 1.0):
        target = LayerStats(familiar.mean + shift, familiar.var * np.exp(0.4 * shift), 9, familiar)
        mean, var = mix(np.array([1.5, 2.5]), np.array([4.0, 5.0]), target, 0.0)
        assert (mean.tolist(), var.tolist()) == ([1.5, 2.5], [4.0, 5.0])


def test_a_silent_channel_does_not_blow_up():
    silent = Expected(*one(0, 0, 0, 0))
    target = LayerStats(*one(0, 1), 9, silent)
    assert mix(*one(0, 1), target, 0.0)[1][0] == pytest.approx(1001, rel=1e-3)
    dead = LayerStats(*one(0, 0), 9, silent)
    assert mix(*one(0, 0), dead, 0.0)[1][0] == 0


def test_few_faces_are_allowed_to_be_further_away():
    """The spread of n faces at one place: √(0.3² + 4²/n); of the logarithm of the variance √(0.2² + 1/n)."""
    for count in (1, 16, 400):
        found = reference().at([8] * count)["bn"]
        assert found.mean_spread[0] == pytest.approx(np.hypot(0.3, 4 / count**0.5))
        assert found.var_spread[0] == pytest.approx(np.hypot(0.2, 1 / count**0.5))


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
    other = reference(sizes={8: {"bn": layer(0, 1, 3, 0, 0, 0)}, 16: {"bn": layer(0, 1, 4, 0, 2, 0)}})
    got = other.at([8, 16])["bn"]
    assert (got.mean_spread[0], got.var_spread[0]) == pytest.approx((12.5**0.5, 2**0.5))
    with pytest.raises(ConfigError, match="no faces"):
        found.at([])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="the same layers"):
        reference(sizes={8: {"bn": layer(0, 1)}, 16: {"other": layer(0, 1)}})
    with pytest.raises(ConfigError, match="at least one size"):
        reference(sizes={})
    expected = Expected(np.zeros(3), *[np.ones(3)] * 3)
    with pytest.raises(ConfigError, match="2 channels, 3 are expected"):
        LayerStats(np.zeros(2), np.ones(2), 1, expected)
    with pytest.raises(ConfigError, match="of one length"):
        Expected(np.zeros(3), np.ones(2), np.ones(3), np.ones(3))
    with pytest.raises(ConfigError, match="of one length"):
        Familiar(np.zeros(2), *[np.ones(2)] * 4, np.ones(3))
    for values in ((0, -1, 1, 1), (0, 1, -1, 1), (0, 1, 1, np.nan)):
        with pytest.raises(ConfigError, match="must be finite"):
            Expected(*one(*values))
    for n in range(1, 6):
        parts = [1.0] * 6
        parts[n] = -1.0
        with pytest.raises(ConfigError, match="familiar statistics must be finite"):
            Familiar(*one(*parts))


def test_a_file_gives_back_what_was_written(tmp_path: Path):
    weights = tmp_path / "student.safetensors"
    path = beside(weights)
    assert path.name == "student.reference.safetensors"
    assert reference_of(weights, "a" * 64) is None
    save_reference(path, reference())
    found = reference_of(weights, "a" * 64)
    assert found is not None
    assert found.id == reference().id
    assert (found.chain, found.seed, found.faces) == ("train: in words", 3, 100)
    assert list(found.sizes) == [8, 16, 32]
    for part, value in vars(layer(4.0, 2.0)).items():
        np.testing.assert_array_equal(getattr(found.sizes[16]["bn"], part), value.astype(np.float32))
    for n in range(4):
        spreads = [0.3, 4.0, 0.2, 1.0]
        spreads[n] = 9
        assert reference(sizes={8: {"bn": layer(0, 1, *spreads)}}).id != found.id
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
    data[-4] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(WeightsError, match="is damaged"):
        load_reference(path)


def test_a_state_keeps_what_was_expected(tmp_path: Path):
    def state(expected: Expected | None, mode: str = "excess") -> NormState:
        found = LayerStats(np.array([1.0, 0.0]), np.array([2.0, 1.0]), 40, expected)
        return NormState("a" * 64, mode, 0.0, 40, "2026-01-02", "a yard", {"bn": found})  # type: ignore[arg-type]

    expected = layer(0.5, 1.0).of(40)
    made = state(expected)
    others = [state(None, "batch").id]
    for part, value in vars(expected).items():
        others.append(state(replace(expected, **{part: value + 0.1})).id)
    assert len({made.id, *others}) == 6
    save_state(tmp_path / "s.safetensors", made)
    found = load_state(tmp_path / "s.safetensors")
    assert (found.id, found.mode) == (made.id, "excess")
    assert "excess from 40 faces (a yard" in str(found)
    kept = found.layers["bn"].expected
    assert kept is not None
    for part, value in vars(expected).items():
        np.testing.assert_array_equal(getattr(kept, part), value)
    for expectation, mode in ((None, "excess"), (expected, "batch")):
        with pytest.raises(ConfigError, match="'excess', and no other"):
            state(expectation, mode)


def test_drift_is_the_share_of_channels_that_are_unlike_training() -> None:
    """Of mean or variance, by more than two spreads; nothing is known without what is expected."""
    known = Expected(np.zeros(4), np.ones(4), np.full(4, 0.1), np.full(4, 0.1))

    def drift(mean: list[float], var: list[float], expected: Expected | None = known) -> float | None:
        layer = LayerStats(np.array(mean), np.array(var), 40, expected)
        mode: Mode = "prior" if expected is None else "excess"
        return NormState("c" * 64, mode, 0.0, 40, "2026-01-01", "a yard", {"l": layer}).drift

    like = [1.0, 1.2, 1 / 1.2, 1.0]
    assert drift([0.0, 0.19, -0.19, 0.1], like) == 0
    assert drift([0.0, 0.21, -0.21, 0.1], like) == 0.5
    assert drift([0.0, 0.21, -0.21, 0.1], [1.25, 1.25, 1.0, 0.0]) == 1
    assert drift([0.0] * 4, like, None) is None
