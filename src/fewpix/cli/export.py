"""`fewpix export`: a student's weights as ONNX."""

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
    check: Annotated[
        bool, Option(help="Compare its embeddings with those of torch in every installed runtime.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Write a student as ONNX, and keep the file only if it gives the same embeddings.

    The file holds its preprocessing, its terms and the hash of its weights; a state of `fewpix adapt` fits
    both forms of a student.
    """
    from fewpix.optional import require

    require("torch")
    from fewpix.export.onnx import export_onnx

    with progress("exporting", as_json=as_json):
        report = export_onnx(weights, out, check=check)
    emit(report, as_json)
