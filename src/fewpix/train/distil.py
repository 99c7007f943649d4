"""Distil a student from a teacher: the whole run, from faces to a weights file, resumable at any time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fewpix.config import cache_dir
from fewpix.data.cache import Embed, TeacherCache
from fewpix.data.faces import FaceSet
from fewpix.data.sampling import Sampler
from fewpix.data.split import components, hold_out
from fewpix.data.views import Views, make_views
from fewpix.degrade import PRESETS
from fewpix.errors import ConfigError
from fewpix.models.card import Card
from fewpix.models.shipped import STUDENTS, shipped
from fewpix.models.weights import load_weights, save_weights
from fewpix.models.zoo import architecture, build, fill, tensors_of
from fewpix.train.batches import BatchMaker
from fewpix.train.checkpoint import Identity, load_checkpoint, read_identity, save_checkpoint
from fewpix.train.heldout import MAX_FACES, Agreement, HeldOut
from fewpix.train.journal import Journal
from fewpix.train.recipe import Recipe
from fewpix.train.step import Distiller

logger = logging.getLogger(__name__)

DEFAULT_TERMS = "the terms of the faces and of the teacher that it was distilled from"

_SPLIT, _VIEWS = 0, 1  # name the random streams of the data


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Args:
        stage: "teacher" while the teacher embeds, "train" afterwards.
        done: pictures or steps done.
        total: pictures or steps in all.
        values: the terms of the last step, by name; empty in the stage "teacher".
        agreement: the newest held-out score, if any.
    """

    stage: str
    done: int
    total: int
    values: dict[str, float]
    agreement: Agreement | None = None


@dataclass(frozen=True)
class DistilResult:
    """What a run produced.

    Args:
        weights: the student's safetensors file.
        journal: the run's JSONL file.
        card: of the student.
        steps: trained.
        agreement: the last held-out score, if faces were held out.
    """

    weights: Path
    journal: Path
    card: Card
    steps: int
    agreement: Agreement | None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "weights": str(self.weights),
            "journal": str(self.journal),
            "model": self.card.name,
            "model_sha256": self.card.sha256,
            "steps": self.steps,
            "held_out": self.agreement.to_json() if self.agreement else None,
        }

    def __str__(self) -> str:
        """The file, its hash, and the score."""
        lines = [f"{self.card.name} ({self.card.sha256[:12]}), {self.steps} steps: {self.weights}"]
        return "\n".join([*lines, *([str(self.agreement)] if self.agreement else [])])


@dataclass(frozen=True)
class _Material:
    """The faces of a run with what the teacher says of them."""

    views: Views
    teacher: NDArray[np.float32]
    keys: NDArray[np.int64]
    held_out: NDArray[np.int64]
    held_teacher: NDArray[np.float32]


def distil(
    recipe: Recipe,
    faces: FaceSet,
    out: Path,
    *,
    teacher_embed: Embed,
    teacher_card: Card,
    resume: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
    cache: Path | None = None,
    device: str = "cpu",
    terms: str = DEFAULT_TERMS,
) -> DistilResult:
    """Run a recipe.

    Args:
        recipe: what to do.
        faces: aligned, sharp, without labels.
        out: the run's folder: `checkpoint.safetensors`, `journal.jsonl` and in the end `NAME.safetensors`.
        teacher_embed: the teacher, sharp crops to unit embeddings.
        teacher_card: its card.
        resume: go on from the checkpoint in `out`, if there is one.
        on_progress: called after every chunk of the teacher and after every step.
        cache: file of teacher embeddings; by default in the user cache.
        device: a torch device.
        terms: the licence of the weights, in words, for their card.

    Raises:
        ConfigError: the recipe names what does not exist, or `out` holds another recipe's run.
        WeightsError: the checkpoint or the initial weights do not fit.
        StorageError: the disk is full; the last checkpoint is whole.
    """
    report = on_progress or (lambda progress: None)
    if recipe.degrade.chain not in PRESETS:
        raise ConfigError(
            f"degrade.chain: no chain '{recipe.degrade.chain}'", fix=f"chains: {', '.join(PRESETS)}"
        )
    found = architecture(recipe.model.arch)
    torch.manual_seed(recipe.run.seed)
    distiller = Distiller(
        _initial(recipe, teacher_card), recipe, teacher_card.space.dim, torch.device(device)
    )
    identity = Identity(
        recipe.sha256,
        recipe.model.arch,
        faces.sha256,
        teacher_card.sha256,
        torch.__version__,
        torch.get_num_threads(),
    )
    checkpoint, journal = out / "checkpoint.safetensors", Journal(out / "journal.jsonl")
    if resume and checkpoint.is_file():
        _check(read_identity(checkpoint), identity, out)
        load_checkpoint(checkpoint, distiller)
    journal.cut(distiller.step if distiller.step else -1)
    if not distiller.step:
        journal.append(0, "start", {**asdict(identity), "name": recipe.name})

    store = TeacherCache(cache or cache_dir() / "teacher.db", teacher_card.sha256, teacher_card.space.dim)
    material = _prepare(recipe, faces, store, teacher_embed, report)
    scorer = HeldOut([faces.crop(int(n)) for n in material.held_out], material.held_teacher, found.preprocess)
    sampler = Sampler(material.views.weights, recipe.run.batch, recipe.run.seed)
    maker = BatchMaker(
        material.views, sampler, PRESETS[recipe.degrade.chain], found.preprocess, recipe.run.seed
    )
    agreement: Agreement | None = None
    for batch in maker.stream(distiller.step, recipe.run.steps):
        values = distiller.train_step(
            torch.from_numpy(found.preprocess.scale(batch.pixels)),
            torch.from_numpy(material.teacher[batch.views]),
            torch.from_numpy(material.keys[batch.views]),
        )
        step = distiller.step
        last = step == recipe.run.steps
        if step % recipe.run.log_every == 0 or last:
            journal.append(step, "step", {name: round(value, 6) for name, value in values.items()})
        if len(material.held_out) and (step % recipe.run.evaluate_every == 0 or last):
            agreement = scorer.score(distiller.embed)
            journal.append(step, "held out", agreement.to_json())
        if step % recipe.run.checkpoint_every == 0 or last:
            save_checkpoint(checkpoint, distiller, identity)
        report(Progress("train", step, recipe.run.steps, values, agreement))
    if agreement is None and len(material.held_out):
        agreement = scorer.score(distiller.embed)
    return _finish(recipe, faces, out, distiller, teacher_card, agreement, journal, terms)


