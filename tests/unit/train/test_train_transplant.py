"""A student's first weights from its teacher's layers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
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

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from fewpix.models.backbones import SeparableStudent  # noqa: E402
from fewpix.models.teacher import sface  # noqa: E402
from fewpix.models.weights import load_weights  # noqa: E402
from fewpix.models.zoo import Transplant, architecture, build, tensors_of  # noqa: E402
from fewpix.train.dissect import dissect  # noqa: E402
from fewpix.train.distil import Progress, distil  # noqa: E402
from fewpix.train.recipe import parse_recipe  # noqa: E402
from fewpix.train.transplant import transplant  # noqa: E402
from tiny_teacher import tiny_teacher, write_onnx  # noqa: E402

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


def new_student() -> SeparableStudent:
    torch.manual_seed(5)
    student = build("lr28-tiny", DIM)
    assert isinstance(student, SeparableStudent)
    return student


def fitted(
    teacher: Path, crops: Sequence[Crop], seed: int = 0, **options: object
) -> tuple[SeparableStudent, dict[str, float]]:
    student, parts = new_student(), dissect(new_student(), teacher, 112)
    torch.seed()  # what the process draws must not matter
    options = {"held": 20, "stem_steps": 150, "seed": seed, **options}
    left = transplant(student, parts, crops, OURS, THEIRS, **options)  # type: ignore[arg-type]
    return student, left


def by_teacher(teacher: Path, crops: Sequence[Crop]) -> Tensor:
    with torch.no_grad():
        return F.normalize(tiny_teacher(DIM)((torch.from_numpy(THEIRS.apply(crops)) - 1) / 2), dim=1)


def by_student(student: nn.Module, crops: Sequence[Crop]) -> Tensor:
    with torch.no_grad():
        return F.normalize(student.eval()(torch.from_numpy(OURS.apply(crops))), dim=1)


@pytest.mark.slow
def test_the_student_begins_as_an_approximation_of_its_teacher(teacher: Path) -> None:
    """On faces that nothing was fitted to, against the same student before; both less the mean embedding."""
    seen, unseen = faces()[:250], faces()[250:]
    told: list[tuple[int, int]] = []
    wanted, centre = by_teacher(teacher, unseen), by_teacher(teacher, seen).mean(0)

    def centred(found: Tensor) -> float:
        return float(F.cosine_similarity(found - centre, wanted - centre).mean())

    before = centred(by_student(new_student(), unseen))
    student, left = fitted(teacher, seen, on_progress=lambda *now: told.append(now))
    assert student.training
    assert told == [(n, 155) for n in range(1, 156)]
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


@pytest.mark.slow
def test_a_trunk_at_the_teacher_s_resolution_has_its_layers(teacher: Path) -> None:
    """Fed with the teacher's own map in the place of the stem's, it gives nearly the teacher's embedding."""
    torch.manual_seed(5)
    shape = Transplant(56, (8, 16), 1, ((16, 1), (24, 2)), 24, 1)
    student = shape.build(DIM)
    assert isinstance(student, SeparableStudent)
    parts = dissect(student, teacher, 112)
    seen, unseen = faces()[:250], faces()[250:]
    left = transplant(student, parts, seen, shape.preprocess, THEIRS, held=20, stem_steps=150, seed=0)
    assert all(0 < value < 0.5 for value in left.values())
    with torch.no_grad():
        theirs = torch.from_numpy(THEIRS.apply(unseen))
        ours = parts.entry.act(parts.entry.raw(parts.before(theirs)))
        found = F.normalize(student.head(student.squeeze(student.trunk(ours))), dim=1)
    assert float((found * by_teacher(teacher, unseen)).sum(1).mean()) > 0.9


@pytest.mark.slow
def test_a_block_may_stand_for_several_of_the_teacher_s(teacher: Path) -> None:
    """Its pointwise convolution answers for the last of them, from what the first one's depthwise gives."""
    torch.manual_seed(5)
    shape = Transplant(112, (8, 16), 1, ((16, 2), (24, 2)), 24, 1, merged=(2, 1), entry=8)
    student = shape.build(DIM)
    assert isinstance(student, SeparableStudent)
    parts = dissect(student, teacher, 112)
    assert [len(row) for row in parts.trunk] == [1, 3, 1, 1]
    with torch.no_grad():
        whole = F.normalize(parts.whole(torch.from_numpy(THEIRS.apply(faces()[:4]))), dim=1)
    torch.testing.assert_close(whole, by_teacher(teacher, faces()[:4]))
    seen, unseen = faces()[:250], faces()[250:]
    left = transplant(student, parts, seen, shape.preprocess, THEIRS, held=20, stem_steps=150, seed=0)
    # It takes one block for two: a good part of the map, and not all of it.
    assert 0.001 < left["trunk.0.point"] < 0.3
    with torch.no_grad():
        x = parts.entry.act(parts.entry.raw(parts.before(torch.from_numpy(THEIRS.apply(unseen)))))
        found = F.normalize(student.head(student.squeeze(student.trunk(x))), dim=1)
    assert float((found * by_teacher(teacher, unseen)).sum(1).mean()) > 0.85


