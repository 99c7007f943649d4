"""What `fewpix identify --cameras` does: several cameras at once, a frame of each in turn."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fewpix.adapt.stats import load_state
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
from fewpix.cli.video_options import VideoOptions
from fewpix.counted import counted
from fewpix.errors import ConfigError, InputError
from fewpix.video import Event, IdentifiedTrack
from fewpix.video.cameras import Camera, read_cameras
from fewpix.video.open import open_beside
from fewpix.video.reader import damage
from fewpix.video.turns import Turns


@dataclass(frozen=True)
class CameraTrack:
    """A track, or what became known of one, with the name of its camera.

    Args:
        camera: its name.
        track: what was decided.
    """

    camera: str
    track: IdentifiedTrack | Event

    def __str__(self) -> str:
        return str(replace(self.track, path=self.camera))

    def to_json(self) -> Mapping[str, Any]:
        """`camera`, and the keys of the track."""
        return {"camera": self.camera, **self.track.to_json()}


def identify_cameras(
    file: Path,
    search: SearchOptions,
    rule: RuleOptions,
    look: EncoderOptions,
    video: VideoOptions,
    detect_budget: float | None,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Run it; the arguments are those of the verb."""
    _check(video, look, search)
    cameras, thin, arrived = read_cameras(file), video.thin(), threading.Event()
    detector = faint_detector(detect_budget, runtime=look.runtime)
    encoders = {state: look.open(load_state(state) if state else None) for state in _states(cameras, look)}
    films: list[Film] = []
    remedies, failed = Remedies(), list[str]()
    with ExitStack() as stack:
        stdout = sys.stdout
        space = next(iter(encoders.values())).card.space
        store = stack.enter_context(enrolled(search.gallery, space))
        for camera in cameras:
            encoder = encoders[camera.state or look.state]
            by, ending = rule_for_tracks(rule, encoder)
            reader = open_beside(
                camera.source,
                replace(thin, every=1, fps=camera.fps) if camera.fps is not None else thin,
                video.patience,
                arrived,
            )

            def tell(event: Event, name: str = camera.name) -> None:
                with redirect_stdout(stdout):  # and not to where the bar is
                    emit(CameraTrack(name, event), as_json)

            identifier = video.identifier(search.identifier(detector, encoder, store, by), tell=tell)
            outputs = Outputs(
                report=video.report,
                decided=ending,
                alikeness=alikeness(video.alike, of_pictures(by, encoder) if video.report else by),
            )
            films.append(stack.enter_context(Film(identifier, reader, outputs, remedies, camera.name)))
        bar = Bar()
        if not stdout.isatty() or as_json:
            title = f"watching {counted(len(films), 'camera')}"
            bar = stack.enter_context(progress(title, None, as_json=as_json))
        stop = stack.enter_context(stopping())
        turns = Turns([(film, film.steps(stop)) for film in films], arrived)
        for film, ended in turns:
            for track in ended:
                with redirect_stdout(stdout):  # and not to where the bar is
                    emit(CameraTrack(film.name, track), as_json)
            if len(turns.failures) > len(failed):
                failed = [f"{lost.name}: {error.what}" for lost, error in turns.failures]
                logging.getLogger("fewpix").warning("%s; the others go on", failed[-1])
            looked = sum(each.reader.counts.looked for each in films)
            bar(looked, note=f"frames, {counted(sum(each.tracks for each in films), 'track')}")
        stopped = stop.is_set()
    for film in films:
        if as_json:
            film.log()
        else:
            line(str(film))
        fault = damage(film.reader)
        if fault is not None and not skip_bad:
            failed.append(f"{film.name}: {fault.what}")
    if not as_json:
        for said in (*remedies.lines(), ending):
            if said:
                line(said)
    if stopped:
        raise KeyboardInterrupt("all that was seen until then is written")
    if failed:
        what = f"{len(failed)} of {counted(len(films), 'camera')} ended by an error, the first: {failed[0]}"
        raise InputError(what, fix="check that the camera is there, and the file of cameras")


def _states(cameras: list[Camera], look: EncoderOptions) -> set[Path | None]:
    """Every FaceBN state that a camera is looked at under; one encoder for each."""
    return {camera.state or look.state for camera in cameras}


def _check(video: VideoOptions, look: EncoderOptions, search: SearchOptions) -> None:
    """Refuse what is for one video, or for a part of it.

    Raises:
        ConfigError: such an option was given.
    """
    if video.sheet is not None or video.adapt is not None or video.start is not None:
        raise ConfigError("--sheet, --adapt and --start are for one video", fix="leave them out")
    if search.camera is not None:
        raise ConfigError(
            "--camera names one state, and each camera may have its own",
            fix="write state = FILE to the camera",
        )
    if video.report is not None and video.report.suffix.lower() == ".html":
        raise ConfigError(
            f"--report {video.report} is one page, and each camera has its own", fix="name a folder"
        )
