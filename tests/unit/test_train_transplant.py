"""A student's first weights from its teacher's layers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.data.faces import FaceSet
from fewpix.data.orl import load_orl
from fewpix.errors import ConfigError
from fewpix.image.codec import encode_image
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop, resize_square
from fewpix.models.card import Card
from fewpix.models.space import Space

pytestmark = pytest.mark.needs("samples", "torch")

torch = pytest.importorskip("torch")

from tiny_teacher import tiny_teacher, write_onnx  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from fewpix.models.backbones import SeparableStudent  # noqa: E402
from fewpix.models.zoo import architecture, build, tensors_of  # noqa: E402
from fewpix.train import transplant as module  # noqa: E402
from fewpix.train.distil import Progress, distil  # noqa: E402
from fewpix.train.recipe import parse_recipe  # noqa: E402
from fewpix.train.transplant import transplant  # noqa: E402

DIM = 16
THEIRS = Preprocess(112, "rgb", (127.5,) * 3, (64.0,) * 3)
OURS = architecture("lr28-tiny").preprocess


@cache
def faces() -> tuple[Crop, ...]:
    """The 400 ORL pictures in no order, their middle square at 112 px."""
    order = np.random.default_rng(0).permutation(400)
    return tuple(resize_square(load_orl().images[n][12:104], 112) for n in order)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_onnx(tiny_teacher(DIM), tmp_path_factory.mktemp("teacher") / "t.onnx")


def fitted(teacher: Path, crops: Sequence[Crop], seed: int = 0) -> tuple[SeparableStudent, dict[str, float]]:
    torch.manual_seed(5)
    student = build("lr28-tiny", DIM)
    assert isinstance(student, SeparableStudent)
    left = transplant(student, teacher, crops, OURS, THEIRS, stem_steps=150, seed=seed)
    return student, left


def by_teacher(teacher: Path, crops: Sequence[Crop]) -> Tensor:
    with torch.no_grad():
        return F.normalize(tiny_teacher(DIM)((torch.from_numpy(THEIRS.apply(crops)) - 1) / 2), dim=1)


def by_student(student: nn.Module, crops: Sequence[Crop]) -> Tensor:
    with torch.no_grad():
        return F.normalize(student.eval()(torch.from_numpy(OURS.apply(crops))), dim=1)


def test_the_student_begins_as_an_approximation_of_its_teacher(teacher: Path) -> None:
    """On faces that nothing was fitted to, against the same student before and against the mean embedding."""
    seen, unseen = faces()[:250], faces()[250:]
    told: list[tuple[int, int]] = []
    torch.manual_seed(5)
    student = build("lr28-tiny", DIM)
    assert isinstance(student, SeparableStudent)
    wanted = by_teacher(teacher, unseen)
    centre = by_teacher(teacher, seen).mean(0)

    def centred(found: Tensor) -> float:
        return float(F.cosine_similarity(found - centre, wanted - centre).mean())

    before = centred(by_student(student, unseen))
    left = transplant(
        student,
        teacher,
        seen,
        OURS,
        THEIRS,
        stem_steps=150,
        seed=0,
        on_progress=lambda *now: told.append(now),
    )
    assert student.training
    assert all(value.grad is None for value in student.parameters())
    assert told == [(n, 6) for n in range(1, 7)]
    assert list(left) == [
        *("trunk.0.depth", "trunk.0.point", "trunk.1.depth", "trunk.1.point"),
        "embedding",
    ]
    assert all(0 < value < 0.5 for value in left.values())
    assert before < 0.3
    assert centred(by_student(student, unseen)) > 0.6
    slopes = [layer for layer in tiny_teacher(DIM) if isinstance(layer, nn.PReLU)][2:]
    ours = [
        student.stem[-1].act,
        *(part.act for block in student.trunk for part in (block.depth, block.point)),
    ]
    for one, other in zip(ours, slopes, strict=True):
        assert torch.equal(one.weight, other.weight)


def test_it_is_determined_by_its_seed(teacher: Path) -> None:
    crops = faces()[:60]
    one, _ = fitted(teacher, crops)
    torch.manual_seed(99)
    torch.rand(3)
    again, _ = fitted(teacher, crops)
    other, _ = fitted(teacher, crops, seed=1)
    for name, value in tensors_of(one).items():
        assert np.array_equal(value, tensors_of(again)[name]), name
    assert not np.array_equal(tensors_of(one)["stem.0.conv.weight"], tensors_of(other)["stem.0.conv.weight"])


def test_statistics_are_those_of_the_layer_s_inputs(teacher: Path) -> None:
    """Otherwise the first steps of training, with the batch's own statistics, would see another net."""
    crops = faces()[:200]
    student, _ = fitted(teacher, crops)
    inputs: dict[str, Tensor] = {}
    for name, layer in student.named_modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.register_forward_pre_hook(lambda module, args, name=name: inputs.update({name: args[0]}))
    by_student(student, crops)
    for name, layer in student.trunk.named_modules(prefix="trunk"):
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            x = inputs[name]
            spread = x.std((0, 2, 3))
            assert ((layer.running_mean - x.mean((0, 2, 3))).abs() < 0.05 * spread).all(), name
            torch.testing.assert_close(layer.running_var, spread**2, rtol=0.1, atol=1e-6)


