"""The models that a service works with, as they are opened once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fewpix.adapt.stats import NormState
from fewpix.calibration.file import read_calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import Router
from fewpix.errors import FewpixError, InputError
from fewpix.identify.faces import Searcher
from fewpix.identify.learning import Reopen
from fewpix.identify.rule import Rule, fitting_calibration, rule_by
from fewpix.serve.settings import Settings


@dataclass(frozen=True)
class Models:
    """What finds, embeds and judges.

    Args:
        detector: finds faces.
        encoder: embeds them; may be a router.
        calibrated: what scores are worth; None for nobody's knowing.
        why: why nobody knows; empty where somebody does.
        opening_faint: opens a detector for films, which also tells of faces that are seen well enough to be
            followed only; None: `detector` does for them.
        tracks: what scores of tracks are worth, each of some models and states.
        tracks_why: why nobody knows; empty where somebody does.
        reopen: opens the encoder with one of its models under a FaceBN state; None where nothing is adapted.
        student: the weights of the model that is adapted; None where nothing is.
    """

    detector: Searcher
    encoder: Encoder
    calibrated: Calibrated | None = None
    why: str = ""
    opening_faint: Callable[[], Searcher] | None = None
    tracks: tuple[Calibrated, ...] = ()
    tracks_why: str = "there is no calibration of tracks"
    reopen: Reopen | None = None
    student: Path | None = None

    def faint(self) -> Searcher:
        """The detector for films; it may take seconds to open.

        Raises:
            FewpixError: it cannot be opened.
        """
        return self.detector if self.opening_faint is None else self.opening_faint()

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """Those of a router, or the one."""
        return self.encoder.encoders if isinstance(self.encoder, Router) else (self.encoder,)

    def rule(self, *, fpir: float | None, threshold: float | None, state: NormState | None = None) -> Rule:
        """By which rule tracks are named.

        Args:
            fpir: as in `rule_for`.
            threshold: likewise.
            state: the one that the camera's faces are embedded under; None for none.

        Raises:
            ConfigError: as `rule_by`.
        """
        if state is None:
            known = [each for each in self.tracks if not each.misfit(self.encoder)]
        else:
            known = [each for each in self.tracks if _covers(each, state)]
        why = "" if known else self.tracks_why or "none is of this camera's FaceBN state"
        return rule_by(known[0] if known else None, why, fpir=fpir, threshold=threshold, tracks=True)

    def rated(self, state: NormState) -> bool:
        """Whether it is known what scores of faces are worth that are embedded under a state."""
        return any(_covers(each, state) for each in self.tracks)


Opening = Callable[[Settings], Models]
"""From settings to models; it may take seconds."""


def open_models(settings: Settings) -> Models:
    """Open what the settings name; errors as `open_encoder`, `default_detector` and `fitting_calibration`."""
    from fewpix.detect import default_detector
    from fewpix.detect.runtime import beside
    from fewpix.embed.adaptation import adapted_weights
    from fewpix.embed.open import open_encoder, reopened
    from fewpix.video.collect import FAINT_SCORE

    encoder = open_encoder(settings.model, runtime=settings.runtime, device=settings.device)
    calibrated, why = fitting_calibration(settings.calibration, encoder)
    runtime = beside(settings.runtime)
    detector = default_detector(budget_ms=settings.detect_budget, runtime=runtime)
    faint = partial(default_detector, FAINT_SCORE, budget_ms=settings.detect_budget, runtime=runtime)
    tracks, tracks_why = _of_tracks(settings, encoder)
    try:
        student = adapted_weights(settings.model, encoder)
    except FewpixError:  # a teacher, or a model without its weights: nothing to adapt
        student = None
    reopen = partial(reopened, encoder, settings.model, runtime=settings.runtime, device=settings.device)
    return Models(detector, encoder, calibrated, why, faint, tracks, tracks_why, reopen, student)


def _of_tracks(settings: Settings, encoder: Encoder) -> tuple[tuple[Calibrated, ...], str]:
    """Calibrations of tracks: those that were named first, and the shipped one where it fits.

    Raises:
        InputError: a file is no calibration of tracks.
    """
    given = []
    for file in settings.track_calibrations:
        calibrated = Calibrated(read_calibration(file))
        if not calibrated.calibration.of_tracks:
            raise InputError(
                f"{file} is of single pictures", fix="make one with `fewpix calibrate --footage`"
            )
        given.append(calibrated)
    shipped, why = fitting_calibration(None, encoder, tracks=True)
    return (*given, *([shipped] if shipped is not None else [])), why


def _covers(calibrated: Calibrated, state: NormState) -> bool:
    return calibrated.measured(state.model_sha256, state.id)
