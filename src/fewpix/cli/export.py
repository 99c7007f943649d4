"""`fewpix export`: a student's weights as ONNX, in float32 or int8."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.cli.kinds import MODEL
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.targets import READS, Writes


def export(
    weights: Annotated[Path, Argument(help="A student's .safetensors file.", show_default=False), READS],
    out: Annotated[Path, Option(help="The .onnx file to write.", show_default=False), Writes(MODEL)],
    int8: Annotated[
        list[Path] | None,
        Option(
            help="Write it in int8, calibrated on these sharp aligned faces: tar shard, RecordIO (.rec) or "
            "folder; may be given again.",
            show_default=False,
        ),
        READS,
    ] = None,
    count: Annotated[
        int | None, Option(help="Faces to calibrate on, 512 if nothing is said.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, Option(help="Of the draw of these faces, 0 if nothing is said.", show_default=False)
    ] = None,
    check: Annotated[
        bool, Option(help="Compare its embeddings with the weights' own in every installed runtime.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Write a student as ONNX, and keep the file only if it gives the same embeddings.

    The file holds its preprocessing, its terms and the hash of its weights; a state of `fewpix adapt` fits
    both forms of a student, but none in int8.
    """
    from fewpix.optional import require

    require("torch")
    if int8:
        _export_int8(weights, out, int8, count, seed, check=check, as_json=as_json)
        return
    from fewpix.errors import ConfigError
    from fewpix.export.onnx import export_onnx

    if count is not None or seed is not None:
        raise ConfigError("--count and --seed are those of --int8", fix="leave them out, or add --int8 FACES")
    with progress("exporting", as_json=as_json):
        report = export_onnx(weights, out, check=check)
    emit(report, as_json)


def _export_int8(
    weights: Path,
    out: Path,
    paths: list[Path],
    count: int | None,
    seed: int | None,
    *,
    check: bool,
    as_json: bool,
) -> None:
    """Calibrate and write."""
    from fewpix.data.faces import load_faces
    from fewpix.export.int8 import FACES, export_int8

    faces = load_faces(paths)
    with progress("exporting", as_json=as_json):
        report = export_int8(
            weights,
            out,
            faces,
            count=FACES if count is None else count,
            seed=0 if seed is None else seed,
            check=check,
        )
    emit(report, as_json, faces.left_out)
