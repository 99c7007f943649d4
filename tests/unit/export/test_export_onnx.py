"""Exporting a student: stable names, half the bytes, the same embeddings, or nothing at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

import fewpix.export.onnx as export_module
from fewpix.embed.graph import initialisers
from fewpix.errors import InputError, StorageError, WeightsError
from fewpix.export.graph import to_onnx
from fewpix.export.onnx import export_model, export_onnx
from fewpix.export.parity import check_parity, probe_crops
from fewpix.models.card import METADATA_KEY, Card
from fewpix.models.weights import digest, rounded, save_weights
from fewpix.models.zoo import fill, tensors_of
from tiny_student import SPACE, tiny_student

pytestmark = pytest.mark.needs("torch")


def as_student(model: nn.Module) -> tuple[nn.Module, Card]:
    """A model with float16 values and a card that fits it."""
    tensors = rounded(tensors_of(model))
    fill(model, tensors, "test")
    card = replace(tiny_student()[1], sha256=digest(tensors))
    return model.eval(), card


class Everything(nn.Module):
    """Each operation that export knows, some of them in odd forms."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.bn = nn.BatchNorm2d(8, eps=1e-3)
        self.act = nn.PReLU(8)
        self.deep = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8, bias=False)
        self.bare = nn.BatchNorm2d(8, affine=False)
        self.one = nn.PReLU()
        self.relu = nn.ReLU(inplace=True)
        self.average = nn.AvgPool2d(3, 2, 1)
        self.padless = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.most = nn.MaxPool2d(2)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Sigmoid())
        self.drop = nn.Sequential(nn.Dropout(0.5), nn.Dropout2d(0.5), nn.Identity())
        self.flat = nn.Flatten()
        self.fc = nn.Linear(72, 16)
        self.side = nn.Linear(72, 16, bias=False)
        self.vector = nn.PReLU(16)
        self.last = nn.Linear(16, SPACE.dim)
        self.head = nn.BatchNorm1d(SPACE.dim)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            for norm in (self.bn, self.bare, self.head):
                assert norm.running_mean is not None
                assert norm.running_var is not None
                norm.running_mean.normal_()
                norm.running_var.uniform_(0.5, 2)
            for value in self.parameters():
                value.data.normal_(0, 0.3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.bn(self.stem(x)))
        x = x + self.one(self.bare(self.deep(x)))
        x = self.relu(x) * self.gate(x)
        x += torch.relu(x)
        x = torch.add(self.padless(x), torch.sigmoid(functional.relu(x)))
        x = self.most(self.average(self.relu(x))).mul(self.gate(x))
        x = self.drop(x)
        flat = self.flat(x)
        y = self.vector(self.fc(flat).add(self.side(torch.flatten(x, start_dim=1)))).relu()
        return self.head(self.last(y))


@pytest.mark.parametrize("arch", ["lr24-tiny", "lr28-tiny", "sface-tiny"])
def test_names_bytes_and_metadata(arch: str):
    model, card = tiny_student(arch)
    proto = to_onnx(model, card)
    expected = tensors_of(model)
    weights = initialisers(proto)
    assert set(weights) == set(expected)
    for name, value in expected.items():
        assert np.array_equal(weights[name], value), name
    assert digest(weights) == card.sha256
    kinds = {item.name: numpy_helper.to_array(item).dtype for item in proto.graph.initializer}
    assert all(
        kinds[name] == (np.float16 if value.ndim > 1 else np.float32) for name, value in expected.items()
    )
    norms = {
        node.name: list(node.input[3:]) for node in proto.graph.node if node.op_type == "BatchNormalization"
    }
    layers = {
        name for name, item in model.named_modules() if isinstance(item, nn.BatchNorm1d | nn.BatchNorm2d)
    }
    assert set(norms) == layers
    assert norms["head.bn"] == ["head.bn.running_mean", "head.bn.running_var"]
    assert {item.key: item.value for item in proto.metadata_props} == {METADATA_KEY: card.to_text()}
    for value, name in ((proto.graph.input[0], "faces"), (proto.graph.output[0], "embeddings")):
        assert value.name == name
        assert value.type.tensor_type.shape.dim[0].dim_param


def test_the_same_model_gives_the_same_bytes():
    assert to_onnx(*tiny_student()).SerializeToString() == to_onnx(*tiny_student()).SerializeToString()


