"""Teachers: SFace folded once and cached, and any ONNX face encoder by path."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from fewpix.embed.open import open_encoder
from fewpix.errors import InputError, WeightsError
from fewpix.files import sha256_file
from fewpix.image.preprocess import Preprocess
from fewpix.models.card import METADATA_KEY, Card
from fewpix.models.fold import folded
from fewpix.models.space import Space
from fewpix.models.teacher import SFACE_SHA256, embedded_card, foreign, sface

HAND = {"preprocess": {"side": 4, "color": "bgr", "mean": [10, 20, 30], "std": [1, 2, 4]}, "dim": 48}


@pytest.fixture
def pixels(tmp_path: Path) -> Path:
    """A foreign encoder whose embedding is its input."""
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["y"])],
        "pixels",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 48])],
    )
    path = tmp_path / "pixels.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def write_card(path: Path, data: object) -> None:
    path.with_name(path.name + ".json").write_text(json.dumps(data))


def test_a_foreign_encoder_with_a_card_written_by_hand(pixels: Path) -> None:
    write_card(pixels, HAND)
    model = foreign(pixels)
    assert model.path == pixels
    digest = sha256_file(pixels)
    assert model.card == Card(
        *("pixels", "onnx", digest, Space(digest, 48)),
        Preprocess(4, "bgr", (10.0, 20.0, 30.0), (1.0, 2.0, 4.0)),
    )
    write_card(pixels, {**HAND, "name": "mine", "terms": "own use"})
    assert (foreign(pixels).card.name, foreign(pixels).card.terms) == ("mine", "own use")


def test_a_foreign_encoder_embeds_what_its_card_says(pixels: Path) -> None:
    """Size, colour order and scaling reach the first layer."""
    write_card(pixels, HAND)
    rng = np.random.default_rng(0)
    face = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    for color in ("bgr", "rgb"):
        write_card(pixels, {**HAND, "preprocess": {**HAND["preprocess"], "color": color}})  # type: ignore[dict-item]
        seen = face.astype(np.float64)[:, :, :: -1 if color == "rgb" else 1]
        flat = ((seen - [10, 20, 30]) / [1, 2, 4]).transpose(2, 0, 1).ravel()
        (row,) = open_encoder(str(pixels), threads=1).embed([face])
        np.testing.assert_allclose(row, flat / np.linalg.norm(flat), atol=1e-6)


def test_a_card_inside_the_file_goes_first(pixels: Path) -> None:
    write_card(pixels, {"nonsense": True})
    card = Card("inside", "onnx", "d" * 64, Space("e" * 64, 48), Preprocess(4, "rgb", (0.0,) * 3, (1.0,) * 3))
    model = onnx.load(str(pixels))
    helper.set_model_props(model, {METADATA_KEY: card.to_text(), "author": "x"})
    onnx.save(model, str(pixels))
    assert embedded_card(pixels) == card.to_text()
    assert foreign(pixels).card == replace(card, sha256=sha256_file(pixels)), (
        "a file cannot hold its own hash"
    )
    claim = replace(card, space=Space(card.sha256, 48))
    helper.set_model_props(model, {METADATA_KEY: claim.to_text()})
    onnx.save(model, str(pixels))
    assert foreign(pixels).card.space.teacher_sha256 == sha256_file(pixels), "nor say whose space is its own"
    helper.set_model_props(model, {METADATA_KEY: card.to_text().replace('"side"', '"size"')})
    onnx.save(model, str(pixels))
    with pytest.raises(WeightsError, match=r"pixels\.onnx: the card's preprocess: .* key"):
        foreign(pixels)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({**HAND, "space": "mine"}, "the keys are"),
        ([], "the keys are"),
        ({"preprocess": HAND["preprocess"]}, "'dim' must be a whole number from 1 to 65536, not None"),
        ({**HAND, "dim": "48"}, "'dim' must be a whole number from 1 to 65536, not '48'"),
        ({**HAND, "dim": 0}, "'dim' must be"),
        ({**HAND, "dim": True}, "'dim' must be"),
        ({"dim": 48}, "'preprocess' must be an object, not None"),
        ({**HAND, "name": 5}, "'name' must be a text"),
        ({**HAND, "preprocess": {"side": 4}}, "preprocess: missing key"),
        ({**HAND, "preprocess": {**HAND["preprocess"], "std": [1, 0, 1]}}, "std above 0"),  # type: ignore[dict-item]
    ],
)
def test_a_wrong_card_is_named(data: object, says: str, pixels: Path) -> None:
    write_card(pixels, data)
    with pytest.raises(WeightsError, match=rf"pixels\.onnx\.json: .*{says}"):
        foreign(pixels)


def test_a_card_that_is_no_json(pixels: Path) -> None:
    beside = pixels.with_name("pixels.onnx.json")
    for bad in (b"{", b"\xff\xfe"):
        beside.write_bytes(bad)
        with pytest.raises(WeightsError, match=r"pixels\.onnx\.json is not JSON: .*preprocess"):
            foreign(pixels)


def test_nothing_is_guessed(pixels: Path, tmp_path: Path) -> None:
    with pytest.raises(
        WeightsError, match=r'does not say what it expects \(write pixels\.onnx\.json with \{"prep'
    ):
        foreign(pixels)
    with pytest.raises(InputError, match=r"no model at .*missing"):
        foreign(tmp_path / "missing.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    write_card(tmp_path / "text.onnx", HAND)
    with pytest.raises(WeightsError, match=r"text\.onnx is not an ONNX model"):
        foreign(tmp_path / "text.onnx")


def test_a_card_that_does_not_fit_its_model(pixels: Path) -> None:
    write_card(pixels, {**HAND, "preprocess": {**HAND["preprocess"], "side": 8}})  # type: ignore[dict-item]
    with pytest.raises(WeightsError, match="its card says"):
        open_encoder(str(pixels))
    write_card(pixels, {**HAND, "dim": 47})
    with pytest.raises(WeightsError, match="47"):
        open_encoder(str(pixels)).embed([np.zeros((4, 4, 3), np.uint8)])


@pytest.mark.needs("samples")
def test_sface_is_a_space_of_its_own() -> None:
    model = sface()
    assert model.card.sha256 == model.card.space.teacher_sha256 == SFACE_SHA256
    assert (model.card.space.dim, model.card.preprocess.side, model.card.preprocess.color) == (
        128,
        112,
        "rgb",
    )
    loaded = onnx.load(str(model.path), load_external_data=False)
    assert [item.name for item in loaded.graph.input] == ["data"]
    assert not {"DequantizeLinear", "Dropout"} & {node.op_type for node in loaded.graph.node}


def test_a_folded_file_is_made_once_and_again_when_damaged(
    pixels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEWPIX_CACHE", str(tmp_path / "cache"))
    path = folded(pixels, "f" * 64)
    assert path == tmp_path / "cache" / "folded" / f"{'f' * 16}.onnx"
    whole, made = path.read_bytes(), path.stat().st_mtime_ns
    assert folded(pixels, "f" * 64) == path
    assert path.stat().st_mtime_ns == made
    path.write_bytes(whole[: len(whole) // 2])
    assert folded(pixels, "f" * 64).read_bytes() == whole
    path.with_suffix(".sha256").unlink()
    made = path.stat().st_mtime_ns
    assert folded(pixels, "f" * 64).read_bytes() == whole
    assert path.stat().st_mtime_ns != made
