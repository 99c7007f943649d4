"""What is a gallery worth that keeps each photo at small sizes, too, and at which sizes with which weights?

Faces of the training pool that the students never saw, of sources with several pictures of a person. Who is
who is told by the teacher: faces joined by a cosine of 0.55 are one person. One picture of each is enrolled,
sharp by the teacher and shrunk by the student of the size; up to two others, made small with and without what
compressed photographs and cameras add, are searched for. A score is (1 − w) of that with the sharp row and w
of that with the row of the probe's size, the row of both being brought back to unit length. w is chosen on
half of the people for the mean of rank-1 and TAR at a FAR of 1 in 1,000, and told for the other half; 0 where
the 95 % interval of the rise on the first half holds 0. Costs are those of the sizes in the package.

    python -m benchmarks.gallery.matched FACES.tar ... --out results/gallery/matched.json
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.lib.pool import held_out, pool_of
from benchmarks.lib.run import pool_options, run
from numpy.typing import NDArray

from fewpix.config import cache_dir
from fewpix.data.cache import TeacherCache
from fewpix.data.faces import FaceSet, load_faces
from fewpix.data.split import components
from fewpix.degrade import PRESETS, Chain, per_item_rng, step
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import InputError
from fewpix.evaluate.result.file import model_facts
from fewpix.evaluate.statistics.bootstrap import Clusters, mean_interval
from fewpix.gallery.matched import Matching, mixed, shipped_matching
from fewpix.gallery.store import Gallery
from fewpix.identify.enrol import enrol_photos
from fewpix.identify.enrolled import Photo
from fewpix.image.codec import write_image
from fewpix.image.resize import resize_square
from fewpix.train.recipe import Recipe, load_recipe

SIZES = (8, 10, 12, 14, 16, 20, 24)
WEIGHTS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SOURCES = ("celebt",)
"""Sources of the pool with several pictures of a person."""

SAME = 0.55
MOST = 35
"""Faces of one person; more that are joined are several people."""

PROBES = 2
LARGER = 20
FAR = 1e-3
TIMED = 66  # photos

KINDS = ("area", "train-photo")

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Set:
    """Who is enrolled by which face, and who is searched for by which.

    Args:
        faces: of the pool.
        gallery: (P,) faces that are enrolled, one a person.
        probes: (N,) faces that are searched for.
        people: (N,) whose they are, as indices into `gallery`.
    """

    faces: FaceSet
    gallery: NDArray[np.int64]
    probes: NDArray[np.int64]
    people: NDArray[np.int64]

    def first(self, count: int) -> Set:
        """So many of the people."""
        kept = self.people < count
        return Set(self.faces, self.gallery[:count], self.probes[kept], self.people[kept])


def drawn(
    faces: FaceSet, members: NDArray[np.int64], sharp: Array, count: int, rng: np.random.Generator
) -> Set:
    """People by their looks, and which of their faces are enrolled and searched for.

    Args:
        faces: of the pool.
        members: (M,) of them that may be used.
        sharp: (M, D) by the teacher.
        count: how many people at most.
        rng: draws them.
    """
    joined = components(sharp, SAME)
    groups = [np.flatnonzero(joined == root) for root in np.unique(joined)]
    groups = [group for group in groups if 2 <= len(group) <= MOST]
    if not groups:
        raise InputError("no two of these faces are of one person", fix="name all shards")
    gallery, probes, people = [], [], []
    for n, place in enumerate(rng.permutation(len(groups))[:count]):
        first, *others = rng.permutation(groups[place])
        gallery.append(members[first])
        probes += [members[other] for other in others[:PROBES]]
        people += [n] * len(others[:PROBES])
    return Set(faces, np.array(gallery), np.array(probes), np.array(people))


def chain(kind: str, size: int) -> Chain:
    """A preset at one size."""
    scale = step("downscale", side=size)
    return Chain(
        tuple(scale if each.op == "downscale" else each for each in PRESETS[kind].steps), f"{kind}@{size}"
    )


class Embedder:
    """Embeds faces through the cache, so that another run goes on where one ended."""

    def __init__(self, faces: FaceSet) -> None:
        self._faces = faces

    def __call__(self, encoder: Encoder, members: Sequence[int], size: int, kind: str) -> Array:
        """(N, D); `kind` empty for a photo that is shrunk, `size` 0 for one that is not."""
        faces, made = self._faces, chain(kind, size) if kind else None
        how = f"{size}:{made.describe()}" if made else f"shrunk:{size}" if size else ""

        def render(n: int) -> Any:
            crop = faces.crop(int(members[n]))
            if made is not None:
                return made.apply(crop, per_item_rng(0, int(faces.digests[members[n]][:12], 16)))
            return resize_square(crop, size) if size else crop

        store = TeacherCache(cache_dir() / "teacher.db", encoder.card.sha256, encoder.card.space.dim)
        return store.embeddings([f"{faces.digests[n]}:{how}" for n in members], render, encoder.embed)


@dataclass(frozen=True, eq=False)
class Arm:
    """What one weight gives for each probe: whether the right person is first, and the pair passes."""

    rank1: NDArray[np.float64]
    passes: NDArray[np.float64]
    threshold: float

    @property
    def score(self) -> NDArray[np.float64]:
        """What weights are chosen by."""
        return (self.rank1 + self.passes) / 2


def arm(probes: Array, rows: Array, people: NDArray[np.int64]) -> Arm:
    """Search for probes (N, D) among rows (P, D)."""
    scores = (probes @ rows.T).astype(np.float64)
    own = scores[np.arange(len(probes)), people]
    other = np.ones(scores.shape, dtype=np.bool_)
    other[np.arange(len(probes)), people] = False
    threshold = np.quantile(scores[other], 1 - FAR)
    rank1 = scores.argmax(axis=1) == people
    return Arm(rank1.astype(np.float64), (own > threshold).astype(np.float64), float(threshold))


def of_size(found: Set, embed: Embedder, sharp: Array, seer: Encoder, size: int, seed: int) -> dict[str, Any]:
    """Everything about one size, seen by one student."""
    small = embed(seer, found.gallery.tolist(), size, "")
    half = found.people % 2 == 0
    clusters = Clusters.of(found.people[~half])
    arms: dict[str, dict[float, Arm]] = {}
    plain: dict[str, Arm] = {}
    for kind in KINDS:
        probes = embed(seer, found.probes.tolist(), size, kind)
        arms[kind] = {weight: arm(probes, mixed(sharp, small, weight), found.people) for weight in WEIGHTS}
        plain[kind] = arm(probes, (sharp + small) / 2, found.people)
    curve = {
        weight: float(np.mean([arms[kind][weight].score[half].mean() for kind in KINDS]))
        for weight in WEIGHTS
    }
    best = max(curve, key=curve.__getitem__)
    rise = np.mean([arms[kind][best].score[half] - arms[kind][0.0].score[half] for kind in KINDS], axis=0)
    sure = mean_interval(rise, Clusters.of(found.people[half]), seed=seed)
    chosen = best if sure.low > 0 else 0.0

    def told(one: Arm, base: Arm) -> dict[str, Any]:
        out: dict[str, Any] = {"threshold": one.threshold}
        for name in ("rank1", "passes"):
            values, before = (getattr(each, name)[~half] for each in (one, base))
            called = "tar" if name == "passes" else name
            out[called] = float(values.mean())
            out[f"{called}_ci95"] = mean_interval(values, clusters, seed=seed).to_json()
            change = mean_interval(values - before, clusters, seed=seed)
            out[f"{called}_minus_sharp"] = {"mean": float((values - before).mean()), "ci95": change.to_json()}
        return out

    figures = []
    for kind in KINDS:
        base = arms[kind][0.0]
        figures.append(
            {
                "kind": kind,
                "sharp": told(base, base),
                "shrunk_alone": told(
                    arm(embed(seer, found.probes.tolist(), size, kind), small, found.people), base
                ),
                "mean_of_scores": told(plain[kind], base),
                "half": told(arms[kind][0.5], base),
                "chosen": told(arms[kind][chosen], base),
            }
        )
    return {
        "size": size,
        "model": seer.card.name,
        "people": len(found.gallery),
        "probes": len(found.probes),
        "weight": chosen,
        "best_weight": best,
        "rise": {"mean": float(rise.mean()), "ci95": sure.to_json()},
        "curve": [{"weight": weight, "score": value} for weight, value in curve.items()],
        "figures": figures,
    }


def cost(found: Set, encoder: Encoder) -> dict[str, Any]:
    """Bytes and time of an enrolment per photo, with and without small rows, of aligned faces."""
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        photos = []
        for n, face in enumerate(found.gallery[:TIMED]):
            path = Path(folder) / "faces" / f"{n}.png"
            write_image(path, found.faces.crop(int(face)))
            photos.append(Photo(path, f"person {n}"))
        for called, matching in (("sharp", Matching(())), ("matched", shipped_matching())):
            words: dict[str, Any] = {"detector": None, "encoder": encoder, "accept_poor": True}
            with Gallery.open(Path(folder) / f"{called}.db", encoder.card.space) as gallery:
                enrol_photos(photos[:2], gallery=gallery, matching=matching, **words)  # opens what is lazy
                start = time.process_time(), time.perf_counter()
                enrol_photos(photos[2:], gallery=gallery, matching=matching, **words)
                spent = time.process_time() - start[0], time.perf_counter() - start[1]
            out[called] = {
                "bytes_per_photo": (Path(folder) / f"{called}.db").stat().st_size / len(photos),
                "cpu_ms_per_photo": 1000 * spent[0] / (len(photos) - 2),
                "ms_per_photo": 1000 * spent[1] / (len(photos) - 2),
            }
    return {
        "photos": TIMED,
        "sizes": list(shipped_matching().kept),
        "note": "aligned crops, nothing detected",
        **out,
    }


def line(figure: dict[str, Any]) -> str:
    """A size in one line."""
    parts = []
    for each in figure["figures"]:
        values = [
            f"{100 * each['sharp'][name]:.1f} → {100 * each['chosen'][name]:.1f}" for name in ("rank1", "tar")
        ]
        parts.append(f"{each['kind']}: rank-1 {values[0]}, TAR {values[1]}")
    return f"{figure['size']} px, {figure['model']}, weight {figure['weight']}: {'; '.join(parts)}"


def unseen(recipe: Recipe, paths: Sequence[Path], teacher: Encoder) -> tuple[FaceSet, NDArray[np.int64]]:
    """The pool, and which of its faces the students in use never saw.

    Held out by the recipe where a student was trained by it on these faces; else all of `SOURCES`, which no
    shipped student was shown.
    """
    faces = load_faces(paths)
    students = [open_encoder(name) for name in ("fewpix-s", "fewpix-l")]
    wanted = np.flatnonzero(np.isin(faces.sources, SOURCES))
    if any(student.card.provenance["faces_sha256"] == faces.sha256 for student in students):
        scored = held_out(pool_of(recipe, faces.sha256, paths, teacher)).scored
        return faces, scored[np.isin(scored, wanted)]
    return faces, wanted


def main() -> int:
    """Measure and write the result."""
    parser = pool_options(__doc__, 2000, "of the people")
    parser.add_argument(
        "--larger", type=int, default=350, help=f"of the people, from {LARGER} px on, which take longer"
    )
    parser.add_argument("--recipe", type=Path, default=Path("recipes/fewpix-s-photo.toml"))
    given = parser.parse_args()

    def measure() -> dict[str, Any]:
        teacher = open_encoder("teacher", runtime=given.runtime)
        encoder = open_encoder("auto", runtime=given.runtime)
        faces, members = unseen(load_recipe(given.recipe), given.faces, teacher)
        embed = Embedder(faces)
        everybody = embed(teacher, members.tolist(), 0, "")
        found = drawn(faces, members, everybody, given.count, np.random.default_rng(given.seed))
        sharp = embed(teacher, found.gallery.tolist(), 0, "")
        figures = []
        seers = [(encoder_for(encoder, size), size) for size in SIZES]
        for seer, size in seers:
            some = found if size < LARGER else found.first(given.larger)
            figures.append(of_size(some, embed, sharp[: len(some.gallery)], seer, size, given.seed))
            print(line(figures[-1]), file=sys.stderr, flush=True)
        spent = cost(found, encoder)
        return {
            "question": "what is a gallery worth that keeps each photo at small sizes, too?",
            "data": {
                "sha256": faces.sha256,
                "sources": list(SOURCES),
                "people": len(found.gallery),
                "probes": len(found.probes),
            },
            "models": {seer.card.name: model_facts(seer) for seer in {id(e): e for e, _ in seers}.values()},
            "settings": {
                "seed": given.seed,
                "same": SAME,
                "far": FAR,
                "kinds": list(KINDS),
                "held_out": "people (the other half chose the weight)",
            },
            "cost": spent,
            "figures": figures,
        }

    return run(given.out, measure, line)


if __name__ == "__main__":
    sys.exit(main())
