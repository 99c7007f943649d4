"""A student that begins as its teacher."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fewpix.data.faces import load_faces
from fewpix.data.orl import load_orl
from fewpix.errors import ConfigError
from fewpix.image.codec import write_image
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import Crop, resize_square
from fewpix.models.card import Card
from fewpix.models.space import Space

pytestmark = pytest.mark.needs("samples", "torch")

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from fewpix.embed.open import open_encoder  # noqa: E402
from fewpix.models.backbones import ConvBN, WholeStudent  # noqa: E402
from fewpix.models.teacher import sface  # noqa: E402
from fewpix.models.weights import load_weights  # noqa: E402
from fewpix.models.zoo import architecture, build, fill, tensors_of  # noqa: E402
from fewpix.train.distil import DistilResult, Progress, distil  # noqa: E402
from fewpix.train.recipe import parse_recipe  # noqa: E402
from fewpix.train.restate import restate  # noqa: E402
from fewpix.train.start import initial_student  # noqa: E402
from fewpix.train.step import Distiller  # noqa: E402
from fewpix.train.whole import copy_teacher  # noqa: E402
from tiny_teacher import write_onnx  # noqa: E402  (torch may not be installed)

DIM = 16
RECIPE = 'name = "x"\n[model]\narch = "sface"\ninit = "teacher"\n[objective.cosine]\n[run]\nsteps = 1'
OURS = architecture("sface-tiny").preprocess


def student() -> WholeStudent:
    made = build("sface-tiny", DIM)
    assert isinstance(made, WholeStudent)
    return made


def teacher(bias: bool = False) -> nn.Sequential:
    """The layers of `sface-tiny` with other numbers, and another ε behind the convolutions."""
    torch.manual_seed(3)
    layers: list[nn.Module] = []
    for inside, outside, kernel, stride, groups in (
        (3, 8, 3, 1, 1),
        *((8, 8, 3, 2, 8), (8, 8, 1, 1, 1)),
        *((8, 8, 3, 2, 8), (8, 16, 1, 1, 1)),
        *((16, 16, 3, 2, 16), (16, 24, 1, 1, 1)),
    ):
        conv = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups, bias=bias)
        layers += [conv, nn.BatchNorm2d(outside, eps=2e-3), nn.PReLU(outside)]
    layers += [nn.BatchNorm2d(24), nn.Flatten(), nn.Linear(24 * 14**2, DIM), nn.BatchNorm1d(DIM)]
    made = nn.Sequential(*layers).train()
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, nn.PReLU):
                layer.weight.uniform_(0.1, 0.4)
        for _ in range(10):
            made(F.interpolate(torch.randn(8, 3, 14, 14), size=112, mode="bilinear"))
    return made.eval()


def crops(count: int = 6) -> list[Crop]:
    """In colour, so that the order of the channels matters."""
    grey = [resize_square(load_orl().images[n][12:104], 112) for n in range(0, 10 * count, 10)]
    tint = np.array([0.6, 0.8, 1.0])
    return [np.asarray(crop * tint, dtype=np.uint8) for crop in grey]


@pytest.mark.parametrize("color", ["rgb", "bgr"])
def test_the_student_is_its_teacher(color: str, tmp_path: Path) -> None:
    """Whatever order of colours and scale the teacher wants; its file shifts by 1 and halves."""
    theirs = Preprocess(112, color, (191.25,) * 3, (63.75,) * 3)  # type: ignore[arg-type]
    made, path = teacher(), write_onnx(teacher(), tmp_path / "t.onnx")
    copied = student()
    copy_teacher(copied, path, OURS, replace(theirs, mean=(63.75,) * 3))
    with torch.no_grad():
        # (x − 63.75)/63.75 of the card, then (x − 1)/2 of the file: −1..1, as the student has it.
        given = (torch.from_numpy(replace(theirs, mean=(63.75,) * 3).apply(crops())) - 1) / 2
        wanted = made(given)
        found = copied.eval()(torch.from_numpy(OURS.apply(crops())))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    # Another place for the middle cannot be had: zero padding would lie elsewhere.
    with pytest.raises(ConfigError, match=r"t\.onnx: its input is not centred where the student's is"):
        copy_teacher(student(), path, OURS, theirs)
    with pytest.raises(ConfigError, match=r"t\.onnx takes faces of 96 px, the student 112"):
        copy_teacher(student(), path, OURS, replace(theirs, side=96, mean=(63.75,) * 3))


def test_sface_is_copied_whole() -> None:
    """In evaluation the embeddings of SFace; in training its ε, on which channels that hardly vary depend."""
    recipe = parse_recipe(RECIPE, "x")
    found = sface()
    start = initial_student(recipe, found.card, found.path)
    assert (start.sha256, start.teacher) == (found.card.sha256, None)
    assert {layer.bn.eps for layer in start.student.modules() if isinstance(layer, ConvBN)} == {1e-3}
    with torch.no_grad():
        pixels = torch.from_numpy(architecture("sface").preprocess.apply(crops(3)))
        ours = F.normalize(start.student.eval()(pixels), dim=1).numpy()
    np.testing.assert_allclose(ours, open_encoder("teacher").embed(crops(3)), atol=1e-5)


def test_a_teacher_of_other_layers_is_refused(tmp_path: Path) -> None:
    for change, says in (
        (lambda layers: layers[:18] + layers[21:], r"layer 18 is \('BatchNorm2d', 24\), not \('convolution'"),
        (lambda layers: [*layers[:2], nn.PReLU(), *layers[3:]], r"layer 2 is \('PReLU', 1\)"),
        (lambda layers: layers[:-1], "it has 23 layers"),
    ):
        made = student()
        before = tensors_of(made)
        path = write_onnx(nn.Sequential(*change(list(teacher()))), tmp_path / "other.onnx")
        with pytest.raises(ConfigError, match=f"other.onnx has not the layers of this student: {says}"):
            copy_teacher(made, path, OURS, Preprocess(112, "rgb", (63.75,) * 3, (63.75,) * 3))
        for name, value in tensors_of(made).items():
            np.testing.assert_array_equal(value, before[name])
    recipe = parse_recipe(
        'name = "x"\n[model]\narch = "sface-tiny"\ninit = "teacher"\n[objective.cosine]\n[run]\nsteps = 1',
        "x",
    )
    card = Card("t", "onnx", "b" * 64, Space("b" * 64, DIM), OURS)
    with pytest.raises(ConfigError, match="the layers of t cannot be read"):
        initial_student(recipe, card, None)


def test_kept_blocks_are_not_trained_and_give_what_they_gave() -> None:
    """Not by gradients, not by BatchNorm, whatever mode the student is put into; the others are."""
    torch.manual_seed(0)
    made, faces = student(), torch.randn(6, 3, 112, 112)  # 6: more than go through the kept blocks at once
    whole = copy.deepcopy(made).eval()
    made.keep(2)
    torch.testing.assert_close(made.eval()(faces), whole(faces), rtol=0, atol=1e-6)
    before = copy.deepcopy(made.state_dict())
    recipe = parse_recipe(RECIPE.replace('"teacher"', '"random"'), "x")
    distiller = Distiller(made, recipe, DIM, torch.device("cpu"))
    for _ in range(3):
        distiller.train_step(faces, F.normalize(torch.randn(6, DIM), dim=1), torch.arange(6))
    moved = {
        name.rpartition(".")[0] for name, value in made.state_dict().items() if (value != before[name]).any()
    }
    kept = {name for name, _ in made.named_modules() if name.startswith(("entry", "blocks.0", "blocks.1"))}
    layers = {name for name, module in made.named_modules() if list(module.parameters(recurse=False))}
    assert moved == layers - kept
    for name, value in distiller.average.state_dict().items():
        if name.rpartition(".")[0] in kept:
            torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert not made.entry.bn.training
    assert made.blocks[2].depth.bn.training  # type: ignore[union-attr]


def test_what_cannot_be_kept_is_refused() -> None:
    for arch, kept, says in (
        ("lr24-tiny", 1, "lr24-tiny is not its teacher as a whole"),
        ("sface-tiny", 3, "sface-tiny has 3 blocks"),
    ):
        text = RECIPE.replace('"sface"', f'"{arch}"').replace('"teacher"', f'"random"\nkept = {kept}')
        card = Card("t", "onnx", "b" * 64, Space("b" * 64, DIM), OURS)
        with pytest.raises(ConfigError, match=f"model.kept: {says}"):
            initial_student(parse_recipe(text, "x"), card, None)
    found = initial_student(parse_recipe(text.replace("= 3", "= 2"), "x"), card, None).student
    assert [
        name for name, part in found.named_children() if not any(p.requires_grad for p in part.parameters())
    ] == ["entry"]


def test_restated_statistics_are_those_of_the_faces_and_change_nothing_else() -> None:
    """In evaluation the embeddings stay; in training they stay nearly, and without it they do not."""
    teacher_like, copied = teacher(), student()
    with torch.no_grad():
        for mine, its in zip(
            [m for m in copied.modules() if isinstance(m, nn.BatchNorm2d | nn.BatchNorm1d)],
            [m for m in teacher_like if isinstance(m, nn.BatchNorm2d | nn.BatchNorm1d)],
            strict=True,
        ):
            mine.load_state_dict(its.state_dict())
    small = F.interpolate(torch.randn(64, 3, 8, 8) * 0.3 + 0.5, size=112, mode="bilinear")
    restated = copy.deepcopy(copied).train()
    restate(restated, small.split(16))
    assert restated.training
    with torch.no_grad():
        wanted = copied.eval()(small)
        torch.testing.assert_close(copy.deepcopy(restated).eval()(small), wanted, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(restated(small), wanted, rtol=1e-3, atol=1e-3)
        assert (copied.train()(small) - wanted).abs().max() > 0.1
    # The naive reference: inputs kept whole, moments by numpy.
    seen: dict[str, list[np.ndarray]] = {}
    checked = copy.deepcopy(restated).eval()
    restate(checked, small.split(16))  # once more changes nothing
    for name, module in checked.named_modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.register_forward_pre_hook(
                lambda _, args, name=name: seen.setdefault(name, []).append(args[0].numpy())
            )
    with torch.no_grad():
        for part in small.split(16):
            checked(part)
    for name, parts in seen.items():
        values = np.concatenate(parts).astype(np.float64)
        where = tuple(n for n in range(values.ndim) if n != 1)
        norm = checked.get_submodule(name)
        np.testing.assert_allclose(norm.running_mean, values.mean(where), rtol=1e-3, atol=1e-4)  # type: ignore[arg-type]
        np.testing.assert_allclose(norm.running_var, values.var(where), rtol=1e-3, atol=1e-5)  # type: ignore[arg-type]


def run(
    folder: Path, share: float, killed_at: int = 0
) -> tuple[dict[str, np.ndarray], list[dict[str, object]]]:
    """The weights and the journal of three steps that learn nothing sensible; killed once, and resumed."""
    for n, crop in enumerate(crops(40)):
        write_image(folder / "faces" / f"{n:02d}.png", crop)
    path = write_onnx(teacher(), folder / "t.onnx")
    theirs = Preprocess(112, "rgb", (63.75,) * 3, (63.75,) * 3)
    card = Card("t", "onnx", "b" * 64, Space("b" * 64, DIM), theirs)
    text = RECIPE.replace('"sface"', '"sface-tiny"').replace(
        '"teacher"', '"teacher"\nrestated = true\nfit_faces = 20'
    )
    more = (
        f"steps = 3\nbatch = 16\n[data]\nholdout = 0\n[optim]\nlr = 0.02\nwarmup = 0\nstart_share = {share}"
    )
    recipe = parse_recipe(text.replace("steps = 1", more), "x")

    def embed(faces: object) -> np.ndarray:
        return np.eye(DIM, dtype=np.float32)[[n % DIM for n in range(len(faces))]]  # type: ignore[arg-type]

    def kill(now: Progress) -> None:
        if now.stage == "train" and now.done == killed_at:
            raise KeyboardInterrupt

    def go(on_progress: Callable[[Progress], None] | None = None) -> DistilResult:
        return distil(
            recipe,
            load_faces([folder / "faces"]),
            folder / "run",
            teacher_embed=embed,
            teacher_card=card,
            teacher_file=path,
            cache=folder / "cache.db",
            on_progress=on_progress,
        )

    if killed_at:
        with pytest.raises(KeyboardInterrupt):
            go(kill)
    made = go()
    lines = made.journal.read_text(encoding="utf-8").splitlines()
    return dict(load_weights(made.weights)[0]), [json.loads(line) for line in lines]


def test_a_run_begins_as_its_teacher_and_can_keep_a_share_of_that(tmp_path: Path) -> None:
    """Under the statistics of the first batches. Extrapolating from half a share to a whole one gives the
    start, whose embeddings are the teacher's."""
    trained, journal = run(tmp_path / "0", 0.0)
    assert {"kind": "restated", "step": 0, "views": 32} in journal
    half = run(tmp_path / "half", 0.5)[0]
    quarter = run(tmp_path / "quarter", 0.25)[0]
    for name, value in quarter.items():  # all are rounded to float16
        np.testing.assert_allclose(value, (trained[name] + half[name]) / 2, rtol=3e-3, atol=1e-4)
    start = student().eval()
    fill(start, {name: 2 * half[name] - trained[name] for name in half}, "the start")
    moved = student().eval()
    fill(moved, trained, "the end")
    pixels = torch.from_numpy(OURS.apply(crops()))
    with torch.no_grad():
        wanted = teacher()((pixels * 127.5 + 127.5) / 63.75 / 2 - 1)
        found, lost = (F.cosine_similarity(made(pixels), wanted) for made in (start, moved))
    assert found.min() > 0.99 > 0.9 > lost.max()


