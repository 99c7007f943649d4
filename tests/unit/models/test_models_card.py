"""Cards and spaces: what a weights file says of itself, read strictly."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fewpix.errors import ConfigError
from fewpix.image.preprocess import Preprocess
from fewpix.models.card import Card
from fewpix.models.space import Space

SPACE = Space("ab" * 32, 128)
CARD = Card(
    name="fewpix-s",
    arch="lr24-s",
    sha256="cd" * 32,
    space=SPACE,
    preprocess=Preprocess(24, "rgb", (127.5, 127.5, 127.5), (127.5, 127.5, 128.0)),
    terms="research ½",
    provenance={"recipe": {"run": {"steps": 3}}, "held_out": None, "figures": [0.5, 1]},
)


def test_a_card_reads_back_as_it_was() -> None:
    text = CARD.to_text()
    assert Card.from_text(text, "x") == CARD
    assert Card.from_text(text, "x").to_text() == text
    assert replace(CARD, provenance=dict(reversed(CARD.provenance.items()))).to_text() == text


def test_terms_and_provenance_may_be_left_out() -> None:
    data = {
        key: value for key, value in json.loads(CARD.to_text()).items() if key not in ("terms", "provenance")
    }
    card = Card.from_text(json.dumps(data), "x")
    assert (card.terms, card.provenance, card.space) == ("", {}, SPACE)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"licence": "x"}, "unknown key 'licence'.*known: arch, name"),
        ({"name": 5}, "card's 'name' must be a text, not 5"),
        ({"sha256": None}, "card's 'sha256' must be a text"),
        ({"terms": ["a"]}, "card's 'terms' must be a text"),
        ({"space": "ab"}, "card's 'space' must be an object"),
        ({"preprocess": []}, "card's 'preprocess' must be an object"),
        ({"provenance": 5}, "card's 'provenance' must be an object"),
        ({"space": {"teacher_sha256": "a", "dim": 1.5, "normalised": True}}, "space: 'dim' must be int"),
        ({"space": {"teacher_sha256": "a", "dim": True, "normalised": True}}, "space: 'dim' must be int"),
        ({"space": {"teacher_sha256": "a", "dim": 1}}, "space: 'normalised' must be bool, not None"),
        ({"space": {**SPACE.to_json(), "metric": "l2"}}, "space: unknown key 'metric'"),
        ({"preprocess": {"side": 24}}, "preprocess: missing key"),
        ({"preprocess": {**CARD.preprocess.to_json(), "crop": 1}}, "preprocess: unknown key 'crop'"),
        ({"preprocess": {**CARD.preprocess.to_json(), "color": "rbg"}}, "color must be 'rgb' or 'bgr'"),
    ],
)
def test_a_wrong_card_names_its_file_and_the_key(change: dict[str, Any], says: str) -> None:
    text = json.dumps({**json.loads(CARD.to_text()), **change})
    with pytest.raises(ConfigError, match=f"^model.onnx: .*{says}"):
        Card.from_text(text, "model.onnx")


@pytest.mark.parametrize("key", ["name", "arch", "sha256", "space", "preprocess"])
def test_a_missing_key_is_named(key: str) -> None:
    data = json.loads(CARD.to_text())
    del data[key]
    with pytest.raises(ConfigError, match=f"'{key}'"):
        Card.from_text(json.dumps(data), "x")


@pytest.mark.parametrize(
    ("text", "says"), [("{", "not JSON"), ("[]", "not a JSON object"), ("5", "not a JSON object")]
)
def test_what_is_no_card(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Card.from_text(text, "x")


def test_the_fingerprint_tells_spaces_apart() -> None:
    spaces = [SPACE, Space("ac" * 32, 128), Space("ab" * 32, 64), Space("ab" * 32, 128, normalised=False)]
    assert len({space.fingerprint for space in spaces}) == 4
    # Galleries on disk hold it: it must never change.
    assert SPACE.fingerprint == "5c0ed6764fe6a2cb"
    assert Space.from_json(SPACE.to_json()) == SPACE
    assert str(SPACE) == f"space {SPACE.fingerprint} (teacher abababababab, 128 dimensions)"
