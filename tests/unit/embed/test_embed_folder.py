"""A folder of crops becomes a file of embeddings: names, order, memory, and what cannot be embedded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.embed import folder as module
from fewpix.embed.folder import embed_folder
from fewpix.errors import ImageError, InputError, StorageError
from fewpix.image.codec import write_image
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.models.space import Space


class Means:
    """Embeds a crop by the means of its three channels; says how many it was given at once."""

    card = Card(
        "means", "test", "0" * 64, Space("0" * 64, 3), Preprocess(8, "bgr", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    )
    runtime, device, state_id = "test", "cpu", ""

    def __init__(self) -> None:
        self.most = 0

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        self.most = max(self.most, len(crops))
        rows = np.array([crop.mean(axis=(0, 1)) + 1 for crop in crops])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def colour(n: int, side: int = 8) -> Crop:
    return np.full((side, side, 3), (n % 256, 100, 200 - n % 200), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for n, name in enumerate(["b/2.png", "b/10.png", "a.png", "Z.png", "ü/1.png"]):
        write_image(tmp_path / "crops" / name, colour(40 * n, 8 + n))
    return tmp_path / "crops"


def test_names_are_relative_sorted_and_in_step_with_their_rows(folder: Path, tmp_path: Path) -> None:
    result = embed_folder(folder, "means", Means())
    assert result.names == ("Z.png", "a.png", "b/10.png", "b/2.png", "ü/1.png")
    result.save(tmp_path / "out" / "e.npz")
    with np.load(tmp_path / "out" / "e.npz", allow_pickle=False) as file:
        assert set(file.files) == {"names", "embeddings", "failed"}
        assert file["names"].dtype.kind == file["failed"].dtype.kind == "U"
        assert file["names"].tolist() == list(result.names)
        assert file["failed"].shape == (0,)
        assert file["embeddings"].dtype == np.float32
        for name, row in zip(file["names"], file["embeddings"], strict=True):
            n = ["b/2.png", "b/10.png", "a.png", "Z.png", "ü/1.png"].index(name)
            assert row == pytest.approx(Means().embed([colour(40 * n)])[0])
    assert [item.name for item in (tmp_path / "out").iterdir()] == ["e.npz"]


def test_few_crops_are_in_memory_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 4)
    for n in range(11):
        write_image(tmp_path / f"{n:02d}.png", colour(20 * n))
    (tmp_path / "05.png").write_bytes(b"x")
    encoder, told = Means(), []
    result = embed_folder(tmp_path, "means", encoder, skip_bad=True, advance=lambda *n: told.append(n))
    assert encoder.most == 4
    assert told == [(4, 11), (8, 11), (11, 11)]
    kept = [n for n in range(11) if n != 5]
    assert result.names == tuple(f"{n:02d}.png" for n in kept)
    assert result.embeddings == pytest.approx(Means().embed([colour(20 * n) for n in kept]))


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("text.jpg", b"not an image", r"text\.jpg is not a JPEG"),
        ("empty.png", b"", r"empty\.png is empty"),
        ("wide.png", (10, 12), r"wide\.png is 12x10 px, not square"),
        ("tiny.png", (7, 7), r"tiny\.png is 7x7 px .*at least 8x8"),
    ],
)
def test_what_cannot_be_embedded_is_named_or_listed(
    folder: Path, name: str, content: bytes | tuple[int, int], match: str
) -> None:
    if isinstance(content, bytes):
        (folder / name).write_bytes(content)
    else:
        write_image(folder / name, np.zeros((*content, 3), dtype=np.uint8))
    with pytest.raises(ImageError, match=match):
        embed_folder(folder, "means", Means())
    result = embed_folder(folder, "means", Means(), skip_bad=True)
    assert len(result.names) == len(result.embeddings) == 5
    assert [failed for failed, _ in result.failed] == [name]
    assert result.to_json()["failed"] == [name]
    assert f"left out {name}: it is " in str(result)
    assert str(folder) not in str(result)


def test_a_truncated_jpeg_is_named(folder: Path) -> None:
    from fewpix.image.codec import encode_image

    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encode_image(noise, ".jpg")
    (folder / "cut.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match=r"cut\.jpg"):
        embed_folder(folder, "means", Means())


def test_a_folder_without_one_good_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match=r"no image in .* can be embedded; the first, a\.png"):
        embed_folder(tmp_path, "means", Means(), skip_bad=True)


def test_a_file_that_cannot_be_written_leaves_the_old_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    result = embed_folder(folder, "means", Means())
    with pytest.raises(StorageError):
        result.save(tmp_path / "file" / "e.npz")
    assert (tmp_path / "file").read_text() == "kept"
