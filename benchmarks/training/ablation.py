"""What does each part of the method bring? The same student, data, steps and seeds, with and without it.

Arms: no distillation (ArcFace on 20 labelled people of ORL; ArcFace on pseudo-labels, clusters of the
teacher's embeddings of the pool), the instance level alone, the relation level alone, both, and both under
FaceBN; beside them the teacher fed directly. A student without a teacher has a space of its own, and its
gallery is its own embeddings of the sharp faces; all others are searched in the teacher's.

Variants of both levels: mixed faces; the last weights instead of their running average; probes embedded with
their mirror images; a gallery as small as the probes, by the student. What brought nothing is no option any
more, and no arm: `results/experiments.md` names the commit that measured it.

Each arm is trained with every seed, which also draws another held-out part of the pool and other people of
ORL. Differences are paired face by face over all seeds, with a 95 % interval from resampling people; an arm
is said to bring something if that interval and the mean of every seed lie above 0.

    python -m benchmarks.training.ablation FACES.tar ... --work runs/ablation \\
        --out results/training/ablation.json

A run that was interrupted goes on where it was. Small students train faster side by side, each on one core:
`--part 1/2` and `--part 2/2` share the trainings between two processes, and the call without it scores.
An idea for the next recipe is judged by itself, beside the arm that it is to improve:

    python -m benchmarks.training.ablation FACES.tar ... --arms ILD+RLD "two views of a face" \\
        --work runs/ablation \\
        --out results/training/ablation_views.json
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.facebn.arms import ARMS as FACEBN
from benchmarks.facebn.arms import state_of
from benchmarks.lib.run import guarded, options, run
from benchmarks.training.ablation_sets import FPIR, Scores, Sharp, TestSet, orl_faces, orl_set, pool_set
from fewpix.adapt.apply import adapted
from fewpix.adapt.estimate.judge import embed as forward
from fewpix.config import cache_dir
from fewpix.data.cache import TeacherCache
from fewpix.data.faces import FaceSet, load_faces
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.statistics.bootstrap import Clusters, mean_interval
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.models.zoo import build, fill, load_student
from fewpix.train.checkpoint import checkpoint_weights
from fewpix.train.distil import Progress, distil
from fewpix.train.recipe import Recipe, parse_recipe

RECIPE = """
name = "ablation"
[model]
arch = "{arch}"
[data]
{data}
[objective]
{objective}
[optim]
lr = 2e-3
warmup = 100
weight_decay = 0.1
ema = 0.99
[run]
steps = {steps}
batch = {batch}
queue = 4096
precision = "{precision}"
seed = {seed}
evaluate_every = {steps}
"""


@dataclass(frozen=True)
class Arm:
    """A way of training.

    Args:
        objective: TOML.
        people: where labels come from; "unknown" for none.
        pool: whether it learns from the pool; otherwise from people of ORL.
        distils: whether it writes into the teacher's space.
        data: one more line of the recipe's section on data; MIXES stands for the number of mixed faces.
    """

    objective: str
    people: str = "unknown"
    pool: bool = True
    distils: bool = True
    data: str = ""


ILD = "cosine = { weight = 2.0 }\ninfonce = { weight = 1.0, temperature = 0.07 }"
RLD = "row-kl = { weight = 1.0 }\ncrrcd = { weight = 0.2, anchors = 32 }"
ARMS = {
    "labels": Arm("arcface = {}", "folders", pool=False, distils=False),
    "pseudo-labels": Arm("arcface = {}", "clusters", distils=False),
    "ILD": Arm(ILD),
    "RLD": Arm(RLD),
    "ILD+RLD": Arm(f"{ILD}\n{RLD}"),
    "mixed faces": Arm(f"{ILD}\n{RLD}", data="mixes = MIXES"),
}
IDEAS = {"two views of a face": Arm(f"{ILD}\n{RLD}", data="per_person = 2")}
"""Arms that are trained only if `--arms` names them, beside others of their choice."""
ADAPTED = {"ILD+RLD, FaceBN": "prior", "ILD+RLD, FaceBN with BatchNorm1d": "prior+1d"}
LAST, TWICE, SMALL = "last weights", "mirrored probes", "small gallery"
DIRECT = "direct feed"
COMPARED = (
    ("ILD", DIRECT),
    ("ILD", "pseudo-labels"),
    ("RLD", "pseudo-labels"),
    ("ILD+RLD", "ILD"),
    ("ILD+RLD", "RLD"),
    *((name, "ILD+RLD") for name in (*ADAPTED, "mixed faces", *IDEAS)),
    *((name, "ILD+RLD") for name in (LAST, TWICE, SMALL)),
)
SIZES = (8, 12, 16, 24)
FAMILIES = ("area", "cctv")

Cell = tuple[str, str, int, str]
"""Test set, family, size, arm."""


class Ablation:
    """The teacher, the pool, and what was scored so far."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.arms = {name: {**ARMS, **IDEAS}[name] for name in given.arms}
        self.pool = load_faces(given.faces)
        self.orl = orl_faces()
        self.teacher: Encoder = open_encoder("teacher", runtime=given.runtime, threads=given.threads)
        card = self.teacher.card
        self.cache = TeacherCache(cache_dir() / "teacher.db", card.sha256, card.space.dim)
        self.found: dict[Cell, list[Scores]] = {}
        self.weights: dict[str, list[str]] = {}

    def recipe(self, arm: Arm, seed: int) -> Recipe:
        """What an arm is trained by. All that learn from the pool split it alike and draw the same faces."""
        lines = ["holdout = 0.0"]
        if arm.pool:
            known = set(self.pool.sources)
            chips = [name for name in self.given.chips if name in known]
            lines = [
                f"holdout = {self.given.holdout}",
                f"weights = {{ {', '.join(f'{name} = 0.0' for name in chips)} }}",
                f"holdout_sources = {sorted(known - set(chips))}".replace("'", '"'),
                f"clusters = {self.given.clusters}",
                f"chips = {chips}".replace("'", '"'),
                arm.data.replace("MIXES", str(self.given.mixes)),
            ]
        text = RECIPE.format(
            arch=self.given.arch,
            data="\n".join([*lines, f'people = "{arm.people}"']),
            objective=arm.objective,
            steps=self.given.steps,
            batch=self.given.batch,
            precision=self.given.precision,
            seed=seed,
        )
        return parse_recipe(text, "ablation")

    def train(self, name: str, seed: int, faces: FaceSet) -> Path:
        """The weights of an arm; made now, unless they are there."""
        out = self.given.work / f"{name}-{seed}"
        last = [0.0]

        def told(now: Progress) -> None:
            if now.stage == "train" and (now.done == now.total or time.monotonic() - last[0] > 20):
                last[0] = time.monotonic()
                loss = now.values["total"]
                print(f"{name}, seed {seed}: {now.done} of {now.total}, loss {loss:.3f}", file=sys.stderr)

        return distil(
            self.recipe(self.arms[name], seed),
            faces,
            out,
            teacher_embed=self.teacher.embed,
            teacher_card=self.teacher.card,
            on_progress=told,
            terms="for the ablation; research use only",
        ).weights

    def train_part(self, part: int, parts: int) -> None:
        """Every `parts`-th training, beginning with the `part`-th."""
        runs = [(name, seed) for name in self.arms for seed in self.given.seeds]
        for name, seed in runs[part - 1 :: parts]:
            self.train(name, seed, self.pool if self.arms[name].pool else orl_set(self.orl, seed)[1])

    def run(self, seed: int) -> None:
        """All arms with one seed."""
        orl, learn = orl_set(self.orl, seed)
        pool = pool_set(self.recipe(ARMS["ILD"], seed), self.pool, self.cache, self.teacher)
        sets = [(tests, tests.sharp(self.teacher.embed)) for tests in (pool, orl)]
        for tests, sharp, family, size in self.cells(sets):
            self.keep(tests, family, size, DIRECT, self.teacher.embed(tests.small(family, size)), sharp)
        for name, arm in self.arms.items():
            model, card = load_student(self.train(name, seed, self.pool if arm.pool else learn))
            self.weights.setdefault(name, []).append(card.sha256)

            def pixels(crops: Sequence[Crop], card: Card = card) -> torch.Tensor:
                return torch.from_numpy(card.preprocess.apply(crops))

            own: dict[str, NDArray[np.float32]] = {}
            if not arm.distils:
                own = {tests.name: forward(model, pixels(tests.gallery)) for tests, _ in sets}
            for tests, sharp, family, size in self.cells(sets):
                probes = pixels(tests.small(family, size))
                self.keep(tests, family, size, name, forward(model, probes), sharp, own.get(tests.name))
                if name != "ILD+RLD":
                    continue
                plain = forward(model, probes)
                turned = forward(model, probes.flip(3))
                both = (plain + turned) / np.linalg.norm(plain + turned, axis=1, keepdims=True)
                self.keep(tests, family, size, TWICE, both, sharp)
                last = _last_weights(self.given.work / f"{name}-{seed}", card)
                self.keep(tests, family, size, LAST, forward(last, probes), sharp)
                if tests.name != "pool":  # whose mates are the same pictures
                    small = forward(model, pixels(tests.small(family, size, "gallery")))
                    self.keep(tests, family, size, SMALL, plain, sharp, small)
                faces = pixels(tests.small(family, size, "adapting"))
                for label, way in ADAPTED.items():
                    with adapted(model, state_of(FACEBN[way], model, card, faces, f"{family}@{size}")):
                        self.keep(tests, family, size, label, forward(model, probes), sharp)

    def cells(self, sets: Sequence[tuple[TestSet, Sharp]]) -> Iterator[tuple[TestSet, Sharp, str, int]]:
        """Every set with what the teacher says of it, in every family and size."""
        for tests, sharp in sets:
            for family in FAMILIES:
                for size in self.given.sizes:
                    yield tests, sharp, family, size

    def keep(
        self,
        tests: TestSet,
        family: str,
        size: int,
        arm: str,
        probes: NDArray[np.float32],
        sharp: Sharp,
        own: NDArray[np.float32] | None = None,
    ) -> None:
        """Score embeddings of one cell, and keep the scores."""
        self.found.setdefault((tests.name, family, size, arm), []).append(tests.score(probes, sharp, own))

    def figures(self) -> list[dict[str, Any]]:
        """Every cell: the mean over the seeds, the seeds, and the interval where people can be resampled."""
        rows = []
        for (tests, family, size, arm), runs in self.found.items():
            row: dict[str, Any] = {"set": tests, "family": family, "size": size, "arm": arm}
            for metric in runs[0].items:
                values = [run.items[metric] for run in runs]
                row[metric] = {
                    "mean": float(np.concatenate(values).mean()),
                    "ci95": _interval(values, runs),
                    "seeds": [float(value.mean()) for value in values],
                }
            for metric in runs[0].figures:
                seeds = [run.figures[metric] for run in runs]
                row[metric] = {"mean": float(np.mean(seeds)), "seeds": seeds}
            rows.append(row)
        return rows

    def differences(self) -> list[dict[str, Any]]:
        """Arm against arm, paired."""
        rows = []
        for arm, other in COMPARED:
            for tests, family, size, name in self.found:
                if name != arm or (tests, family, size, other) not in self.found:
                    continue
                ours, theirs = (self.found[tests, family, size, who] for who in (arm, other))
                row: dict[str, Any] = {"set": tests, "family": family, "size": size}
                row |= {"arm": arm, "against": other}
                for metric in set(ours[0].items) & set(theirs[0].items):
                    gaps = [a.items[metric] - b.items[metric] for a, b in zip(ours, theirs, strict=True)]
                    row[metric] = _verdict([float(gap.mean()) for gap in gaps], _interval(gaps, ours))
                for metric in ours[0].figures:
                    seeds = [a.figures[metric] - b.figures[metric] for a, b in zip(ours, theirs, strict=True)]
                    row[metric] = {"mean": float(np.mean(seeds)), "seeds": seeds}
                rows.append(row)
        return rows


