"""`fewpix identify`: who is in a picture or a video, by a gallery."""

from __future__ import annotations

import hashlib
import logging
import sys
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from fewpix.calibration.remedies import OTHER_MODEL
from fewpix.cli.calibration_options import RuleOptions
from fewpix.cli.detect_options import DetectBudget, chosen_detector
from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.gallery_options import enrolled
from fewpix.cli.groups import grouped
from fewpix.cli.kinds import DRAWING, LINES
from fewpix.cli.output import AsJson, Bar, emit, progress
from fewpix.cli.picture_options import Crops, SkipBad
from fewpix.cli.remedies import Remedies
from fewpix.cli.search_options import SearchOptions
from fewpix.cli.targets import READS, Replace, Writes
from fewpix.cli.terminal import line
from fewpix.cli.video_options import VideoOptions
from fewpix.counted import counted
from fewpix.errors import ConfigError, InputError

if TYPE_CHECKING:
    from fewpix.identify.pipeline import Identifier
    from fewpix.identify.rule import Rule

UNDECIDED = f"nobody is named: {{}}; {OTHER_MODEL}"
UNRATED = f"no rates are known: {{}}; {OTHER_MODEL}"
RATES = (
    "named where the calibration's strangers score so in at most {} in a gallery of this size; others "
    "may more often: docs/models.md#calibration"
)
CAUTIOUS = (
    "named where strangers of every kind that was measured score so in at most {} in a gallery of this size; "
    "whose faces: docs/models.md#calibration"
)


