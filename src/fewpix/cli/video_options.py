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
class Asked:
    """The options for videos, as they were given."""

    draw: Path | None
    sheet: Path | None
    every: int | None
    fps: float | None
    start: str | None
    end: str | None
    gap: float | None
    shortest: int | None
    give_up: float | None
    adapt: Path | None

    def refuse_without_video(self) -> None:
        """Refuse them all for pictures, but --draw, which pictures have too.

        Raises:
            ConfigError: one was given.
        """
        given = [name for name, value in vars(self).items() if value is not None and name != "draw"]
        if given:
            words = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise ConfigError(f"{words}: for videos only", fix="name a video, a stream or a camera")


def thin_of(every: int | None, fps: float | None, start: str | None, end: str | None) -> Thin:
    """The choice of frames that was asked for.

    Raises:
        ConfigError: a value out of range, no time, or both ways of thinning.
    """
    from fewpix.video import Thin
    from fewpix.video.thin import seconds

    return Thin(
        1 if every is None else every,
        fps,
        seconds(start) if start else 0.0,
        seconds(end) if end else None,
    )


def length(reader: Reader) -> int | None:
    """How long the bar of a video is, in whole seconds; None when unknown."""
    return None if reader.duration is None else max(1, round(reader.duration))