def _last_weights(run: Path, card: Card) -> nn.Module:
    """The student of a run as its last step left it, without the running average."""
    model = build(card.arch, card.space.dim).eval()
    fill(model, checkpoint_weights(run / "checkpoint.safetensors", "student"), str(run))
    return model


def _interval(values: Sequence[NDArray[np.float64]], runs: Sequence[Scores]) -> list[float]:
    """Over all seeds; a person who is tested with several of them is resampled as one."""
    clusters = Clusters.of(np.concatenate([run.people for run in runs]))
    return mean_interval(np.concatenate(values), clusters).to_json()


def _verdict(seeds: list[float], ci95: list[float]) -> dict[str, Any]:
    same = all(value > 0 for value in seeds) or all(value < 0 for value in seeds)
    sign = 1 if ci95[0] > 0 else -1 if ci95[1] < 0 else 0
    verdict = {1: "better", -1: "worse", 0: "no difference shown"}[sign if same else 0]
    return {"mean": float(np.mean(seeds)), "ci95": ci95, "seeds": seeds, "verdict": verdict}


def _part(text: str) -> tuple[int, int]:
    """`K/N`, with K from 1 to N."""
    part, _, parts = text.partition("/")
    if not 1 <= int(part) <= int(parts):
        raise ValueError(text)
    return int(part), int(parts)