@pytest.mark.slow
def test_only_weights_change(teacher: Path) -> None:
    """Faster gradients are for the time of training; an exporter, or another device, must not meet them."""
    student, _ = fitted(teacher, faces()[:60], stem_steps=2, low_precision=True)
    fresh = new_student()
    assert [type(layer) for layer in student.modules()] == [type(layer) for layer in fresh.modules()]
    assert all(value.grad is None and value.requires_grad for value in student.parameters())
    assert all(value.isfinite().all() for value in student.state_dict().values())
    assert {name: value.dtype for name, value in student.state_dict().items()} == {
        name: value.dtype for name, value in fresh.state_dict().items()
    }


def test_it_is_determined_by_its_seed(teacher: Path) -> None:
    crops = faces()[:60]
    one, again, other = (tensors_of(fitted(teacher, crops, seed, stem_steps=20)[0]) for seed in (0, 0, 1))
    for name, value in one.items():
        assert np.array_equal(value, again[name]), name
    assert not np.array_equal(one["stem.0.conv.weight"], other["stem.0.conv.weight"])


def test_statistics_are_those_of_the_layer_s_inputs(teacher: Path) -> None:
    """Otherwise the first steps of training, with the batch's own statistics, would see another net.

    Also where the stem has hardly been trained, and its running averages are still what they began with.
    """
    crops = faces()[:200]
    student, _ = fitted(teacher, crops, stem_steps=3)
    inputs: dict[str, Tensor] = {}
    norms = {name: layer for name, layer in student.named_modules() if isinstance(layer, nn.BatchNorm2d)}
    for name, layer in norms.items():
        layer.register_forward_pre_hook(lambda module, args, name=name: inputs.update({name: args[0]}))
    by_student(student, crops)
    assert len(norms) == 10
    for name, layer in norms.items():
        assert layer.running_mean is not None
        assert layer.running_var is not None
        x = inputs[name]
        spread = x.std((0, 2, 3))
        assert ((layer.running_mean - x.mean((0, 2, 3))).abs() < 0.05 * spread).all(), name
        torch.testing.assert_close(layer.running_var, spread**2, rtol=0.1, atol=1e-6)


@pytest.mark.parametrize(
    ("arch", "layers", "entry"),
    [
        ("lr28-sface", 18, (256, 128, 1, 1)),
        ("lr28-sface-l", 14, (512, 256, 1, 1)),
        ("lr28-sface-s", 16, (256, 256, 1, 1)),
    ],
)
def test_the_trunk_is_that_of_sface(arch: str, layers: int, entry: tuple[int, ...]) -> None:
    student = build(arch, 128)
    assert isinstance(student, SeparableStudent)
    parts = dissect(student, sface().path, 112)
    assert sum(len(row) for row in parts.trunk) == layers
    assert parts.entry.conv.weight.shape == entry
    assert parts.linear.weight.shape == (128, 50176)


def test_looking_into_a_teacher_draws_no_number(teacher: Path) -> None:
    student = new_student()
    before = torch.random.get_rng_state()
    dissect(student, teacher, 112)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert student.training


def other_teacher(kind: str, path: Path) -> Path:
    layers = list(tiny_teacher(DIM))
    if kind == "narrow trunk":
        layers[9:15] = layers[9:12]
    elif kind == "something between":
        layers.insert(12, nn.BatchNorm2d(16))
    elif kind == "one slope":
        layers[11] = nn.PReLU()
    elif kind == "no last norm":
        del layers[-1]
    elif kind == "another dimension":
        layers[-2:] = [nn.Linear(24 * 14**2, 8), nn.BatchNorm1d(8)]
    return write_onnx(nn.Sequential(*layers).eval(), path)


