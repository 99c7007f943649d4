"""`fewpix adapt`: FaceBN statistics from a folder of unlabelled faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.output import emit, progress
from fewpix.errors import ConfigError


def adapt(
    folder: Annotated[
        Path, Argument(help="Every image below it is one aligned face of the target.", show_default=False)
    ],
    out: Annotated[Path, Option(help="The state to write, a .safetensors file.", show_default=False)],
    crops: Annotated[
        bool, Option("--crops", help="The images are aligned square crops, 8x8 px and up; always needed.")
    ] = False,
    model: Annotated[str, Option(help="fewpix-s, or a student's .safetensors file.")] = "fewpix-s",
    mode: Annotated[
        str, Option(help="prior: source and target mixed; batch: the target's statistics alone; ema: online.")
    ] = "prior",
    prior_faces: Annotated[
        float | None,
        Option(help="For prior: the source counts as so many faces, 256 if nothing is said."),
    ] = None,
    weight: Annotated[
        float | None, Option(help="For prior: the source's weight itself, 0 to 1.", show_default=False)
    ] = None,
    momentum: Annotated[
        float | None, Option(help="For ema: what 64 faces bring in, 0.1 if nothing is said.")
    ] = None,
    minimum_faces: Annotated[
        int | None, Option(help="Refuse fewer different faces, 32 if nothing is said.", show_default=False)
    ] = None,
    source: Annotated[
        str, Option(help="Where the faces come from, in words; kept in the state.", show_default=False)
    ] = "",
    skip_bad: Annotated[
        bool, Option("--skip-bad", help="Leave out images that cannot be used, and say which.")
    ] = False,
    as_json: Annotated[bool, Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Estimate FaceBN statistics from unlabelled faces of a new place.

    No labels, no gradient: the statistics of the student's BatchNorm layers are measured on the faces, layer
    by layer. Give the state to `embed`, `evaluate` or `identify` with --state; only this student takes it.
    """
    if not crops:
        raise ConfigError(
            "adapt takes aligned crops only, and does not look for faces", fix="say --crops if they are"
        )
    from fewpix.adapt.stats import save_state
    from fewpix.cli.crops import read_crops
    from fewpix.embed.adaptation import Adapted, adapt_to, student_weights

    weights = student_weights(model)
    with progress("reading", as_json=as_json) as bar:
        faces, failed = read_crops(folder, skip_bad=skip_bad, advance=bar)
    with progress("adapting", as_json=as_json):
        state = adapt_to(
            weights,
            faces,
            source=source or folder.name,
            mode=mode,
            prior_faces=prior_faces,
            weight=weight,
            momentum=momentum,
            minimum=minimum_faces,
        )
        save_state(out, state)
    emit(Adapted(str(out), state, failed), as_json)
