"""`fewpix train-aligner`: train what puts the points of small faces right."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from fewpix.cli.kinds import ALIGNER_RUN
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.targets import Writes
from fewpix.cli.training_options import Faces, Fresh, Recipe, Threads


def train_aligner(
    recipe: Recipe,
    faces: Faces,
    out: Annotated[Path, typer.Option(help="the run's folder"), Writes(ALIGNER_RUN)],
    threads: Threads = 0,
    fresh: Fresh = False,
    json: AsJson = False,
) -> None:
    """Train an aligner on sharp aligned faces, without labels and without a teacher. Runs resume."""
    from fewpix.threads import prepare_torch

    prepare_torch()
    import cv2

    from fewpix.cli.message import Message
    from fewpix.data.faces import load_faces
    from fewpix.export.aligner import export_aligner
    from fewpix.optional import require

    require("torch")
    from fewpix.train.aligner import train_aligner as run
    from fewpix.train.aligner_recipe import load_aligner_recipe
    from fewpix.train.device import use_device

    checked = load_aligner_recipe(recipe)
    use_device("cpu", threads)
    cv2.setNumThreads(1)  # torch keeps the cores busy
    pool = load_faces(faces)
    if pool.left_out:  # told now too, since the result is far away
        logging.getLogger("fewpix").warning("%s", pool.left_out)
    with progress("train-aligner", as_json=json) as bar:
        training, score = run(checked, pool, out, resume=not fresh, on_progress=bar)
    target = out / f"{checked.name}.onnx"
    facts = {
        "name": checked.name,
        "side": checked.model.side,
        "recipe_sha256": checked.sha256,
        "faces_sha256": pool.sha256,
        "held_out": score.to_json() if score else None,
    }
    size = export_aligner(training.average, facts, target)
    emit(
        Message("the aligner is trained", {"aligner": str(target), "bytes": size, **facts}),
        json,
        pool.left_out,
    )
