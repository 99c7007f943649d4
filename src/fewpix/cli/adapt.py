"""`fewpix adapt`: FaceBN statistics from a folder of unlabelled faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.output import emit, progress
from fewpix.errors import ConfigError


def adapt(
    folder: Annotated[
        Path,
        Argument(
            help="Every image below it is one aligned face of the target; with --list, a folder of states.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, Option(help="The state to write, a .safetensors file.", show_default=False)
    ] = None,
    crops: Annotated[
        bool, Option("--crops", help="The images are aligned square crops, 8x8 px and up; always needed.")
    ] = False,
    model: Annotated[str, Option(help="fewpix-s, fewpix-l, or a student's .safetensors file.")] = "fewpix-s",
    mode: Annotated[
        str | None,
        Option(
            help="excess: only what no training faces of that size explain, the default where the model has "
            "a reference; prior: source and target mixed by the number of faces; alpha: by --weight; "
            "batch: the target's statistics alone; ema: online; source: the model as it is.",
            show_default=False,
        ),
    ] = None,
    prior_faces: Annotated[
        float | None,
        Option(help="For prior: the source counts as so many faces, 256 if nothing is said."),
    ] = None,
    weight: Annotated[
        float | None, Option(help="For alpha: the source's weight, 0 to 1.", show_default=False)
    ] = None,
    momentum: Annotated[
        float | None, Option(help="For ema: what 64 faces bring in, 0.1 if nothing is said.")
    ] = None,
    layer: Annotated[
        list[str] | None,
        Option(
            help="Name or pattern of a BatchNorm layer that adapts, such as 'stages.0.*'; repeatable. "
            "All of them if nothing is said.",
            show_default=False,
        ),
    ] = None,
    final: Annotated[
        bool | None,
        Option(
            "--final/--no-final",
            help="Whether the BatchNorm1d at the end adapts too; in mode excess if nothing is said.",
            show_default=False,
        ),
    ] = None,
    minimum_faces: Annotated[
        int | None, Option(help="Refuse fewer different faces, 32 if nothing is said.", show_default=False)
    ] = None,
    force: Annotated[
        bool, Option("--force", help="Adapt although the guard finds one person only, or harm.")
    ] = False,
    source: Annotated[
        str,
        Option(
            help="The camera or place, in words, kept in the state; the folder's name if nothing is said.",
            show_default=False,
        ),
    ] = "",
    replace: Annotated[
        bool, Option("--replace", help="Write over whatever is there, not only this place's older state.")
    ] = False,
    skip_bad: Annotated[
        bool, Option("--skip-bad", help="Leave out images that cannot be used, and say which.")
    ] = False,
    show: Annotated[bool, Option("--list", help="List the states in the folder, adapt nothing.")] = False,
    as_json: Annotated[bool, Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Estimate FaceBN statistics from unlabelled faces of a new place.

    No labels, no gradient: the statistics of the student's BatchNorm layers are measured on the faces, layer
    by layer. Give the state to `embed`, `evaluate` or `identify` with --state; only this student takes it.
    """
    from fewpix.adapt.folder import StateFolder, check_free, keep

    if show:
        if out is not None:
            raise ConfigError("--list writes nothing", fix="leave --out or --list away")
        emit(StateFolder.read(folder), as_json)
        return
    if not crops:
        raise ConfigError(
            "adapt takes aligned crops only, and does not look for faces", fix="say --crops if they are"
        )
    if out is None:
        raise ConfigError("adapt needs a file to write the state to", fix="name one with --out")
    from fewpix.cli.crops import read_crops
    from fewpix.embed.adaptation import Adapted, adapt_to, student_weights
    from fewpix.models.weights import load_weights

    weights, place = student_weights(model), source or folder.name
    if not replace:
        check_free(out, source=place, model_sha256=load_weights(weights)[1].sha256)
    with progress("reading", as_json=as_json) as bar:
        faces, failed = read_crops(folder, skip_bad=skip_bad, advance=bar)
    with progress("adapting", as_json=as_json):
        state = adapt_to(
            weights,
            faces,
            source=place,
            mode=mode,
            prior_faces=prior_faces,
            weight=weight,
            momentum=momentum,
            layers=layer or (),
            final=final,
            minimum=minimum_faces,
            force=force,
        )
        keep(out, state, replace=replace)
    emit(Adapted(str(out), state, failed), as_json)
