"""Is a track worth more than its frames? Films of people whose names are known, from file to name.

The people of `photos.tar` walk before a wall, four in a film of three seconds; the photograph that is seen
of each changes. Each is enrolled with the sharpest photograph, which is in no film. By size of the faces: how
many people have a track, how often it changes, and rank-1 and TPIR at an FPIR of 10 % of five ways to decide:

* `frame`: each of the track's sights alone; what a picture of the film is worth
* `best frame`: the sight that weighs the most
* `mean of scores`: the plain mean of all sights' scores
* `track`: the template, as `fewpix identify` decides
* `yunet + sface, vote`: OpenCV's detector and SFace in every frame, the name that most frames give; whose
  face it is is told to it, so that it needs no tracker

Seeds 0 to 9 each enrol 42 of the 60 people. Nothing is chosen on these films. `observed` holds how often
strangers' tracks reach the thresholds of the calibration of tracks: everybody in galleries of the others.

    python -m benchmarks.video.films PHOTOS.tar --work DIR --out results/video/films.json
    python -m benchmarks.video.films PHOTOS.tar --work DIR --boxes true --out results/video/true_boxes.json

With `--boxes true` places are known as exactly as a search finds them, only the aligner is real, and there is
no peer. Films and what was seen in them are kept in DIR: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.progress import Steps
from benchmarks.lib.run import options, run
from benchmarks.photos.arms import Fewpix, OpenCV
from benchmarks.photos.people import SEEDS, Photos, Rows, overlapping, sharpest, split
from benchmarks.video.decide import ARMS, FPIR, PEER, Judged, judged, observed
from benchmarks.video.film import CODECS, RATES, SECONDS, Film, films, frames, write
from benchmarks.video.seen import Seen, TrueBoxes, look
from fewpix.calibration.file import SHIPPED_TRACKS, read_calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.detect import default_detector
from fewpix.detect.aligner import Aligner
from fewpix.detect.yunet import installed_yunet
from fewpix.embed.open import open_encoder
from fewpix.evaluate.result.file import model_facts
from fewpix.files import atomic
from fewpix.gallery.store import Gallery
from fewpix.identify.faces import embed_faces
from fewpix.image.codec import Image
from fewpix.video.collect import FAINT_SCORE

KINDS = ("8", "12", "16", "24", "walk")


class Remembered:
    """YuNet on one picture, with what it found kept in a file.

    Args:
        path: of the file; made by `save`.
        threads: of the network.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._path, self._network = path, installed_yunet(0.6, threads)
        self._known: dict[str, Rows] = {}
        if path.is_file():
            with np.load(path, allow_pickle=False) as values:
                self._known = dict(values)

    def __call__(self, image: Image) -> Rows:
        """See `YuNet.find`."""
        key = hashlib.sha256(image.tobytes()).hexdigest()
        if key not in self._known:
            self._known[key] = self._network.find(image)
        return self._known[key]

    def save(self) -> None:
        """Keep it."""
        with atomic(self._path) as part, part.open("wb") as file:
            np.savez(file, **self._known)


def gallery_rows(photos: Photos, chosen: NDArray[np.int64], work: Path, threads: int) -> NDArray[np.float32]:
    """(P, D) the enrolled photographs, as `fewpix enrol` takes them, by the teacher; kept in a file."""
    teacher = open_encoder("teacher", threads=threads)
    kept = work / f"gallery-{photos.sha256[:12]}-{teacher.card.sha256[:12]}.npy"
    if kept.is_file():
        return np.asarray(np.load(kept, allow_pickle=False), dtype=np.float32)
    finder = Fewpix(default_detector())
    faces = []
    for n in chosen:
        image = photos.images[n]
        row = overlapping(finder.find(image), photos.box(int(n), image))
        faces.append(finder.cut(image, photos.faces[n] if row is None else row, teacher))
    rows = np.stack([face.embedding for face in embed_faces(faces)])
    with atomic(kept) as part, part.open("wb") as file:
        np.save(file, rows)
    return rows


