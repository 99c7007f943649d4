"""Which calibration is used, and by which rule faces are named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.cli.targets import READS
from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.embed.protocol import Encoder
    from fewpix.gallery.calibrated import Calibrated
    from fewpix.gallery.store import Gallery

DEFAULT_FPIR = 0.01
"""Named when of a hundred strangers one at most would be named in a gallery of this size."""

CalibrationFile = Annotated[
    Path | None,
    Option(
        "--calibration",
        help="A file of `fewpix calibrate`; the shipped one when nothing is said and it fits the model.",
        show_default=False,
    ),
    READS,
]
Fpir = Annotated[
    float | None,
    Option(
        help="Name a face when strangers would score so in a gallery of this size at most this often (false "
        "positive identification rate); 0.01 where a calibration fits and no --threshold is given.",
        show_default=False,
    ),
]
Cautious = Annotated[
    bool,
    Option(
        "--cautious",
        help="Keep the rate with the upper end of its interval: among the other strangers, too, that the "
        "calibration spans. Fewer are named.",
    ),
]


@dataclass(frozen=True)
class Chosen:
    """How faces are to be named.

    Args:
        calibrated: the calibration; None when there is none for this model.
        fpir: the rate to name by; None when a threshold decides, or nothing.
        why: why nothing decides, for want of a calibration; empty when something does.
    """

    calibrated: Calibrated | None
    fpir: float | None
    why: str

    @property
    def cautious(self) -> bool:
        """Whether the rate is kept with the upper end of its interval."""
        return self.calibrated is not None and self.calibrated.cautious


def chosen_calibration(
    file: Path | None,
    fpir: float | None,
    threshold: float | None,
    encoder: Encoder,
    *,
    cautious: bool = False,
) -> Chosen:
    """The calibration that fits an encoder, and the rule that follows from the options.

    Raises:
        ConfigError: `fpir` or `cautious` beside a threshold, or without a calibration that fits.
        InputError: the file is no calibration.
        WeightsError: the file is of another model or state.
    """
    from fewpix.gallery.calibrated import one_in

    if threshold is not None and fpir is not None:
        raise ConfigError("--threshold and --fpir both decide", fix="give one of them")
    if threshold is not None and cautious:
        raise ConfigError("--cautious is about rates, which --threshold does not ask", fix="leave one out")
    calibrated, why = fitting_calibration(file, encoder, cautious=cautious)
    if why:
        why = f"there is no calibration ({why})"
        if fpir is not None or cautious:
            asked = "--fpir" if fpir is not None else "--cautious"
            raise ConfigError(f"{asked}: {why}", fix="make one with `fewpix calibrate`")
    elif fpir is None and threshold is None and calibrated is not None:
        searches = calibrated.calibration.independent_searches
        if DEFAULT_FPIR * searches >= 1:
            fpir = DEFAULT_FPIR
        else:
            why = f"{searches:,} people cannot show {one_in(DEFAULT_FPIR)}, so give the rate with --fpir"
    return Chosen(calibrated, fpir, why)


def fitting_calibration(
    file: Path | None, encoder: Encoder, *, cautious: bool = False
) -> tuple[Calibrated | None, str]:
    """The calibration of an encoder, or none and why there is none.

    Raises:
        InputError: the file is no calibration.
        WeightsError: the file is of another model or state.
    """
    from fewpix.errors import WeightsError
    from fewpix.gallery.calibrated import Calibrated
    from fewpix.gallery.calibration import SHIPPED, read_calibration

    if file is None and not SHIPPED.is_file():
        return None, "this install has no calibration"
    calibrated = Calibrated(read_calibration(file or SHIPPED), cautious=cautious)
    why = calibrated.misfit(encoder)
    if why and file is not None:
        raise WeightsError(f"{file}: {why}", fix="calibrate the model that is used, under its state")
    return (None, why) if why else (calibrated, "")


NEAR = 0.9
"""Share of the people that a calibration was measured for from which on `enrol` says so."""


def limit_note(gallery: Gallery) -> str:
    """What is to be said of how many people the shipped calibration is for; empty where it is for more."""
    from fewpix.gallery.calibrated import REACH, TOO_MANY, Calibrated
    from fewpix.gallery.calibration import SHIPPED, read_calibration

    ((people,),) = gallery.database.select("SELECT count(*) FROM people")
    # A shipped one is for a thousand at least, and takes a while to read.
    if people < 1000 or not SHIPPED.is_file():
        return ""
    largest = Calibrated(read_calibration(SHIPPED)).largest
    if people < NEAR * largest:
        return ""
    end, said = REACH * largest, f"{people:,} people are enrolled"
    if people > end:
        return f"{said}: the shipped calibration names nobody above {end:,} ({TOO_MANY})"
    near = f"; above {end:,} it names nobody" if people >= NEAR * end else ""
    return (
        f"{said}: the shipped calibration was measured up to {largest:,}, beyond that its rates are bounds, "
        f"up to {end:,}{near} ({TOO_MANY})"
    )
