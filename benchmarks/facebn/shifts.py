"""Where does FaceBN help, and where does it hurt? Shifts of the target x ways of adapting x sizes.

`pool` decides the defaults: held-out faces of the training pool, which the student never saw. Statistics
come from one half of them, scores from the other; no connected component of teacher similarity is in both.
The scores need no labels: rank-1 (is the sharp face's teacher embedding the nearest one among all scored
faces?) and the mean cosine to it. `lfw` confirms: statistics come from the pictures of one fold, scores from
the pairs of all other folds, whose people are others; HR-LR (first picture sharp, by the teacher) and LR-LR
(both small, both under the state). Every figure is compared with the student as it is, face by face or pair
by pair, with a 95 % interval from resampling people.

    python -m benchmarks.facebn.shifts pool FACES.tar ... --model fewpix-s --out results/facebn/pool.json
    python -m benchmarks.facebn.shifts lfw LFW112 --model fewpix-s --out results/facebn/lfw.json
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fewpix.threads import prepare_torch

prepare_torch()

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.facebn.arms import ARMS, cells, of_other_people, state_of
from benchmarks.lib.lfw import LfwPairs
from benchmarks.lib.pool import held_out_from_all
from benchmarks.lib.run import options, run
from fewpix.adapt.estimate.judge import embed, judge_split
from fewpix.adapt.guard import Verdict
from fewpix.adapt.people import judge_people
from fewpix.adapt.reference import reference_of
from fewpix.adapt.stats import NormState
from fewpix.data.split import hold_out
from fewpix.degrade import FAMILIES
from fewpix.degrade.degradation import Degradation
from fewpix.degrade.presets import UNSEEN
from fewpix.embed.adaptation import student_weights
from fewpix.embed.open import open_encoder
from fewpix.errors import InputError
from fewpix.evaluate.statistics.accuracy import fold_accuracy
from fewpix.evaluate.statistics.bootstrap import Clusters, mean_interval
from fewpix.evaluate.view import embed_crops
from fewpix.image.resize import Crop
from fewpix.models.zoo import load_student

Rows = list[dict[str, Any]]
Scores = Mapping[str, NDArray[Any]]
SIZES = (8, 12, 16, 24)
BATCH = 256


class Bench:
    """The student, the settings, and the comparison of every arm with the source."""

    def __init__(self, given: argparse.Namespace) -> None:
        torch.set_num_threads(given.threads or torch.get_num_threads())
        self.given = given
        weights = student_weights(given.model)
        self.model, self.card = load_student(weights)
        self.reference = reference_of(weights, self.card.sha256)
        self.model.to(given.device)
        self.degradation = {name: Degradation(name, given.seed) for name in given.families}
        self.sums: dict[tuple[str, str], list[NDArray[np.float64]]] = {}

    def small(self, crops: list[Crop], names: list[str], family: str, size: int) -> list[Crop]:
        """Degraded faces."""
        made = self.degradation[family]
        return [made.apply(crop, name, size) for crop, name in zip(crops, names, strict=True)]

    def embed(self, crops: list[Crop], state: NormState) -> NDArray[np.float32]:
        """Embeddings under a state, by the runtime asked for; those of all runtimes agree."""
        return open_encoder(self.given.model, runtime=self.given.runtime, state=state).embed(crops)

    def run(
        self,
        adapting: Callable[[str, int], list[Crop]],
        scored: Callable[[str, int], list[Crop]],
        score: Callable[[NDArray[np.float32]], Scores],
        interval: Callable[[NDArray[Any]], list[float]],
        *,
        guard: bool,
    ) -> tuple[Rows, dict[str, Any]]:
        """All cells, and per arm the mean change over all families and sizes with its interval.

        Args:
            adapting: family and size to the faces that the statistics come from.
            scored: family and size to the faces that are scored.
            score: their embeddings to per-item values by metric; the metric is their mean.
            interval: of the mean of per-item values.
            guard: whether the guard's opinion is asked for.
        """
        rows: Rows = []
        for family, size, arms in cells(self.given.families, self.given.sizes, self.given.arms):
            start, base = time.monotonic(), dict[str, NDArray[Any]]()
            faces = torch.from_numpy(self.card.preprocess.apply(adapting(family, size)))
            probes = scored(family, size)
            people = judge_people(embed(self.model, faces)) if guard else None  # the same for every arm
            for arm in arms:

                def make(
                    part: torch.Tensor,
                    arm: str = arm,
                    family: str = family,
                    size: int = size,
                ) -> NormState:
                    where = f"{family}@{size}"
                    return state_of(ARMS[arm], self.model, self.card, part, where, self.reference, size)

                state = make(faces)
                found = score(self.embed(probes, state))
                row: dict[str, Any] = {"family": family, "size": size, "arm": arm, "weight": state.weight}
                base = base or dict(found)
                for metric, values in found.items():
                    change = values.astype(np.float64) - base[metric]
                    row[metric] = float(values.mean())
                    if arm != "source":
                        row[metric + "_change"] = {"mean": float(change.mean()), "ci95": interval(change)}
                        self.sums.setdefault((arm, metric), []).append(change)
                if guard and arm != "source":
                    row["guard"] = Verdict(people, judge_split(self.model, faces, make)).to_json()
                rows.append(row)
            print(f"{family} {size} px: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
        return rows, self.summary(rows, interval)

    def summary(self, rows: Rows, interval: Callable[[NDArray[Any]], list[float]]) -> dict[str, Any]:
        """Per arm and metric: mean change with interval, in how many cells it surely helps or hurts."""
        out: dict[str, Any] = {}
        for (arm, metric), changes in self.sums.items():
            mean = np.mean(changes, axis=0)
            own = [row for row in rows if row["arm"] == arm]
            ends = [row[metric + "_change"]["ci95"] for row in own]
            worst = min(own, key=lambda row: row[metric + "_change"]["mean"])
            out.setdefault(arm, {})[metric] = {
                "change": float(mean.mean()),
                "ci95": interval(mean),
                "cells": len(ends),
                "helps": sum(low > 0 for low, _ in ends),
                "hurts": sum(high < 0 for _, high in ends),
                "worst": {"family": worst["family"], "size": worst["size"], **worst[metric + "_change"]},
            }
        return out


def pool(bench: Bench, given: argparse.Namespace) -> dict[str, Any]:
    """Held-out faces of the training pool."""
    found = held_out_from_all([bench.card], given.data, open_encoder("teacher"))
    rng = np.random.default_rng([given.seed, 1])
    held = rng.permutation(len(found.scored))[: given.limit or None]
    first, second = hold_out(found.component[held], 0.5, rng)
    adapting, scored = held[first], np.sort(held[second])
    crops = {int(n): found.faces.crop(int(found.scored[n])) for n in held}
    names = [found.faces.keys[int(n)] for n in found.scored]
    sharp = found.teacher[scored]

    def small(part: NDArray[np.int64]) -> Callable[[str, int], list[Crop]]:
        return lambda family, size: bench.small(
            [crops[int(n)] for n in part], [names[int(n)] for n in part], family, size
        )

    def score(embeddings: NDArray[np.float32]) -> Scores:
        similarity = embeddings.astype(np.float64) @ sharp.T
        best = similarity.argmax(axis=1) == np.arange(len(sharp))
        return {"rank1": best.astype(np.float64), "cosine": np.diagonal(similarity).copy()}

    clusters = Clusters.of(found.component[scored])
    rows, summary = bench.run(
        small(adapting),
        small(scored),
        score,
        lambda values: mean_interval(values, clusters, seed=given.seed).to_json(),
        guard=given.guard,
    )
    return {
        "question": "does FaceBN help on held-out faces of the pool?",
        "data": {"sha256": found.faces.sha256, "adapting": len(adapting), "scored": len(scored)},
        "figures": rows,
        "summary": summary,
        **({"guard": guard_record(rows)} if given.guard else {}),
    }


def guard_record(rows: Rows) -> dict[str, Any]:
    """How often the guard is right: its refusals, and its d', against what really happened."""
    judged = [row for row in rows if row.get("guard", {}).get("harm")]
    out: dict[str, Any] = {"people_refused": sum(row["guard"]["people"]["one"] for row in judged)}
    change = np.array([row["guard"]["harm"]["after"] - row["guard"]["harm"]["before"] for row in judged])
    refused = np.array([row["guard"]["harm"]["harmful"] for row in judged], dtype=np.bool_)
    for metric in ("rank1", "cosine"):
        fell = np.array([row[f"{metric}_change"]["ci95"][1] < 0 for row in judged], dtype=np.bool_)
        means = np.array([row[f"{metric}_change"]["mean"] for row in judged])
        below = change[fell][:, None] - change[~fell][None, :]
        out[metric] = {
            "fell": int(fell.sum()),
            "refused_and_fell": int((refused & fell).sum()),
            "refused_and_did_not": int((refused & ~fell).sum()),
            "cells": len(judged),
            "auc": float(((below < 0) + 0.5 * (below == 0)).mean())
            if fell.any() and not fell.all()
            else None,
            "correlation": float(np.corrcoef(change, means)[0, 1]) if change.std() * means.std() else None,
        }
    return out


