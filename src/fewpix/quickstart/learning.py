"""The quickstart's training run: the shipped student goes on learning from the teacher, on a few faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fewpix.adapt.reference import beside, save_reference
from fewpix.data.faces import FaceSet
from fewpix.embed.protocol import Encoder
from fewpix.foreign import json_of
from fewpix.quickstart.faces import Advance
from fewpix.train.recipe import Recipe, load_recipe

RECIPE = Path(__file__).parent.parent / "recipes" / "quickstart.toml"

_ENDS = 3

_PLACES, _FACES = 16, 8
"""A reference of few faces, since there are few; `fewpix reference` takes six times as many."""


@dataclass(frozen=True)
class Learnt:
    """What the run did.

    Args:
        weights: the student's `.safetensors` file.
        recipe: what it was made by.
        faces: how many it learnt from.
        first: the objective at the beginning, mean of the first lines of the journal.
        last: at the end.
        side: of the student's input in pixels.
    """

    weights: Path
    recipe: Recipe
    faces: int
    first: float
    last: float
    side: int

    def __str__(self) -> str:
        return (
            f"{self.recipe.run.steps} steps of {self.recipe.run.batch} on {self.faces} faces, "
            f"objective {self.first:.2f} to {self.last:.2f}"
        )


def recipe(seed: int, steps: int | None = None) -> Recipe:
    """The recipe in the package, with another seed, and another number of steps where one is given.

    Raises:
        ConfigError: a value is out of range.
    """
    found = load_recipe(RECIPE)
    run = found.run.model_copy(update={"seed": seed, **({} if steps is None else {"steps": steps})})
    return Recipe.model_validate(found.model_copy(update={"run": run}).model_dump())


def learn(
    made: Recipe, faces: FaceSet, teacher: Encoder, out: Path, sizes: Sequence[int], advance: Advance
) -> Learnt:
    """Distil anew, and measure what is familiar to the student; what an earlier run left is replaced.

    Args:
        made: the recipe.
        faces: aligned and sharp.
        teacher: embeds the sharp faces.
        out: the run's folder.
        sizes: of the faces to be adapted to, in pixels.
        advance: told after every batch of the teacher and every step.
    """
    from fewpix.models.zoo import load_student
    from fewpix.train.distil import Progress, distil
    from fewpix.train.reference import measure_reference

    def tell(now: Progress) -> None:
        total = now.values.get("total")
        if total is None:
            advance(now.done, now.total, stage="teacher embeddings")
        else:
            advance(now.done, now.total, f"objective {total:.2f}", "training")

    done = distil(
        made,
        faces,
        out,
        teacher_embed=teacher.embed,
        teacher_card=teacher.card,
        resume=False,
        on_progress=tell,
    )
    model, card = load_student(done.weights)
    members = np.arange(len(faces))
    reference = measure_reference(model, card, made, faces, members, sides=sizes, places=_PLACES, each=_FACES)
    save_reference(beside(done.weights), reference)
    lines = [json_of(line, finite=False) for line in done.journal.read_text(encoding="utf-8").splitlines()]
    totals = [line["total"] for line in lines if line["kind"] == "step"]
    return Learnt(
        done.weights,
        made,
        len(faces),
        _mean(totals[:_ENDS]),
        _mean(totals[-_ENDS:]),
        done.card.preprocess.side,
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
