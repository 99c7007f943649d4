"""Distil a student from a teacher: the whole run, from faces to a weights file, resumable at any time."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from fewpix.config import cache_dir
from fewpix.data.cache import Embed, TeacherCache
from fewpix.data.faces import FaceSet
from fewpix.data.passed_over import NOTHING, LeftOut
from fewpix.data.shard_index import ShardIndex
from fewpix.errors import ConfigError, StorageError
from fewpix.files import PathLike, path_of, sweep
from fewpix.models.card import Card
from fewpix.models.weights import save_weights
from fewpix.models.zoo import architecture, tensors_of
from fewpix.train.check import check_names
from fewpix.train.checkpoint import Identity, load_checkpoint, read_identity, save_checkpoint
from fewpix.train.heldout import Agreement
from fewpix.train.journal import Journal
from fewpix.train.ranks import ALONE, Ranks
from fewpix.train.recipe import Recipe
from fewpix.train.start import check_same, from_teacher, initial_student, restate_start
from fewpix.train.step import Distiller
from fewpix.train.supply import Supply, supply_of

logger = logging.getLogger(__name__)

DEFAULT_TERMS = "the terms of the faces and of the teacher that it was distilled from"


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Args:
        stage: "teacher" while the teacher embeds, "transplant" while its layers are carried over, "train"
            afterwards.
        done: pictures, steps of the stem and layers, or steps done.
        total: all of them.
        values: the terms of the newest step that was looked at, by name; empty in the other stages. On a CPU
            that is every step; on other devices, where looking means waiting, the ones that are logged.
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
        left_out: what lay beside the faces; of a stream also what this process could not read.
    """

    weights: Path
    journal: Path
    card: Card
    steps: int
    agreement: Agreement | None
    left_out: LeftOut = NOTHING

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


