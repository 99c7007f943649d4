"""`fewpix adapt`: FaceBN statistics from unlabelled faces: a folder of crops, pictures, or a video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from fewpix.cli import video_options as options
from fewpix.cli.footage import STUDENT, Footage
from fewpix.cli.gallery_options import DryRun, Location
from fewpix.cli.kinds import STATE
from fewpix.cli.output import emit, progress
from fewpix.cli.targets import READS, Writes
from fewpix.embed.adaptation import FACES
from fewpix.errors import ConfigError


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
    crops: Annotated[
        bool, Option("--crops", help="The images are aligned square crops, 8x8 px and up.")
    ] = False,
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
    faces: Annotated[
        str,
        Option(
            help="How many faces of a folder of crops to use at most, a random choice; or all. "
            "Footage gives 512 at most, and ema follows all of them.",
        ),
    ] = str(FACES),
    memory_mb: Annotated[
        int | None,
        Option(
            min=0,
            help="Memory for the faces' activations, 1024 if nothing is said, enough for 668 faces of "
            "fewpix-s: more of them go through the model once per layer, which takes ten times as long.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, Option("--force", help="Adapt although the guard finds one person only, or harm.")
    ] = False,
    source: Annotated[
        str,
        Option(
            help="The camera or place, in words, kept in the state; the camera's or the folder's name if "
            "nothing is said.",
            show_default=False,
        ),
    ] = "",
    replace: Annotated[
        bool, Option("--replace", help="Write over whatever is there, not only this place's older state.")
    ] = False,
    skip_bad: Annotated[
        bool, Option("--skip-bad", help="Leave out images and frames that cannot be used, and say which.")
    ] = False,
    every: options.Every = None,
    fps: options.Fps = None,
    start: options.Start = None,
    end: options.End = None,
    dry_run: DryRun = False,
    show: Annotated[bool, Option("--list", help="List the states in the folder, adapt nothing.")] = False,
    as_json: Annotated[bool, Option("--json", help="Print one JSON object.")] = False,
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
    way: dict[str, Any] = {
        "mode": mode,
        "prior_faces": prior_faces,
        "weight": weight,
        "momentum": momentum,
        "layers": layer or (),
        "final": final,
        "minimum": minimum_faces,
        "force": force,
        "memory_mb": memory_mb,
    }
    most = None if mode == "ema" else count_of(faces)
    if camera is not None:
        from fewpix.cli.adapt_camera import adapt_camera

        if out is not None:
            raise ConfigError("--camera keeps the state in the gallery", fix="leave --out or --camera away")
        asked = Footage(footage, model, crops, skip_bad, every, fps, start, end)
        way["source"] = source or camera
        adapt_camera(asked, camera, gallery, way, most, replace, dry_run, as_json)
        return
    if gallery is not None or any(value is not None for value in (every, fps, start, end)):
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
    weights, place = student_weights(model or STUDENT), source or folder.name
    if not replace:
        check_free(out, source=place, model_sha256=load_weights(weights)[1].sha256)
    with progress("reading", as_json=as_json) as bar:
        read, failed, left_out, there = read_crops(folder, skip_bad=skip_bad, advance=bar, most=most)
    with progress("adapting", as_json=as_json) as bar:
        state = adapt_to(weights, read, source=place, told=bar, **way)
        if not dry_run:
            keep(out, state, replace=replace)
    among = there if there > len(read) + len(failed) else 0
    emit(Adapted(str(out), state, failed, dry_run, among), as_json, left_out)


def count_of(faces: str) -> int | None:
    """The number that --faces names; None for all of them.

    Raises:
        ConfigError: it is neither a number nor "all".
    """
    if faces == "all":
        return None
    if not faces.isascii() or not faces.isdigit() or int(faces) < 1:
        raise ConfigError(f"--faces {faces}: not a number", fix="give one from 1 on, or all")
    return int(faces)
