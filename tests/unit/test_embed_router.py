"""The router sends each face to the encoder for its size, and keeps the order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.embed.router import TABLE, Router, read_crossover
from fewpix.errors import ConfigError, SpaceError, WeightsError
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.models.shipped import STUDENTS
from fewpix.models.space import Space

SPACE = Space("a" * 64, 3)


@dataclass
class Fake:
    """Writes the side of each crop behind a one; remembers what it was given."""

    name: str
    space: Space = SPACE
    seen: list[int] = field(default_factory=list)
    runtime: str = "onnxruntime"
    device: str = "cpu"
    state_id: str = ""

    @property
    def card(self) -> Card:
        zero, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        return Card(
            self.name, "onnx", self.name * 16, self.space, Preprocess(24, "rgb", zero, one), terms="free"
        )

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        self.seen += [crop.shape[0] for crop in crops]
        return np.array([[1, crop.shape[0], len(self.name)] for crop in crops], dtype=np.float32).reshape(
            -1, 3
        )


def crops(*sides: int) -> list[Crop]:
    return [np.zeros((side, side, 3), dtype=np.uint8) for side in sides]


def test_each_face_goes_to_the_encoder_for_its_size():
    teacher, student = Fake("teacher"), Fake("small")
    rows = Router(teacher, student, 14).embed(crops(112, 8, 14, 13, 12, 60))
    assert teacher.seen == [112, 14, 60]
    assert student.seen == [8, 13, 12]
    assert rows[:, 1].tolist() == [112, 8, 14, 13, 12, 60]
    assert rows[:, 2].tolist() == [7, 5, 7, 5, 5, 7]


def test_an_encoder_without_faces_is_not_called():
    teacher, student = Fake("teacher"), Fake("small")
    router = Router(teacher, student, 14)
    assert router.embed([]).shape == (0, 3)
    router.embed(crops(8, 9))
    assert teacher.seen == []
    assert router.encoder(13.9) is student
    assert router.encoder(14) is teacher


def test_its_card_names_both():
    student = Fake("small", state_id="5" * 16)
    router = Router(Fake("teacher"), student, 14)
    assert router.card.name == "auto"
    assert router.card.space == student.space
    assert router.card.provenance == {"student": "small" * 16, "teacher": "teacher" * 16, "crossover_px": 14}
    assert router.state_id == student.state_id
    assert router.card.sha256 == Router(Fake("teacher"), Fake("small"), 14).card.sha256
    assert router.card.sha256 != Router(Fake("teacher"), student, 15).card.sha256
    assert router.card.sha256 != Router(Fake("teacher"), Fake("other"), 14).card.sha256


def test_two_spaces_are_refused():
    with pytest.raises(SpaceError, match=r"small writes into space .*, teacher into space"):
        Router(Fake("teacher"), Fake("small", space=Space("b" * 64, 3)), 14)


def test_every_shipped_student_has_a_crossover():
    for name in STUDENTS:
        assert 8 <= read_crossover(name) <= 112
    assert json.loads(TABLE.read_text(encoding="utf-8"))["source"]


def test_a_table_without_the_student_or_without_sense(tmp_path: Path):
    with pytest.raises(ConfigError, match="no crossover was measured for 'somebody'"):
        read_crossover("somebody")
    path = tmp_path / "router.json"
    for text in ("", "[]", '{"crossover_px": 3}', '{"crossover_px": {"fewpix-s": "wide"}}'):
        path.write_text(text)
        with pytest.raises(WeightsError, match="is not a table of crossovers"):
            read_crossover("fewpix-s", path)
    with pytest.raises(WeightsError):
        read_crossover("fewpix-s", tmp_path / "absent.json")
