"""Every benchmark of pairs in its own layout, by an encoder whose scores can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from inspect import signature
from pathlib import Path

import bin_layout
import cv2
import lfw_layout
import numpy as np
import pytest
import scface_layout
import survface_layout
import table_layout
import xqlfw_layout
from fewpix.evaluate.pair_benchmark import evaluate_pairs
from fewpix.evaluate.pair_figures import pair_figures
from fewpix.evaluate.pair_result import PairResult, Treatment
from numpy.typing import NDArray

from fewpix.errors import ConfigError, InputError, SpaceError
from fewpix.evaluate.benchmark import PairData
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.readers.registry import PAIRS, READERS, kinds_of, open_pairs
from fewpix.evaluate.readers.xqlfw import ALIGNED, ORIGINAL
from fewpix.evaluate.result.file import canonical
from fewpix.image.codec import decode_image, write_image
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.models.space import Space

pytestmark = pytest.mark.needs("samples")


@dataclass
class Grey:
    """The grey face as a vector, centred; it keeps the crops that it saw."""

    space: str = "0" * 64
    seen: list[Crop] = field(default_factory=list)
    runtime: str = "test"
    device: str = "cpu"
    state_id: str = ""

    @property
    def card(self) -> Card:
        preprocess = Preprocess(8, "bgr", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        return Card("grey", "test", "f" * 64, Space(self.space, 64), preprocess)

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        self.seen += [crop.copy() for crop in crops]
        rows = self.card.preprocess.apply(crops).mean(axis=1).reshape(len(crops), -1)
        rows -= rows.mean(axis=1, keepdims=True)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def layouts() -> dict[str, Callable[[Path], Path]]:
    def xqlfw(folder: Path) -> Path:
        return xqlfw_layout.lay_out_xqlfw(folder, ALIGNED)

    return {
        "lfw": lambda folder: lfw_layout.lay_out(folder),
        "xqlfw": xqlfw,
        "bin": lambda folder: bin_layout.write(folder / "own.bin", (bin_layout.BINS, bin_layout.SAME)),
        "scface": scface_layout.scface,
        "survface-pairs": survface_layout.verification,
        "table": lambda folder: table_layout.lay_out(folder, table_layout.PAIRS),
    }


@pytest.fixture(params=kinds_of(PAIRS))
def data(request: pytest.FixtureRequest, tmp_path: Path) -> PairData:
    options: dict[str, object] = {}
    if request.param == "scface":
        options = {"distance": 2, "ids": scface_layout.ids(tmp_path / "ids.txt")}
    return open_pairs(request.param, layouts()[request.param](tmp_path / "made"), **options)


def measured(data: PairData, **treatment: object) -> PairResult:
    sizes = treatment.pop("sizes", (None,))
    how = Treatment(**treatment)  # type: ignore[arg-type]
    return evaluate_pairs(data, {"m": Grey()}, Grey(), sizes=sizes, treatment=how, replicates=30)  # type: ignore[arg-type]


def test_all_kinds_are_benchmarks_that_can_be_opened() -> None:
    assert set(kinds_of(PAIRS)) == set(layouts())
    for reader in READERS.values():
        for options in reader.tasks.values():
            module, _, function = options.read.rpartition(".")
            read = getattr(import_module(f"fewpix.evaluate.readers.{module}"), function)
            taken = signature(read).parameters
            assert {*options.known, *options.required} <= set(taken)


def test_pictures_go_to_the_model_as_they_are(data: PairData) -> None:
    model = Grey()
    result = evaluate_pairs(data, {"m": model}, replicates=30)
    crops = [decode_image(data.pictures.read(n), "") for n in range(len(data.pictures.names))]
    assert {crop.tobytes() for crop in model.seen} == {crop.tobytes() for crop in crops}
    rows = np.stack([Grey().embed([crop])[0] for crop in crops]).astype(float)
    scores = [float(rows[a] @ rows[b]) for a, b in zip(data.pairs.first, data.pairs.second, strict=True)]
    expected = pair_figures(
        np.array(scores), data.pairs, fars=data.fars, qualities=data.qualities, replicates=30
    )
    numbers = result.to_json()
    (figures,) = numbers["figures"]
    assert (figures["model"], figures["size"], figures["already_smaller"]) == ("m", None, 0)
    for key in ("accuracy", "auc", "eer"):
        assert figures[key] == pytest.approx(expected.to_json()[key])
    assert numbers["benchmark"] == data.kind
    assert (numbers["degraded"], numbers["teachers"], numbers["protocol"]) == (None, None, "native")
    assert numbers["inventory"]["sha256"] == data.inventory.sha256
    assert numbers["pictures"]["side_px"] == {"smallest": 24, "median": 24.0, "largest": 24}
    assert (numbers["n_missing"], numbers["coverage"]) == (0, 1.0)
    assert canonical(numbers) == canonical(evaluate_pairs(data, {"m": Grey()}, replicates=30).to_json())
    assert "both pictures as they are, to the model; area down, cubic up (OpenCV)" in str(result)


@pytest.mark.parametrize("small", ["first", "second"])
def test_the_side_that_was_asked_for_gets_small(data: PairData, small: str) -> None:
    model, teacher = Grey(), Grey()
    how = Treatment("hr-lr", small)
    result = evaluate_pairs(data, {"m": model}, teacher, sizes=(8, 12), treatment=how, replicates=30)
    low, high = (data.pairs.first, data.pairs.second)[:: 1 if small == "first" else -1]
    crops = [decode_image(data.pictures.read(n), "") for n in range(len(data.pictures.names))]
    reduced = [cv2.resize(crop, (8, 8), interpolation=cv2.INTER_AREA).tobytes() for crop in crops]
    assert {crop.tobytes() for crop in teacher.seen} == {crops[n].tobytes() for n in high}
    assert {crop.tobytes() for crop in model.seen if len(crop) == 8} == {reduced[n] for n in low}
    numbers = result.to_json()
    assert numbers["degraded"] == {
        "sides": small,
        "family": "area",
        "seed": 0,
        "steps": {"8": "area@8: downscale side 8", "12": "area@12: downscale side 12"},
    }
    assert [figures["size"] for figures in numbers["figures"]] == [8, 12]
    assert numbers["teachers"]["m"]["sha256"] == "f" * 64
    other = "second" if small == "first" else "first"
    text = str(result)
    assert f"the {small} picture made small, to the model; the {other} as it is, to the teacher" in text
    assert "made small by area@8: downscale side 8\n" in text


def test_both_sides_get_small_but_never_large(tmp_path: Path) -> None:
    path = layouts()["table"](tmp_path)
    write_image(tmp_path / "ann" / "1.jpg", np.random.default_rng(0).integers(0, 256, (9, 6, 3), np.uint8))
    write_image(tmp_path / "bob" / "1.jpg", np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8))
    result = measured(open_pairs("table", path), protocol="lr-lr", sizes=(16, 8), fit="stretch", flip=True)
    numbers = result.to_json()
    assert [figures["already_smaller"] for figures in numbers["figures"]] == [1, 0]
    assert numbers["pictures"] == {
        "used": 5,
        "not_square": 2,
        "side_px": {"smallest": 9, "median": 24.0, "largest": 40},
    }
    assert (numbers["degraded"]["sides"], numbers["fit"], numbers["flip"]) == ("both", "stretch", True)
    text = str(result)
    assert "5 pictures of 9 to 40 px, median 24, 2 not square, stretch: the shorter side is resized" in text
    assert "m at 16 px\n  1 pictures were smaller already and stayed so\n" in text
    assert "mirrored pictures added" in text
    padded = measured(open_pairs("table", path), protocol="lr-lr", sizes=(16, 8), flip=True).to_json()
    assert padded["figures"] != numbers["figures"]
    assert padded["data_sha256"] == numbers["data_sha256"]


def test_cross_resolution_by_nature_needs_no_size(data: PairData) -> None:
    model, teacher = Grey(), Grey()
    treatment = Treatment("hr-lr")
    result = evaluate_pairs(data, {"m": model}, teacher, treatment=treatment, replicates=30)
    assert {crop.shape for crop in model.seen + teacher.seen} == {(24, 24, 3)}
    assert result.degraded is None
    assert "the second picture as it is, to the model; the first as it is, to the teacher" in str(result)


def test_survface_has_one_fold_and_rates_of_its_own(tmp_path: Path) -> None:
    folder = survface_layout.verification(tmp_path)
    outer, inner = (measured(open_pairs("survface-pairs", at)) for at in (folder, next(folder.iterdir())))
    (figures,) = outer.to_json()["figures"]
    assert figures["accuracy"] is None
    assert figures["no_accuracy"].startswith("the pairs are in one fold")
    assert list(figures["tar_at_far"]) == ["3e-1", "1e-1", "1e-2", "1e-3"]
    assert figures["tar_at_far"]["1e-1"] is None
    assert "1 fold\n" in str(outer)
    assert canonical(outer.to_json()) == canonical(inner.to_json())


def test_xqlfw_tells_thirds_by_quality(tmp_path: Path) -> None:
    folder = xqlfw_layout.lay_out_xqlfw(tmp_path, ALIGNED, ORIGINAL)
    result = measured(open_pairs("xqlfw", folder, aligned=False)).to_json()
    assert result["variant"] == ORIGINAL
    (figures,) = result["figures"]
    thirds = figures["accuracy_by_quality"]
    assert thirds[0]["name"] == "worst"
    assert sum(third["n_pairs"] for third in thirds) == 6  # the other two pairs lack a quality
    (folder / "xqlfw_scores.txt").unlink()
    (figures,) = measured(open_pairs("xqlfw", folder)).to_json()["figures"]
    assert figures["accuracy_by_quality"] is None


def test_missing_pictures_lower_the_coverage(tmp_path: Path) -> None:
    folder = lfw_layout.lay_out(tmp_path)
    (folder / "Cid" / "Cid_0001.jpg").unlink()
    with pytest.raises(InputError, match="1 of 6 pictures are missing"):
        open_pairs("lfw", folder)
    numbers = measured(open_pairs("lfw", folder, allow_missing=True)).to_json()
    assert (numbers["n_pairs"], numbers["n_missing"], numbers["coverage"]) == (6, 2, 0.75)
    assert numbers["inventory"]["missing_first"] == ["Cid/Cid_0001.jpg"]
    cut = bin_layout.write(
        tmp_path / "cut.bin", ([bin_layout.BINS[0][:99], *bin_layout.BINS[1:]], bin_layout.SAME)
    )
    numbers = measured(open_pairs("bin", cut, allow_missing=True)).to_json()
    assert numbers["n_missing"] + numbers["n_pairs"] == len(bin_layout.SAME)
    assert numbers["n_missing"] >= 1
    for name in ("Ann_0001", "Ann_0002"):
        (folder / "Ann" / f"{name}.jpg").unlink()
    with pytest.raises(InputError, match=r"only 2 of one person are whole \(verification needs both kinds"):
        open_pairs("lfw", folder, allow_missing=True)


def test_what_does_not_fit_is_refused(data: PairData) -> None:
    for treatment, sizes, message in (
        (Treatment("lr-hr"), (8,), "unknown protocol 'lr-hr'"),
        (Treatment("hr-lr", "third"), (8,), "a pair has no side 'third'"),
        (Treatment("native"), (8,), "native compares pictures as they are"),
        (Treatment("lr-lr"), (None,), "lr-lr needs a size"),
        (Treatment("lr-lr"), (7,), "size: 7 px is out of range"),
        (Treatment(fit="cut"), (None,), "there is no way 'cut'"),
    ):
        with pytest.raises(ConfigError, match=message):
            treatment.check(sizes)
        with pytest.raises(ConfigError, match=message):
            evaluate_pairs(data, {"m": Grey()}, Grey(), sizes=sizes, treatment=treatment)
    with pytest.raises(ConfigError, match="needs a teacher"):
        evaluate_pairs(data, {"m": Grey()}, treatment=Treatment("hr-lr"))
    with pytest.raises(SpaceError, match="m writes into"):
        evaluate_pairs(data, {"m": Grey()}, Grey("1" * 64), treatment=Treatment("hr-lr"))


def test_options_belong_to_kinds(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'tinyface' is no list of pairs"):
        open_pairs("tinyface", tmp_path)
    for kind, option in (("bin", "pairs"), ("lfw", "aligned"), ("xqlfw", "folder")):
        with pytest.raises(ConfigError, match=f"{kind} takes no option --{option}"):
            open_pairs(kind, tmp_path, **{option: tmp_path})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="column"):
        open_pairs("table", table_layout.lay_out(tmp_path, table_layout.SEARCH))
    folder = lfw_layout.lay_out(tmp_path / "lfw", "other.txt")
    assert len(open_pairs("lfw", folder, pairs=folder / "other.txt").pairs) == 8


def test_a_random_family_draws_by_name_and_seed(data: PairData) -> None:
    def figures(seed: int) -> object:
        how = Treatment("lr-lr", degradation=Degradation("noise", seed))
        model = Grey()
        evaluate_pairs(data, {"m": model}, sizes=(8,), treatment=how, replicates=30)
        return [crop.tobytes() for crop in model.seen]

    assert figures(0) == figures(0) != figures(1)
