"""The router sends each face to the encoder for its size, and keeps the order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.embed.router import TABLE, Router, read_bands
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


def route(*encoders: tuple[float, Fake]) -> Router:
    return Router(encoders)


def test_each_face_goes_to_the_encoder_for_its_size():
    teacher, middle, student = Fake("teacher"), Fake("middle"), Fake("small")
    rows = route((0, student), (14, middle), (30, teacher)).embed(crops(112, 8, 14, 13, 12, 60, 29, 30))
    assert teacher.seen == [112, 60, 30]
    assert middle.seen == [14, 29]
    assert student.seen == [8, 13, 12]
    assert rows[:, 1].tolist() == [112, 8, 14, 13, 12, 60, 29, 30]
    assert rows[:, 2].tolist() == [7, 5, 6, 5, 5, 7, 6, 7]


def test_an_encoder_without_faces_is_not_called():
    teacher, student = Fake("teacher"), Fake("small")
    router = route((0, student), (14, teacher))
    assert router.embed([]).shape == (0, 3)
    router.embed(crops(8, 9))
    assert teacher.seen == []
    assert router.encoder(0.5) is student
    assert router.encoder(13.9) is student
    assert router.encoder(14) is teacher


def test_its_card_names_all():
    student = Fake("small", state_id="5" * 16)
    router = route((0, student), (14, Fake("teacher")))
    assert router.card.name == "auto"
    assert router.card.space == student.space
    assert router.card.provenance == {
        "bands": [
            {"from_px": 0, "model": "small", "sha256": "small" * 16},
            {"from_px": 14, "model": "teacher", "sha256": "teacher" * 16},
        ]
    }
    assert router.state_id == student.state_id
    assert router.card.sha256 == route((0, Fake("small")), (14, Fake("teacher"))).card.sha256
    assert router.card.sha256 != route((0, student), (15, Fake("teacher"))).card.sha256
    assert router.card.sha256 != route((0, Fake("other")), (14, Fake("teacher"))).card.sha256


def test_two_spaces_are_refused():
    with pytest.raises(SpaceError, match=r"small writes into space .*, teacher into space"):
        route((0, Fake("small", space=Space("b" * 64, 3))), (14, Fake("teacher")))


@pytest.mark.parametrize("starts", [(), (1, 14), (0, 14, 14), (0, 20, 14)])
def test_bands_that_leave_a_gap_or_overlap(starts: tuple[float, ...]):
    with pytest.raises(ConfigError, match="must begin at 0 px and rise"):
        Router([(start, Fake("small")) for start in starts])


def test_the_shipped_bands_name_models_of_the_package():
    bands = read_bands()
    assert [start for start, _ in bands] == sorted({start for start, _ in bands})
    assert bands[0][0] == 0
    assert all(8 < start <= 112 for start, _ in bands[1:])
    assert {name for _, name in bands} <= {*STUDENTS, "teacher"}
    assert bands[-1][1] == "teacher"
    assert json.loads(TABLE.read_text(encoding="utf-8"))["source"]


def test_a_table_without_sense(tmp_path: Path):
    path = tmp_path / "router.json"
    texts = (
        "",
        "[]",
        '{"bands": 3}',
        '{"bands": [{"model": "a"}]}',
        '{"bands": [{"from_px": "x", "model": "a"}]}',
    )
    for text in texts:
        path.write_text(text)
        with pytest.raises(WeightsError, match="is not a router's table"):
            read_bands(path)
    with pytest.raises(WeightsError):
        read_bands(tmp_path / "absent.json")
