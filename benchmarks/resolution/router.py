"""Which encoder is the best at which size? Sets `weights/router.json`.

The question is asked of faces of the training pool that the shipped students never saw, never of LFW. They
have no labels; two different pictures whose sharp teacher embeddings have a cosine of at least `--same` count
as one person (mated), pictures of different connected components as two people. One picture stays sharp and
goes to the teacher, the other is made small and goes to each encoder in turn: once cleanly, and once as faces
are found in photographs. TAR@FAR is the mean of the two.

A student's crossover is the first size at which the teacher's TAR@FAR is at least the student's there and at
every larger size. The router asks the same of all: an encoder's band begins at the first size from which on,
at every size, the best of it and those after it is at least the best of those before it.

    python -m benchmarks.resolution.router FACES.tar ... --out results/resolution/router.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.lib.pool import held_out_from_all
from benchmarks.lib.run import options, run
from fewpix.degrade import PRESETS, per_item_rng
from fewpix.embed.open import open_encoder
from fewpix.embed.router import TABLE
from fewpix.evaluate.result.file import read_result
from fewpix.evaluate.statistics.scores import SortedScores
from fewpix.files import write_text

SIZES = (8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 112)
FAR = 1e-3
KINDS = ("area", "train-photo")
"""How a face is made small, each a preset of `fewpix.degrade`."""
BASELINE = "teacher"


def crossover(figures: Sequence[Mapping[str, Any]], before: Sequence[str], after: Sequence[str]) -> int:
    """The first size from which on, at every size, the best TAR `before` is not above the best `after`."""
    best = [[max(row[name]["tar"] for name in names) for names in (before, after)] for row in figures]
    last = max((n for n, (ours, theirs) in enumerate(best) if ours > theirs), default=-1)
    return int(figures[min(last + 1, len(figures) - 1)]["size"])


def bands(figures: Sequence[Mapping[str, Any]], order: Sequence[str]) -> list[dict[str, Any]]:
    """The router's bands, smallest faces first; an encoder whose band is empty is left out."""
    starts = [0, *(crossover(figures, order[:n], order[n:]) for n in range(1, len(order)))]
    starts = [0 if start == figures[0]["size"] else start for start in starts]  # nothing smaller was asked
    ends = [*starts[1:], figures[-1]["size"] + 1]
    return [
        {"from_px": start, "model": name}
        for name, start, end in zip(order, starts, ends, strict=True)
        if start < end
    ]


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    students = {name: open_encoder(name, runtime=given.runtime) for name in given.models.split(",")}
    teacher = open_encoder(BASELINE, runtime=given.runtime)
    cards = [student.card for student in students.values()]
    found = held_out_from_all(cards, given.faces, teacher)
    seed = int(cards[0].provenance["recipe"]["run"]["seed"])
    faces, held, gallery, component = found.faces, found.scored, found.teacher, found.component
    mated = (gallery @ gallery.T >= given.same) & (component[:, None] == component[None, :])
    np.fill_diagonal(mated, val=False)
    impostor = component[:, None] != component[None, :]
    compared = mated | impostor

    figures: list[dict[str, Any]] = []
    encoders = {**students, BASELINE: teacher}
    for size in given.sizes:
        row: dict[str, Any] = {"size": size, **{name: {"tar_by_kind": {}} for name in encoders}}
        for kind in KINDS:
            chain = PRESETS[kind].at(size)
            crops = [chain.apply(faces.crop(int(n)), per_item_rng(seed, size, int(n))) for n in held]
            for name, encoder in encoders.items():
                scores = gallery @ encoder.embed(crops).T
                ordered = SortedScores.of(scores[compared], mated[compared])
                row[name]["tar_by_kind"][kind] = ordered.tar(ordered.threshold_at(FAR))
        for name in encoders:
            row[name]["tar"] = float(np.mean(list(row[name]["tar_by_kind"].values())))
        figures.append(row)
        print(row, file=sys.stderr)
    crossovers = {name: crossover(figures, [name], [BASELINE]) for name in students}
    routed = bands(figures, [*students, BASELINE])
    return {
        "question": "which encoder is the best at which size?",
        "data": {"sha256": faces.sha256, "held_out": len(held)},
        "models": {name: encoder.card.sha256 for name, encoder in encoders.items()},
        "settings": {"far": FAR, "same": given.same, "kinds": list(KINDS), "seed": seed},
        "pairs": {"mated": int(mated.sum()), "impostor": int(impostor.sum())},
        "figures": figures,
        "crossover_px": crossovers,
        "bands": routed,
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    yield (
        f"bands: {found['bands']}; each against the teacher: {found['crossover_px']}; "
        f"from {found['pairs']['mated']} mated pairs of {found['data']['held_out']} held-out faces"
    )


def main() -> int:
    """Measure, write the result, and with --write the table of the package."""
    parser = options(__doc__, "faces", "--models", "--sizes", "--runtime", "--out", sizes=list(SIZES))
    parser.add_argument("--same", type=float, default=0.55)
    parser.add_argument("--write", action="store_true", help="write the package's router.json too")
    given = parser.parse_args()
    code = run(given.out, lambda: result(given), told)
    if code == 0 and given.write:
        table = {
            "bands": read_result(given.out)["bands"],
            "source": f"results/{given.out.parent.name}/{given.out.name}",
        }
        write_text(TABLE, json.dumps(table, indent=2) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
