"""The verbs of the command line, each in a module of its own that is imported only when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

VERBS: dict[str, tuple[str, str]] = {
    "quickstart": ("fewpix.cli.quickstart:quickstart", "the whole way on sample faces, ending in a report"),
    "distil": ("fewpix.cli.distil:distil", "train a low-resolution student from a teacher, by a recipe"),
    "train-aligner": (
        "fewpix.cli.train_aligner:train_aligner",
        "train what puts the points of small faces right",
    ),
    "adapt": ("fewpix.cli.adapt:adapt", "estimate FaceBN statistics from unlabelled faces of a new place"),
    "reference": ("fewpix.cli.reference:reference", "measure what FaceBN takes for familiar"),
    "evaluate": ("fewpix.cli.evaluate:evaluate", "measure a model on a benchmark"),
    "compare": ("fewpix.cli.compare:compare", "compare two results of one benchmark, pair by pair"),
    "report": ("fewpix.cli.report:report", "make the report of a result again"),
    "data": ("fewpix.cli.data:data", "look at data sets before anything is measured on them"),
    "crop": ("fewpix.cli.crop:crop", "find the faces of photographs and cut them out, aligned"),
    "embed": ("fewpix.cli.embed:embed", "turn a folder of face crops into embeddings"),
    "export": ("fewpix.cli.export:export", "write a student as ONNX and check that it gives the same result"),
    "enrol": ("fewpix.cli.enrol:enrol", "add people to a gallery"),
    "identify": ("fewpix.cli.identify:identify", "name the faces in a picture, from a gallery"),
    "verify": ("fewpix.cli.verify:verify", "say whether two pictures show one person"),
    "calibrate": (
        "fewpix.cli.calibrate:calibrate",
        "turn scores into false match rates, from faces of strangers",
    ),
    "gallery": (
        "fewpix.cli.gallery:gallery",
        "list, rename, merge, remove, export and check who is enrolled",
    ),
    "serve": ("fewpix.cli.serve:serve", "serve collections over HTTP: enrol, identify, verify"),
    "keys": ("fewpix.cli.keys:keys", "make, list and revoke the keys of a service"),
    "doctor": ("fewpix.cli.doctor:doctor", "show what is installed and what will be used, and why"),
}
"""Name → (module:function, one line of help). The function is annotated for typer, or a `typer.Typer` app."""


def command(verb: str) -> Any:
    """The parser of one verb, ready for `make_context`; imports typer and the verb's module only."""
    import typer

    from fewpix.cli.targets import guard_all

    module, _, name = VERBS[verb][0].partition(":")
    target = getattr(import_module(module), name)
    app = guard_all(target if isinstance(target, typer.Typer) else _single(verb, target))
    # Plain help: boxes of a formatter fit neither logs nor narrow terminals, and cost a slower start.
    app.rich_markup_mode = None
    return typer.main.get_command(app)


def _single(verb: str, function: Any) -> typer.Typer:
    """An app of one command."""
    import typer

    app = typer.Typer(add_completion=False)
    app.command(verb)(function)
    return app
