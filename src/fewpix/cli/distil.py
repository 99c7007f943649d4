"""`fewpix distil`: train a student by a recipe."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from fewpix.cli.kinds import RUN
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.targets import DryRun, Writes
from fewpix.cli.training_options import Faces, Fresh, Recipe, Teacher, TeacherRuntime, Threads
from fewpix.errors import ConfigError

STAGES = {"teacher": "teacher embeddings", "transplant": "layers of the teacher"}


def distil(
    recipe: Recipe,
    faces: Faces,
    out: Annotated[Path, typer.Option(help="the run's folder"), Writes(RUN)],
    teacher: Teacher = "teacher",
    runtime: TeacherRuntime = "auto",
    device: Annotated[str, typer.Option(help="of the student: auto, cpu, cuda[:n], mps")] = "auto",
    degrade_on: Annotated[
        str, typer.Option(help="where faces are made small: auto (device for cuda), host, device")
    ] = "auto",
    threads: Threads = 0,
    terms: Annotated[str, typer.Option(help="licence of the weights, for their card")] = "",
    finish: Annotated[
        bool, typer.Option("--finish", help="train no further; write the weights of the last checkpoint")
    ] = False,
    fresh: Fresh = False,
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Train a low-resolution student from a teacher. Runs resume: call it again after any interruption.

    Several processes share the batches if torchrun starts them: docs/your_own_weights.md.
    """
    from fewpix.threads import prepare_torch

    prepare_torch()
    import cv2

    from fewpix.cli.message import Message
    from fewpix.data.faces import load_faces
    from fewpix.data.shard_index import index_shards
    from fewpix.embed.open import open_encoder, teacher_file
    from fewpix.train.check import check_names
    from fewpix.train.device import use_device
    from fewpix.train.distil import DEFAULT_TERMS, Progress
    from fewpix.train.distil import distil as run
    from fewpix.train.ranks import ALONE, joined, own_device
    from fewpix.train.recipe import load_recipe
    from fewpix.train.start import initial_student
    from fewpix.train.supply import supply_of

    if finish and fresh:
        raise ConfigError("--finish writes what --fresh throws away", fix="give one of them")
    checked = load_recipe(recipe)
    check_names(checked)
    chosen = use_device(device, threads)
    pool = index_shards(faces) if checked.data.stream else load_faces(faces)
    if pool.left_out and not dry_run:  # told now too, since the result is hours away
        logging.getLogger("fewpix").warning("%s", pool.left_out)
    supply = supply_of(checked, pool, ALONE, chosen, degrade_on)
    encoder = open_encoder(teacher, runtime=runtime)
    file = teacher_file(teacher)
    if dry_run:
        initial_student(checked, encoder.card, file)
        facts = {
            "recipe": checked.name,
            "recipe_sha256": checked.sha256,
            "faces": len(supply),
            "faces_sha256": supply.sha256,
            "teacher": encoder.card.name,
            "steps": checked.last_step,
            "device": chosen,
        }
        emit(Message("the recipe is sound; nothing was trained", facts), json, pool.left_out)
        return
    # torch keeps the cores busy; OpenCV's own pool would only fight it over images of 112 pixels.
    cv2.setNumThreads(1)
    with joined(chosen) as ranks, progress("distil", as_json=json) as bar:

        def on_progress(now: Progress) -> None:
            if not ranks.first:
                return
            if now.stage != "train":
                bar(now.done, now.total, stage=STAGES[now.stage])
            else:
                bar(now.done, now.total, f"loss {now.values['total']:.3f}", "training")

        result = run(
            checked,
            pool,
            out,
            teacher_embed=encoder.embed,
            teacher_card=encoder.card,
            teacher_file=file,
            resume=not fresh,
            finish=finish,
            on_progress=on_progress,
            device=own_device(chosen),
            degrade_on=degrade_on,
            terms=terms or DEFAULT_TERMS,
            ranks=ranks,
        )
    if ranks.first:
        emit(result, json, result.left_out)
