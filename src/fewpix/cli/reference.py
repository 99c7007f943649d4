"""`fewpix reference`: what a student's training faces of each size look like, which FaceBN leaves alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from fewpix.cli.kinds import REFERENCE
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.targets import Writes, check_free
from fewpix.cli.training_options import Faces, Teacher, TeacherRuntime


def reference(
    model: Annotated[str, Option(help="fewpix-xs, fewpix-s, fewpix-l, or a student's .safetensors file")],
    faces: Faces,
    out: Annotated[
        Path | None,
        Option(help="the file to write; beside the weights if nothing is said", show_default=False),
        Writes(REFERENCE),
    ] = None,
    teacher: Teacher = "teacher",
    runtime: TeacherRuntime = "auto",
    json: AsJson = False,
) -> None:
    """Measure what training faces of every size look like to a student: FaceBN leaves that alone."""
    from fewpix.threads import prepare_torch

    prepare_torch()
    import numpy as np

    from fewpix.adapt.reference import beside, save_reference
    from fewpix.cli.message import Message
    from fewpix.config import cache_dir
    from fewpix.data.cache import TeacherCache
    from fewpix.data.faces import load_faces
    from fewpix.embed.adaptation import student_weights
    from fewpix.embed.open import open_encoder
    from fewpix.errors import InputError, WeightsError
    from fewpix.models.zoo import load_student
    from fewpix.train.material import split_faces
    from fewpix.train.recipe import Recipe
    from fewpix.train.reference import measure_reference

    weights = student_weights(model)
    path = out or beside(weights)
    check_free(path, REFERENCE, replace=out is not None, offer=False)
    student, card = load_student(weights)
    pool = load_faces(faces)
    try:
        recipe = Recipe.model_validate(card.provenance["recipe"], strict=False)
    except (KeyError, ValueError) as error:
        raise WeightsError(
            f"the card of {card.name} holds no recipe that this fewpix reads", fix="distil it again"
        ) from error
    pool = pool.of_sources(recipe.data.sources)
    if pool.sha256 != card.provenance.get("faces_sha256"):
        raise InputError(
            f"these are not the faces that {card.name} was trained on",
            fix="name all its shards and no others",
        )
    encoder = open_encoder(teacher, runtime=runtime)
    store = TeacherCache(cache_dir() / "teacher.db", encoder.card.sha256, encoder.card.space.dim)
    with progress("reference", as_json=json) as bar:
        members = np.arange(len(pool))
        if recipe.data.holdout:
            members = split_faces(recipe, pool, store, encoder.embed, bar).members
        found = measure_reference(student, card, recipe, pool, members, bar)
    save_reference(path, found)
    facts = {"path": str(path), "id": found.id, "model_sha256": card.sha256, "sizes": list(found.sizes)}
    emit(Message(f"{path}: {found}", facts), json, pool.left_out)
