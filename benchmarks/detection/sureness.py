"""How is it told whether something is a face: by the search's score, by the aligner's error, or by both?

Faces that the aligner never saw, of sources whose people turn their heads, stand in photographs without
people (`pool_scenes.py`), every second one a JPEG. Whatever the search tells of is looked at by the aligner.
It is a true find when the aligner puts it on a face, a false one when it is away from all of them, or in a
picture without a face (`scenes.py`), as it is and as a JPEG.

Each rule is given the threshold by which as many pebbles are taken for faces as by `sureness` at 0.6, so that
the rules can be compared. Pebbles are as like faces as stones are; all other false finds are counted beside
them. `found` is the share of the faces that the search tells of. A face is turned when its nose is farther
from the middle of its eyes than those of two thirds of the faces are.

    python -m benchmarks.detection.sureness FACES.tar ... --out results/detection/sureness.json
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.points import RECIPE
from benchmarks.detection.pool_scenes import as_jpeg, hits, pool_scenes
from benchmarks.detection.scenes import backgrounds
from benchmarks.lib.run import each, options, run
from fewpix.data.faces import FaceSet, load_faces
from fewpix.detect import Detector, Face, default_detector
from fewpix.detect.aligner import EXACT, FULL, SMALL, STEEP, SUREST, Aligner
from fewpix.detect.detector import SEARCH_SCORE
from fewpix.files import sha256_file
from fewpix.image.align import TEMPLATE_SIDE
from fewpix.image.codec import Image
from fewpix.models.aligner_file import ALIGNER
from fewpix.train.aligner import held_out_faces
from fewpix.train.aligner_recipe import load_aligner_recipe

SOURCES = ("aaf", "celeba", "celebt", "ffhq", "web", "wild")
SIZES = (7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 48)
MIN_SCORE = 0.6
NEAR = 1.5
"""Sizes of a face around its middle, within which a find that is not true is not counted as a false one."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Finds:
    """N finds: the search's score, the aligner's score and error, their pixels and the score of both."""

    found: Floats
    score: Floats
    error: Floats
    pixels: Floats
    both: Floats

    def part(self, chosen: NDArray[np.bool_]) -> Finds:
        """Those that are chosen."""
        return Finds(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def finds(before: Sequence[Face], after: Sequence[Face]) -> Finds:
    """What is told of faces before and after the aligner has looked at them."""
    alignments = [face.alignment for face in after if face.alignment is not None]
    assert len(alignments) == len(after)
    return Finds(
        np.array([face.score for face in before]),
        np.array([each.score for each in alignments]),
        np.array([each.error for each in alignments]),
        np.array([face.pixels for face in after]),
        np.array([face.score for face in after]),
    )


def joined(parts: Sequence[Finds]) -> Finds:
    """All of them, in their order."""
    return Finds(*(np.concatenate([getattr(p, name) for p in parts]) for name in Finds.__dataclass_fields__))


def by_error(half: float, power: float, of: Finds) -> Floats:
    """The aligner's error and score alone, whatever the size."""
    return of.score / (1 + (of.error / half) ** power)


def by_both(small: float, full: float, steep: float, share: float, of: Finds) -> Floats:
    """As `sureness`, with `share` of what the search says."""
    found = np.minimum(of.found, SUREST)
    error = of.error * np.clip(of.pixels, small, full) / TEMPLATE_SIDE
    odds = (found / (1 - found)) ** share * (EXACT / error) ** steep
    return np.asarray(of.score * odds / (1 + odds))


RULES: Mapping[str, Callable[[Finds], Floats]] = {
    "sureness": lambda of: of.both,
    "the search's score": lambda of: of.found,
    "the aligner's error, 3 px of the template": partial(by_error, 3.0, 12.0),
    "without the search's score": partial(by_both, SMALL, FULL, STEEP, 0.0),
    "half of the search's score": partial(by_both, SMALL, FULL, STEEP, 0.5),
    "twice the search's score": partial(by_both, SMALL, FULL, STEEP, 2.0),
    "error in the picture, whatever the size": partial(by_both, 0.0, 1e9, STEEP, 1.0),
    "error in the template, whatever the size": partial(by_both, FULL, FULL, STEEP, 1.0),
    "small below 5 px": partial(by_both, 5.0, FULL, STEEP, 1.0),
    "full at 20 px": partial(by_both, SMALL, 20.0, STEEP, 1.0),
    "full at 40 px": partial(by_both, SMALL, 40.0, STEEP, 1.0),
    "less steep": partial(by_both, SMALL, FULL, STEEP - 1, 1.0),
    "steeper": partial(by_both, SMALL, FULL, STEEP + 1, 1.0),
}


class Looking:
    """Looks at pictures as a detector does, and keeps everything.

    Args:
        detector: whose search it is, with the lowest score.
        aligner: what looks at its finds.
    """

    def __init__(self, detector: Detector, aligner: Aligner) -> None:
        self._detector, self._aligner = detector, aligner

    def __call__(self, image: Image) -> tuple[Finds, list[Face]]:
        before = self._detector.finds(image)
        after = self._aligner.refine(image, before)
        return finds(before, after), after


def turned(faces: FaceSet, rows: NDArray[np.int64], detector: Detector) -> NDArray[np.bool_]:
    """(len(faces),) which of these faces are turned; those that are not found when sharp are not."""
    away = np.zeros(len(faces))
    for n in rows:
        crop = cv2.copyMakeBorder(faces.crop(int(n)), *(56,) * 4, cv2.BORDER_REPLICATE)
        for face in detector.detect(np.asarray(crop, np.uint8))[:1]:
            right, left, nose = face.points[:3].astype(np.float64)
            across = (left - right) / np.linalg.norm(left - right)
            away[n] = abs((nose - (left + right) / 2) @ across) / np.linalg.norm(left - right)
    return np.asarray(away > np.quantile(away[rows], 2 / 3))


def in_scenes(
    look: Looking, faces: FaceSet, rows: NDArray[np.int64], size: int, seed: int, places: NDArray[np.bool_]
) -> tuple[dict[str, Any], Finds, NDArray[np.bool_], Finds]:
    """Of one size: how many faces there are, the true finds, which of these are turned, the false finds."""
    side = 40 if size <= 24 else 20 if size <= 32 else 12
    order = np.random.default_rng([seed, size]).permutation(rows)
    true, false, turns, there = [], [], [], 0
    for scene in pool_scenes(faces, order.tolist(), size, len(order) // side, seed=seed, each=side):
        seen, after = look(scene.image)
        best = np.argsort(-seen.found, kind="stable")
        hit: list[int | None] = [None] * len(after)
        for n, which in zip(best, hits([after[k].points for k in best], scene.points), strict=True):
            hit[int(n)] = which
        middles = scene.points.mean(axis=1)
        apart = np.array([np.linalg.norm(middles - f.points.mean(axis=0), axis=1).min() for f in after])
        is_true = np.array([which is not None for which in hit], dtype=bool)
        true.append(seen.part(is_true))
        false.append(seen.part(~is_true & (apart > NEAR * size)))
        turns += [bool(places[scene.rows[which]]) for which in hit if which is not None]
        there += len(scene.points)
    kept = joined(true)
    told = {"size": size, "faces": there, "searched": len(kept.found) / there}
    return told, kept, np.array(turns, dtype=bool), joined(false)


def measure(faces: FaceSet, rows: NDArray[np.int64], sizes: Sequence[int], seed: int) -> dict[str, Any]:
    """A row per rule and size, and the false finds of each rule."""
    detector, aligner = default_detector(SEARCH_SCORE), Aligner()
    look, places = Looking(detector, aligner), turned(faces, rows, default_detector())
    of_size = {size: in_scenes(look, faces, rows, size, seed, places) for size in sizes}
    empty = {
        kind: joined([look(image)[0] for plain in images for image in (plain, as_jpeg(plain))])
        for kind, images in backgrounds().items()
    }
    empty["between faces"] = joined([false for *_, false in of_size.values()])
    taken = int((empty["pebbles"].both >= MIN_SCORE).sum())
    figures, alarms = [], {}
    for name, rule in RULES.items():
        least = np.sort(rule(empty["pebbles"]))[::-1][taken - 1]
        alarms[name] = {kind: int((rule(of) >= least).sum()) for kind, of in empty.items()}
        for size, (_, true, turns, _) in of_size.items():
            found = rule(true) >= least
            figures.append(
                {
                    "rule": name,
                    "size": size,
                    "found": float(found.mean()),
                    "found_turned": float(found[turns].mean()),
                }
            )
            print(line(figures[-1]), file=sys.stderr, flush=True)
    searched = [told for told, *_ in of_size.values()]
    return {"searched": searched, "figures": figures, "false_alarms": alarms}


def line(row: Mapping[str, Any]) -> str:
    """A figure in words."""
    return (
        f"{row['rule']}, {row['size']} px: {100 * row['found']:.1f} % of those searched are found, of turned "
        f"ones {100 * row['found_turned']:.1f} %"
    )


def main() -> int:
    """Measure and write."""
    parser = options(__doc__, "--seed", "--out")
    parser.add_argument("faces", nargs="+", type=Path, help="the shards that the aligner was trained on")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    given = parser.parse_args()

    def result() -> dict[str, Any]:
        faces = load_faces(given.faces)
        held = held_out_faces(load_aligner_recipe(RECIPE), len(faces))
        rows = held[[faces.sources[n] in SOURCES for n in held]]
        return {
            "question": "what tells faces from false alarms?",
            "data": {"sha256": faces.sha256, "held_out": len(held), "faces": len(rows)},
            "models": {"aligner": sha256_file(ALIGNER)},
            "settings": {
                "seed": given.seed,
                "sources": list(SOURCES),
                "exact": EXACT,
                "small": SMALL,
                "full": FULL,
                "steep": STEEP,
                "search_score": SEARCH_SCORE,
                "min_score": MIN_SCORE,
            },
            **measure(faces, rows, given.sizes, given.seed),
        }

    return run(given.out, result, each(line))


if __name__ == "__main__":
    sys.exit(main())
