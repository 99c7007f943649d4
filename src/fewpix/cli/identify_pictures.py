"""What `fewpix identify` does with a picture, or with a folder of pictures and films."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from fewpix.cli.alike import alikeness
from fewpix.cli.calibration_options import RuleOptions, closing
from fewpix.cli.detect_options import chosen_detector, faint_detector
from fewpix.cli.drawing import Drawing, write_drawing
from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.film import Outputs
from fewpix.cli.folder_films import FolderFilms, check_for_folder
from fewpix.cli.gallery_options import enrolled
from fewpix.cli.lines_file import LinesFile
from fewpix.cli.message import Message
from fewpix.cli.output import Bar, Result, emit, progress
from fewpix.cli.pictures import files_of
from fewpix.cli.remedies import Remedies
from fewpix.cli.search_options import SearchOptions
from fewpix.cli.terminal import line
from fewpix.cli.track_rule import rule_for_tracks
from fewpix.cli.video_options import VideoOptions
from fewpix.counted import counted
from fewpix.errors import ConfigError, InputError
from fewpix.identify.draw import draw as draw_faces
from fewpix.identify.refusal import combined
from fewpix.identify.settings import settings_of
from fewpix.image.codec import read_image

log = logging.getLogger("fewpix")


@dataclass(frozen=True)
class Lines:
    """Where the lines of pictures go.

    Args:
        out: the file; None for stdout.
        resume: go on in it.
        replace: write over what lies there, and where annotated pictures go.
    """

    out: Path | None
    resume: bool
    replace: bool


def identify_pictures(
    source: Path,
    search: SearchOptions,
    rule: RuleOptions,
    look: EncoderOptions,
    video: VideoOptions,
    draw: Path | None,
    target: Lines,
    crops: bool,
    detect_budget: float | None,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Run it; the arguments are those of the verb."""
    pictures, films, left_out = files_of(source)
    files = sorted([*pictures, *films])
    if films:
        check_for_folder(video)
    else:
        video.refuse_without_video()
    if films and crops:
        raise ConfigError("the frames of a video are no crops", fix="leave out --crops, or move the films")
    drawing = Drawing(draw, source, pictures, films, replace=target.replace) if draw else None
    norms = look.norms(search.camera, search.gallery)
    detector = chosen_detector(detect_budget, crops=crops, runtime=look.runtime)
    encoder = look.open(norms)
    by = rule.of(encoder)
    endings = [] if films and not pictures else [closing(by)]
    refused: list[InputError] = []
    with ExitStack() as stack:
        store = stack.enter_context(enrolled(search.gallery, encoder.card.space))
        identifier = search.identifier(detector, encoder, store, by)
        lines, remedies, bar = None, Remedies(), Bar()
        if target.out is not None:
            settings = settings_of(identifier, by, detect_budget) | video.settings
            lines = stack.enter_context(
                LinesFile(target.out, settings, resume=target.resume, replace=target.replace)
            )
        due = [path for path in files if lines is None or path.as_posix() not in lines.done]
        theirs = None
        if films:
            tracks_by, ending = rule_for_tracks(rule, encoder)
            faint = faint_detector(detect_budget, runtime=look.runtime)
            theirs = FolderFilms(
                source,
                [path for path in due if path in set(films)],
                video,
                search.identifier(faint, encoder, store, tracks_by),
                Outputs(draw, None, video.report, ending, alikeness(video.alike, by)),
                remedies,
            )
            endings += [ending] if ending not in endings else []
        # On a terminal the lines themselves are the progress. Rich sends what is printed while its bar is up
        # to the bar's stream, which is stderr, so the true stdout is kept for the results.
        stdout = sys.stdout
        work = {path: theirs.frames[path] if theirs and path in theirs.frames else 1 for path in due}
        if len(files) > 1 and (lines is not None or not stdout.isatty()):
            bar = stack.enter_context(progress("identifying", sum(work.values()), as_json=as_json))
        before = 0

        def found(n: int, path: Path) -> Iterator[Result | InputError]:
            if theirs is not None and path in theirs.frames:
                done, most = before, work[path]
                note = f"frames, file {n} of {len(due)}"
                yield from theirs.identify(path, lambda looked: bar(done + min(looked, most), note=note))
                return
            image = read_image(path)
            picture = identifier.identify_picture(image, path.as_posix())
            if drawing is not None:  # first, so that what has a line has its picture too
                write_drawing(drawing.target(path), draw_faces(image, picture))
            for face in picture.faces:
                remedies.add(face)
            yield picture

        for n, path in enumerate(due, 1):
            results: list[Result] = []
            try:
                for each in found(n, path):
                    if isinstance(each, InputError):
                        raise each
                    if lines is not None:
                        results.append(each)
                    else:
                        with redirect_stdout(stdout):
                            emit(each, as_json, about=path.as_posix())
            except InputError as error:
                if len(files) > 1:
                    log.warning("passed over: %s", error)
                refused.append(error)
            if lines is not None and results:
                lines.add(*results)
            before += work[path]
            bar(before, note=f"frames, file {n} of {len(due)}" if films else "")
    unit = "pictures and films" if pictures and films else "films" if films else "pictures"
    if target.out is not None:
        kind = unit.removesuffix("s") if unit in ("films", "pictures") else "file"
        facts = {"out": str(target.out), "pictures": len(due) - len(refused), "before": len(files) - len(due)}
        text = f"{target.out}: {counted(len(due) - len(refused), kind)}, {facts['before']} had a line before"
        emit(Message(text, facts | {"refused": len(refused)}), as_json, left_out)
    elif left_out:
        emit(left_out, as_json)
    if not as_json and len(refused) < len(files):
        for text in (*remedies.lines(), *endings):
            if text:
                line(text)
    fix = "repair or remove them, or accept it with --skip-bad"
    failure = combined(refused, len(files), fix if len(refused) < len(files) else f"name other {unit}", unit)
    if failure is not None and not (skip_bad and len(refused) < len(files)):
        raise failure
