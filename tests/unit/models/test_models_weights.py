"""Weights files: rounded once, named by their tensors, refused when a bit is wrong."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fewpix.errors import InputError, StorageError, WeightsError
from fewpix.image.preprocess import Preprocess
from fewpix.models.card import METADATA_KEY, Card
from fewpix.models.space import Space
from fewpix.models.weights import Tensors, digest, load_weights, rounded, save_weights

CARD = Card("x", "lr24-tiny", "", Space("a" * 64, 4), Preprocess(24, "rgb", (0.0,) * 3, (1.0,) * 3))


def tensors() -> Tensors:
    rng = np.random.default_rng(0)
    return {
        "b.conv.weight": rng.standard_normal((5, 3, 3, 3)).astype(np.float32),
        "a.bn.running_var": np.array([1e-9, 1 / 3, 7e5], dtype=np.float32),
        "a.fc.weight": np.array([[1 / 3, -2.0], [1e-9, 65504.0]], dtype=np.float32),
    }


def test_matrices_are_rounded_to_float16_and_vectors_kept() -> None:
    before = {name: value.copy() for name, value in tensors().items()}
    given = tensors()
    found = rounded(given)
    assert found["a.fc.weight"].tolist() == [[0.333251953125, -2.0], [0.0, 65504.0]]
    np.testing.assert_array_equal(found["a.bn.running_var"], before["a.bn.running_var"])
    assert {value.dtype for value in found.values()} == {np.dtype(np.float32)}
    error = np.abs(found["b.conv.weight"] - before["b.conv.weight"])
    assert 0 < error.max() <= np.abs(before["b.conv.weight"]).max() * 2**-11
    for name, value in rounded(found).items():
        np.testing.assert_array_equal(value, found[name])
    for name, value in given.items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("value", [65520.0, -1e30, np.inf, np.nan])
def test_a_value_that_float16_lacks_is_named(value: float) -> None:
    with pytest.raises(WeightsError, match=r"'a\.fc\.weight' hold values that float16 cannot"):
        rounded({**tensors(), "a.fc.weight": np.array([[value]], dtype=np.float32)})


def test_a_vector_must_be_finite_too() -> None:
    assert rounded({"bias": np.array([1e30], dtype=np.float32)})["bias"][0] == np.float32(1e30)
    with pytest.raises(WeightsError, match="'bias'"):
        rounded({"bias": np.array([np.nan], dtype=np.float32)})


def test_a_reader_gets_the_rounded_tensors_under_their_digest(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.safetensors"
    card = save_weights(path, tensors(), replace(CARD, terms="tests", provenance={"steps": 3}))
    found, read = load_weights(path)
    expected = rounded(tensors())
    assert read == card
    assert read.sha256 == digest(expected) == digest(found)
    assert read.provenance == {"steps": 3}
    assert set(found) == set(expected)
    for name, value in found.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, expected[name])
    assert (
        path.stat().st_size < 2 * (5 * 27 + 4) + 4 * 3 + 1000
    )  # two bytes for a weight, four for a statistic
    again = tmp_path / "again.safetensors"
    save_weights(again, found, read)
    assert again.read_bytes() == path.read_bytes()


def test_the_digest_tells_names_shapes_and_values_and_not_the_layout() -> None:
    base = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "v": np.zeros(2, dtype=np.float32)}
    others = [
        {"W": base["w"], "v": base["v"]},
        {"w": base["w"].reshape(3, 2), "v": base["v"]},
        {"w": base["w"] + 1, "v": base["v"]},
        {"w": base["w"]},
    ]
    assert len({digest(base), *map(digest, others)}) == 5
    assert digest(dict(reversed(base.items()))) == digest(base)
    assert digest({**base, "w": np.asfortranarray(base["w"])}) == digest(base)
    # States and cards on disk name students by it: it must never change.
    assert digest(base).startswith("65304c1174a68792")


@pytest.mark.parametrize("place", [-1, -30, -150])
def test_one_damaged_byte(place: int, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_weights(path, tensors(), CARD)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"x\.safetensors is damaged: its tensors hash to .*copy it again"):
        load_weights(path)


def test_a_file_cut_short_or_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_weights(path, tensors(), CARD)
    whole = path.read_bytes()
    for bad in (whole[:-1], whole[:20], whole[:3], b"", b"hello" * 100, whole + b"\x00"):
        path.write_bytes(bad)
        with pytest.raises(WeightsError, match=r"x\.safetensors is not a safetensors file"):
            load_weights(path)
    with pytest.raises(InputError, match="no weights at"):
        load_weights(tmp_path / "missing.safetensors")
    with pytest.raises(InputError, match="no weights at"):
        load_weights(tmp_path)


def test_a_file_without_a_card(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    for metadata in (None, {}, {"format": "pt"}):
        save_file(tensors(), str(path), metadata=metadata)
        with pytest.raises(WeightsError, match="has no fewpix card"):
            load_weights(path)
    for text, says in (("{", "not JSON"), (json.dumps({"name": "x", "color": 1}), "unknown key 'color'")):
        save_file(tensors(), str(path), metadata={METADATA_KEY: text})
        with pytest.raises(WeightsError, match=rf"x\.safetensors: the card .*{says}"):
            load_weights(path)


@pytest.mark.needs("torch")
def test_numbers_of_a_kind_that_numpy_lacks(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file as save_torch

    path = tmp_path / "x.safetensors"
    save_torch({"w": torch.zeros(2, dtype=torch.bfloat16)}, str(path), {METADATA_KEY: CARD.to_text()})
    # NumPy knows bfloat16 once onnx is imported; then the digest is another one.
    with pytest.raises(WeightsError, match=r"bfloat16|is damaged"):
        load_weights(path)


def test_a_full_disk_leaves_the_old_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.safetensors"
    save_weights(path, tensors(), CARD)
    before = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match=r"cannot write .*x\.safetensors: No space left"):
        save_weights(path, {name: value + 1 for name, value in tensors().items()}, CARD)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["x.safetensors"]
