"""The options that are for videos only: of `fewpix identify`, and some of `fewpix adapt --camera`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from fewpix.cli.kinds import FILM_REPORT, SHEET, STATE
from fewpix.cli.targets import Writes
from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.identify.learning import StateLearner
    from fewpix.identify.pipeline import Identifier
    from fewpix.video import Event, Patience, Reader, Thin, VideoIdentifier

Sheet = Annotated[
    Path | None,
    Option(help="Of a video, write a contact sheet: the best sights of every track.", show_default=False),
    Writes(SHEET),
]
Report = Annotated[
    Path | None,
    Option(
        help="Of videos, write a page for each: who was there when, with frames. An .html file, or a folder.",
        show_default=False,
    ),
    Writes(FILM_REPORT),
]
Alike = Annotated[
    float | None,
    Option(
        help="Of a report: unknown tracks whose templates have at least this cosine are one person's. If "
        "nothing is said, --threshold, or what the calibration says of two people.",
        show_default=False,
    ),
]
Every = Annotated[int | None, Option(help="Of a video, look at every N-th frame only.", show_default=False)]
Fps = Annotated[
    float | None, Option(help="Of a video, look at no more frames a second than this.", show_default=False)
]
Start = Annotated[
    str | None, Option(help="Of a video file, begin here: seconds, MM:SS or HH:MM:SS.", show_default=False)
]
End = Annotated[str | None, Option(help="Of a video, end here; written like --start.", show_default=False)]
Gap = Annotated[
    float | None,
    Option(
        help="Of a video: seconds a face may be away before its track ends, 1 if nothing is said.",
        show_default=False,
    ),
]
Shortest = Annotated[
    int | None,
    Option(
        help="Of a video: frames with a face that make a track, 2 if nothing is said; shorter ones are "
        "counted and left out.",
        show_default=False,
    ),
]
GiveUp = Annotated[
    float | None,
    Option(
        help="Of a stream: seconds that it may stay away before it is over, 300 if nothing is said.",
        show_default=False,
    ),
]
Wait = Annotated[
    float | None,
    Option(
        help="Of a video: seconds within which every part of it is searched finely, 0.4 if nothing is said; "
        "a new small face is seen no later. Faces that are followed are looked for in every frame.",
        show_default=False,
    ),
]
EveryPixel = Annotated[
    bool,
    Option("--every-pixel", help="Of a video: search every frame completely; several times slower."),
]
Events = Annotated[
    bool | None,
    Option(
        "--events",
        help="Of a video: tell of tracks while they are there, too, when they are seen and when somebody is "
        "named early. All looks at a track together keep --fpir.",
        show_default=False,
    ),
]
Adapt = Annotated[
    Path | None,
    Option(
        help="Of a video: learn this camera's FaceBN state from the faces in it, under the guard, and keep "
        "it in this .safetensors file, from which the next run starts. Off unless asked for, so that no "
        "result depends on what was seen before; what it brings where was measured: see docs. Needs torch; "
        "while it learns, for seconds, no frame is looked at.",
        show_default=False,
    ),
    Writes(STATE, replaceable=False),
]


@dataclass(frozen=True)
class FrameOptions:
    """Which frames of a video are looked at, as it was asked for."""

    every: Every = None
    fps: Fps = None
    start: Start = None
    end: End = None

    @property
    def given(self) -> list[str]:
        """The options that were given, as they are written."""
        return [
            f"--{name.replace('_', '-')}" for name, value in vars(self).items() if value not in (None, False)
        ]

    def thin(self) -> Thin:
        """The choice of frames.

        Raises:
            ConfigError: a value out of range, no time, or both ways of thinning.
        """
        from fewpix.video import Thin
        from fewpix.video.thin import seconds

        return Thin(
            1 if self.every is None else self.every,
            self.fps,
            seconds(self.start) if self.start else 0.0,
            seconds(self.end) if self.end else None,
        )


@dataclass(frozen=True)
class VideoOptions(FrameOptions):
    """All options that are for videos only."""

    sheet: Sheet = None
    report: Report = None
    alike: Alike = None
    gap: Gap = None
    shortest: Shortest = None
    give_up: GiveUp = None
    wait: Wait = None
    every_pixel: EveryPixel = False
    events: Events = None
    adapt: Adapt = None

    @property
    def settings(self) -> dict[str, Any]:
        """What the tracks of a film depend on, as far as it was given; for `LinesFile`."""
        names = ("every", "fps", "start", "end", "gap", "shortest", "wait", "every_pixel")
        return {name: value for name in names if (value := getattr(self, name)) not in (None, False)}

    @property
    def patience(self) -> Patience:
        """With a stream that breaks."""
        from fewpix.video import Patience

        return Patience() if self.give_up is None else Patience(give_up=self.give_up)

    def identifier(
        self,
        identifier: Identifier,
        learner: StateLearner | None = None,
        tell: Callable[[Event], object] | None = None,
    ) -> VideoIdentifier:
        """What follows the faces of one video, and tells of events where they are asked for; errors as its
        constructor's.
        """
        from fewpix.video import VideoIdentifier
        from fewpix.video.pipeline import SHORTEST

        return VideoIdentifier(
            identifier,
            gap=1.0 if self.gap is None else self.gap,
            shortest=SHORTEST if self.shortest is None else self.shortest,
            wait=self.attention,
            learner=learner,
            tell=tell if self.events else None,
        )

    @property
    def attention(self) -> float | None:
        """Seconds that a new small face may wait; None to search every frame completely.

        Raises:
            ConfigError: both options were given.
        """
        if self.every_pixel and self.wait is not None:
            raise ConfigError("with --every-pixel nothing waits", fix="leave --wait or --every-pixel out")
        from fewpix.video.attention import WAIT

        return None if self.every_pixel else WAIT if self.wait is None else self.wait

    def refuse_without_video(self) -> None:
        """Refuse them all for pictures.

        Raises:
            ConfigError: one was given.
        """
        if self.given:
            raise ConfigError(
                f"{', '.join(self.given)}: for videos only", fix="name a video, a stream or a camera"
            )


def length(reader: Reader) -> int | None:
    """How long the bar of a video is, in whole seconds; None when unknown."""
    return None if reader.duration is None else max(1, round(reader.duration))
