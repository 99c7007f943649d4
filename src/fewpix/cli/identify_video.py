"""What `fewpix identify` does with a video: tracks as lines, an annotated video, a contact sheet."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stdout
from pathlib import Path

from fewpix.adapt.folder import check_free
from fewpix.adapt.stats import NormState, load_state
from fewpix.cli.calibration_options import RuleOptions
from fewpix.cli.drawing import write_drawing
from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.gallery_options import enrolled
from fewpix.cli.output import Bar, emit, progress
from fewpix.cli.remedies import Remedies
from fewpix.cli.search_options import SearchOptions
from fewpix.cli.stopping import stopping
from fewpix.cli.terminal import line
from fewpix.cli.video_options import VideoOptions, length
from fewpix.counted import counted
from fewpix.detect import default_detector
from fewpix.embed.adaptation import adapted_weights
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import ConfigError
from fewpix.identify.pipeline import Identifier
from fewpix.image.codec import SUFFIXES
from fewpix.optional import require
from fewpix.video import (
    Annotator,
    ContactSheet,
    Frame,
    Patience,
    Reader,
    Shown,
    Sight,
    StateLearner,
    VideoIdentifier,
    h264_file,
    open_video,
    source_of,
)
from fewpix.video.collect import FAINT_SCORE
from fewpix.video.pipeline import SHORTEST
from fewpix.video.reader import damage
from fewpix.video.writer import H264Writer

UNCALIBRATED = (
    "tracks were decided by templates of several frames, calibrations are of single pictures: "
    "docs/cli/video.md"
)
UNDECIDED = "nobody is named, since no --threshold or --fpir was given: docs/cli/video.md"


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
    _check_targets(draw, video.sheet)
    norms = _first_state(video, look, search)
    detector = default_detector(FAINT_SCORE, budget_ms=detect_budget)
    encoder = look.open(norms)
    by = rule.of(encoder)
    if rule.cautious and rule.fpir is None:
        raise ConfigError("in a video --cautious needs a rate", fix="give it with --fpir")
    if rule.fpir is not None and video.adapt is not None:
        raise ConfigError(
            "--adapt learns states that no calibration was made under", fix="leave out --adapt or --fpir"
        )
    with ExitStack() as stack:
        store = stack.enter_context(enrolled(search.gallery, encoder.card.space))
        learner = _learner(video.adapt, search.camera or source.name, encoder, look)
        identifier = VideoIdentifier(
            Identifier(
                detector,
                encoder,
                store,
                top=search.top,
                threshold=rule.threshold,
                templates=not search.photos,
                calibrated=by.calibrated if rule.fpir is not None else None,
                fpir=rule.fpir,  # only when asked for: see UNCALIBRATED
                matched=search.matched,
            ),
            gap=1.0 if video.gap is None else video.gap,
            shortest=SHORTEST if video.shortest is None else video.shortest,
            learner=learner,
        )
        patience = Patience() if video.give_up is None else Patience(give_up=video.give_up)
        reader = open_video(source, thin, patience)
        stack.callback(reader.close)
        writer = stack.enter_context(h264_file(draw)) if draw else None
        sheet = ContactSheet() if video.sheet else None
        if video.sheet is not None and sheet is not None:
            stack.callback(_write_sheet, video.sheet, sheet, reader)
        stdout = sys.stdout
        bar = Bar()
        if not stdout.isatty() or as_json:
            bar = stack.enter_context(progress("identifying", length(reader), as_json=as_json))
        stop = stack.enter_context(stopping())
        remedies = Remedies()
        watch = _Watch(identifier, reader, writer, bar, thin.start)
        for track in identifier.run(reader, watch=watch, stop=stop):
            watch.tracks += 1
            remedies.add(track.face)
            with redirect_stdout(stdout):  # and not to where the bar is
                emit(track, as_json)
            if sheet is not None:
                sheet.add(track)
        stopped = stop.is_set()
    decided = rule.threshold is not None or rule.fpir is not None
    _summary(reader, watch.tracks, identifier.left_out, remedies, decided, as_json)
    if stopped:
        raise KeyboardInterrupt("all that was seen until then is written")
    fault = damage(reader)
    if fault is not None and not skip_bad:
        raise fault


class _Watch:
    """Told of every frame: draws it, and moves the bar."""

    def __init__(
        self,
        identifier: VideoIdentifier,
        reader: Reader,
        writer: H264Writer | None,
        bar: Bar,
        start: float,
    ) -> None:
        self.tracks = 0
        self._identifier, self._reader, self._writer = identifier, reader, writer
        self._bar, self._start = bar, start
        self._annotator = Annotator()

    def __call__(self, frame: Frame, sights: Sequence[Sight]) -> None:
        if self._writer is not None:
            shown = [
                Shown(sight.track.number, sight.box, self._identifier.so_far(sight.track)) for sight in sights
            ]
            self._writer.write(self._annotator.draw(frame, shown), frame.time)
        note = f"s of video, {counted(self._reader.counts.looked, 'frame')}, {counted(self.tracks, 'track')}"
        self._bar(round(frame.time - self._start), note=note)


def _write_sheet(path: Path, sheet: ContactSheet, reader: Reader) -> None:
    """Write what there is, however it ended; nothing where nothing was looked at."""
    if reader.counts.looked:
        write_drawing(path, sheet.draw())


def _summary(
    reader: Reader, tracks: int, left_out: int, remedies: Remedies, decided: bool, as_json: bool
) -> None:
    """With --json the lines are tracks and nothing else, so that losses are told on stderr."""
    single = f", {left_out} too short to be one" if left_out else ""
    name = reader.name.encode("utf-8", "backslashreplace").decode()
    text = f"{name}: {counted(tracks, 'track')}{single}; {reader.counts}"
    if as_json:
        level = logging.WARNING if reader.counts.lost else logging.INFO
        logging.getLogger("fewpix").log(level, "%s", text)
        return
    for said in (text, *remedies.lines(), UNCALIBRATED if decided else UNDECIDED):
        line(said)


def _check_targets(draw: Path | None, sheet: Path | None) -> None:
    """Refuse targets that are not what they are named.

    Raises:
        ConfigError: one is.
    """
    if draw is not None and draw.suffix.lower() not in (".mp4", ".m4v"):
        raise ConfigError(f"--draw {draw}: an annotated video is an .mp4 file", fix="name one")
    if sheet is not None and sheet.suffix.lower() not in SUFFIXES - {".pgm"}:
        raise ConfigError(f"--sheet {sheet}: a contact sheet is a picture", fix="name a .png file")


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
    return StateLearner(path, place, weights, student.sha256, encoder, look.open)
