"""The options that are for videos only: of `fewpix identify`, and some of `fewpix adapt --camera`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from fewpix.cli.kinds import SHEET, STATE
from fewpix.cli.targets import Writes
from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.video import Reader, Thin

Sheet = Annotated[
    Path | None,
    Option(help="Of a video, write a contact sheet: the best sights of every track.", show_default=False),
    Writes(SHEET),
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
        return [f"--{name.replace('_', '-')}" for name, value in vars(self).items() if value is not None]

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
    gap: Gap = None
    shortest: Shortest = None
    give_up: GiveUp = None
    adapt: Adapt = None

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