def lfw(bench: Bench, given: argparse.Namespace) -> dict[str, Any]:
    """LFW: statistics from one fold, scores from the others."""
    data = LfwPairs.open(given.data[0])
    pairs, names = data.pairs, list(data.names)
    last = int(data.folds.max())
    fold = last if given.fold is None else given.fold
    scored = data.folds != fold
    if given.limit:
        place = np.zeros(len(pairs), dtype=np.int64)
        for kind in (True, False):
            for name in np.unique(data.folds):
                chosen = np.flatnonzero((data.folds == name) & (pairs.same == kind))
                place[chosen] = np.arange(len(chosen))
        scored &= place < given.limit
    used, source = of_other_people(data, fold, scored)
    if not len(source) or not scored.any():
        raise InputError(f"fold {fold} leaves nothing to adapt to or to score", fix=f"use 0 to {last}")
    crops = {int(n): data.crop(int(n))[0] for n in np.concatenate((used, source))}
    first, second = (np.searchsorted(used, side[scored]) for side in (pairs.first, pairs.second))
    part = data.only(scored)
    teacher = open_encoder("teacher")
    sharp = np.concatenate(
        [
            embed_crops(teacher, [crops[int(n)] for n in used[start : start + BATCH]])
            for start in range(0, len(used), BATCH)
        ]
    ).astype(np.float64)

    def small(numbers: NDArray[np.int64]) -> Callable[[str, int], list[Crop]]:
        return lambda family, size: bench.small(
            [crops[int(n)] for n in numbers], [names[n] for n in numbers], family, size
        )

    def score(embeddings: NDArray[np.float32]) -> Scores:
        small = embeddings.astype(np.float64)
        both = {"hr-lr": sharp, "lr-lr": small}
        return {
            protocol: fold_accuracy(
                (rows[first] * small[second]).sum(axis=1), part.pairs.same, part.folds
            ).correct.astype(np.float64)
            for protocol, rows in both.items()
        }

    clusters = part.clusters()
    order = np.random.default_rng(given.seed).permutation(source)
    rows, summary = bench.run(
        small(order),
        small(used),
        score,
        lambda values: mean_interval(values, clusters, strata=part.pairs.same, seed=given.seed).to_json(),
        guard=False,
    )
    return {
        "question": "does FaceBN help on LFW?",
        "data": {"list_sha256": data.list_sha256, "fold": fold, "adapting": len(source), "pairs": len(part)},
        "figures": rows,
        "summary": summary,
    }