def all_seen(
    photos: Photos, enrolled: NDArray[np.int64], given: argparse.Namespace
) -> dict[str, list[tuple[Film, Seen]]]:
    """Every film, made and looked at where that was not done before."""
    work: Path = given.work
    encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
    true_boxes = given.boxes == "true"
    detector = None if true_boxes else default_detector(FAINT_SCORE)
    peer = None if true_boxes else (OpenCV(), open_encoder("teacher", threads=given.threads))
    aligner = Aligner(threads=given.threads)
    planned = {kind: films(photos, enrolled, kind, given.seed)[: given.films] for kind in given.kinds}
    out: dict[str, list[tuple[Film, Seen]]] = {}
    step = Steps("films", sum(map(len, planned.values())))
    with Gallery.open(work / "nobody.db", encoder.card.space) as nobody:
        for kind, every in planned.items():
            out[kind] = []
            for film in every:
                path = work / f"{film.name}.{'avi' if film.codec == 'mjpeg' else 'mp4'}"
                kept = work / f"{film.name}-{given.boxes}-{encoder.card.sha256[:12]}.npz"
                if not kept.is_file():
                    if not path.is_file():
                        part = path.with_stem("part")
                        write(part, film, frames(film, photos, given.seed))
                        part.replace(path)
                    chosen = detector or TrueBoxes(film, aligner, given.seed)
                    look(film, path, encoder, nobody, chosen, peer).save(kept)
                out[kind].append((film, Seen.load(kept)))
                step(film.name)
    return out


def payload(
    found: Mapping[str, list[tuple[Film, Seen]]],
    photos: Photos,
    gallery: NDArray[np.float32],
    given: argparse.Namespace,
) -> dict[str, Any]:
    """The result."""
    people = np.unique(photos.people)
    splits = [split(photos.people, seed) for seed in SEEDS]
    known = Calibrated(read_calibration(given.calibration)) if given.calibration.is_file() else None
    arms = [arm for arm in ARMS if arm != PEER or given.boxes == "found"]
    figures: list[dict[str, Any]] = []
    seen_rates: list[dict[str, Any]] = []
    for kind, pairs in found.items():
        side = Judged.of(pairs, people)
        facts = side.facts()
        for row in judged(side, gallery, people, splits, arms, replicates=given.replicates, seed=given.seed):
            figures.append({"kind": kind, **facts, **row})
    if known is not None:
        sides = [Judged.of(pairs, people) for pairs in found.values()]
        seen_rates = observed(sides, gallery, people, known, seed=given.seed)
    encoder = open_encoder("auto", runtime=given.runtime, threads=given.threads)
    return {
        "question": "is a track worth more than its frames?",
        "data": {
            "sha256": photos.sha256,
            "people": len(people),
            "films": {kind: len(pairs) for kind, pairs in found.items()},
        },
        "models": {"auto": model_facts(encoder)},
        "settings": {
            "seed": given.seed,
            "seeds": list(SEEDS),
            "enrolled": len(splits[0]),
            "fpir": FPIR,
            "boxes": given.boxes,
            "seconds": SECONDS,
            "rates": list(RATES),
            "codecs": list(CODECS),
            "replicates": given.replicates,
        },
        "figures": figures,
        "observed": seen_rates,
    }


def measured(given: argparse.Namespace) -> dict[str, Any]:
    """Make what is missing, and measure."""
    given.work.mkdir(parents=True, exist_ok=True)
    known = Remembered(given.work / "known.npz", given.threads)
    photos = Photos.read(given.photos, known)
    known.save()
    chosen = sharpest(photos)
    found = all_seen(photos, chosen, given)
    return payload(found, photos, gallery_rows(photos, chosen, given.work, given.threads), given)


def told(result: Mapping[str, Any]) -> Iterator[str]:
    """The result in lines."""
    for row in result["figures"]:
        yield (
            f"{row['kind']:>5} {row['arm']:20} found {100 * row['found']:5.1f}"
            f"  rank-1 {100 * row['rank1']:5.1f}  TPIR {100 * row['tpir']:5.1f}"
        )
    for row in result["observed"]:
        yield f"stated {row['stated']:g}: seen {row['observed']:.4f} {row['observed_ci95']}"


def main(words: Sequence[str] | None = None) -> int:
    """Measure and write."""
    parser = options(__doc__, "--work", "--out", "--runtime", "--threads", "--replicates", "--seed")
    parser.add_argument("photos", type=Path, help="tar file with PERSON/FILE.jpg")
    parser.add_argument("--boxes", choices=("found", "true"), default="found")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--films", type=int, help="only so many of each kind")
    parser.add_argument("--calibration", type=Path, default=SHIPPED_TRACKS)
    given = parser.parse_args(words)
    return run(given.out, lambda: measured(given), told, given.work)


if __name__ == "__main__":
    sys.exit(main())
