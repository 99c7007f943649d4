"""`fewpix adapt`: FaceBN statistics from unlabelled faces: a folder of crops, pictures, or a video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.estimate_options import EstimateOptions
from fewpix.cli.footage import STUDENT, Footage
from fewpix.cli.gallery_options import Location
from fewpix.cli.groups import grouped
from fewpix.cli.kinds import STATE
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.picture_options import Crops, SkipBad
from fewpix.cli.targets import READS, DryRun, Writes
from fewpix.cli.video_options import FrameOptions
from fewpix.errors import ConfigError


@grouped
def adapt(
    footage: Annotated[
        str,
        Argument(
            metavar="FOLDER|IMAGE|VIDEO",
            help="With --crops, a folder in which every image is one aligned face of the target. Else what a "
            "camera saw: pictures or a video file, in which faces are looked for. With --list, a folder of "
            "states.",
            show_default=False,
        ),
        READS,
    ],
    *,
    out: Annotated[
        Path | None,
        Option(help="The state to write, a .safetensors file.", show_default=False),
        Writes(STATE),
    ] = None,
    camera: Annotated[
        str | None,
        Option(
            help="Instead of --out: keep the state in the gallery for this camera, where `fewpix identify "
            "--camera` finds it.",
            show_default=False,
        ),
    ] = None,
    gallery: Location = None,
    crops: Crops = False,
    model: Annotated[
        str | None,
        Option(
            help="fewpix-xs, fewpix-s, fewpix-l, "
            "or a student's .safetensors file; fewpix-s if nothing is said. In "
            "footage also auto, which is the default there: fewpix-s, from the faces that `identify --model "
            "auto` would give it.",
            show_default=False,
        ),
    ] = None,
    estimate: EstimateOptions,
    replace: Annotated[
        bool, Option("--replace", help="Write over whatever is there, not only this place's older state.")
    ] = False,
    skip_bad: SkipBad = False,
    frames: FrameOptions,
    dry_run: DryRun = False,
    show: Annotated[bool, Option("--list", help="List the states in the folder, adapt nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Estimate FaceBN statistics from unlabelled faces of a new place.

    No labels, no gradient: the statistics of the student's BatchNorm layers are measured on the faces, layer
    by layer. Give the state to `embed`, `evaluate` or `identify` with --state; only this student takes it.

    Of a camera's pictures or video a random choice of 512 faces is used, of one person in a video at most two
    a second.
    """
    from fewpix.adapt.folder import StateFolder

    if show:
        if out is not None or camera is not None:
            raise ConfigError("--list writes nothing", fix="leave --out, --camera or --list away")
        emit(StateFolder.read(Path(footage)), as_json)
        return
    if camera is not None:
        from fewpix.cli.adapt_camera import adapt_camera

        if out is not None:
            raise ConfigError("--camera keeps the state in the gallery", fix="leave --out or --camera away")
        asked = Footage(footage, model, crops, skip_bad, frames)
        adapt_camera(asked, camera, gallery, estimate, replace, dry_run, as_json)
        return
    if gallery is not None or frames.given:
        raise ConfigError("--gallery, --every, --fps, --start and --end go with --camera", fix="name one")
    if not crops:
        raise ConfigError(
            "adapt takes aligned crops only, and does not look for faces",
            fix="say --crops if they are, or name the --camera whose footage it is",
        )
    if out is None:
        raise ConfigError(
            "adapt needs a place to keep the state at", fix="name a file with --out, or a --camera"
        )
    from fewpix.adapt.folder import check_free, keep
    from fewpix.cli.crops import read_crops
    from fewpix.embed.adaptation import Adapted, adapt_to, student_weights
    from fewpix.models.weights import load_weights

    folder = Path(footage)
    weights, way = student_weights(model or STUDENT), estimate.way(folder.name)
    most = estimate.most()
    if not replace:
        check_free(out, source=way["source"], model_sha256=load_weights(weights)[1].sha256)
    with progress("reading", as_json=as_json) as bar:
        read, failed, left_out, there = read_crops(folder, skip_bad=skip_bad, advance=bar, most=most)
    with progress("adapting", as_json=as_json) as bar:
        state = adapt_to(weights, read, told=bar, **way)
        if not dry_run:
            keep(out, state, replace=replace)
    among = there if there > len(read) + len(failed) else 0
    emit(Adapted(str(out), state, failed, dry_run, among), as_json, left_out)