def unit(inside: int, outside: int, stride: int = 1, groups: int = 1) -> module._Unit:
    torch.manual_seed(3)
    kernel = 3 if groups > 1 else 1
    conv = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups)
    norm = nn.BatchNorm2d(outside)
    with torch.no_grad():
        norm.running_mean.normal_()  # type: ignore[union-attr]
        norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
        norm.weight.uniform_(0.5, 2)
        norm.bias.normal_()
    return module._Unit(conv.requires_grad_(False), norm.eval().requires_grad_(False), nn.PReLU(outside))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 6])
def test_what_a_layer_can_give_exactly_it_gives(stride: int, groups: int) -> None:
    """With the teacher's own inputs and no halving, the least-squares layer is the teacher's."""
    one = unit(6, 6 if groups > 1 else 9, stride, groups)
    x = torch.randn(70, 6, 9, 9)
    target = one.norm(one.conv(x))
    if groups > 1:
        kernel, bias = module._solve_depthwise(x, target, one)
        assert kernel.shape == (6, 1, 3, 3)
        found = F.conv2d(x, kernel, bias, stride, 1, 1, 6)
    elif stride == 1:
        kernel, bias = module._solve_pointwise(x, target, one)
        assert kernel.shape == (9, 6, 1, 1)
        found = F.conv2d(x, kernel, bias)
    else:
        return  # a pointwise convolution with a stride does not occur
    assert (found - target).abs().max() < 0.02 * target.std()


def test_without_data_a_pointwise_layer_is_the_teacher_s_own() -> None:
    """The ridge draws towards it, so that channels that say nothing keep the teacher's weights."""
    one = unit(6, 9)
    kernel, bias = module._solve_pointwise(torch.full((2, 6, 3, 3), 1e-9), torch.zeros(2, 9, 3, 3), one)
    x = torch.randn(5, 6, 4, 4)
    plain = F.conv2d(x, kernel)
    own = one.norm(one.conv(x)) - one.norm(one.conv(torch.zeros_like(x)))
    torch.testing.assert_close(plain, own, atol=1e-3, rtol=1e-3)
    assert bias.shape == (9,)


def test_halving_keeps_what_is_smooth() -> None:
    """Constants to the border, slopes inside it; position n is position 2n of the finer map."""
    assert torch.allclose(module._halved(torch.full((2, 3, 7, 7), 5.0)), torch.full((2, 3, 4, 4), 5.0))
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    assert torch.allclose(module._halved(ramp)[0, 0, 1, 1:], torch.tensor([2.0, 4.0, 6.0]))


def test_interpolation_reads_between_positions() -> None:
    coarse = torch.tensor([10.0, 20.0, 40.0, 80.0])
    found = module._interpolation(4, 7) @ coarse
    assert found.tolist() == [10, 15, 20, 30, 40, 60, 80]
    assert (module._interpolation(2, 4) @ coarse[:2]).tolist() == [10, 15, 20, 20]  # nothing lies beyond


def test_a_teacher_of_other_layers_is_refused(tmp_path: Path) -> None:
    other = tiny_teacher(DIM)
    layers = [*other[:12], *other[15:]]
    student = build("lr28-tiny", DIM)
    assert isinstance(student, SeparableStudent)
    path = write_onnx(nn.Sequential(*layers), tmp_path / "other.onnx")
    with pytest.raises(ConfigError, match=r"other\.onnx has not the layers.*init.*random"):
        transplant(student, path, faces()[:2], OURS, THEIRS, stem_steps=1, seed=0)


RECIPE = """
name = "run"
[model]
arch = "lr28-tiny"
init = "teacher"
fit_faces = 40
fit_steps = 5
[data]
holdout = 0.2
component_similarity = 0.9999
[objective]
cosine = {}
[run]
steps = 4
batch = 8
checkpoint_every = 2
"""


def test_a_run_starts_from_the_teacher_once(teacher: Path, tmp_path: Path) -> None:
    """Interrupted and resumed, it ends as the whole one, and does not carry the layers over again."""
    data = [encode_image(crop, ".png") for crop in faces()[:60]]
    pool = FaceSet(tuple(f"{n:03d}" for n in range(60)), ("orl",) * 60, tuple(data))
    card = Card("tiny", "onnx", "b" * 64, Space("b" * 64, DIM), THEIRS)

    def embed(crops: Sequence[Crop]) -> NDArray[np.float32]:
        return np.asarray(by_teacher(teacher, crops).numpy())

    stages: list[str] = []

    def run(out: Path, stop_at: int = 0, recipe: str = RECIPE) -> Path:
        def told(now: Progress) -> None:
            stages.append(now.stage)
            if now.stage == "train" and now.done == stop_at:
                raise KeyboardInterrupt

        return distil(
            *(parse_recipe(recipe, "x"), pool, out),
            teacher_embed=embed,
            teacher_card=card,
            teacher_file=teacher,
            on_progress=told,
            cache=tmp_path / "cache.db",
        ).weights

    whole = run(tmp_path / "whole")
    assert stages.count("transplant") == 6
    lines = [json.loads(line) for line in (tmp_path / "whole" / "journal.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines[:2]] == ["start", "transplant"]
    assert 0 < lines[1]["trunk.1.point"] < 1
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "part", 3)
    stages.clear()
    part = run(tmp_path / "part")
    assert "transplant" not in stages
    for name in (part.name, "journal.jsonl"):
        assert (part.parent / name).read_bytes() == (whole.parent / name).read_bytes()
    with pytest.raises(ConfigError, match=r"lr24-tiny cannot start from a teacher's layers"):
        run(tmp_path / "plain", recipe=RECIPE.replace("lr28-tiny", "lr24-tiny"))
