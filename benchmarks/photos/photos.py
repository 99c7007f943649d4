"""From a whole photograph to a name: is the way of fewpix better than YuNet and SFace as others use them?

Six photographs each of 60 people. The sharpest one of each is enrolled as it is; the others are shrunk as
wholes until the known face has 32, 24, 16, 12 or 8 px, and go through JPEG. Seeds 0 to 9 each draw 42 people
who are enrolled and 18 strangers. What is cut out and embedded is what each arm's own detector finds; a
missed face is an error. Told are the detection rate, rank-1 among the enrolled, and TPIR at an FPIR of 10 %
with a threshold on that seed's strangers; intervals are over people and seeds, differences are paired.

The known face is the largest that YuNet sees in the full photograph. FaceBN learns from the unlabelled small
faces of one half of the people for the other half. Nothing is chosen on these photographs.

    python -m benchmarks.photos.photos PHOTOS.tar --work DIR --out results/photos/photos.json

What was found and embedded is kept in DIR, so that the command goes on where it was stopped; new weights, or
other code, are embedded anew.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.lib.progress import Steps
from benchmarks.lib.run import options, run
from benchmarks.photos.arms import ARMS, ENLARGED, MIN_SCORE, PLAIN, ROUTER, Arm, finders
from benchmarks.photos.figures import FPIR, MEASURES, Measured, Side, measure
from benchmarks.photos.people import QUALITY, SEEDS, SIZES, Photos, sharpest, split
from benchmarks.photos.work import Work, code_digest
from fewpix.detect.yunet import installed_yunet
from fewpix.embed.open import open_encoder
from fewpix.errors import ConfigError
from fewpix.evaluate.result.file import model_facts
from fewpix.evaluate.statistics.bootstrap import LEVEL
from fewpix.files import check_folder
from fewpix.threads import prepare_torch

FEWEST = 4
"""People that a trial needs, so that some are enrolled and some are not."""

RESULTS = Path(__file__).resolve().parents[2] / "results"


def comparisons(arms: Mapping[str, Arm]) -> list[tuple[str, str]]:
    """Which arm is held against which: all against the plain way, ours against the stronger peer, FaceBN
    and a matched gallery against the router without them.
    """
    pairs = [(arm, PLAIN) for arm in arms if arm != PLAIN]
    pairs += [(arm, ENLARGED) for arm in arms if arms[arm].model == "auto"]
    pairs += [(arm, ROUTER) for arm in arms if arms[arm].facebn or arms[arm].matched]
    return [pair for pair in pairs if pair[1] in arms]


def measured(
    work: Work, arms: Mapping[str, Arm], sizes: Sequence[int], *, replicates: int, seed: int
) -> tuple[dict[tuple[int, str], Measured], dict[str, int]]:
    """Every arm at every size, and how many people each enrolled."""
    photos, chosen = work.photos, sharpest(work.photos)
    probes = np.setdiff1d(np.arange(len(photos.names)), chosen)
    splits = [split(photos.people, number) for number in SEEDS]
    out: dict[tuple[int, str], Measured] = {}
    enrolled: dict[str, int] = {}
    steps = len(work.persons) * len(arms) * (1 + len(sizes))
    step = Steps("photographs", steps)

    def probe(arm: Arm, size: int, note: str) -> Side:
        rows, found = work.rows(arm, size, probes, lambda: step(note))
        sides = work.matched(arm, size, probes)[probes] if arm.matched else None
        return Side(rows[probes], found[probes], photos.people[probes], sides)

    def gallery(arm: Arm, note: str) -> Side:
        rows, found = work.rows(arm.gallery, None, chosen, lambda: step(note))
        small = work.shrunk(arm, chosen, rows) if arm.matched else {}
        mixes = {pixels: each[chosen] for pixels, each in small.items()}
        return Side(rows[chosen], found[chosen], photos.people[chosen], shrunk=mixes)

    galleries: dict[str, Side] = {}
    for name, arm in arms.items():
        galleries[name] = gallery(arm, f"{name}, enrolment")
        enrolled[name] = int(galleries[name].found.sum())
    for size in sizes:
        for name, arm in arms.items():
            out[size, name] = measure(
                probe(arm, size, f"{name}, {size} px"),
                galleries[name],
                splits,
                replicates=replicates,
                seed=seed,
            )
    return out, enrolled


def payload(
    work: Work,
    arms: Mapping[str, Arm],
    found: Mapping[tuple[int, str], Measured],
    enrolled: Mapping[str, int],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The result."""
    photos = work.photos
    sizes = list(dict.fromkeys(size for size, _ in found))
    models = dict.fromkeys(["teacher", *(arm.model for arm in arms.values())])
    ways = finders()
    differences = []
    for size in sizes:
        for arm, other in comparisons(arms):
            row: dict[str, Any] = {"size": size, "arm": arm, "minus": other}
            for name in MEASURES:
                value, interval = found[size, arm].minus(found[size, other], name)
                row[name], row[f"{name}_ci95"] = value, interval.to_json()
            differences.append(row)
    return {
        "question": "from a whole photograph to a name: is fewpix better than YuNet and SFace as others use "
        "them?",
        "data": {
            "sha256": photos.sha256,
            "people": len(work.persons),
            "photographs": len(photos.names),
            "probes": len(photos.names) - len(work.persons),
            "without_a_known_face": list(photos.unknown),
            "smaller_than_asked": {
                str(size): int((photos.pixels < size).sum()) for size in sizes if (photos.pixels < size).any()
            },
            "pixels": {
                str(share): float(np.quantile(photos.pixels, share / 100)) for share in (0, 25, 50, 75, 100)
            },
        },
        "settings": {
            **settings,
            "sizes": sizes,
            "seeds": list(SEEDS),
            "enrolled": len(split(photos.people, 0)),
            "jpeg": QUALITY,
            "fpir": FPIR,
            "min_score": MIN_SCORE,
            "interval": f"{100 * LEVEL:g} %, percentile bootstrap over people and seeds",
        },
        "code_sha256": code_digest(),
        "arms": {
            name: {
                "finder": ways[arm.finder].words,
                "model": Path(arm.model).stem,
                "facebn": arm.facebn or None,
                "matched": arm.matched,
                "enrolled": enrolled[name],
            }
            for name, arm in arms.items()
        },
        "models": {Path(name).stem: model_facts(work.encoder(name)) for name in models},
        "states": work.learned,
        "figures": [{"size": size, "arm": arm, **found[size, arm].to_json()} for size, arm in found],
        "differences": differences,
    }


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    prepare_torch()
    if given.threads:
        cv2.setNumThreads(given.threads)
    arms = {name: ARMS[name] for name in given.arms}
    if given.also:
        arms[f"fewpix + {given.also.stem}"] = Arm("fewpix", str(given.also))
    whole = (given.limit, given.sizes) == (None, list(SIZES))
    whole = whole and (given.also is not None or given.arms == list(ARMS))
    if RESULTS in given.out.resolve().parents and not whole:
        raise ConfigError("a trial is no result of the project", fix="name an --out outside results/")
    if given.limit is not None and given.limit < FEWEST:
        raise ConfigError(f"--limit {given.limit} is too few", fix=f"take at least {FEWEST} people")
    check_folder(given.work, "the embeddings")
    open_encoder("auto", runtime=given.runtime, threads=given.threads)  # now, not after the photographs
    photos = Photos.read(given.photos, installed_yunet(MIN_SCORE, given.threads).find, limit=given.limit)
    work = Work(photos, finders(given.threads), given.work, runtime=given.runtime, threads=given.threads)
    found, enrolled = measured(work, arms, given.sizes, replicates=given.replicates, seed=given.seed)
    settings = {"limit": given.limit, "replicates": given.replicates, "seed": given.seed}
    return payload(work, arms, found, enrolled, settings)


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for row in found["figures"]:
        values = []
        for key in MEASURES:
            low, high = row[f"{key}_ci95"]
            values.append(f"{key} {100 * row[key]:.1f} ({100 * low:.1f} to {100 * high:.1f})")
        yield f"{row['size']} px, {row['arm']}: {', '.join(values)}"


def main(words: Sequence[str] | None = None) -> int:
    """Measure and write."""
    parser = options(
        *(__doc__, "--sizes", "--runtime", "--threads", "--replicates", "--seed", "--work", "--out"),
        sizes=list(SIZES),
    )
    parser.add_argument("photos", type=Path, help="tar file with PERSON/FILE.jpg")
    parser.add_argument("--limit", type=int, help="for a trial: only so many people, the first by name")
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS), metavar="ARM")
    parser.add_argument("--also", type=Path, help="a student's .safetensors file, as one more arm")
    given = parser.parse_args(words)
    return run(given.out, lambda: result(given), told, kept=given.work)


if __name__ == "__main__":
    sys.exit(main())