def result(given: argparse.Namespace) -> dict[str, Any]:
    """Measure."""
    bench = Bench(given)
    needy = [name for name in ARMS if ARMS[name].mode == "excess"]
    given.arms = given.arms or [name for name in ARMS if bench.reference or name not in needy]
    if bench.reference is None and (asked := [name for name in given.arms if name in needy]):
        raise InputError(f"{', '.join(asked)}: no reference", fix="make one with `fewpix reference`")
    payload = (pool if given.what == "pool" else lfw)(bench, given)
    payload["model"] = {"name": bench.card.name, "sha256": bench.card.sha256}
    payload["settings"] = {
        "seed": given.seed,
        "limit": given.limit,
        "unseen": list(UNSEEN),
        "arms": {name: vars(ARMS[name]) for name in ARMS if name in given.arms},
    }
    return payload


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for arm, metrics in found["summary"].items():
        for metric, new in metrics.items():
            low, high = new["ci95"]
            change = f"{100 * new['change']:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"
            yield f"{arm}: {metric} {change}, helps {new['helps']}, hurts {new['hurts']} of {new['cells']}"


def main() -> int:
    """Measure and write."""
    parser = options(
        __doc__,
        "--model",
        "--sizes",
        "--runtime",
        "--device",
        "--threads",
        "--seed",
        "--out",
        sizes=list(SIZES),
    )
    parser.add_argument("what", choices=("pool", "lfw"))
    parser.add_argument("data", nargs="+", type=Path, help="the pool's shards, or LFW's folder")
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument(
        "--arms", nargs="+", choices=list(ARMS), help="all that the student allows if nothing is said"
    )
    parser.add_argument("--limit", type=int, default=0, help="held-out faces, or pairs per kind and fold")
    parser.add_argument(
        "--fold", type=int, help="of LFW, that statistics come from; the last one if not said"
    )
    parser.add_argument(
        "--guard",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="ask the guard too, on the pool; takes as long again",
    )
    given = parser.parse_args()
    return run(given.out, lambda: result(given), told)


if __name__ == "__main__":
    sys.exit(main())