@pytest.mark.parametrize(
    ("kind", "side", "message"),
    [
        ("narrow trunk", 112, "does not end with the layers of this student's trunk"),
        ("something between", 112, "does not end with the layers"),
        ("no last norm", 112, "does not end with the layers"),
        ("one slope", 112, "does not end with the layers"),
        ("another dimension", 112, r"half of the maps of t\.onnx are .*8.*the student has .*16"),
        ("same", 96, r"t\.onnx takes no faces of 96 px"),
    ],
)
def test_a_teacher_of_other_layers_is_refused(tmp_path: Path, kind: str, side: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        dissect(new_student(), other_teacher(kind, tmp_path / "t.onnx"), side)
    assert "random" in str(caught.value.fix)


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


@pytest.fixture
def run_of(teacher: Path, tmp_path: Path) -> Callable[..., Path]:
    """Runs a recipe on 60 faces; its teacher's calls and the stages are in `seen`."""

    def run(
        out: str, *, stop: tuple[str, int] = ("", 0), seen: list[str] | None = None, **given: object
    ) -> Path:
        def told(now: Progress) -> None:
            if seen is not None:
                seen.append(now.stage)
            if (now.stage, now.done) == stop:
                raise KeyboardInterrupt

        def embed(crops: Sequence[Crop]) -> NDArray[np.float32]:
            if seen is not None:
                seen.append(f"teacher saw {len(crops)}")
            return np.asarray(by_teacher(teacher, crops).numpy())

        data = [encode_image(crop, ".png") for crop in faces()[:60]]
        pool = FaceSet(tuple(f"{n:03d}" for n in range(60)), ("orl",) * 60, tuple(data))
        options = {
            "teacher_embed": embed,
            "teacher_card": Card("tiny", "onnx", "b" * 64, Space("b" * 64, DIM), THEIRS),
            "teacher_file": teacher,
            "on_progress": told,
            "cache": tmp_path / f"{out}.db",
        }
        recipe = parse_recipe(str(given.pop("recipe", RECIPE)), "x")
        return distil(recipe, pool, tmp_path / out, **(options | given)).weights  # type: ignore[arg-type]

    return run


@pytest.mark.slow
def test_a_run_starts_from_the_teacher_once(run_of: Callable[..., Path]) -> None:
    """Interrupted anywhere and resumed, it ends as the whole one, with the layers carried over once."""
    seen: list[str] = []
    whole = run_of("whole", seen=seen)
    assert seen.count("transplant") == 5 + 5
    lines = [json.loads(line) for line in (whole.parent / "journal.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines[:2]] == ["start", "transplant"]
    assert 0 < lines[1]["trunk.1.point"] < 1
    assert 30 < lines[1]["views"] <= 40
    card = load_weights(whole)[1]
    assert card.provenance["init_sha256"] == "b" * 64
    for name, stop in (("a", ("teacher", 60)), ("b", ("transplant", 8)), ("c", ("train", 3))):
        with pytest.raises(KeyboardInterrupt):
            run_of(name, stop=stop)
        seen.clear()
        part = run_of(name, seen=seen)
        assert ("transplant" in seen) == (name != "c")
        for file in (part.name, "journal.jsonl"):
            assert (part.parent / file).read_bytes() == (whole.parent / file).read_bytes(), name


def test_what_does_not_fit_is_found_before_the_teacher_is_asked(
    run_of: Callable[..., Path], tmp_path: Path
) -> None:
    other = other_teacher("narrow trunk", tmp_path / "other.onnx")
    seen: list[str] = []
    for given, message in (
        (
            {"recipe": RECIPE.replace("lr28-tiny", "lr24-tiny")},
            "lr24-tiny cannot start from a teacher's layers",
        ),
        ({"teacher_file": None}, "the layers of tiny cannot be read"),
        ({"teacher_file": other}, "other.onnx does not end with the layers"),
        (
            {"recipe": RECIPE.replace("[data]", "[data]\nflip = false\nweights = { orl = 0.0 }\nmixes = 30")},
            "30 views",
        ),
    ):
        with pytest.raises(ConfigError, match=message):
            run_of("out", seen=seen, **given)
    assert seen == []
    assert not (tmp_path / "out").exists()


def test_a_file_of_another_teacher_is_noticed_at_the_first_face(
    run_of: Callable[..., Path], tmp_path: Path
) -> None:
    other = write_onnx(tiny_teacher(DIM, seed=1), tmp_path / "other.onnx")
    seen: list[str] = []
    with pytest.raises(ConfigError, match=r"other\.onnx gives other embeddings than tiny"):
        run_of("out", seen=seen, teacher_file=other)
    assert seen == ["teacher saw 1"]
