"""The LFW protocol on a small folder of the same shape, made of ORL faces."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from fewpix.evaluate.lfw import measure
from fewpix.evaluate.lfw_result import evaluate_lfw
from fewpix.evaluate.lfw_table import lfw_table
from fewpix.evaluate.readers.lfw_folder import LfwFolder
from fewpix.evaluate.verification import paired_difference
from fewpix.evaluate.views import embed_crops
from numpy.typing import NDArray
from tables.figures import lfw as markdown

from fewpix.data.orl import load_orl
from fewpix.degrade import FAMILIES
from fewpix.errors import ConfigError, ImageError, InputError, SpaceError
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.result.file import canonical
from fewpix.image.codec import read_image, write_image
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop, resize_square
from fewpix.models.card import Card
from fewpix.models.space import Space

pytestmark = pytest.mark.needs("samples")

FOLDS, PER_KIND = 4, 5


@dataclass
class Pixels:
    """The oldest encoder there is: the grey face as a vector, centred. It remembers what it saw."""

    side: int = 8
    space: str = "0" * 64
    seen: list[Crop] = field(default_factory=list)
    runtime: str = "test"
    device: str = "cpu"
    state_id: str = ""

    @property
    def card(self) -> Card:
        preprocess = Preprocess(self.side, "bgr", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        return Card(f"pixels-{self.side}", "test", f"{self.side:064d}", Space(self.space, 64), preprocess)

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        self.seen += [crop.copy() for crop in crops]
        grey = self.card.preprocess.apply(crops).mean(axis=1)
        rows = np.stack([cv2.resize(face, (8, 8), interpolation=cv2.INTER_AREA).ravel() for face in grey])
        rows -= rows.mean(axis=1, keepdims=True)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 people of ORL, 3 pictures each, borders repeated to 112x112, and a list of 4 x (5 + 5) pairs."""
    folder = tmp_path_factory.mktemp("lfw")
    orl = load_orl()
    for person in range(FOLDS * PER_KIND):
        for n in range(3):
            face = cv2.copyMakeBorder(orl.images[10 * person + 3 * n], 0, 0, 10, 10, cv2.BORDER_REPLICATE)
            write_image(
                folder / f"S{person:02d}" / f"S{person:02d}_{n + 1:04d}.png", np.asarray(face, dtype=np.uint8)
            )
    lines = [f"{FOLDS}\t{PER_KIND}"]
    for fold in range(FOLDS):
        people = range(PER_KIND * fold, PER_KIND * (fold + 1))
        lines += [f"S{p:02d}\t1\t{2 + p % 2}" for p in people]
        lines += [f"S{p:02d}\t{1 + p % 3}\tS{(p + 7) % 20:02d}\t2" for p in people]
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "lfw"))


def by_hand(folder: Path, low: Pixels, high: Pixels, size: int, protocol: str) -> list[float]:
    """The protocol in its plainest form: pair by pair, everything anew."""
    scores = []
    for line in (folder / "pairs.txt").read_text().splitlines()[1:]:
        words = line.split("\t")
        words = [words[0], words[1], words[0], words[2]] if len(words) == 3 else words
        crops = [read_image(folder / name / f"{name}_{int(n):04d}.png") for name, n in (words[:2], words[2:])]
        small = [cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA) for crop in crops]
        first = high.embed([crops[0]]) if protocol == "hr-lr" else low.embed([small[0]])
        scores.append(float(first[0].astype(float) @ low.embed([small[1]])[0].astype(float)))
    return scores


@pytest.mark.parametrize("protocol", ["hr-lr", "lr-lr"])
@pytest.mark.parametrize("size", [8, 16, 112])
def test_the_protocol_agrees_with_pairs_done_by_hand(made: Path, protocol: str, size: int) -> None:
    from fewpix.evaluate.verification import verify

    data = LfwFolder.open(made)
    result = evaluate_lfw(data, "small", Pixels(8), Pixels(16), size=size, protocol=protocol, replicates=50)
    scores = by_hand(made, Pixels(8), Pixels(16), size, protocol)
    expected = verify(np.array(scores), data.pairs, replicates=50)
    assert result.verification.to_json() == expected.to_json()
    cell = result.cell
    assert (cell.model, cell.size, cell.protocol, result.n_missing) == ("small", size, protocol, 0)
    assert cell.scores.tolist() == pytest.approx(scores)
    assert result.verification.accuracy > 0.6  # pixels recognise ORL's faces better than chance


