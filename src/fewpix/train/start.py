"""The student before its first step: random, from a weights file, or from its teacher's layers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from fewpix.data.cache import Embed
from fewpix.data.faces import FaceSet
from fewpix.data.views import Views
from fewpix.errors import ConfigError
from fewpix.image.resize import Crop
from fewpix.models.backbones import SeparableStudent, WholeStudent
from fewpix.models.card import Card
from fewpix.models.shipped import STUDENTS, shipped
from fewpix.models.weights import load_weights
from fewpix.models.zoo import architecture, build, fill
from fewpix.train.batches import PixelMaker
from fewpix.train.dissect import Dissected, dissect
from fewpix.train.recipe import FROM_TEACHER, Recipe
from fewpix.train.restate import restate
from fewpix.train.transplant import transplant
from fewpix.train.whole import copy_teacher

_FIT = 2  # names the random stream of the views that a transplant is fitted to


@dataclass(frozen=True)
class Start:
    """Where a run starts.

    Args:
        student: in training mode.
        sha256: the digest of the weights that it starts from; "" when random.
        card: of the weights that it starts from, where these are a student's.
        teacher: the layers that `from_teacher` fills it with once the faces are known; random until then.
    """

    student: nn.Module
    sha256: str = ""
    teacher: Dissected | None = None
    card: Card | None = None


def initial_student(recipe: Recipe, teacher: Card, teacher_file: Path | None = None) -> Start:
    """The student of a recipe; what it starts from is found, and fits.

    Args:
        recipe: of the run.
        teacher: its card.
        teacher_file: its ONNX file, if it has one.

    Raises:
        ConfigError: unknown architecture, the initial weights belong to another space, or the teacher's
            layers are not those of the student.
        InputError: there are no weights of that name or at that path.
        WeightsError: they are damaged or of another architecture, or the teacher's layers form no chain.
    """
    student, init = build(recipe.model.arch, teacher.space.dim), recipe.model.init
    if recipe.model.kept:
        _keep(student, recipe)
    for key, wanted in (
        ("model.restated", recipe.model.restated),
        ("optim.start_share", recipe.optim.start_share),
    ):
        if wanted and init != FROM_TEACHER:
            raise ConfigError(
                f"{key}: only for a student that starts from its teacher's layers", fix="remove it"
            )
    if init == "random":
        return Start(student)
    if init == FROM_TEACHER:
        if not isinstance(student, SeparableStudent | WholeStudent):
            raise ConfigError(
                f"model.init: {recipe.model.arch} cannot start from a teacher's layers",
                fix='set it to "random"',
            )
        if teacher_file is None:
            raise ConfigError(
                f"model.init: the layers of {teacher.name} cannot be read",
                fix='set it to "random", or name an ONNX file as the teacher',
            )
        if isinstance(student, WholeStudent):
            own = architecture(recipe.model.arch).preprocess
            copy_teacher(student, teacher_file, own, teacher.preprocess)
            return Start(student, teacher.sha256)
        parts = dissect(student, teacher_file, teacher.preprocess.side)
        return Start(student, teacher.sha256, parts)
    tensors, card = load_weights(shipped(f"{init}.safetensors") if init in STUDENTS else Path(init))
    if card.space != teacher.space:
        raise ConfigError(
            f"model.init: {card.name} writes into another {card.space}, the teacher spans {teacher.space}"
        )
    fill(student, tensors, init)
    return Start(student, card.sha256, card=card)


def check_split(recipe: Recipe, faces: FaceSet, before: Card | None) -> None:
    """What is held out was never trained on, by the weights that the run starts from neither.

    Args:
        recipe: of the run.
        faces: all of them.
        before: of those weights.

    Raises:
        ConfigError: they were trained on these faces, and other ones were held out.
    """
    if before is None or before.provenance.get("faces_sha256") != faces.sha256:
        return
    told = Recipe.model_validate(before.provenance["recipe"], strict=False)
    split = [(each.split, each.data.holdout, each.data.component_similarity) for each in (recipe, told)]
    if split[0] != split[1]:
        raise ConfigError(
            f"model.init: {before.name} was trained on faces that this run holds out",
            fix="set data.split = {}, data.holdout = {:g}, data.component_similarity = {:g}".format(
                *split[1]
            ),
        )


def _keep(student: nn.Module, recipe: Recipe) -> None:
    """Raises ConfigError where nothing, or all, would be kept."""
    kept, arch = recipe.model.kept, recipe.model.arch
    if not isinstance(student, WholeStudent):
        raise ConfigError(f"model.kept: {arch} is not its teacher as a whole", fix="remove it")
    if kept >= len(student.blocks):
        raise ConfigError(f"model.kept: {arch} has {len(student.blocks)} blocks", fix="keep fewer")
    student.keep(kept)


def check_same(parts: Dissected, teacher: Card, embed: Embed, crop: Crop) -> None:
    """The layers are those of the teacher that embeds, and not another's: both agree on a sharp face.

    Raises:
        ConfigError: they do not.
    """
    with torch.no_grad():
        found = F.normalize(parts.whole(torch.from_numpy(teacher.preprocess.apply([crop]))), dim=1)
    cosine = float(found[0] @ torch.from_numpy(embed([crop])[0]))
    if not cosine > 0.99:
        raise ConfigError(f"{parts.name} gives other embeddings than {teacher.name}", fix="name its file")


def from_teacher(
    recipe: Recipe,
    start: Start,
    views: Views,
    teacher: Card,
    on_progress: Callable[[int, int], None],
) -> tuple[nn.Module, dict[str, float]]:
    """A copy of the student with its teacher's layers, fitted to some of the views.

    Args:
        recipe: `model.fit_faces` and `model.fit_steps`, seed and precision.
        start: from `initial_student`, with a teacher.
        views: to draw from, by their weights.
        teacher: its card.
        on_progress: called with (steps and layers done, all of them).

    Returns:
        The copy, on the CPU, and what is left unexplained, by layer, with the number of views as "views".
    """
    filled = copy.deepcopy(start.student).cpu()
    assert isinstance(filled, SeparableStudent)
    assert start.teacher is not None
    drawn, held = _draw(views, recipe.model.fit_faces, np.random.default_rng([recipe.run.seed, _FIT]))
    left = transplant(
        filled,
        start.teacher,
        [views.render(int(n)) for n in drawn],
        architecture(recipe.model.arch).preprocess,
        teacher.preprocess,
        held=held,
        stem_steps=recipe.model.fit_steps,
        seed=recipe.run.seed,
        low_precision=recipe.run.precision == "bf16",
        on_progress=on_progress,
    )
    return filled, {**left, "views": len(drawn)}


def restate_start(recipe: Recipe, student: nn.Module, maker: PixelMaker) -> int:
    """Give a student, in place, the statistics of the first batches; see `restate`.

    Args:
        recipe: its `model.fit_faces` views are looked at, in whole batches.
        student: before its first step.
        maker: of the batches.

    Returns:
        How many views were looked at.
    """
    batches = -(-recipe.model.fit_faces // recipe.run.batch)
    device = next(student.parameters()).device
    scale = architecture(recipe.model.arch).preprocess.scale
    faces = (torch.from_numpy(scale(batch.pixels)).to(device) for batch in maker.stream(0, batches))
    restate(student, faces)
    return batches * recipe.run.batch


def _draw(views: Views, count: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], int]:
    """Indices of `count` views drawn by weight, or of all there are, and how many of them, at the end, show
    faces that the others do not.

    A tenth of the faces that stand alone in the draw is set aside; mixes that they are part of are left out.
    """
    share = views.weights / views.weights.sum()
    count = min(count, int(np.count_nonzero(share)))
    drawn = rng.choice(len(views), size=count, replace=False, p=share)
    shown = [{view.first, view.second} - {-1} for view in (views.items[n] for n in drawn)]
    alone = rng.permutation(sorted({next(iter(faces)) for faces in shown if len(faces) == 1}))
    aside = {int(n) for n in alone[: max(1, len(alone) // 10)]}
    held = [int(n) for n, faces in zip(drawn, shown, strict=True) if faces <= aside]
    fitted = [int(n) for n, faces in zip(drawn, shown, strict=True) if not faces & aside]
    if not held:  # nothing but mixes
        fitted, held = fitted[:-1], fitted[-1:]
    return np.array([*fitted, *held], dtype=np.int64), len(held)
