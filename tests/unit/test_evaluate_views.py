"""Where pictures come from, how they become squares, and that none is ever made large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from fewpix.evaluate.views import View, embed_views
from numpy.typing import NDArray

from fewpix.errors import ConfigError, ImageError, InputError
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.pictures import PictureFiles, PictureSource
from fewpix.evaluate.view import aligned, fitted
from fewpix.image.codec import encode_image
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.models.space import Space


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@dataclass
class Memory:
    """Pictures that never were files."""

    images: list[NDArray[np.uint8]]

    @property
    def names(self) -> list[str]:
        return [f"{n}" for n in range(len(self.images))]

    def read(self, n: int) -> bytes:
        return encode_image(self.images[n])

    def origin(self, n: int) -> str:
        return f"memory, picture {n}"


@dataclass
class Sides:
    """Tells the side of what it is given, and keeps it."""

    seen: list[Crop] = field(default_factory=list)
    runtime: str = "test"
    device: str = "cpu"
    state_id: str = ""

    @property
    def card(self) -> Card:
        preprocess = Preprocess(8, "bgr", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        return Card("sides", "test", "0" * 64, Space("0" * 64, 2), preprocess)

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        self.seen += [crop.copy() for crop in crops]
        return np.array([[len(crop), 1] for crop in crops], dtype=np.float32)


def test_padding_repeats_the_border_and_keeps_the_middle() -> None:
    tall = noise(9, 4)
    padded = fitted("pad")(tall, "")
    assert padded.shape == (9, 9, 3)
    assert np.array_equal(padded[:, 2:6], tall)
    assert (padded[:, :2] == tall[:, :1]).all()
    assert (padded[:, 6:] == tall[:, -1:]).all()
    wide = np.ascontiguousarray(tall.transpose(1, 0, 2))
    assert np.array_equal(fitted("pad")(wide, ""), padded.transpose(1, 0, 2))


def test_stretching_keeps_the_longer_side_and_a_square_stays_what_it_is() -> None:
    assert fitted("stretch")(noise(5, 20), "").shape == (20, 20, 3)
    flat = np.full((5, 20, 3), 77, dtype=np.uint8)
    assert (fitted("stretch")(flat, "") == 77).all()
    square = noise(7, 7)
    for fit in ("pad", "stretch"):
        assert fitted(fit)(square, "") is square
    with pytest.raises(ConfigError, match="fit: there is no way 'cut'"):
        fitted("cut")
    with pytest.raises(ImageError, match="here is 7x7 px, not an aligned crop of 112x112 px"):
        aligned(square, "here")


@pytest.mark.parametrize("family", ["area", "noise"])
def test_a_picture_smaller_than_the_view_stays_as_it_is(family: str) -> None:
    images = [noise(30, 30), noise(10, 12, 1), noise(16, 16, 2), noise(3, 15, 3)]
    model = Sides()
    wanted = {View("m", size): np.ones(4, dtype=np.bool_) for size in (16, None)}
    degradation = Degradation(family)
    views = embed_views(Memory(images), {"m": model}, wanted, degradation, square=fitted("pad"))
    assert views.embeddings[View("m", 16)][:, 0].tolist() == [16, 12, 16, 15]
    assert views.embeddings[View("m", None)][:, 0].tolist() == [30, 12, 16, 15]
    assert views.shapes.tolist() == [[30, 30], [10, 12], [16, 16], [3, 15]]
    assert views.sides.tolist() == [30, 12, 16, 15]
    whole = {crop.tobytes() for crop in model.seen}
    assert fitted("pad")(images[1], "").tobytes() in whole
    assert degradation.apply(images[0], "0", 16).tobytes() in whole


def test_files_and_memory_give_the_same(tmp_path: Path) -> None:
    images = [noise(20, 20, n) for n in range(3)]
    memory = Memory(images)
    for n, name in enumerate(memory.names):
        (tmp_path / name).write_bytes(memory.read(n))
    files = PictureFiles(tmp_path, tuple(memory.names))
    wanted = {View("m", 8): np.array([True, False, True])}
    found = []
    sources: tuple[PictureSource, ...] = (memory, files)
    for source in sources:
        views = embed_views(source, {"m": Sides()}, wanted, Degradation(), square=fitted("pad"))
        found.append((views.embeddings[View("m", 8)].tolist(), views.sha256))
    assert found[0] == found[1]
    assert found[0][0][1] == [0, 0]
    (tmp_path / "1").unlink()
    with pytest.raises(InputError, match=r"cannot read .*1: No such file"):
        embed_views(files, {"m": Sides()}, wanted, Degradation(), square=fitted("pad"))
    with pytest.raises(ImageError, match="memory, picture 0 is 20x20 px"):
        embed_views(memory, {"m": Sides()}, wanted, Degradation())
