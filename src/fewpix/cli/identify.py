"""`fewpix identify`: who is in a picture or a video, by a gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Option

from fewpix.cli.bulk import BulkOptions
from fewpix.cli.calibration_options import RuleOptions
from fewpix.cli.detect_options import DetectBudget
from fewpix.cli.encoder_options import EncoderOptions
from fewpix.cli.groups import grouped
from fewpix.cli.kinds import DRAWING, LINES
from fewpix.cli.output import AsJson
from fewpix.cli.picture_options import Crops, SkipBad
from fewpix.cli.search_options import SearchOptions
from fewpix.cli.targets import READS, Replace, Writes
from fewpix.cli.video_options import VideoOptions
from fewpix.errors import ConfigError


@grouped
def identify(
    source: Annotated[
        str | None,
        Argument(
            metavar="IMAGE|FOLDER|VIDEO|URL|CAMERA",
            help="A picture, a video file, a folder of both, the address of a stream (rtsp, http, "
            "tcp, ...), or the number of a camera.",
            show_default=False,
        ),
        READS,
    ] = None,
    *,
    cameras: Annotated[
        Path | None,
        Option(
            help="Instead of a source: watch several cameras at once, those that this TOML file names.",
            show_default=False,
        ),
        READS,
    ] = None,
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
            help="Of pictures and of folders, write the JSON lines into this file instead of printing them, "
            "or Parquet parts into this folder.",
            show_default=False,
        ),
        Writes(LINES),
    ] = None,
    resume: Annotated[
        bool,
        Option("--resume", help="Go on in the file of --out: what has its lines is passed over."),
    ] = False,
    replace: Replace = False,
    video: VideoOptions,
    crops: Crops = False,
    detect_budget: DetectBudget = None,
    bulk: BulkOptions,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
) -> None:
    """Find the faces in pictures or a video and show who of a gallery they may be.

    For every face: where it is, how many pixels it has, and the most similar people with their scores. In a
    folder, a picture or video that cannot be read does not stop the others; it is named on stderr, and the
    exit code tells. Files of other kinds are named at the end; with --json in a last line, `passed_over`.

    A face is named when its score is rare enough among strangers, by a calibration: at its size, for the
    model in use, in a gallery as large as this one. Nobody is named where that was not measured.

    A run over a large folder can be stopped: with --out FILE --resume the same command goes on. Where --out
    has no ending, it is a folder of Parquet files with the columns picture, faces, names, result and error;
    SOURCE may then be a tar or .rec shard, too, or a folder of such, and the same command again goes on.

    In a video, faces are followed from frame to frame, and each track is searched for once, when it has
    ended, with a template of its best sights. Ctrl-C ends a stream; what was seen until then is given.
    """
    if (source is None) == (cameras is None):
        raise BadParameter("name what to look at, in one way: a picture, folder or video, or --cameras FILE")
    parts = bulk.wanted(out)
    if source is None:
        from fewpix.cli.identify_cameras import identify_cameras

        assert cameras is not None  # the other one of the two
        if draw is not None or out is not None or resume or crops:
            raise ConfigError("--draw, --out, --resume and --crops are not for cameras", fix="leave them out")
        identify_cameras(cameras, search, rule, look, video, detect_budget, skip_bad, as_json)
        return
    if parts:
        from fewpix.bulk.parts import MANIFEST
        from fewpix.cli.identify_parts import identify_parts

        assert out is not None  # where they go
        if draw is not None or detect_budget is not None:
            raise ConfigError("--draw and --detect-budget are not for parts", fix="leave them out")
        if resume and out.is_dir() and not (out / MANIFEST).is_file():
            raise ConfigError(f"{out} is a folder without parts to go on with", fix="name another --out")
        video.refuse_without_video()
        identify_parts(Path(source), search, rule, look, out, bulk, crops, replace, skip_bad, as_json)
        return
    from fewpix.video.source import is_video

    if is_video(source):
        from fewpix.cli.identify_video import identify_video

        if crops:
            raise ConfigError("the frames of a video are no crops", fix="leave out --crops")
        if out is not None or resume:
            raise ConfigError("--out and --resume are for pictures", fix="send the lines to a file by > FILE")
        identify_video(source, search, rule, look, video, draw, detect_budget, skip_bad, as_json)
        return
    if resume and out is None:
        raise ConfigError("--resume goes on in a file of lines", fix="name it with --out")
    from fewpix.cli.identify_pictures import Lines, identify_pictures

    lines = Lines(out, resume, replace)
    identify_pictures(
        Path(source), search, rule, look, video, draw, lines, crops, detect_budget, skip_bad, as_json
    )
