"""`fewpix verify`: one person on two pictures, or two."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.calibration.remedies import OTHER_MODEL
from fewpix.cli.calibration_options import CalibrationFile
from fewpix.cli.detect_options import chosen_detector
from fewpix.cli.output import emit, progress
from fewpix.cli.targets import READS
from fewpix.cli.terminal import line


def verify(
    first: Annotated[Path, Argument(metavar="A", help="A picture with one face.", show_default=False), READS],
    second: Annotated[Path, Argument(metavar="B", help="Another one.", show_default=False), READS],
    fmr: Annotated[
        float, Option(help="Decide by this false match rate: how often two people would score so.")
    ] = 0.001,
    calibration: CalibrationFile = None,
    model: Annotated[
        str,
        Option(
            help="auto (the best for each face's size), teacher, "
            "fewpix-xs, fewpix-s, fewpix-l, or a model file."
        ),
    ] = "auto",
    state: Annotated[
        Path | None,
        Option(help="Apply a NormState of `fewpix adapt`.", show_default=False),
        READS,
    ] = None,
    crops: Annotated[
        bool, Option("--crops", help="The pictures are aligned square crops; no face is looked for.")
    ] = False,
    runtime: Annotated[str, Option(help="auto, onnxruntime, openvino or torch.")] = "auto",
    device: Annotated[str, Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    as_json: Annotated[bool, Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whether two pictures show one person, by how rarely two people score so.

    "same": two people score so at most as often as --fmr. "different": they score so more often; that is no
    proof of two people, the less the smaller a face is. "undecided": the interval of the rate holds --fmr, or
    no rate was measured for these faces. The exit code is 0 for each of the three answers.
    """
    from fewpix.adapt.stats import load_state
    from fewpix.embed.open import open_encoder
    from fewpix.identify.rule import rule_for
    from fewpix.identify.verify import verify as compare
    from fewpix.image.codec import read_image

    norms = load_state(state) if state else None
    images = [(path.as_posix(), read_image(path)) for path in (first, second)]
    with progress("verifying", as_json=as_json):
        encoder = open_encoder(model, runtime=runtime, device=device, state=norms)
        by = rule_for(encoder, calibration=calibration)
        found = compare(
            *images,
            detector=chosen_detector(None, crops=crops),
            encoder=encoder,
            calibrated=by.calibrated,
            fmr=fmr,
        )
    emit(found, as_json)
    if not as_json and by.calibrated is None:
        line(f"no rate is known: {by.why}; {OTHER_MODEL}")
    elif not as_json and found.fix:
        line(f"{found.reason} ({found.fix})")