@pytest.mark.parametrize("arch", ["lr24-tiny", "lr28-tiny", "sface-tiny"])
def test_a_file_is_checked_and_reported(tmp_path: Path, arch: str):
    model, card = tiny_student(arch)
    card = save_weights(tmp_path / "a.safetensors", tensors_of(model), card)
    report = export_onnx(tmp_path / "a.safetensors", tmp_path / "out" / "a.onnx")
    assert report.sha256 == card.sha256
    assert report.bytes == (tmp_path / "out" / "a.onnx").stat().st_size
    assert 0 < report.parity["onnxruntime"] < 1e-5
    assert max(report.parity.values()) < 1e-5
    assert json.loads(json.dumps(report.to_json()))["parity"] == report.parity
    assert "largest difference from torch: onnxruntime" in str(report)
    assert "not checked" in str(export_onnx(tmp_path / "a.safetensors", tmp_path / "b.onnx", check=False))


@pytest.mark.needs("openvino")
def test_every_operation_keeps_its_numbers():
    model, card = as_student(Everything())
    proto = to_onnx(model, card)
    found = check_parity(model, card, proto.SerializeToString())
    assert set(found) == {"onnxruntime", "openvino"}
    assert max(found.values()) < 1e-5
    used = {node.op_type for node in proto.graph.node}
    assert used >= {
        "Conv",
        "PRelu",
        "Sigmoid",
        "AveragePool",
        "MaxPool",
        "GlobalAveragePool",
        "Gemm",
        "Mul",
        "Relu",
    }


def test_probe_crops_are_of_many_sizes_and_the_same_each_time():
    assert {crop.shape[0] for crop in probe_crops()} == {8, 12, 16, 24, 32, 112}
    assert all(np.array_equal(a, b) for a, b in zip(probe_crops(), probe_crops(), strict=True))


def test_a_difference_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def off_by_a_little(model: nn.Module, card: Card) -> onnx.ModelProto:
        proto = to_onnx(model, card)
        for item in proto.graph.initializer:
            if item.name == "head.bn.bias":
                item.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(item) + 0.01, item.name))
        return proto

    monkeypatch.setattr(export_module, "to_onnx", off_by_a_little)
    target = tmp_path / "a.onnx"
    target.write_bytes(b"before")
    with pytest.raises(WeightsError, match=r"differs from torch by .* in onnxruntime"):
        export_model(*tiny_student(), target)
    assert target.read_bytes() == b"before"
    assert [item.name for item in tmp_path.iterdir()] == ["a.onnx"]


class Foreign(nn.Module):
    """Ends with something that export does not know."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.fc = nn.Linear(3 * 24 * 24, SPACE.dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.flatten(self.layer(x), 1))


class Cosine(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cos(x)


class Branching(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


class Scaled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.add(x, x, alpha=2)


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (Cosine(), "cos"),
        (nn.GroupNorm(1, 3), "layer is a GroupNorm"),
        (Branching(), "control flow"),
        (Scaled(), "add"),
        (nn.Conv2d(3, 3, 3, padding="same"), "layer: padding 'same'"),
        (nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect"), "reflect"),
        (nn.BatchNorm2d(3, track_running_stats=False), "without running statistics"),
        (nn.AdaptiveAvgPool2d(24), "adaptive pooling"),
        (nn.MaxPool2d(1, ceil_mode=True), "ceil_mode"),
        (nn.Flatten(2), "flattening"),
        (nn.Linear(24, 24), "Linear layer on 4 dimensions"),
    ],
)
def test_an_operation_that_export_does_not_know_is_named(layer: nn.Module, named: str):
    with pytest.raises(WeightsError, match=f"lr24-tiny cannot be exported.*({named})"):
        to_onnx(*as_student(Foreign(layer)))


def test_a_model_in_training_mode_or_with_other_weights_is_refused():
    model, card = tiny_student()
    with pytest.raises(WeightsError, match="training mode"):
        to_onnx(model.train(), card)
    with pytest.raises(WeightsError, match="its card says ffffffffffff"):
        to_onnx(model.eval(), replace(card, sha256="f" * 64))


def test_missing_weights_and_targets_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(InputError, match="no weights at"):
        export_onnx(tmp_path / "absent.safetensors", tmp_path / "a.onnx")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        export_model(*tiny_student(), tmp_path / "file" / "a.onnx", check=False)
