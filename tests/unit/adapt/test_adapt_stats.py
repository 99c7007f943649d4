"""NormState as data: the mixture is a true mixture, and the file gives back what was written."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from fewpix.adapt.stats import (
    METADATA_KEY,
    LayerStats,
    NormState,
    load_state,
    mix,
    save_state,
    source_state,
)
from fewpix.errors import ConfigError, InputError, StorageError, WeightsError


def layer(seed: int, channels: int = 5, count: int = 40) -> LayerStats:
    rng = np.random.default_rng(seed)
    return LayerStats(rng.normal(size=channels), rng.uniform(0.1, 3, channels), count)


def state(**changes: object) -> NormState:
    values: dict[str, object] = {
        "model_sha256": "b" * 64,
        "mode": "prior",
        "weight": 0.25,
        "count": 40,
        "date": "2026-01-02",
        "source": "a yard at night",
        "layers": {"stem.bn": layer(0), "head.bn": layer(1, 3)},
    }
    return NormState(**(values | changes))


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5, 1.0])
def test_mix_gives_the_moments_of_the_pooled_values(weight: float):
    rng = np.random.default_rng(0)
    values = 2000
    taken = round(weight * values)
    source, target = rng.normal(3, 1, (taken, 4)), rng.normal(-2, 0.5, (values - taken, 4))
    pooled = np.concatenate([source, target])
    moments = LayerStats(*(target.mean(0), target.var(0)) if len(target) else (np.zeros(4), np.ones(4)), 7)
    own = (source.mean(0), source.var(0)) if taken else (np.zeros(4), np.ones(4))
    mean, var = mix(*own, moments, weight)
    np.testing.assert_allclose(mean, pooled.mean(0), atol=1e-12)
    np.testing.assert_allclose(var, pooled.var(0), atol=1e-12)


def test_mix_at_the_ends_is_exact():
    target, mean, var = layer(1), np.float32([0.1] * 5), np.float32([0.7] * 5)
    assert np.array_equal(np.stack(mix(mean, var, target, 0)), np.stack([target.mean, target.var]))
    assert np.array_equal(np.stack(mix(mean, var, target, 1)), np.stack([mean, var]).astype(np.float64))


def test_a_file_gives_back_the_state(tmp_path: Path):
    path = tmp_path / "new" / "yard.safetensors"
    save_state(path, state())
    read = load_state(path)
    assert read.id == state().id
    assert read.to_json() == state().to_json()
    for name, expected in state().layers.items():
        assert read.layers[name].mean.tobytes() == expected.mean.tobytes()
        assert read.layers[name].var.tobytes() == expected.var.tobytes()
        assert read.layers[name].count == expected.count


def test_the_id_names_what_changes_an_embedding():
    assert state(date="2030-01-01", source="elsewhere").id == state().id
    others = [
        state(weight=0.26),
        state(model_sha256="c" * 64),
        state(layers={"stem.bn": layer(0)}),
        state(layers={"stem.bn": layer(2), "head.bn": layer(1, 3)}),
        state(layers={"stem.bn2": layer(0), "head.bn": layer(1, 3)}),
    ]
    assert len({state().id, *(other.id for other in others)}) == 6


def test_the_source_is_a_state_without_layers(tmp_path: Path):
    none = source_state("b" * 64, count=40, source="a yard by day", date="2026-01-02")
    assert (none.mode, none.weight, dict(none.layers)) == ("source", 1.0, {})
    save_state(tmp_path / "none.safetensors", none)
    assert load_state(tmp_path / "none.safetensors").to_json() == none.to_json()


def test_sizes_and_what_was_forced_are_kept_and_shown(tmp_path: Path):
    kept = state(pixels=(12, 20), forced=("it does harm", "one person"))
    assert kept.id == state().id, "neither changes an embedding"
    save_state(tmp_path / "s.safetensors", kept)
    read = load_state(tmp_path / "s.safetensors")
    assert (read.pixels, read.forced) == ((12, 20), ("it does harm", "one person"))
    assert "40 faces of 12 to 20 px" in str(read)
    assert str(read).splitlines()[1:] == ["  forced although it does harm", "  forced although one person"]
    assert "40 faces of 16 px (" in str(state(pixels=(16, 16)))


def test_a_file_from_before_there_were_sizes_is_read(tmp_path: Path):
    path = tmp_path / "old.safetensors"
    save_state(path, state())
    with safe_open(str(path), framework="numpy") as file:
        header = json.loads(file.metadata()[METADATA_KEY])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    del header["pixels"], header["forced"]
    save_file(tensors, str(path), metadata={METADATA_KEY: json.dumps(header)})
    assert load_state(path).to_json() == state().to_json()


def test_a_state_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        state().weight = 1.0
    with pytest.raises(TypeError):
        state().layers["x"] = layer(0)
    with pytest.raises(ValueError, match="read-only"):
        state().layers["stem.bn"].mean[0] = 0
    given = np.zeros(5)
    kept = LayerStats(given, np.ones(5), 1)
    given[0] = 9
    assert kept.mean[0] == 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"mode": "beta"}, "mode"),
        ({"mode": "source"}, "changes nothing"),
        ({"weight": 1.5}, "weight"),
        ({"weight": float("nan")}, "weight"),
        ({"count": 0}, "count"),
    ],
)
def test_a_wrong_value_is_named(changes: dict[str, object], named: str):
    with pytest.raises(ConfigError, match=named):
        state(**changes)


@pytest.mark.parametrize(
    ("mean", "var", "count"),
    [
        ([0.0], [-1.0], 1),
        ([np.nan], [1.0], 1),
        ([0.0, 1.0], [1.0], 1),
        ([0.0], [1.0], 0),
        ([[0.0]], [[1.0]], 1),
    ],
)
def test_impossible_moments_are_refused(mean: list[float], var: list[float], count: int):
    with pytest.raises(ConfigError, match="layer statistics"):
        LayerStats(np.array(mean), np.array(var), count)


def test_it_says_what_it_is():
    text = str(state())
    assert "40 faces" in text
    assert "a yard at night" in text
    json.dumps(state().to_json())


def test_no_file():
    with pytest.raises(InputError, match="no state at"):
        load_state(Path("nowhere.safetensors"))


def test_what_is_not_a_state_is_refused(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"not safetensors at all")
    with pytest.raises(WeightsError, match="is not a NormState"):
        load_state(path)
    save_file({"a": np.zeros(3, dtype=np.float32)}, str(path))
    with pytest.raises(WeightsError, match="is not a NormState"):
        load_state(path)
    save_file({"a.mean": np.zeros(3)}, str(path), metadata={METADATA_KEY: '{"layers": {"a": 3}}'})
    with pytest.raises(WeightsError, match="is not a NormState"):
        load_state(path)
    save_file({"a.mean": np.zeros(3)}, str(path), metadata={METADATA_KEY: "[1]"})
    with pytest.raises(WeightsError, match="is not a NormState"):
        load_state(path)


def test_a_changed_byte_is_noticed(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    save_state(path, state())
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(WeightsError):
        load_state(path)


def test_a_target_that_cannot_be_written_leaves_nothing(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        save_state(tmp_path / "file" / "x.safetensors", state())
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.safetensors"
    layer = LayerStats(np.zeros(3), np.ones(3), 40)
    save_state(path, NormState("a" * 64, "prior", 0.5, 40, "2026-01-01", "here", {"bn": layer}))
    before = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="No space left"):
        save_state(path, NormState("b" * 64, "prior", 0.5, 40, "2026-01-01", "here", {"bn": layer}))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
