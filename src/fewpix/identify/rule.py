"""By which rule faces are named: a rate that a calibration knows, a threshold, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from fewpix.calibration.file import SHIPPED, SHIPPED_TRACKS, read_calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.rate import one_in
from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, WeightsError
from fewpix.files import PathLike

DEFAULT_FPIR = 0.01
"""A face is named when at most one of a hundred strangers would be named in a gallery of this size."""


@dataclass(frozen=True)
class Rule:
    """How faces are to be named.

    Args:
        calibrated: the calibration; None when there is none for this model.
        fpir: the rate to name by; None when a threshold decides, or nothing.
        threshold: the least cosine to name by; None when a rate decides, or nothing.
        why: why nothing decides, for want of a calibration; empty when something does.
    """

    calibrated: Calibrated | None
    fpir: float | None
    threshold: float | None
    why: str

    @property
    def cautious(self) -> bool:
        """Whether the rate is kept with the upper end of its interval."""
        return self.calibrated is not None and self.calibrated.cautious


def check_rule(threshold: float | None, fpir: float | None, *, cautious: bool = False) -> None:
    """Refuse two rules at once.

    Args:
        threshold: the least cosine to name by; None for none.
        fpir: the rate to name by; None for none.
        cautious: keep the rate with the upper end of its interval.

    Raises:
        ConfigError: a threshold beside one of the others.
    """
    if threshold is not None and fpir is not None:
        raise ConfigError("--threshold and --fpir both decide", fix="give one of them")
    if threshold is not None and cautious:
        raise ConfigError("--cautious is about rates, which --threshold does not ask", fix="leave one out")


def rule_for(
    encoder: Encoder,
    *,
    calibration: PathLike | None = None,
    fpir: float | None = None,
    threshold: float | None = None,
    cautious: bool = False,
    tracks: bool = False,
) -> Rule:
    """The calibration that fits an encoder, and the rule that follows.

    Args:
        encoder: the one that embeds the probes, or a router.
        calibration: a file of `fewpix calibrate`; None for the shipped one, where it fits.
        fpir: name a face when strangers would score so in a gallery of this size at most this often. None:
            `DEFAULT_FPIR` where a calibration fits that can show it and no threshold is given.
        threshold: name a face when its best cosine reaches this, whatever its rate.
        cautious: keep the rate with the upper end of its interval.
        tracks: what is named are tracks of a video, whose templates have rates of their own.

    Raises:
        ConfigError: a threshold beside `fpir` or `cautious`, or one of these two without a calibration that
            fits.
        InputError: the file is no calibration.
        WeightsError: the file is of another model or state.
    """
    check_rule(threshold, fpir, cautious=cautious)
    calibrated, why = fitting_calibration(calibration, encoder, cautious=cautious, tracks=tracks)
    return rule_by(calibrated, why, fpir=fpir, threshold=threshold, cautious=cautious, tracks=tracks)


def rule_by(
    calibrated: Calibrated | None,
    why: str,
    *,
    fpir: float | None = None,
    threshold: float | None = None,
    cautious: bool = False,
    tracks: bool = False,
) -> Rule:
    """As `rule_for`, with a calibration that was read before.

    Args:
        calibrated: what `fitting_calibration` gives.
        why: why there is none, as it gives that.
        fpir: as in `rule_for`.
        threshold: as in `rule_for`.
        cautious: whether `calibrated` is.
        tracks: as in `rule_for`.

    Raises:
        ConfigError: as `rule_for`.
    """
    check_rule(threshold, fpir, cautious=cautious)
    if why:
        why = f"there is no calibration ({why})"
        if fpir is not None or cautious:
            asked = "fpir" if fpir is not None else "cautious"
            made = "fewpix calibrate --footage" if tracks else "fewpix calibrate"
            raise ConfigError(f"--{asked}: {why}", fix=f"make one with `{made}`")
    elif fpir is None and threshold is None and calibrated is not None:
        searches = calibrated.calibration.independent_searches
        if DEFAULT_FPIR * searches >= 1:
            fpir = DEFAULT_FPIR
        else:
            why = f"{searches:,} people cannot show {one_in(DEFAULT_FPIR)}, so give the rate with --fpir"
    return Rule(calibrated, fpir, threshold, why)


def fitting_calibration(
    file: PathLike | None, encoder: Encoder, *, cautious: bool = False, tracks: bool = False
) -> tuple[Calibrated | None, str]:
    """The calibration of an encoder, or none and why there is none. Arguments as `rule_for`.

    Raises:
        InputError: the file is no calibration.
        WeightsError: the file is of another model or state.
    """
    shipped = SHIPPED_TRACKS if tracks else SHIPPED
    if file is None and not shipped.is_file():
        return None, "this install has no calibration" + (" of tracks" if tracks else "")
    calibrated = Calibrated(read_calibration(shipped if file is None else file), cautious=cautious)
    if tracks and not calibrated.calibration.of_tracks:
        return None, "it is of single pictures, and templates of tracks score otherwise"
    why = calibrated.misfit(encoder)
    if why and file is not None:
        raise WeightsError(f"{file}: {why}", fix="calibrate the model that is used, under its state")
    return (None, why) if why else (calibrated, "")