@grouped
def identify(
    source: Annotated[
        str,
        Argument(
            metavar="IMAGE|FOLDER|VIDEO|URL|CAMERA",
            help="A picture, a folder of pictures, a video file, the address of a stream (rtsp, http, "
            "tcp, ...), or the number of a camera.",
            show_default=False,
        ),
        READS,
    ],
    *,
    search: SearchOptions,
    rule: RuleOptions,
    look: EncoderOptions,
    draw: Annotated[
        Path | None,
        Option(
            help="Write annotated pictures: a file for a picture, a folder for a folder, an .mp4 of a video.",
            show_default=False,
        ),
        Writes(DRAWING),
    ] = None,
    out: Annotated[
        Path | None,
        Option(
            help="Of pictures, write the JSON lines into this file instead of printing them.",
            show_default=False,
        ),
        Writes(LINES),
    ] = None,
    resume: Annotated[
        bool,
        Option("--resume", help="Go on in the file of --out: pictures that have a line are passed over."),
    ] = False,
    replace: Replace = False,
    video: VideoOptions,
    crops: Crops = False,
    detect_budget: DetectBudget = None,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
) -> None:
    """Find the faces in pictures or a video and show who of a gallery they may be.

    For every face: where it is, how many pixels it has, and the most similar people with their scores. In a
    folder, a picture that cannot be read does not stop the others; it is named on stderr, and the exit code
    tells. Files of other kinds are named at the end; with --json in a last line, `passed_over`.

    A face is named when its score is rare enough among strangers, by a calibration: at its size, for the
    model in use, in a gallery as large as this one. Nobody is named where that was not measured.

    A run over a large folder can be stopped: with --out FILE --resume the same command goes on.

    In a video, faces are followed from frame to frame, and each track is searched for once, when it has
    ended, with a template of its best sights. Ctrl-C ends a stream; what was seen until then is given.
    """
    from fewpix.video.source import is_video

    if is_video(source):
        from fewpix.cli.identify_video import identify_video

        if crops:
            raise ConfigError("the frames of a video are no crops", fix="leave out --crops")
        if out is not None or resume:
            raise ConfigError("--out and --resume are for pictures", fix="send the lines to a file by > FILE")
        identify_video(source, search, rule, look, video, draw, detect_budget, skip_bad, as_json)
        return
    video.refuse_without_video()
    if resume and out is None:
        raise ConfigError("--resume goes on in a file of lines", fix="name it with --out")
    from fewpix.cli.drawing import Drawing, write_drawing
    from fewpix.cli.lines_file import LinesFile
    from fewpix.cli.message import Message
    from fewpix.cli.pictures import pictures_of
    from fewpix.identify.draw import draw as draw_faces
    from fewpix.identify.pipeline import Identifier
    from fewpix.identify.refusal import combined
    from fewpix.image.codec import read_image

    folder = Path(source)
    pictures, left_out = pictures_of(folder)
    drawing = Drawing(draw, folder, pictures, replace=replace) if draw else None
    norms = look.norms(search.camera, search.gallery)
    detector = chosen_detector(detect_budget, crops=crops)
    encoder = look.open(norms)
    by = rule.of(encoder)
    refused: list[InputError] = []
    with ExitStack() as stack:
        store = stack.enter_context(enrolled(search.gallery, encoder.card.space))
        identifier = Identifier(
            detector,
            encoder,
            store,
            top=search.top,
            threshold=by.threshold,
            templates=not search.photos,
            calibrated=by.calibrated,
            fpir=by.fpir,
            matched=search.matched,
        )
        lines = None
        if out is not None:
            lines = stack.enter_context(
                LinesFile(out, _settings(identifier, by, detect_budget), resume=resume, replace=replace)
            )
        due = [path for path in pictures if lines is None or path.as_posix() not in lines.done]
        # On a terminal the lines themselves are the progress. Rich sends what is printed while its bar is up
        # to the bar's stream, which is stderr, so the true stdout is kept for the results.
        stdout = sys.stdout
        remedies, bar = Remedies(), Bar()
        if len(pictures) > 1 and (lines is not None or not stdout.isatty()):
            bar = stack.enter_context(progress("identifying", len(due), as_json=as_json))
        for n, path in enumerate(due, 1):
            try:
                image = read_image(path)
                picture = identifier.identify_picture(image, path.as_posix())
            except InputError as error:
                if len(pictures) > 1:
                    logging.getLogger("fewpix").warning("passed over: %s", error)
                refused.append(error)
            else:
                if drawing is not None:  # first, so that what has a line has its picture too
                    write_drawing(drawing.target(path), draw_faces(image, picture))
                for face in picture.faces:
                    remedies.add(face)
                if lines is not None:
                    lines.add(picture)
                else:
                    with redirect_stdout(stdout):
                        emit(picture, as_json, about=picture.path)
            bar(n)
    if out is not None:
        facts = {"out": str(out), "pictures": len(due) - len(refused), "before": len(pictures) - len(due)}
        text = f"{out}: {counted(len(due) - len(refused), 'picture')}, {facts['before']} had a line before"
        emit(Message(text, facts | {"refused": len(refused)}), as_json, left_out)
    elif left_out:
        emit(left_out, as_json)
    if not as_json and len(refused) < len(pictures):
        for text in (*remedies.lines(), closing(by)):
            if text:
                line(text)
    fix = "repair or remove them, or accept it with --skip-bad"
    failure = combined(refused, len(pictures), fix if len(refused) < len(pictures) else "name other pictures")
    if failure is not None and not (skip_bad and len(refused) < len(pictures)):
        raise failure


def closing(by: Rule) -> str:
    """What is said after the last picture of how faces were named; empty where a threshold decided, and there
    are rates.
    """
    from fewpix.calibration.rate import one_of

    if by.fpir is not None:
        return (CAUTIOUS if by.cautious else RATES).format(one_of(by.fpir, "searches"))
    if by.threshold is not None:
        return "" if by.calibrated is not None else UNRATED.format(by.why)
    return UNDECIDED.format(by.why)


def _settings(identifier: Identifier, by: Rule, detect_budget: float | None) -> dict[str, Any]:
    """What the lines of a picture depend on, beside the picture and the people in the gallery."""
    calibration = None
    if by.calibrated is not None:
        calibration = hashlib.sha256(by.calibrated.calibration.to_text().encode()).hexdigest()
    sizes = identifier.matching.sizes
    return ({"matched": [list(size) for size in sizes]} if sizes else {}) | {
        "gallery": identifier.gallery.location,
        "model_sha256": identifier.encoder.card.sha256,
        "state": identifier.encoder.state_id,
        "threshold": identifier.threshold,
        "fpir": by.fpir,
        "cautious": by.cautious,
        "calibration_sha256": calibration,
        "detect_budget": detect_budget,
        "top": identifier.top,
        "templates": identifier.templates,
        "crops": identifier.detector is None,
    }