def result(given: argparse.Namespace, made: Ablation) -> dict[str, Any]:
    """Train and score."""
    for seed in given.seeds:
        made.run(seed)
    settings = {
        name: getattr(given, name)
        for name in ("arch", "steps", "batch", "precision", "seeds", "clusters", "mixes", "threads")
    }
    return {
        "question": "what does each part of the method bring?",
        "data": {"faces": len(made.pool), "sha256": made.pool.sha256},
        "teacher_sha256": made.teacher.card.sha256,
        "settings": {**settings, "holdout": given.holdout, "not_learnt_from": given.chips, "fpir": FPIR},
        "arms": {name: {**asdict(arm), "weights": made.weights[name]} for name, arm in made.arms.items()},
        "figures": made.figures(),
        "differences": made.differences(),
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """What the result says."""
    for row in found["differences"]:
        rank = row["rank1"]
        yield (
            f"{row['set']:5}{row['family']:6}{row['size']:3} px  {row['arm']:34} − {row['against']:14}"
            f"rank-1 {100 * rank['mean']:+6.1f} ({100 * rank['ci95'][0]:+.1f} to "
            f"{100 * rank['ci95'][1]:+.1f}) {rank['verdict']}"
        )


def main() -> int:
    """Train, score and write."""
    parser = options(
        __doc__, "faces", "--sizes", "--runtime", "--threads", "--work", "--out", sizes=list(SIZES)
    )
    parser.add_argument("--arms", nargs="+", choices=[*ARMS, *IDEAS], default=list(ARMS))
    parser.add_argument("--arch", default="lr24-s")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--precision", default="bf16", choices=("bf16", "fp32"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--clusters", type=int, default=2000)
    parser.add_argument("--mixes", type=int, default=20000)
    parser.add_argument("--holdout", type=float, default=0.03)
    parser.add_argument("--chips", nargs="*", default=["utk"], help="sources that are not learnt from")
    parser.add_argument("--part", type=_part, metavar="K/N", help="only train, every Nth run from the Kth on")
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    if given.part:
        return guarded(lambda: Ablation(given).train_part(*given.part))
    return run(given.out, lambda: result(given, Ablation(given)), told)


if __name__ == "__main__":
    sys.exit(main())
