"""Which calibration is used, and by which rule faces are named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.embed.protocol import Encoder
    from fewpix.gallery.calibrated import Calibrated

DEFAULT_FPIR = 0.01
"""Named when of a hundred strangers one at most would be named in a gallery of this size."""

CalibrationFile = Annotated[
    Path | None,
    Option(
        "--calibration",
        help="A file of `fewpix calibrate`; the shipped one when nothing is said and it fits the model.",
        show_default=False,
    ),
]
Fpir = Annotated[
    float | None,
    Option(
        help="Name a face when strangers would score so in a gallery of this size at most this often (false "
        "positive identification rate); 0.01 where a calibration fits and no --threshold is given.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Chosen:
    """How faces are to be named.

    Args:
        calibrated: the calibration; None when there is none for this model.
        fpir: the rate to name by; None when a threshold decides, or nothing.
        why: why there is no calibration; empty when there is.
    """

    calibrated: Calibrated | None
    fpir: float | None
    why: str


def chosen_calibration(
    file: Path | None, fpir: float | None, threshold: float | None, encoder: Encoder
) -> Chosen:
    """The calibration that fits an encoder, and the rule that follows from the options.

    Raises:
        ConfigError: `fpir` beside a threshold, or without a calibration that fits.
        InputError: the file is no calibration.
        WeightsError: the file is of another model or state.
    """
    from fewpix.errors import WeightsError
    from fewpix.gallery.calibrated import Calibrated
    from fewpix.gallery.calibration import SHIPPED, read_calibration

    if threshold is not None and fpir is not None:
        raise ConfigError("--threshold and --fpir both decide", fix="give one of them")
    calibrated, why = None, ""
    if file is not None or SHIPPED.is_file():
        calibrated = Calibrated(read_calibration(file or SHIPPED))
        why = calibrated.misfit(encoder)
        if why and file is not None:
            raise WeightsError(f"{file}: {why}", fix="calibrate the model that is used, under its state")
    else:
        why = "this install has no calibration"
    if why:
        calibrated = None
        if fpir is not None:
            raise ConfigError(f"--fpir needs a calibration: {why}", fix="make one with `fewpix calibrate`")
    if fpir is None and threshold is None and calibrated is not None:
        fpir = DEFAULT_FPIR
    return Chosen(calibrated, fpir, why)
