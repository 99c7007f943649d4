"""Three runtimes behind one protocol: same embeddings, pure, strict about weights, states and devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from fewpix.adapt.estimate import estimate
from fewpix.adapt.stats import LayerStats, NormState
from fewpix.embed.onnxruntime import OnnxRuntimeEncoder
from fewpix.embed.openvino import OpenVinoEncoder
from fewpix.embed.protocol import Encoder, in_batches
from fewpix.embed.torch import TorchEncoder, pick_device
from fewpix.errors import ConfigError, InputError, UnavailableError, WeightsError
from fewpix.export.onnx import export_model
from fewpix.image.resize import Crop
from fewpix.models.card import METADATA_KEY
from fewpix.models.space import Space
from fewpix.models.teacher import OnnxModel, foreign
from tiny_student import SPACE, inputs, orl_crops, shifted, tiny_student

pytestmark = pytest.mark.needs("samples", "torch", "openvino")

RUNTIMES = ("onnxruntime", "openvino", "torch")
Make = Callable[..., Encoder]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    path = tmp_path_factory.mktemp("encoders") / "tiny.onnx"
    export_model(*tiny_student(), path, check=False)
    return foreign(path)


@pytest.fixture(scope="module")
def state() -> NormState:
    model, card = tiny_student()
    faces = inputs(card, shifted(orl_crops()[:64]))
    return estimate(model, faces, model_sha256=card.sha256, source="test", weight=0.2, final=True)


@pytest.fixture(scope="module")
def make(exported: OnnxModel) -> Make:
    def build(runtime: str, **options: object) -> Encoder:
        if runtime == "torch":
            options.pop("threads", None)
            return TorchEncoder(*tiny_student(), **{"device": "cpu", **options})
        kind = OnnxRuntimeEncoder if runtime == "onnxruntime" else OpenVinoEncoder
        return kind(exported, **{"threads": 1, **options})

    return build


def crops(count: int = 41) -> list[Crop]:
    """Real faces of many sizes."""
    sides = np.random.default_rng(0).integers(8, 60, count)
    return [orl_crops(int(side))[7 * n % 400] for n, side in enumerate(sides)]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_unit_rows_of_the_cards_width(make: Make, runtime: str):
    encoder = make(runtime)
    rows = encoder.embed(crops())
    assert (encoder.runtime, encoder.device, encoder.state_id) == (runtime, "cpu", "")
    assert encoder.card == tiny_student()[1]
    assert rows.dtype == np.float32
    assert rows.shape == (41, SPACE.dim)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert encoder.embed([]).shape == (0, SPACE.dim)
    assert np.unique(rows, axis=0).shape[0] > 30


@pytest.mark.parametrize("adapted", [False, True])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_row_depends_on_its_own_crop_only(make: Make, state: NormState, runtime: str, adapted: bool):
    encoder = make(runtime, state=state if adapted else None)
    faces = crops()
    rows = encoder.embed(faces)
    order = np.random.default_rng(1).permutation(len(faces))
    assert np.array_equal(encoder.embed([faces[n] for n in order]), rows[order])
    alone = np.concatenate([encoder.embed([face]) for face in faces])
    assert np.array_equal(alone, rows)
    assert np.array_equal(encoder.embed(faces), rows)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_size_of_the_batches_does_not_matter(make: Make, runtime: str):
    rows = [make(runtime, batch=batch).embed(crops()) for batch in (1, 3, 16)]
    np.testing.assert_allclose(rows[1], rows[0], atol=2e-6)
    np.testing.assert_allclose(rows[2], rows[0], atol=2e-6)


@pytest.mark.parametrize("adapted", [False, True])
def test_runtimes_agree(make: Make, state: NormState, adapted: bool):
    used = state if adapted else None
    rows = {runtime: make(runtime, state=used).embed(crops()) for runtime in RUNTIMES}
    for runtime in ("onnxruntime", "openvino"):
        np.testing.assert_allclose(rows[runtime], rows["torch"], atol=1e-5, err_msg=runtime)
    if adapted:
        assert np.abs(rows["torch"] - make("torch").embed(crops())).max() > 0.05


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_state_is_named_and_must_be_of_this_model(make: Make, state: NormState, runtime: str):
    assert make(runtime, state=state).state_id == state.id
    with pytest.raises(WeightsError, match=r"was estimated for the model ffffffffffff, not for tiny-0"):
        make(runtime, state=replace(state, model_sha256="f" * 64))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("layer", "channels"), [("nowhere", 8), ("stages.0.0.bn", 9)])
def test_a_state_with_other_layers_is_refused(
    make: Make, state: NormState, runtime: str, layer: str, channels: int
):
    stats = LayerStats(np.zeros(channels), np.ones(channels), 40)
    with pytest.raises(WeightsError, match=layer):
        make(runtime, state=replace(state, layers={layer: stats}))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    "bad", [np.zeros((24, 20, 3), np.uint8), np.zeros((24, 24), np.uint8), np.zeros((24, 24, 3), np.float32)]
)
def test_what_is_not_a_crop_is_refused(make: Make, runtime: str, bad: np.ndarray):
    with pytest.raises(InputError, match="crop 0 must be"):
        make(runtime).embed([bad])


@pytest.mark.parametrize(
    ("runtime", "device"),
    [
        ("onnxruntime", "mps"),
        ("onnxruntime", "cuda:99"),
        ("openvino", "cuda"),
        ("openvino", "mps"),
        ("torch", "cuda:99"),
    ],
)
def test_a_device_that_is_not_here_is_not_replaced(make: Make, runtime: str, device: str):
    with pytest.raises(UnavailableError, match=device) as caught:
        make(runtime, device=device)
    assert caught.value.fix


def test_names_of_devices():
    assert pick_device("cpu") == "cpu"
    assert pick_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    for device in ("gpu", "cuda:x", "cpu:1", "mps:0", ""):
        with pytest.raises(ConfigError, match="unknown device"):
            pick_device(device)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_impossible_batches_are_refused(make: Make, runtime: str):
    with pytest.raises(ConfigError, match="batch must be at least 1"):
        make(runtime, batch=0)


def test_torch_copies_the_model_and_leaves_the_random_generator(state: NormState):
    model, card = tiny_student()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    encoder = TorchEncoder(model, card, device="cpu", state=state)
    rows = encoder.embed(crops())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    for value in model.parameters():
        value.data.zero_()
    model.train()
    assert np.array_equal(encoder.embed(crops()), rows)


def altered(exported: OnnxModel, path: Path, change: Callable[[onnx.ModelProto], None]) -> OnnxModel:
    proto = onnx.load(str(exported.path))
    change(proto)
    onnx.save(proto, str(path))
    return OnnxModel(path, exported.card)


@pytest.mark.parametrize("kind", [OnnxRuntimeEncoder, OpenVinoEncoder])
def test_weights_with_a_wrong_hash_are_refused(exported: OnnxModel, tmp_path: Path, kind: type):
    def flip(proto: onnx.ModelProto) -> None:
        item = next(item for item in proto.graph.initializer if item.name == "head.fc.weight")
        array = numpy_helper.to_array(item).copy()
        array.flat[0] += 1
        item.CopyFrom(numpy_helper.from_array(array, item.name))

    with pytest.raises(WeightsError, match=r"is damaged: its weights hash to .* its card says"):
        kind(altered(exported, tmp_path / "flipped.onnx", flip))


@pytest.mark.parametrize("kind", [OnnxRuntimeEncoder, OpenVinoEncoder])
def test_a_card_with_another_side_is_noticed(exported: OnnxModel, kind: type):
    preprocess = replace(exported.card.preprocess, side=28)
    with pytest.raises(WeightsError, match="its card says"):
        kind(OnnxModel(exported.path, replace(exported.card, preprocess=preprocess))).embed(crops(1))


@pytest.mark.parametrize("kind", [OnnxRuntimeEncoder, OpenVinoEncoder])
def test_a_card_with_another_width_is_noticed(exported: OnnxModel, kind: type):
    space = replace(SPACE, dim=64)
    with pytest.raises(WeightsError, match=r"gives .*32.* its card says 64"):
        kind(OnnxModel(exported.path, replace(exported.card, space=space))).embed(crops(1))


@pytest.mark.parametrize("kind", [OnnxRuntimeEncoder, OpenVinoEncoder])
def test_a_file_that_is_no_model(exported: OnnxModel, tmp_path: Path, kind: type):
    path = tmp_path / "text.onnx"
    path.write_text("hello")
    with pytest.raises(WeightsError):
        kind(OnnxModel(path, exported.card))
    with pytest.raises(WeightsError):
        kind(OnnxModel(path, replace(exported.card, arch="onnx")))
    with pytest.raises(InputError, match="cannot read"):
        kind(OnnxModel(tmp_path / "absent.onnx", exported.card))


def test_a_foreign_model_with_a_fixed_batch_is_fed_in_that_size(exported: OnnxModel, tmp_path: Path):
    def fix(proto: onnx.ModelProto) -> None:
        for value in (*proto.graph.input, *proto.graph.output):
            value.type.tensor_type.shape.dim[0].dim_value = 2
        proto.metadata_props[0].key = f"not {METADATA_KEY}"

    model = altered(exported, tmp_path / "two.onnx", fix)
    encoder = OnnxRuntimeEncoder(OnnxModel(model.path, replace(exported.card, arch="onnx")), threads=1)
    expected = OnnxRuntimeEncoder(exported, threads=1).embed(crops(5))
    np.testing.assert_allclose(encoder.embed(crops(5)), expected, atol=1e-6)


def test_batches_are_filled_up_and_the_filling_is_dropped():
    seen: list[np.ndarray] = []

    def forward(block: np.ndarray) -> np.ndarray:
        seen.append(block.copy())
        return block.reshape(4, -1)[:, :5] + 1000

    card = replace(tiny_student()[1], space=Space("a" * 64, 5))
    rows = in_batches(crops(6), forward, batch=4, card=card)
    assert rows.shape == (6, 5)
    assert [block.shape[0] for block in seen] == [4, 4]
    np.testing.assert_array_equal(seen[1][:2], card.preprocess.apply(crops(6)[4:]))
    assert not seen[1][2:].any()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (np.nan, "not finite"),
        (np.inf, "not finite"),
        (0, "length 0"),
        (1e-20, "length 0"),
        (3e38, "infinity"),
    ],
)
def test_numbers_without_a_direction_never_leave(value: float, says: str):
    def forward(block: np.ndarray) -> np.ndarray:
        return np.full((4, 5), value, dtype=np.float32)

    card = replace(tiny_student()[1], name="mine", space=Space("a" * 64, 5))
    with pytest.raises(WeightsError, match=f"the model mine .*{says}"):
        in_batches(crops(1), forward, batch=4, card=card)


@pytest.mark.parametrize("error", [RuntimeError("bad allocation\nmore"), MemoryError(), TypeError("a list")])
def test_a_model_that_fails_while_it_runs_is_named(error: Exception):
    def forward(block: np.ndarray) -> np.ndarray:
        raise error

    card = replace(tiny_student()[1], name="mine")
    with pytest.raises(WeightsError, match=r"the model mine fails while it runs: [^\n]+$"):
        in_batches(crops(1), forward, batch=4, card=card)
