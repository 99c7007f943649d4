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
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from benchmarks.photos.arms import ARMS, ENLARGED, MIN_SCORE, PLAIN, ROUTER, finders
from benchmarks.photos.figures import FPIR, MEASURES, Measured, Side, measure
from benchmarks.photos.people import QUALITY, SEEDS, SIZES, Photos, sharpest, split
from benchmarks.photos.work import Work, code_digest
from numpy.typing import NDArray

from fewpix.cli.output import progress
from fewpix.cli.threads import prepare_torch
from fewpix.detect.yunet import installed_yunet
from fewpix.embed.open import open_encoder
from fewpix.errors import ConfigError, FewpixError
from fewpix.evaluate.embedding.store import check_folder
from fewpix.evaluate.result.file import Run, check_target, model_facts, write_result
from fewpix.evaluate.statistics.bootstrap import LEVEL, REPLICATES

FEWEST = 4
"""People that a trial needs, so that some are enrolled and some are not."""

RESULTS = Path(__file__).resolve().parents[2] / "results"


def comparisons(arms: Sequence[str]) -> list[tuple[str, str]]:
    """Which arm is held against which: all against the plain way, ours against the stronger peer, FaceBN
    against the router without it.
    """
    pairs = [(arm, PLAIN) for arm in arms if arm != PLAIN]
    pairs += [(arm, ENLARGED) for arm in arms if ARMS[arm].model == "auto"]
    pairs += [(arm, ROUTER) for arm in arms if ARMS[arm].facebn]
    return [pair for pair in pairs if pair[1] in arms]


def measured(
    work: Work, arms: Sequence[str], sizes: Sequence[int], *, replicates: int, seed: int
) -> tuple[dict[tuple[int, str], Measured], dict[str, int]]:
    """Every arm at every size, and how many people each enrolled."""
    photos, chosen = work.photos, sharpest(work.photos)
    probes = np.setdiff1d(np.arange(len(photos.names)), chosen)
    splits = [split(photos.people, number) for number in SEEDS]
    out: dict[tuple[int, str], Measured] = {}
    enrolled: dict[str, int] = {}
    steps = len(work.persons) * len(arms) * (1 + len(sizes))
    with progress("photographs", steps) as bar:
        done, note = 0, ""

        def told() -> None:
            nonlocal done
            done += 1
            bar(done, note=note)

        def side(arm: Any, size: int | None, wanted: NDArray[np.int64]) -> Side:
            rows, found = work.rows(arm, size, wanted, told)
            return Side(rows[wanted], found[wanted], photos.people[wanted])

        galleries: dict[str, Side] = {}
        for name in arms:
            note = f"{name}, enrolment"
            galleries[name] = side(ARMS[name].gallery, None, chosen)
            enrolled[name] = int(galleries[name].found.sum())
        for size in sizes:
            for name in arms:
                note = f"{name}, {size} px"
                out[size, name] = measure(
                    side(ARMS[name], size, probes),
                    galleries[name],
                    splits,
                    replicates=replicates,
                    seed=seed,
                )
    return out, enrolled


def payload(
    work: Work,
    found: Mapping[tuple[int, str], Measured],
    enrolled: Mapping[str, int],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The result."""
    photos = work.photos
    arms, sizes = list(dict.fromkeys(arm for _, arm in found)), list(dict.fromkeys(size for size, _ in found))
    models = dict.fromkeys(["teacher", *(ARMS[arm].model for arm in arms)])
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
                "finder": ways[ARMS[name].finder].words,
                "model": ARMS[name].model,
                "facebn": ARMS[name].facebn or None,
                "enrolled": enrolled[name],
            }
            for name in arms
        },
        "models": {name: model_facts(work.encoder(name)) for name in models},
        "states": work.learned,
        "figures": [{"size": size, "arm": arm, **found[size, arm].to_json()} for size, arm in found],
        "differences": differences,
    }


def main(words: Sequence[str] | None = None) -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="tar file with PERSON/FILE.jpg")
    parser.add_argument("--work", type=Path, required=True, help="folder that embeddings are kept in")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="for a trial: only so many people, the first by name")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS), metavar="ARM")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--threads", type=int, default=0, help="of the runtimes and of OpenCV")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    given = parser.parse_args(words)
    start = time.monotonic()
    prepare_torch()
    if given.threads:
        cv2.setNumThreads(given.threads)
    try:
        check_target(given.out)
        whole = (given.limit, given.sizes, given.arms) == (None, list(SIZES), list(ARMS))
        if given.out.resolve().parent == RESULTS and not whole:
            raise ConfigError("a trial is no result of the project", fix="name an --out outside results/")
        if given.limit is not None and given.limit < FEWEST:
            raise ConfigError(f"--limit {given.limit} is too few", fix=f"take at least {FEWEST} people")
        check_folder(given.work)
        open_encoder("auto", runtime=given.runtime, threads=given.threads)  # now, not after the photographs
        photos = Photos.read(given.photos, installed_yunet(MIN_SCORE, given.threads).find, limit=given.limit)
        work = Work(photos, finders(given.threads), given.work, runtime=given.runtime, threads=given.threads)
        found, enrolled = measured(
            work, given.arms, given.sizes, replicates=given.replicates, seed=given.seed
        )
        settings = {"limit": given.limit, "replicates": given.replicates, "seed": given.seed}
        result = payload(work, found, enrolled, settings)
        write_result(given.out, result, Run.since(start))
    except KeyboardInterrupt:
        print(f"stopped; what was made is kept in {given.work}: the same command goes on", file=sys.stderr)
        return 130
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    for (size, name), figures in found.items():
        values = ", ".join(
            f"{key} {100 * figures.values[key]:.1f} ({figures.interval(key)})" for key in MEASURES
        )
        print(f"{size} px, {name}: {values}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
