"""Where does the student stop being better than the teacher fed directly? Sets `weights/router.json`.

The question is asked of faces of the training pool that the shipped student never saw, never of LFW. They
have no labels; two different pictures whose sharp teacher embeddings have a cosine of at least `--same` count
as one person (mated), pictures of different connected components as two people. One picture stays sharp and
goes to the teacher, the other is made small and goes to each encoder in turn. The crossover is the first size
at which the teacher's TAR@FAR is at least the student's there and at every larger size.

    python benchmarks/router_crossover.py FACES.tar ... --model fewpix-s --out results/router.json
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from training_pool import held_out, training_pool

from fewpix.degrade import family, per_item_rng
from fewpix.embed.open import open_encoder
from fewpix.embed.router import TABLE
from fewpix.errors import FewpixError
from fewpix.evaluate.metrics import tar_at_far
from fewpix.evaluate.results import Run, write_result
from fewpix.files import write_text

SIZES = (8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 112)
FAR = 1e-3


def main() -> int:
    """Measure, write the result, and with --write the table of the package."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faces", nargs="+", type=Path)
    parser.add_argument("--model", default="fewpix-s")
    parser.add_argument("--same", type=float, default=0.55)
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="write the package's router.json too")
    given = parser.parse_args()
    start = time.monotonic()

    student, teacher = open_encoder(given.model), open_encoder("teacher", runtime=given.runtime)
    try:
        pool = training_pool(student.card, given.faces, teacher)
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    faces, seed, found = pool.faces, pool.recipe.run.seed, held_out(pool)
    held, gallery, component = found.scored, found.teacher, found.component
    mated = (gallery @ gallery.T >= given.same) & (component[:, None] == component[None, :])
    np.fill_diagonal(mated, val=False)
    impostor = component[:, None] != component[None, :]
    compared = mated | impostor

    figures = []
    for size in SIZES:
        chain = family("area", size)
        crops = [chain.apply(faces.crop(int(n)), per_item_rng(seed, size, int(n))) for n in held]
        row: dict[str, object] = {"size": size}
        for name, encoder in (("student", student), ("teacher", teacher)):
            scores = gallery @ encoder.embed(crops).T
            tar = tar_at_far(scores[compared], mated[compared], FAR).tar
            row[name] = {"tar": tar, "mean_mated": float(scores[mated].mean())}
        figures.append(row)
        print(row, file=sys.stderr)
    better = [row["student"]["tar"] > row["teacher"]["tar"] for row in figures]  # type: ignore[index]
    last = max((n for n, won in enumerate(better) if won), default=-1)
    crossover = SIZES[min(last + 1, len(SIZES) - 1)]
    payload = {
        "question": "from which size on is the teacher fed directly better than the student?",
        "data": {"sha256": faces.sha256, "held_out": len(held)},
        "models": {"student": student.card.sha256, "teacher": teacher.card.sha256},
        "settings": {"far": FAR, "same": given.same, "family": "area", "seed": seed},
        "pairs": {"mated": int(mated.sum()), "impostor": int(impostor.sum())},
        "figures": figures,
        "crossover_px": crossover,
    }
    write_result(given.out, payload, Run.since(start))
    if given.write:
        table = {"crossover_px": {student.card.name: crossover}, "source": f"results/{given.out.name}"}
        write_text(TABLE, json.dumps(table, indent=2) + "\n")
    print(f"crossover: {crossover} px, from {int(mated.sum())} mated pairs of {len(held)} held-out faces")
    return 0


if __name__ == "__main__":
    sys.exit(main())
