"""How should the sights of a track become one? Tried on people of the pool, never on `photos.tar`.

People of `celebt` of whom the pool has several pictures, joined by the teacher: one picture is enrolled, the
others are the sights of a track, twelve each, small and as a film shows them; three in ten are blurred more
than the rest. Weights of the sights, choices among them, and a mean of their pixels in place of one of their
embeddings are compared by rank-1, and by TPIR at an FPIR of 10 %, among as many strangers more. Half of the
people are enrolled, then the other half.

    python -m benchmarks.video.fusion whole112-0.tar ... --out results/video/fusion.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.progress import Steps
from benchmarks.lib.run import POOL, each, mean_change, options, run
from fewpix.calibration.motion import FILM, found_in
from fewpix.config import cache_dir
from fewpix.data.cache import TeacherCache
from fewpix.data.faces import FaceSet, load_faces
from fewpix.data.split import components
from fewpix.degrade import per_item_rng
from fewpix.degrade.chain import Chain
from fewpix.degrade.draws import Uniform
from fewpix.degrade.photograph import surrounded
from fewpix.degrade.step import step
from fewpix.detect.aligner import Aligner
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.statistics.bootstrap import Clusters
from fewpix.image.align import align
from fewpix.image.resize import Crop
from fewpix.quality.assess import assess_face
from fewpix.quality.sight import weight

SIZES = (12, 16)
SIGHTS, FEWEST, MOST = 12, 3, 8
STRANGERS = 1000
BLURRED = 0.3
SAME = 0.55
FPIR = 0.1
WORSE = Chain(
    (
        step("defocus", p=0.5, radius=Uniform(0.8, 1.6)),
        step("motion_blur", length=Uniform(2, 4), angle=Uniform(0, 180)),
        *FILM.steps[2:],
    ),
    name="film, blurred",
)

Table = NDArray[np.float64]
PIXELS, SHARP, SCORE, ERROR, DETAIL = range(5)
WEIGHTS: dict[str, Callable[[Table], Table]] = {
    "(size x sharpness)^2 x score": lambda m: np.array([weight(*row[:3]) for row in m]),
    "equal": lambda m: np.ones(len(m)),
    "score": lambda m: m[:, SCORE],
    "size^2": lambda m: m[:, PIXELS] ** 2,
    "size x sharpness": lambda m: m[:, PIXELS] * m[:, SHARP],
    "detail": lambda m: m[:, DETAIL],
    "detail^2": lambda m: m[:, DETAIL] ** 2,
    "1 / error": lambda m: 1 / m[:, ERROR],
    "1 / error^2": lambda m: 1 / m[:, ERROR] ** 2,
    "score x size / error": lambda m: m[:, SCORE] * m[:, PIXELS] / m[:, ERROR],
    "score x detail / error": lambda m: m[:, SCORE] * m[:, DETAIL] / m[:, ERROR],
}
"""From (N, 5) of the sights to their (N,) weights."""


def joined(faces: FaceSet, teacher: NDArray[np.float32], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """People with several pictures, in any order; of each which pictures."""
    component = components(teacher, SAME)
    groups = [np.flatnonzero(component == n) for n in np.unique(component)]
    known = [group for group in groups if FEWEST <= len(group) <= 4 * MOST]
    return [rng.permutation(known[n])[:MOST] for n in rng.permutation(len(known))]


def sights(
    crops: list[Crop], size: int, side: int, aligner: Aligner, rng: np.random.Generator
) -> tuple[list[Crop], Table]:
    """Twelve sights of somebody, or fewer, from several pictures of theirs."""
    camera, worse = FILM.place(rng), WORSE.place(rng)
    found: list[Crop] = []
    table: list[list[float]] = []
    for number in range(2 * SIGHTS):
        place = worse if rng.random() < BLURRED else camera
        canvas = surrounded(crops[number // 2 % len(crops)])
        picture, seen = found_in(canvas, size, place, 1, rng)
        (face,) = aligner.refine(picture, seen)
        if face.score < 0.45:
            continue
        error = 12.0 if face.alignment is None else face.alignment.error
        quality = assess_face(
            picture, face.box, face.points, pixels=face.pixels, score=face.score, alignment_error=error
        )
        found.append(align(picture, face.points, side))
        table.append([face.pixels, quality.sharpness, face.score, error, quality.effective_pixels])
        if len(found) == SIGHTS:
            break
    return found, np.array(table)


def unit(row: NDArray[np.floating]) -> NDArray[np.float32]:
    """Of unit length."""
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


def diverse(rows: NDArray[np.float32], weights: Table, count: int) -> NDArray[np.int64]:
    """The heaviest, and then always the one that weighs most by how unlike it is to those chosen."""
    chosen = [int(weights.argmax())]
    while len(chosen) < min(count, len(rows)):
        apart = 1 - (rows @ rows[chosen].T).max(axis=1)
        apart[chosen] = -1
        chosen.append(int((weights * apart).argmax()))
    return np.array(chosen)


def ways(crops: list[Crop], table: Table, encoder: Encoder) -> dict[str, NDArray[np.float32]]:
    """What a track is compared with, by way."""
    mean = np.stack(crops).astype(np.float64)
    shipped = WEIGHTS["(size x sharpness)^2 x score"](table)
    share = shipped / shipped.sum()
    pixels = [np.rint(m).astype(np.uint8) for m in (mean.mean(axis=0), np.tensordot(share, mean, axes=1))]
    rows = encoder.embed([*crops, *pixels])
    rows, made = rows[: len(crops)], rows[len(crops) :]
    out = {name: unit(rule(table) @ rows) for name, rule in WEIGHTS.items()}
    out["single sight"] = rows[0]
    out["best sight"] = rows[int(shipped.argmax())]
    score = table[:, SCORE]
    for count in (4, 6, 8):
        best = np.argsort(-score)[:count]
        out[f"best {count} by score"] = unit(rows[best].sum(axis=0))
        out[f"diverse {count} by score"] = unit(rows[diverse(rows, score, count)].sum(axis=0))
    out["pixels, equal"], out["pixels, weighted"] = made
    out["embeddings and pixels, equal"] = unit(out["equal"] + made[0])
    return out


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    faces = load_faces(given.faces)
    rng = np.random.default_rng(given.seed)
    teacher, student = (
        open_encoder(name, runtime=given.runtime, threads=1) for name in ("teacher", "fewpix-s")
    )
    several = faces.of_sources(["celebt"])
    store = TeacherCache(cache_dir() / "teacher.db", teacher.card.sha256, teacher.card.space.dim)
    sharp = store.embeddings([f"{digest}:" for digest in several.digests], several.crop, teacher.embed)
    people = joined(several, sharp, rng)[: given.count]
    others = faces.of_sources(["celeba"])
    chosen = rng.permutation(len(others))[:STRANGERS]
    keys = [f"{others.digests[n]}:" for n in chosen]
    beside = store.embeddings(keys, lambda n: others.crop(int(chosen[n])), teacher.embed)
    enrolled = sharp[[group[0] for group in people]]
    figures = []
    aligner = Aligner(threads=1)
    for size in SIZES:
        kept, made = [], []
        step = Steps(f"tracks of {size} px", len(people))
        for n, group in enumerate(people):
            crops, table = sights(
                [several.crop(int(m)) for m in group[1:]],
                size,
                student.card.preprocess.side,
                aligner,
                per_item_rng(given.seed, size, n),
            )
            if len(crops) == SIGHTS:
                kept.append(n)
                made.append(ways(crops, table, student))
            step("")
        rows = {name: np.stack([each[name] for each in made]) for name in made[0]}
        figures += judged(rows, enrolled[kept], beside, size, given.seed)
    return {
        "question": "how should the sights of a track become one?",
        "data": {"faces_sha256": faces.sha256, "people": len(people), "strangers": STRANGERS},
        "models": {"fewpix-s": student.card.sha256, "teacher": teacher.card.sha256},
        "settings": {
            "seed": given.seed,
            "sizes": list(SIZES),
            "sights": SIGHTS,
            "blurred": BLURRED,
            "fpir": FPIR,
            "film": FILM.describe(),
            "worse": WORSE.describe(),
        },
        "figures": figures,
    }


def judged(
    rows: Mapping[str, NDArray[np.float32]],
    enrolled: NDArray[np.float32],
    beside: NDArray[np.float32],
    size: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Rank-1 and TPIR of every way, and what it brings beside equal weights, by person."""
    count = len(enrolled)
    halves = np.random.default_rng(seed).permutation(count) % 2
    unlike = beside @ enrolled.T < SAME  # somebody of the strangers may be one of them
    right: dict[str, NDArray[np.float64]] = {}
    named: dict[str, NDArray[np.float64]] = {}
    for name, made in rows.items():
        first, passed = np.zeros(count), np.zeros(count)
        for half in (0, 1):
            mine, strange = np.flatnonzero(halves == half), np.flatnonzero(halves != half)
            scores = made @ enrolled[mine].T
            others = np.where(unlike.T, made @ beside.T, -2).max(axis=1)
            own = scores[mine].diagonal()
            rest = scores[mine] - 4 * np.eye(len(mine))  # nobody is beaten by their own photograph
            first[mine] = own > np.maximum(rest.max(axis=1), others[mine])
            alarms = np.sort(np.maximum(scores[strange].max(axis=1), others[strange]))
            threshold = alarms[int(np.ceil((1 - FPIR) * len(alarms))) - 1]
            passed[mine] = (own > threshold) * first[mine]
        right[name], named[name] = first, passed
    clusters = Clusters.of(np.arange(count))
    return [
        {
            "size": size,
            "way": name,
            "people": count,
            "rank1": float(right[name].mean()),
            "tpir": float(named[name].mean()),
            "rank1_beside_equal": mean_change(right[name] - right["equal"], clusters, seed),
            "tpir_beside_equal": mean_change(named[name] - named["equal"], clusters, seed),
        }
        for name in rows
    ]


def line(row: Mapping[str, Any]) -> str:
    """A figure in words."""
    change = row["rank1_beside_equal"]
    return (
        f"{row['size']} px, {row['way']:30} rank-1 {100 * row['rank1']:5.1f}  TPIR {100 * row['tpir']:5.1f}  "
        f"rank-1 beside equal weights {100 * change['mean']:+5.1f} "
        f"({100 * change['ci95'][0]:+.1f} to {100 * change['ci95'][1]:+.1f})"
    )


def main() -> int:
    """Measure and write."""
    given = options(__doc__, *POOL, count=110).parse_args()
    return run(given.out, lambda: result(given), each(line))


if __name__ == "__main__":
    sys.exit(main())
