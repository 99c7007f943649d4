"""`fewpix verify`: one person on two pictures, or two."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from fewpix.calibration.remedies import OTHER_MODEL
from fewpix.cli.calibration_options import CalibrationFile
from fewpix.cli.detect_options import chosen_detector
from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.groups import grouped
from fewpix.cli.output import AsJson, emit, progress
from fewpix.cli.picture_options import Crops
from fewpix.cli.targets import READS
from fewpix.cli.terminal import line


@grouped
def verify(
    first: Annotated[Path, Argument(metavar="A", help="A picture with one face.", show_default=False), READS],
    second: Annotated[Path, Argument(metavar="B", help="Another one.", show_default=False), READS],
    *,
    fmr: Annotated[
        float, Option(help="Decide by this false match rate: how often two people would score so.")
    ] = 0.001,
    calibration: CalibrationFile = None,
    look: EncoderOptions,
    crops: Crops = False,
    as_json: AsJson = False,
) -> None:
    """Say whether two pictures show one person, by how rarely two people score so.

    "same": two people score so at most as often as --fmr. "different": they score so more often; that is no
    proof of two people, the less the smaller a face is. "undecided": the interval of the rate holds --fmr, or
    no rate was measured for these faces. The exit code is 0 for each of the three answers.
    """
    from fewpix.identify.rule import rule_for
    from fewpix.identify.verify import verify as compare
    from fewpix.image.codec import read_image

    norms = look.norms()
    images = [(path.as_posix(), read_image(path)) for path in (first, second)]
    with progress("verifying", as_json=as_json):
        encoder = look.open(norms)
        by = rule_for(encoder, calibration=calibration)
        found = compare(
            *images,
            detector=chosen_detector(None, crops=crops, runtime=look.runtime),
            encoder=encoder,
            calibrated=by.calibrated,
            fmr=fmr,
        )
    emit(found, as_json)
    if not as_json and by.calibrated is None:
        line(f"no rate is known: {by.why}; {OTHER_MODEL}")
    elif not as_json and found.fix:
        line(f"{found.reason} ({found.fix})")