def distil(
    recipe: Recipe,
    faces: FaceSet | ShardIndex,
    out: PathLike,
    *,
    teacher_embed: Embed,
    teacher_card: Card,
    teacher_file: Path | None = None,
    resume: bool = True,
    finish: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    cache: Path | None = None,
    device: str = "cpu",
    degrade_on: str = "auto",
    terms: str = DEFAULT_TERMS,
    ranks: Ranks = ALONE,
) -> DistilResult:
    """Run a recipe.

    Args:
        recipe: what to do.
        faces: aligned, sharp, without labels; shards where the recipe streams (`data.stream`).
        out: the run's folder: `checkpoint.safetensors`, `journal.jsonl` and in the end `NAME.safetensors`.
        teacher_embed: the teacher, sharp crops to unit embeddings.
        teacher_card: its card.
        teacher_file: its ONNX file; only a recipe that starts from the teacher's layers needs it.
        resume: go on from the checkpoint in `out`, if there is one; otherwise it is thrown away.
        finish: train no further; write the averaged weights of the last checkpoint, before the last step too.
        on_progress: called after every chunk of the teacher, every layer taken over and every step.
        cache: file of teacher embeddings; by default in the user cache.
        device: a torch device.
        degrade_on: where the low-resolution views are made: "host" (OpenCV, one by one), "device" (torch, in
            batches, the sharp faces in its memory), or "auto", the device where that is CUDA. Both draw the
            same; grey levels differ by rounding (`fewpix.train.batched`).
        terms: the licence of the weights, in words, for their card.
        ranks: the processes that train together, see `fewpix.train.ranks.joined`: each calls this with the
            same arguments, and the first one alone writes and scores.

    Raises:
        ConfigError: the recipe names what does not exist or does not fit the faces, `out` holds another
            recipe's run, there is no checkpoint to finish, `degrade_on` is unknown, or the loss is no longer
            a number.
        WeightsError: the checkpoint or the initial weights do not fit.
        StorageError: the disk is full; the last checkpoint is whole.
    """
    out = path_of(out)
    report = on_progress or (lambda progress: None)
    check_names(recipe)
    place = torch.device(device)
    supply = supply_of(recipe, faces, ranks, device, degrade_on)
    torch.manual_seed(recipe.run.seed)
    start = initial_student(recipe, teacher_card, teacher_file)
    supply.check_start(start.card)
    distiller = Distiller(start.student, recipe, teacher_card.space.dim, place, supply.classes, ranks)
    identity = Identity(
        recipe.sha256,
        recipe.model.arch,
        supply.sha256,
        teacher_card.sha256,
        torch.__version__,
        torch.get_num_threads(),
    )
    checkpoint, journal = out / "checkpoint.safetensors", Journal(out / "journal.jsonl")
    weights = out / f"{recipe.name}.safetensors"
    if ranks.first:
        for path in (checkpoint, journal.path, weights):
            sweep(path)
        if not resume:
            _forget(checkpoint)
    ranks.wait()
    if resume and checkpoint.is_file():
        _check(read_identity(checkpoint), identity, out)
        load_checkpoint(checkpoint, distiller)
    if finish and not distiller.step:
        raise ConfigError(f"there is no checkpoint in {out} to finish", fix="train first")
    last_step = distiller.step if finish else recipe.last_step
    note = journal.append if ranks.first else _unnoted
    if ranks.first:
        journal.cut(distiller.step if distiller.step else -1)
    if not distiller.step:
        if start.teacher:
            check_same(start.teacher, teacher_card, teacher_embed, supply.first())
        where = {"degraded": "in batches"} if supply.in_batches else {}
        note(0, "start", {**asdict(identity), "name": recipe.name, **where})

    store = TeacherCache(cache or cache_dir() / "teacher.db", teacher_card.sha256, teacher_card.space.dim)
    if not ranks.first:
        ranks.wait()  # the first one fills the cache
    supply.prepare(store, teacher_embed, lambda done, total: report(Progress("teacher", done, total, {})))
    if ranks.first:
        ranks.wait()
    filled = start.student
    if start.teacher and not distiller.step:
        filled, left = from_teacher(
            recipe,
            start,
            supply.views(recipe.model.fit_faces),
            teacher_card,
            lambda done, total: report(Progress("transplant", done, total, {})),
        )
        note(0, "transplant", left)
    scorer = supply.scorer()
    if recipe.model.restated and not distiller.step:
        seen = restate_start(recipe, filled, supply.maker())
        note(0, "restated", {"views": seen})
    if not distiller.step:
        distiller.start_from(filled)
    ranks.share(distiller.student)
    if not ranks.first:
        scorer = None
    agreement: Agreement | None = None
    values: dict[str, float] = {}
    every = 1 if place.type == "cpu" else math.gcd(recipe.run.log_every, recipe.run.checkpoint_every)
    for lesson in supply.lessons(distiller.step, last_step):
        told = distiller.learn(lesson.faces, lesson.teacher, lesson.keys, lesson.labels)
        step = distiller.step
        last = step == last_step
        if step % every == 0 or last:
            values = {name: float(value) for name, value in told.items()}
        if values and not math.isfinite(values["total"]):
            raise ConfigError(
                f"the loss at step {step} is not a number", fix="lower optim.lr; the last checkpoint is whole"
            )
        if step % recipe.run.log_every == 0 or last:
            note(step, "step", {name: round(value, 6) for name, value in values.items()})
        if scorer and (step % recipe.run.evaluate_every == 0 or last):
            agreement = scorer.score(distiller.embed)
            note(step, "held out", agreement.to_json())
        if ranks.first and (step % recipe.run.checkpoint_every == 0 or last):
            save_checkpoint(checkpoint, distiller, identity)
        report(Progress("train", step, recipe.last_step, values, agreement))
    if recipe.optim.start_share:
        distiller.mix_start()
        agreement = None
    if agreement is None and scorer:
        agreement = scorer.score(distiller.embed)
    card = _card(recipe, start.sha256, supply, teacher_card, agreement, terms, distiller.step)
    if ranks.first:
        card = save_weights(weights, tensors_of(distiller.average), card)
    elif supply.left_out:  # the first one tells by its result
        logger.warning("process %d: %s", ranks.rank, supply.left_out)
    return DistilResult(weights, journal.path, card, distiller.step, agreement, supply.left_out)


def _unnoted(step: int, kind: str, facts: Mapping[str, Any]) -> None:
    """What a process does that keeps no journal."""


def _forget(checkpoint: Path) -> None:
    """Delete it, so that this run, should it be killed before its first one, never resumes from it."""
    try:
        checkpoint.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot delete {checkpoint}: {error.strerror or error}", fix="name another folder"
        ) from error


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


def _card(
    recipe: Recipe,
    init_sha256: str,
    faces: Supply,
    teacher: Card,
    agreement: Agreement | None,
    terms: str,
    steps: int,
) -> Card:
    """The student's card; its digest is filled in when the weights are written."""
    return Card(
        name=recipe.name,
        arch=recipe.model.arch,
        sha256="",
        space=teacher.space,
        preprocess=architecture(recipe.model.arch).preprocess,
        terms=terms,
        provenance={
            "recipe": recipe.model_dump(mode="json"),
            "recipe_sha256": recipe.sha256,
            "init_sha256": init_sha256,
            "faces": len(faces),
            "faces_sha256": faces.sha256,
            "teacher": teacher.name,
            "torch": torch.__version__,
            "steps": steps,
            "held_out": agreement.to_json() if agreement else None,
        },
    )
