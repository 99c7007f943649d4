"""The whole way in six steps, each one a library call that a program of your own would make too."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from fewpix.detect import default_detector
from fewpix.embed.adaptation import student_weights
from fewpix.embed.open import open_encoder
from fewpix.evaluate.result.file import Run, write_result
from fewpix.export.onnx import export_onnx
from fewpix.files import PathLike, path_of, write_text
from fewpix.quickstart.adapting import states
from fewpix.quickstart.evaluating import evaluate
from fewpix.quickstart.faces import Advance, align_samples, split
from fewpix.quickstart.identifying import identify_scene
from fewpix.quickstart.learning import learn, recipe
from fewpix.quickstart.outcome import Quickstart
from fewpix.quickstart.report import page

SIZES = (32, 24, 16, 12, 8)
LEARN_PEOPLE, GALLERY_PICTURES, ADAPT_PICTURES = 20, 1, 4

Show = Callable[[str], AbstractContextManager[Advance]]
"""Opens the display of one step's progress, by the step's title."""


def _silent(title: str) -> AbstractContextManager[Advance]:
    def nothing(done: float, total: float | None = None, note: str = "", stage: str = "") -> None:
        """Show nothing."""

    return nullcontext(nothing)


def run(out: PathLike, *, seed: int = 0, steps: int | None = None, show: Show = _silent) -> Quickstart:
    """Align, distil, adapt, evaluate, identify, report.

    Args:
        out: the folder to write to; what an earlier run left there is replaced.
        seed: of every draw.
        steps: of training; those of the recipe when None.
        show: where progress goes.

    Raises:
        UnavailableError: an extra is not installed.
        StorageError: `out` cannot be written.
    """
    out = path_of(out)
    start = time.monotonic()
    made = recipe(seed, steps)
    # First of all, so that a folder that cannot be written is noticed before minutes are spent on it.
    write_text(out / "recipe.json", made.model_dump_json(indent=2) + "\n")
    detector, teacher = default_detector(), open_encoder("teacher")
    with show("1/6 align the faces") as advance:
        faces = align_samples(detector, advance)
        parts = split(
            faces.people, learn=LEARN_PEOPLE, gallery=GALLERY_PICTURES, adapt=ADAPT_PICTURES, seed=seed
        )
    with show("2/6 distil from the teacher") as advance:
        learnt = learn(made, faces.face_set(parts.learn), teacher, out / "distil", SIZES, advance)
    with show("3/6 adapt to unlabelled faces") as advance:
        weights = {"shipped": student_weights(made.model.init), "distilled": learnt.weights}
        found = states(weights, faces, parts.adapt, SIZES, out / "states", advance)
    with show("4/6 evaluate on other people") as advance:
        exported = out / "distil" / "quickstart.onnx"
        export_onnx(learnt.weights, exported)
        models = {"shipped": made.model.init, "distilled": str(exported)}
        table = evaluate(teacher, models, found, faces, parts, SIZES, advance)
    with show("5/6 identify small faces") as advance:
        encoder = open_encoder(models["distilled"])
        scene = identify_scene(teacher, encoder, detector, faces, parts, out, seed)
        advance(1, 1, "")
    with show("6/6 write the report") as advance:
        done = Quickstart(out / "report.html", table, faces, parts, learnt, scene, time.monotonic() - start)
        write_result(out / "quickstart.json", done.payload(), Run.since(start))
        write_text(done.report, page(done))
        advance(1, 1, "")
    return done