def test_each_picture_is_embedded_once_per_model_and_size_and_only_where_needed(made: Path) -> None:
    data = LfwFolder.open(made)
    model, teacher = Pixels(8), Pixels(16)
    measure(data, {"m": model}, teacher, sizes=(8, 16), protocols=("hr-lr",), replicates=5)
    pairs = data.pairs
    assert len(teacher.seen) == len(set(pairs.first.tolist())) < len(data.names)
    assert {crop.shape for crop in teacher.seen} == {(112, 112, 3)}
    assert len(model.seen) == 2 * len(set(pairs.second.tolist()))
    assert sorted({crop.shape[0] for crop in model.seen}) == [8, 16]
    both = Pixels(8)
    measure(data, {"m": both}, teacher, sizes=(8,), replicates=5)
    assert len(both.seen) == len(data.names)


def test_without_hr_lr_no_teacher_is_needed(made: Path) -> None:
    data = LfwFolder.open(made)
    (cell,) = measure(data, {"m": Pixels()}, None, sizes=(8,), protocols=("lr-lr",), replicates=5).cells
    assert cell.protocol == "lr-lr"
    with pytest.raises(ConfigError, match="needs a teacher"):
        measure(data, {"m": Pixels()}, None, sizes=(8,), protocols=("hr-lr",), replicates=5)


def test_two_spaces_are_not_compared(made: Path) -> None:
    data = LfwFolder.open(made)
    with pytest.raises(SpaceError, match="m writes into space"):
        measure(data, {"m": Pixels(space="1" * 64)}, Pixels(), sizes=(8,), replicates=5)


def test_flip_adds_the_mirrored_picture_on_both_sides(made: Path) -> None:
    data = LfwFolder.open(made)
    model, teacher = Pixels(8), Pixels(16)
    measure(data, {"m": model}, teacher, sizes=(8,), protocols=("hr-lr",), flip=True, replicates=5)
    for encoder in (model, teacher):
        half = len(encoder.seen) // 2
        assert all(np.array_equal(encoder.seen[n][:, ::-1], encoder.seen[half + n]) for n in range(half))
    crop = read_image(made / data.names[0])
    both = Pixels().embed([crop])[0] + Pixels().embed([crop[:, ::-1]])[0]
    assert embed_crops(Pixels(), [crop], flip=True)[0] == pytest.approx(both / np.linalg.norm(both), abs=1e-6)


def test_area_is_what_the_protocol_says(made: Path) -> None:
    crop = read_image(made / "S00" / "S00_0001.png")
    for size in (8, 12, 24):
        small = Degradation().apply(crop, "S00/S00_0001.png", size)
        assert np.array_equal(small, cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA))
        assert np.array_equal(small, resize_square(crop, size))


def test_a_random_family_depends_on_the_picture_and_the_seed_only(made: Path) -> None:
    crop = read_image(made / "S00" / "S00_0001.png")
    one = Degradation("noise", 1).apply(crop, "a", 16)
    assert np.array_equal(one, Degradation("noise", 1).apply(crop, "a", 16))
    assert not np.array_equal(one, Degradation("noise", 1).apply(crop, "b", 16))
    assert not np.array_equal(one, Degradation("noise", 2).apply(crop, "a", 16))


def test_every_family_leaves_the_sharp_side_alone(made: Path) -> None:
    data = LfwFolder.open(made)
    sharp = {read_image(made / name).tobytes() for name in data.names}
    for family in FAMILIES:
        model, teacher = Pixels(8), Pixels(16)
        result = evaluate_lfw(
            data,
            "m",
            model,
            teacher,
            size=16,
            protocol="hr-lr",
            degradation=Degradation(family),
            replicates=5,
        )
        assert {crop.tobytes() for crop in teacher.seen} <= sharp
        assert result.family == family
        assert (f", {family}: " in str(result)) == (family != "area")


def test_progress_ends_with_all_pictures(made: Path) -> None:
    told: list[tuple[int, int]] = []
    data = LfwFolder.open(made)
    measure(data, {"m": Pixels()}, Pixels(), sizes=(8,), replicates=5, advance=lambda *n: told.append(n))
    assert told[-1] == (len(data.names), len(data.names))


def test_missing_pictures_are_an_error_or_counted(copy: Path) -> None:
    complete = LfwFolder.open(copy)
    (copy / "S03" / "S03_0001.png").unlink()
    with pytest.raises(InputError, match=r"pairs lack a picture, the first one .*S03_0001\.jpg"):
        LfwFolder.open(copy)
    data = LfwFolder.open(copy, allow_missing=True)
    assert data.missing == len(complete.pairs) - len(data.pairs) > 0
    result = evaluate_lfw(data, "m", Pixels(), Pixels(), size=8, protocol="hr-lr", replicates=5)
    numbers = result.to_json()
    assert numbers["n_missing"] == data.missing
    assert numbers["n_pairs"] == FOLDS * 2 * PER_KIND - data.missing
    assert numbers["coverage"] == pytest.approx(numbers["n_pairs"] / 40)
    assert f"{data.missing} pairs left out" in str(result)