@pytest.mark.slow
def test_a_share_of_the_start_survives_a_kill(tmp_path: Path) -> None:
    whole, killed = run(tmp_path / "a", 0.5)[0], run(tmp_path / "b", 0.5, killed_at=2)[0]
    for name, value in whole.items():
        np.testing.assert_array_equal(value, killed[name])


@pytest.mark.parametrize("arch", ["lr28-tiny", "lr24-tiny"])
def test_every_kind_of_student_can_be_restated(arch: str) -> None:
    torch.manual_seed(1)
    made = build(arch, DIM)
    made(torch.randn(16, 3, *[architecture(arch).side] * 2) * 2)  # statistics that are not the target's
    made.eval()
    faces = torch.rand(32, 3, *[architecture(arch).side] * 2)
    with torch.no_grad():
        before, mean = made(faces), made.head.bn.running_mean.clone()
        restate(made, faces.split(8))
        torch.testing.assert_close(made(faces), before, rtol=1e-4, atol=1e-4)
        assert (made.head.bn.running_mean - mean).abs().max() > 1e-3
        torch.testing.assert_close(made.train()(faces), before, rtol=1e-2, atol=1e-2)


def test_only_what_starts_from_its_teacher_can_be_restated_or_keep_a_share(tmp_path: Path) -> None:
    card = Card("t", "onnx", "b" * 64, Space("b" * 64, DIM), OURS)
    random = RECIPE.replace('"teacher"', '"random"')
    for key, text in (
        ("optim.start_share", f"{random}\n[optim]\nstart_share = 0.5"),
        ("model.restated", random.replace('"random"', '"random"\nrestated = true')),
    ):
        with pytest.raises(ConfigError, match=f"{key}: only for a student that starts from its teacher"):
            initial_student(parse_recipe(text, "x"), card, None)
