"""`fewpix evaluate`: measure models on benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option, Typer

from fewpix.cli.delivery import Delivery, Report
from fewpix.cli.evaluate_options import (
    TEACHER,
    AllowMissing,
    AsJson,
    Device,
    Family,
    Flip,
    Out,
    Runtime,
    Seed,
    State,
    Teacher,
    open_models,
    open_others,
    whole,
    words_of,
)
from fewpix.cli.evaluate_pairs import pairs as pairs_verb
from fewpix.cli.evaluate_search import search
from fewpix.cli.evaluate_template_pairs import template_pairs
from fewpix.cli.evaluate_template_search import template_search
from fewpix.cli.evaluate_uccs import uccs, uccs_scores
from fewpix.cli.kinds import RESULT
from fewpix.cli.output import progress
from fewpix.cli.targets import READS, Writes

evaluate = Typer(add_completion=False, help="Measure a model on a benchmark.")

Folder = Annotated[
    Path,
    Argument(help="Holds NAME/NAME_0001.jpg, aligned to 112x112 px, and pairs.txt.", show_default=False),
    READS,
]
Pairs = Annotated[
    Path | None,
    Option(help="Another list of pairs than FOLDER/pairs.txt, such as XQLFW's.", show_default=False),
    READS,
]


@evaluate.command("lfw", short_help="one model at one size on LFW's pairs")
def lfw(
    folder: Folder,
    model: Annotated[
        str,
        Option(
            help="fewpix-xs, fewpix-s, fewpix-l, "
            "teacher (the direct feed), auto (the router), or a model file."
        ),
    ] = "fewpix-s",
    size: Annotated[int, Option(help="Side of the small faces in pixels, 8 to 112.")] = 16,
    protocol: Annotated[
        str,
        Option(
            help="hr-lr: the second picture is small, the first goes to the teacher; lr-lr: both are small."
        ),
    ] = "hr-lr",
    state: State = None,
    teacher: Teacher = TEACHER,
    flip: Flip = False,
    family: Family = "area",
    pairs: Pairs = None,
    allow_missing: AllowMissing = False,
    seed: Seed = 0,
    out: Out = None,
    report: Report = None,
    runtime: Runtime = "auto",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Verify LFW's pairs with faces of few pixels: accuracy over 10 folds, and TAR at FAR 1e-3."""
    from fewpix.evaluate.degraded import Degradation
    from fewpix.evaluate.lfw_result import evaluate_lfw
    from fewpix.evaluate.readers.lfw_folder import LfwFolder

    delivery = Delivery(out, report)
    degradation = Degradation(family, seed)
    data = LfwFolder.open(folder, pairs, allow_missing=allow_missing)
    models = open_models([model], "model", runtime, device, state)
    sharp = None
    if protocol == "hr-lr":
        others = open_others(teacher, "teacher", [model], models, runtime, device, state)
        sharp = {name: other for name, (_, other) in others.items()}
    ((name, encoder),) = models.items()
    with progress("evaluating", len(data.names), as_json=as_json) as bar:
        result = evaluate_lfw(
            data,
            name,
            encoder,
            sharp,
            size=size,
            protocol=protocol,
            degradation=degradation,
            flip=flip,
            seed=seed,
            advance=bar,
        )
    delivery.finish(result, as_json=as_json)


@evaluate.command("lfw-table", short_help="several models and sizes, compared pair by pair")
def lfw_table(
    folder: Folder,
    models: Annotated[
        str, Option(help="Names or model files, separated by commas.")
    ] = "fewpix-s,fewpix-l,teacher,auto",
    sizes: Annotated[str, Option(help="Sides in pixels, separated by commas.")] = "8,12,16,24,32",
    protocols: Annotated[str, Option(help="hr-lr, lr-lr or both, separated by a comma.")] = "hr-lr,lr-lr",
    baseline: Annotated[
        str, Option(help="The model that each other one is compared with, pair by pair.")
    ] = TEACHER,
    teacher: Teacher = TEACHER,
    flip: Flip = False,
    family: Family = "area",
    pairs: Pairs = None,
    allow_missing: AllowMissing = False,
    seed: Seed = 0,
    out: Annotated[
        Path | None,
        Option(help="Write X.json and X.run.json, such as results/lfw.json.", show_default=False),
        Writes(RESULT),
    ] = None,
    report: Report = None,
    runtime: Runtime = "auto",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure several models at several sizes in one run, each compared with the baseline pair by pair."""
    from fewpix.evaluate import lfw_table as table
    from fewpix.evaluate.degraded import Degradation, check_size
    from fewpix.evaluate.readers.lfw_folder import LfwFolder
    from fewpix.evaluate.results import model_label

    delivery = Delivery(out, report)
    degradation = Degradation(family, seed)
    sides = [check_size(whole(word, "sizes")) for word in words_of(sizes, "sizes")]
    data = LfwFolder.open(folder, pairs, allow_missing=allow_missing)
    names = words_of(models, "models")
    encoders = open_models(names, "models", runtime, device)
    others = open_others(teacher, "teacher", names, encoders, runtime, device, None)
    sharp = {name: other for name, (_, other) in others.items()}
    with progress("evaluating", len(data.names), as_json=as_json) as bar:
        result = table.lfw_table(
            data,
            encoders,
            sharp,
            sizes=sides,
            protocols=words_of(protocols, "protocols"),
            baseline=model_label(baseline),
            degradation=degradation,
            flip=flip,
            seed=seed,
            advance=bar,
        )
    delivery.finish(result, as_json=as_json)


evaluate.command("pairs", short_help="models on the pairs of any benchmark")(pairs_verb)
evaluate.command("search", short_help="models on a benchmark that searches a gallery")(search)
evaluate.command("template-pairs", short_help="models on pairs of templates: IJB-B, IJB-C")(template_pairs)
evaluate.command("template-search", short_help="models that search templates: IJB-B, IJB-C, IJB-S")(
    template_search
)
evaluate.command("uccs", short_help="a score file of the UCCS watchlist, by its protocol")(uccs)
evaluate.command("uccs-scores", short_help="write a score file of the UCCS watchlist")(uccs_scores)
