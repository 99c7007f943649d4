"""What `fewpix identify` does with a video: tracks as lines, an annotated video, a contact sheet."""

from __future__ import annotations

import sys
from contextlib import ExitStack, redirect_stdout
from dataclasses import replace
from functools import partial
from pathlib import Path

from fewpix.adapt.folder import check_free, keep
from fewpix.adapt.stats import NormState, load_state
from fewpix.cli.alike import alikeness
from fewpix.cli.calibration_options import RuleOptions
from fewpix.cli.detect_options import faint_detector
from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.film import Film, Outputs
from fewpix.cli.gallery_options import enrolled
from fewpix.cli.output import Bar, emit, progress
from fewpix.cli.remedies import Remedies
from fewpix.cli.search_options import SearchOptions
from fewpix.cli.stopping import stopping
from fewpix.cli.terminal import line
from fewpix.cli.track_rule import of_pictures, rule_for_tracks
from fewpix.cli.video_options import VideoOptions, length
from fewpix.embed.adaptation import adapted_weights
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import ConfigError
from fewpix.optional import require
from fewpix.video import Event, StateLearner, open_video, source_of
from fewpix.video.reader import damage


def identify_video(
    word: str,
    search: SearchOptions,
    rule: RuleOptions,
    look: EncoderOptions,
    video: VideoOptions,
    draw: Path | None,
    detect_budget: float | None,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Run it; the arguments are those of the verb."""
    source = source_of(word)
    thin = video.thin()
    if detect_budget is not None and video.wait is not None:
        raise ConfigError("with --detect-budget nothing waits", fix="leave --wait or --detect-budget out")
    outputs = Outputs(draw, video.sheet, video.report)
    outputs.check()
    norms = _first_state(video, look, search)
    detector = faint_detector(detect_budget, runtime=look.runtime)
    encoder = look.open(norms)
    by, ending = rule_for_tracks(rule, encoder)
    if rule.fpir is not None and video.adapt is not None:
        raise ConfigError(
            "--adapt learns states that no calibration was made under", fix="leave out --adapt or --fpir"
        )
    outputs = replace(
        outputs,
        decided=ending,
        alikeness=alikeness(video.alike, of_pictures(by, encoder) if video.report else by),
    )
    with ExitStack() as stack:
        store = stack.enter_context(enrolled(search.gallery, encoder.card.space))
        stdout = sys.stdout

        def tell(event: Event) -> None:
            with redirect_stdout(stdout):  # and not to where the bar is
                emit(event, as_json)

        learner = _learner(video.adapt, search.camera or source.name, encoder, look)
        identifier = video.identifier(search.identifier(detector, encoder, store, by), learner, tell)
        reader = open_video(source, thin, video.patience)
        remedies = Remedies()
        film = stack.enter_context(Film(identifier, reader, outputs, remedies))
        bar = Bar()
        if not stdout.isatty() or as_json:
            bar = stack.enter_context(progress("identifying", length(reader), as_json=as_json))
        stop = stack.enter_context(stopping())
        for ended in film.steps(stop):
            for track in ended:
                with redirect_stdout(stdout):  # and not to where the bar is
                    emit(track, as_json)
            bar(round(film.time - thin.start), note=film.note)
        stopped = stop.is_set()
    if as_json:  # the lines are tracks and nothing else
        film.log()
    else:
        for said in (str(film), *remedies.lines(), ending):
            if said:
                line(said)
    if stopped:
        raise KeyboardInterrupt("all that was seen until then is written")
    fault = damage(reader)
    if fault is not None and not skip_bad:
        raise fault


def _first_state(video: VideoOptions, look: EncoderOptions, search: SearchOptions) -> NormState | None:
    """The state to begin with: of --state, of the camera in the gallery, or what --adapt kept the last time.

    Raises:
        ConfigError: more than one of them was given; with --adapt, --camera is the name of what is learned.
    """
    if video.adapt is not None and look.state is not None:
        raise ConfigError("--adapt begins with the state that it keeps", fix="leave --state out")
    if video.adapt is not None:
        return load_state(video.adapt) if video.adapt.exists() else None
    return look.norms(search.camera, search.gallery)


def _learner(path: Path | None, place: str, encoder: Encoder, look: EncoderOptions) -> StateLearner | None:
    """What learns the state and keeps it in a file; None when it was not asked for.

    Raises:
        ConfigError: the model cannot be adapted.
        InputError: another place's state lies in the file.
        UnavailableError: torch is not installed.
    """
    if path is None:
        return None
    require("torch")  # now, not in the middle of the video
    student = encoder_for(encoder, 0.0).card
    weights = adapted_weights(look.model, encoder)
    check_free(path, source=place, model_sha256=student.sha256)
    return StateLearner(partial(keep, path), place, weights, student.sha256, encoder, look.open)
