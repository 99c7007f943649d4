"""`fewpix evaluate`: measure models on benchmarks, and turn results into tables."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option, Typer

from fewpix.cli.evaluate_search import search
from fewpix.cli.output import emit, progress
from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.embed.protocol import Encoder

TEACHER = "teacher"

evaluate = Typer(add_completion=False, help="Measure a model on a benchmark.")

Folder = Annotated[
    Path, Argument(help="Holds NAME/NAME_0001.jpg, aligned to 112x112 px, and pairs.txt.", show_default=False)
]
Pairs = Annotated[
    Path | None,
    Option(help="Another list of pairs than FOLDER/pairs.txt, such as XQLFW's.", show_default=False),
]
Teacher = Annotated[str, Option(help="Sees the sharp pictures of hr-lr: teacher, or a model file.")]
Flip = Annotated[bool, Option("--flip", help="Add the mirrored picture's embedding, for every model.")]
Family = Annotated[
    str,
    Option(help="How faces get small: area (the protocol), defocus, motion, noise, jpeg20, dark or grey."),
]
AllowMissing = Annotated[
    bool, Option("--allow-missing", help="Leave out pairs that lack a picture, and say how many.")
]
Runtime = Annotated[str, Option(help="auto, onnxruntime, openvino or torch.")]
Device = Annotated[str, Option(help="auto, cpu, cuda, cuda:N or mps.")]
Seed = Annotated[int, Option(help="Of the random families and of the bootstrap.")]
AsJson = Annotated[bool, Option("--json", help="Print one JSON object.")]


@evaluate.command("lfw", short_help="one model at one size on LFW's pairs")
def lfw(
    folder: Folder,
    model: Annotated[
        str, Option(help="fewpix-s, fewpix-l, teacher (the direct feed), auto (the router), or a model file.")
    ] = "fewpix-s",
    size: Annotated[int, Option(help="Side of the small faces in pixels, 8 to 112.")] = 16,
    protocol: Annotated[
        str,
        Option(
            help="hr-lr: the second picture is small, the first goes to the teacher; lr-lr: both are small."
        ),
    ] = "hr-lr",
    state: Annotated[Path | None, Option(help="Apply a NormState to the model.", show_default=False)] = None,
    teacher: Teacher = TEACHER,
    flip: Flip = False,
    family: Family = "area",
    pairs: Pairs = None,
    allow_missing: AllowMissing = False,
    seed: Seed = 0,
    out: Annotated[
        Path | None, Option(help="Also write the result to X.json and X.run.json.", show_default=False)
    ] = None,
    runtime: Runtime = "auto",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Verify LFW's pairs with faces of few pixels: accuracy over 10 folds, and TAR at FAR 1e-3."""
    from fewpix.evaluate.degraded import Degradation
    from fewpix.evaluate.lfw_folder import LfwFolder
    from fewpix.evaluate.lfw_result import evaluate_lfw
    from fewpix.evaluate.results import Run, check_target, model_label, write_result

    start = time.monotonic()
    if out is not None:
        check_target(out)
    degradation = Degradation(family, seed)
    data = LfwFolder.open(folder, pairs, allow_missing=allow_missing)
    encoder = _open(model, runtime, device, state)
    sharp = None
    if protocol == "hr-lr":
        sharp = encoder if model == teacher and state is None else _open_teacher(teacher, runtime, device)
    with progress("evaluating", len(data.names), as_json=as_json) as bar:
        result = evaluate_lfw(
            data,
            model_label(model),
            encoder,
            sharp,
            size=size,
            protocol=protocol,
            degradation=degradation,
            flip=flip,
            seed=seed,
            advance=bar,
        )
    if out is not None:
        write_result(out, result.to_json(), Run.since(start))
    emit(result, as_json)


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
        Path | None, Option(help="Write X.json and X.run.json, such as results/lfw.json.", show_default=False)
    ] = None,
    runtime: Runtime = "auto",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure several models at several sizes in one run, each compared with the baseline pair by pair."""
    from fewpix.evaluate import lfw_table as table
    from fewpix.evaluate.degraded import Degradation, check_size
    from fewpix.evaluate.lfw_folder import LfwFolder
    from fewpix.evaluate.results import Run, check_target, model_label, write_result

    start = time.monotonic()
    if out is not None:
        check_target(out)
    degradation = Degradation(family, seed)
    sides = [check_size(_whole(word, "sizes")) for word in _words(sizes, "sizes")]
    data = LfwFolder.open(folder, pairs, allow_missing=allow_missing)
    names = _words(models, "models")
    labels = [model_label(name) for name in names]
    if len(set(labels)) < len(labels):
        raise ConfigError(
            f"models: two of {', '.join(labels)} have the same name", fix="rename one of the files"
        )
    encoders = {label: _open(name, runtime, device) for label, name in zip(labels, names, strict=True)}
    sharp = dict(zip(names, encoders.values(), strict=True)).get(teacher) or _open_teacher(
        teacher, runtime, device
    )
    with progress("evaluating", len(data.names), as_json=as_json) as bar:
        result = table.lfw_table(
            data,
            encoders,
            sharp,
            sizes=sides,
            protocols=_words(protocols, "protocols"),
            baseline=model_label(baseline),
            degradation=degradation,
            flip=flip,
            seed=seed,
            advance=bar,
        )
    if out is not None:
        write_result(out, result.to_json(), Run.since(start))
    emit(result, as_json)


evaluate.command("search", short_help="one model on a benchmark that searches a gallery")(search)


@evaluate.command("tables", short_help="put results into the tables of documents")
def tables(
    documents: Annotated[list[Path], Argument(help="Markdown files.", show_default=False)],
    results: Annotated[Path, Option(help="The folder of results.")] = Path("results"),
    check: Annotated[
        bool, Option("--check", help="Write nothing; fail where a table is out of date.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Replace the tables between <!-- table: NAME --> and <!-- /table --> by those made from results."""
    from fewpix.evaluate.tables import update

    emit(update(documents, results, check=check), as_json)


def _open(model: str, runtime: str, device: str, state: Path | None = None) -> Encoder:
    """The encoder that the user named."""
    from fewpix.adapt.stats import load_state
    from fewpix.embed.open import open_encoder

    return open_encoder(model, runtime=runtime, device=device, state=load_state(state) if state else None)


def _open_teacher(teacher: str, runtime: str, device: str) -> Encoder:
    """The teacher of the sharp side; torch cannot run an ONNX teacher, and was asked for the model's sake."""
    for_model_only = runtime == "torch"
    return _open(teacher, "auto" if for_model_only else runtime, "auto" if for_model_only else device)


def _words(text: str, option: str) -> list[str]:
    """The words of a list separated by commas.

    Raises:
        ConfigError: there is none, or one stands twice.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or len(set(words)) < len(words):
        raise ConfigError(f"{option}: {text!r} is empty or names something twice", fix="separate by commas")
    return words


def _whole(word: str, option: str) -> int:
    """A whole number.

    Raises:
        ConfigError: it is not one.
    """
    if not word.isdecimal():
        raise ConfigError(f"{option}: {word!r} is not a whole number")
    return int(word)
