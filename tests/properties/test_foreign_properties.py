"""Files that were spoilt anywhere: each loader takes them, or raises an error of fewpix."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fewpix.adapt.stats import LayerStats, NormState, pack_state, unpack_state
from fewpix.calibration.file import SHIPPED, read_calibration
from fewpix.errors import FewpixError
from fewpix.evaluate.result.file import read_result
from fewpix.evaluate.result.read import parsed
from fewpix.gallery.exchange import export_gallery, read_document
from fewpix.gallery.store import Gallery
from fewpix.models.card import Card
from fewpix.models.space import Space
from fewpix.models.teacher import foreign
from fewpix.train.journal import Journal
from fewpix.train.recipe import load_recipe
from linear_onnx import write_single

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def places(value: object, at: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Where something stands in a JSON value; of long lists the first places only."""
    found = [at] if at else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*at, key))
    elif isinstance(value, list):
        for n, inner in enumerate(value[:2]):
            found += places(inner, (*at, n))
    return found


def spoilt(draw: st.DataObject, value: object) -> str:
    """The value with something else in one place, or bytes that are not JSON."""
    made = json.loads(json.dumps(value))
    for _ in range(draw.draw(st.integers(1, 2))):
        *path, last = draw.draw(st.sampled_from(places(made)))
        inner = made
        for key in path:
            inner = inner[key]
        inner[last] = draw.draw(JSON)
        if not places(made):
            break
    text = json.dumps(made)
    return text[: draw.draw(st.integers(0, len(text)))] if draw.draw(st.integers(0, 9)) == 0 else text


def loaders(folder: Path) -> dict[str, tuple[object, Callable[[str], None]]]:
    """What is written by each, and how it is read."""
    space = Space("a" * 64, 4)
    with Gallery.open(folder / "g.db", space) as gallery:
        row = np.eye(4, dtype=np.float32)[0]
        gallery.add("anna", row, pixels=20, encoder_sha256="b" * 64, state_id="", source="x")
        export_gallery(gallery, folder / "x.json")
    layers = {"bn": LayerStats(np.zeros(2), np.ones(2), 9)}
    state = pack_state(NormState("a" * 64, "batch", 0.0, 9, "2026-11-29", "here", layers))
    length = struct.unpack("<Q", state[:8])[0]
    header = json.loads(json.loads(state[8 : 8 + length])["__metadata__"]["fewpix_state"])
    card = json.loads((folder / "w.onnx.json").read_text())
    whole = {"name": "x", "arch": "lr24-tiny", "sha256": "a" * 64, "space": space.to_json()}

    def read_import(text: str) -> None:
        (folder / "y.json").write_text(text)
        read_document(folder / "y.json")

    def read_card(text: str) -> None:
        Card.from_text(text, "a card")

    def read_state(text: str) -> None:
        outer = json.loads(state[8 : 8 + length])
        outer["__metadata__"]["fewpix_state"] = text
        head = json.dumps(outer).encode()
        unpack_state(struct.pack("<Q", len(head)) + head + state[8 + length :], "a state")

    def read_side(text: str) -> None:
        (folder / "w.onnx.json").write_text(text)
        foreign(folder / "w.onnx")

    def read_journal(text: str) -> None:
        (folder / "j.jsonl").write_text(text + "\n")
        Journal(folder / "j.jsonl").cut(3)

    def read_payload(text: str) -> None:
        (folder / "r.json").write_text(text)
        parsed(read_result(folder / "r.json"))

    def read_rates(text: str) -> None:
        (folder / "c.json").write_text(text)
        read_calibration(folder / "c.json")

    calibration = json.loads(SHIPPED.read_text())
    return {
        "import": (json.loads((folder / "x.json").read_text()), read_import),
        "state": (header, read_state),
        "side file": (card, read_side),
        "card": (whole | {"preprocess": card["preprocess"]}, read_card),
        "journal": ({"step": 1, "kind": "step", "total": 0.5}, read_journal),
        "result": ({"schema": "comparison-1", "of": "pairs-1", "differences": []}, read_payload),
        "calibration": (calibration, read_rates),
    }


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[object, Callable[[str], None]]]:
    folder = tmp_path_factory.mktemp("spoilt")
    write_single(folder / "w.onnx")
    return loaders(folder)


@pytest.mark.parametrize("name", ["import", "state", "side file", "card", "journal", "result", "calibration"])
@given(draw=st.data())
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_what_is_spoilt_anywhere_is_refused_as_ours(
    name: str, draw: st.DataObject, known: dict[str, tuple[object, Callable[[str], None]]]
) -> None:
    """A loader takes it, or says what is wrong in an error of fewpix: nothing else ever comes out."""
    value, read = known[name]
    with suppress(FewpixError):
        read(spoilt(draw, value))


@given(text=st.text(max_size=40) | st.binary(max_size=40))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_any_recipe(text: str | bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("recipe") / "r.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with pytest.raises(FewpixError):
        load_recipe(path)
