"""A finished track and who it may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fewpix.identify.faces import EmbeddedFace
from fewpix.identify.pipeline import IdentifiedFace, points_json, rate_json
from fewpix.identify.verdict import Verdict
from fewpix.video.sample import Sample
from fewpix.video.track import Box


@dataclass(frozen=True)
class Early:
    """Who a track was said to be before it had ended.

    Args:
        name: the person.
        time: seconds, as in `IdentifiedTrack`.
    """

    name: str
    time: float


@dataclass(frozen=True, eq=False)
class IdentifiedTrack:
    """A face that was followed, with one decision for all of its frames.

    Args:
        path: the video as it was named, without the user and password of an address.
        track: its number in the video, from 1; single sights that were left out have numbers too.
        first: seconds of its first frame, from the beginning of the file or from when the stream was opened.
        last: seconds of its last frame.
        clock: UTC of `first`, ISO 8601, of a live stream; None of a file.
        frames: in how many of those looked at the face was found.
        boxes: (seconds, (x, y, width, height)), thinned to at most 64 over the whole track.
        face: the template's size, quality and candidates, and the decision; its box is the best sight's.
        state_id: the NormState it was embedded under; empty for none.
        sights: how many independent ones made the template, see `embed.fusion.independent`.
        samples: the sights that made the template, all of one encoder, best first.
        threshold: what was decided with, if it was one threshold for all.
        fpir: what was decided with, if it was a false positive identification rate; over all looks at the
            track, where there were early ones.
        early: who it was said to be before it had ended; None where nobody was, or nobody asked.
        template: what was searched for, to compare tracks with one another.
    """

    path: str
    track: int
    first: float
    last: float
    clock: str | None
    frames: int
    boxes: tuple[tuple[float, Box], ...]
    face: IdentifiedFace
    state_id: str
    sights: float
    samples: tuple[Sample, ...] = field(repr=False)
    threshold: float | None = None
    fpir: float | None = None
    template: EmbeddedFace | None = field(default=None, repr=False)
    early: Early | None = None

    @property
    def verdict(self) -> Verdict:
        """Who it is, or why nobody is named; of the template."""
        return self.face.verdict

    def __str__(self) -> str:
        names = ", ".join(str(candidate) for candidate in self.face.candidates) or "nobody is enrolled"
        # File names need not be valid Unicode, but what is printed must be.
        path = self.path.encode("utf-8", "backslashreplace").decode()
        when = f"{shown(self.first)}-{shown(self.last)}"
        before = ""
        if self.early is not None:
            kept = "confirmed" if self.early.name == self.face.decision else "revised"
            before = f"; {kept}: {self.early.name} at {shown(self.early.time)}"
        return (
            f"{path}: track {self.track}   {when}   {self.frames} frames   {self.face.pixels:.0f} px   "
            f"{self.face}{before}   [{names}]"
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values; seconds to a thousandth, boxes and pixels to a hundredth."""
        face = self.face.to_json()
        return {
            "event": "ended",
            "path": self.path,
            "track": self.track,
            "first": round(self.first, 3),
            "last": round(self.last, 3),
            "clock": self.clock,
            "frames": self.frames,
            "boxes": [[round(time, 3), *(round(value, 2) for value in box)] for time, box in self.boxes],
            "pixels": face["pixels"],
            **self.face.quality.to_json(),
            "crops": [
                {
                    "time": round(item.time, 3),
                    "box": [round(value, 2) for value in item.face.box],
                    "points": points_json(item.face.points),
                    "pixels": round(item.face.pixels, 2),
                    "sharpness": round(item.face.quality.sharpness, 4),
                    "weight": round(item.weight, 4),
                    "effective_pixels": round(item.face.quality.effective_pixels, 2),
                    "quality": round(item.face.quality.value, 4),
                    "alignment_error": item.face.quality.to_json()["alignment_error"],
                }
                for item in self.samples
            ],
            "sights": round(self.sights, 2),
            "early": self.early and {"decision": self.early.name, "time": round(self.early.time, 3)},
            "state": self.state_id,
            "candidates": face["candidates"],
            **rate_json("fpir", self.face.fpir),
            **self.verdict.to_json(),
        }


def shown(seconds: float) -> str:
    """Seconds as people write them: 7.4 s, 3:07, 2:03:07."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