def _initial(recipe: Recipe, teacher: Card) -> torch.nn.Module:
    """The student before its first step."""
    student = build(recipe.model.arch, teacher.space.dim)
    if recipe.model.init != "random":
        named = recipe.model.init in STUDENTS
        path = shipped(f"{recipe.model.init}.safetensors") if named else Path(recipe.model.init)
        tensors, card = load_weights(path)
        if card.space != teacher.space:
            raise ConfigError(
                f"model.init: {card.name} writes into another {card.space}, the teacher spans {teacher.space}"
            )
        fill(student, tensors, recipe.model.init)
    return student


def _check(then: Identity, now: Identity, out: Path) -> None:
    """Refuse to go on with another run; warn where the bits will differ."""
    for name in ("recipe", "arch", "faces", "teacher"):
        if getattr(then, name) != getattr(now, name):
            raise ConfigError(
                f"the run in {out} was started with another {name}",
                fix="name another folder, or start anew with --fresh",
            )
    if then != now:
        was, here = (f"torch {item.torch} with {item.threads} threads" for item in (then, now))
        logger.warning(
            "the checkpoint was made by %s, this is %s: the result will differ in the last bits", was, here
        )


def _prepare(
    recipe: Recipe, faces: FaceSet, store: TeacherCache, embed: Embed, report: Callable[[Progress], None]
) -> _Material:
    """Split the faces, make the views, and ask the teacher once about each."""

    def on_teacher(done: int, total: int) -> None:
        report(Progress("teacher", done, total, {}))

    data = recipe.data
    members = np.arange(len(faces))
    held = np.zeros(0, dtype=np.int64)
    held_teacher = np.zeros((0, store.dim), dtype=np.float32)
    if data.holdout:
        plain = make_views(
            faces, members, {}, flip=False, rng=np.random.default_rng([recipe.run.seed, _VIEWS])
        )
        teacher = store.embeddings(plain.keys, plain.render, embed, on_teacher)
        joined = components(teacher, data.component_similarity)
        members, held = hold_out(joined, data.holdout, np.random.default_rng([recipe.run.seed, _SPLIT]))
        scored = [n for n in held if not data.holdout_sources or faces.sources[n] in data.holdout_sources]
        held = np.array(scored[:MAX_FACES], dtype=np.int64)
        held_teacher = teacher[held]
    views = make_views(
        faces,
        members,
        data.weights,
        flip=data.flip,
        mixes=data.mixes,
        mix_weight=data.mix_weight,
        chips=data.chips,
        rng=np.random.default_rng([recipe.run.seed, _VIEWS]),
    )
    teacher = store.embeddings(views.keys, views.render, embed, on_teacher)
    # A mixed face is nobody's: it gets a key of its own.
    keys = np.array(
        [view.first if view.second < 0 else len(faces) + n for n, view in enumerate(views.items)],
        dtype=np.int64,
    )
    return _Material(views, teacher, keys, held, held_teacher)


def _finish(
    recipe: Recipe,
    faces: FaceSet,
    out: Path,
    distiller: Distiller,
    teacher: Card,
    agreement: Agreement | None,
    journal: Journal,
    terms: str,
) -> DistilResult:
    """Write the averaged student with its card."""
    card = Card(
        name=recipe.name,
        arch=recipe.model.arch,
        sha256="",
        space=teacher.space,
        preprocess=architecture(recipe.model.arch).preprocess,
        terms=terms,
        provenance={
            "recipe": recipe.model_dump(mode="json"),
            "recipe_sha256": recipe.sha256,
            "faces": len(faces),
            "faces_sha256": faces.sha256,
            "teacher": teacher.name,
            "torch": torch.__version__,
            "held_out": agreement.to_json() if agreement else None,
        },
    )
    path = out / f"{recipe.name}.safetensors"
    card = save_weights(path, tensors_of(distiller.average), card)
    return DistilResult(path, journal.path, card, distiller.step, agreement)