def test_a_folder_that_is_no_lfw_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        LfwFolder.open(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"cannot read .*pairs\.txt"):
        LfwFolder.open(tmp_path / "empty")
    with pytest.raises(InputError, match="holds no picture"):
        LfwFolder.open(tmp_path / "empty", copy / "pairs.txt", allow_missing=True)


def test_pictures_that_are_not_aligned_crops_are_refused(copy: Path) -> None:
    write_image(copy / "S00" / "S00_0001.png", np.zeros((250, 250, 3), dtype=np.uint8))
    with pytest.raises(ImageError, match=r"S00_0001\.png is 250x250 px, not an aligned crop of 112x112"):
        measure(LfwFolder.open(copy), {"m": Pixels()}, Pixels(), sizes=(8,), replicates=5)
    (copy / "S00" / "S00_0001.png").write_bytes(b"not an image")
    with pytest.raises(ImageError, match=r"S00_0001\.png"):
        measure(LfwFolder.open(copy), {"m": Pixels()}, Pixels(), sizes=(8,), replicates=5)


@pytest.mark.parametrize("size", [7, 113])
def test_sizes_out_of_range_are_refused(made: Path, size: int) -> None:
    with pytest.raises(ConfigError, match=f"size: {size} px is out of range"):
        measure(LfwFolder.open(made), {"m": Pixels()}, Pixels(), sizes=(size,), replicates=5)


def test_unknown_protocols_and_families_are_refused(made: Path) -> None:
    with pytest.raises(ConfigError, match="unknown protocol 'hr-hr'"):
        measure(
            LfwFolder.open(made), {"m": Pixels()}, Pixels(), sizes=(8,), protocols=("hr-hr",), replicates=5
        )
    with pytest.raises(ConfigError, match="unknown degradation family 'fog'"):
        Degradation("fog")


def test_the_data_digest_names_the_content_and_not_the_place(made: Path, copy: Path) -> None:
    def digest(folder: Path) -> str:
        data = LfwFolder.open(folder)
        return measure(
            data, {"m": Pixels()}, None, sizes=(8,), protocols=("lr-lr",), replicates=5
        ).data_sha256

    before = digest(made)
    assert digest(copy) == before
    other = read_image(copy / "S00" / "S00_0001.png").copy()
    other[50, 50] ^= 1
    write_image(copy / "S00" / "S00_0001.png", other)
    assert digest(copy) != before
    shutil.copy(made / "S00" / "S00_0001.png", copy / "S00" / "S00_0001.png")
    with (copy / "pairs.txt").open("a") as file:
        file.write("\n")
    assert digest(copy) != before


def test_the_table_compares_every_model_with_the_baseline(made: Path) -> None:
    data = LfwFolder.open(made)
    models = {"small": Pixels(8), "teacher": Pixels(16)}
    table = lfw_table(data, models, models["teacher"], sizes=(8, 16), replicates=100, seed=3)
    assert [(c.protocol, c.size, c.model) for c in table.cells] == [
        (protocol, size, model)
        for protocol in ("hr-lr", "lr-lr")
        for size in (8, 16)
        for model in ("small", "teacher")
    ]
    for n in range(0, len(table.cells), 2):
        a, b = (cell.verification for cell in table.cells[n : n + 2])
        assert table.differences[n] == paired_difference(a, b, replicates=100, seed=3)
        assert table.differences[n + 1] is None
    alone = evaluate_lfw(
        data, "small", Pixels(8), Pixels(16), size=8, protocol="hr-lr", replicates=100, seed=3
    )
    assert table.cells[0].verification.to_json() == alone.verification.to_json()
    assert table.data["sha256"] == alone.data_sha256
    assert "hr-lr at 8 px" in str(table)


def test_the_table_is_the_same_text_in_every_run_and_becomes_markdown(made: Path) -> None:
    def run() -> str:
        models = {"small": Pixels(8), "teacher": Pixels(16)}
        data = LfwFolder.open(made)
        table = lfw_table(data, models, models["teacher"], sizes=(8, 16), degradation=Degradation("noise", 5))
        assert "| 8 | " in markdown(table.to_json(), "lr-lr")
        return canonical(table.to_json())

    text = run()
    assert run() == text
    assert str(made) not in text


def test_a_baseline_that_is_not_measured_is_refused(made: Path) -> None:
    with pytest.raises(ConfigError, match="the baseline 'teacher' is not among the models small"):
        lfw_table(LfwFolder.open(made), {"small": Pixels()}, Pixels(), sizes=(8,))
