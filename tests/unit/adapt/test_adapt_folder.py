"""States of several cameras in one folder: found by name and model, and not written over by mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fewpix.adapt.folder import StateFolder, check_free, keep
from fewpix.adapt.stats import LayerStats, NormState, load_state, save_state
from fewpix.errors import InputError


def state(source: str, model: str = "a", mean: float = 0.0) -> NormState:
    stats = LayerStats(np.full(3, mean), np.ones(3), 40)
    return NormState(model * 64, "prior", 0.5, 40, "2026-01-02", source, {"bn": stats}, pixels=(12, 20))


def test_the_states_of_a_folder(tmp_path: Path):
    for name, kept in {"b": state("yard"), "a/x": state("gate"), "c": state("yard", "b")}.items():
        save_state(tmp_path / f"{name}.safetensors", kept)
    (tmp_path / "weights.safetensors").write_bytes(b"something else")
    (tmp_path / "notes.txt").write_text("no state")
    found = StateFolder.read(tmp_path)
    names = ["a/x.safetensors", "b.safetensors", "c.safetensors"]
    assert [name for name, _ in found.states] == names
    assert [name for name, _ in found.others] == ["weights.safetensors"]
    told = found.to_json()
    assert [item["path"] for item in told["states"]] == names
    assert [item["source"] for item in told["states"]] == ["gate", "yard", "yard"]
    assert told["others"] == ["weights.safetensors"]
    assert str(tmp_path) not in str(found)
    assert "12 to 20 px (gate" in str(found)
    assert found.of("gate", "a" * 64).id == state("gate").id
    assert found.of("yard", "b" * 64).model_sha256 == "b" * 64


def test_a_place_without_or_with_two_states_is_refused(tmp_path: Path):
    save_state(tmp_path / "one.safetensors", state("yard"))
    save_state(tmp_path / "two.safetensors", state("yard", mean=1.0))
    found = StateFolder.read(tmp_path)
    with pytest.raises(InputError, match="there is none"):
        found.of("gate", "a" * 64)
    with pytest.raises(InputError, match=r"there is one\.safetensors, two\.safetensors"):
        found.of("yard", "a" * 64)
    with pytest.raises(InputError, match="no folder"):
        StateFolder.read(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert str(StateFolder.read(tmp_path / "empty")) == "no states"


def test_only_the_same_place_is_written_over(tmp_path: Path):
    path = tmp_path / "s.safetensors"
    keep(path, state("yard"))
    keep(path, state("yard", mean=2.0))
    assert load_state(path).layers["bn"].mean[0] == 2
    for other in (state("gate"), state("yard", "b")):
        with pytest.raises(InputError, match=r"holds the state of 'yard' .* --replace"):
            keep(path, other)
    assert load_state(path).layers["bn"].mean[0] == 2
    keep(path, state("gate"), replace=True)
    assert load_state(path).source == "gate"


def test_what_is_no_state_is_not_written_over(tmp_path: Path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"weights")
    with pytest.raises(InputError, match="is not a state"):
        check_free(path, source="yard", model_sha256="a" * 64)
    assert path.read_bytes() == b"weights"
    check_free(tmp_path / "new.safetensors", source="yard", model_sha256="a" * 64)
