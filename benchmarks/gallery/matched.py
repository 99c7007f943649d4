"""What is a gallery worth that keeps each photo at small sizes, too, and at which sizes with which weights?

Faces of the training pool, of sources with several pictures of a person. Who is who is told by the teacher:
faces joined by a cosine of 0.55 are one person. One picture of each is enrolled, sharp by the teacher and
shrunk by the student of the size; up to two others, made small with and without what compressed photographs
and cameras add, are searched for. A score is (1 − w) of that with the sharp row and w of that with the row of
the probe's size, the row of both being brought back to unit length. w is chosen for the mean of rank-1 and
TAR at a FAR of 1 in 1,000; it is 0 where the 95 % interval of the rise holds 0. Figures are of other people
than those who chose. Costs are those of the sizes in the package.

Where a student was trained on these faces, people whom it saw choose, and the figures are of those whom its
recipe held out, among everybody held out; up to six probes of each, since they are few. Where none was, half
of the people choose.

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
from numpy.typing import NDArray

from benchmarks.lib.pool import held_out_here, student_cards
from benchmarks.lib.run import POOL, each, options, run
from fewpix.config import cache_dir
from fewpix.data.cache import TeacherCache
from fewpix.data.faces import FaceSet, load_faces
from fewpix.data.split import components
from fewpix.degrade import PRESETS, per_item_rng
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

SIZES = (8, 10, 12, 14, 16, 20, 24)
WEIGHTS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SOURCES = ("celebt",)
"""Sources of the pool with several pictures of a person."""

SAME = 0.55
MOST = 35
"""Faces of one person; more that are joined are several people."""

PROBES = 2
HELD_OUT_PROBES = 6
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

    def after(self, count: int) -> Set:
        """All but so many of the people."""
        kept = self.people >= count
        return Set(self.faces, self.gallery[count:], self.probes[kept], self.people[kept] - count)

    def among(self, others: NDArray[np.int64]) -> Set:
        """With these faces enrolled, too, which nobody searches for."""
        return Set(self.faces, np.concatenate([self.gallery, others]), self.probes, self.people)


def drawn(
    faces: FaceSet,
    members: NDArray[np.int64],
    sharp: Array,
    count: int,
    rng: np.random.Generator,
    most: int = PROBES,
) -> Set:
    """People by their looks, and which of their faces are enrolled and searched for.

    Args:
        faces: of the pool.
        members: (M,) of them that may be used.
        sharp: (M, D) by the teacher.
        count: how many people at most.
        rng: draws them.
        most: probes of a person.
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
        probes += [members[other] for other in others[:most]]
        people += [n] * len(others[:most])
    return Set(faces, np.array(gallery), np.array(probes), np.array(people))


class Embedder:
    """Embeds faces through the cache, so that another run goes on where one ended."""

    def __init__(self, faces: FaceSet) -> None:
        self._faces = faces

    def __call__(self, encoder: Encoder, members: Sequence[int], size: int, kind: str) -> Array:
        """(N, D); `kind` empty for a photo that is shrunk, `size` 0 for one that is not."""
        faces, made = self._faces, PRESETS[kind].at(size) if kind else None
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


def arms(
    found: Set, embed: Embedder, teacher: Encoder, seer: Encoder, size: int, kind: str
) -> tuple[dict[float, Arm], dict[str, Arm]]:
    """What each weight gives, and what two simpler ways do."""
    sharp = embed(teacher, found.gallery.tolist(), 0, "")
    small = embed(seer, found.gallery.tolist(), size, "")
    probes = embed(seer, found.probes.tolist(), size, kind)
    ways = {"shrunk_alone": small, "mean_of_scores": (sharp + small) / 2}
    return (
        {weight: arm(probes, mixed(sharp, small, weight), found.people) for weight in WEIGHTS},
        {name: arm(probes, rows, found.people) for name, rows in ways.items()},
    )


def of_size(
    chooses: Set, tells: Set, embed: Embedder, teacher: Encoder, seer: Encoder, size: int, seed: int
) -> dict[str, Any]:
    """Everything about one size, seen by one student."""
    made = [arms(chooses, embed, teacher, seer, size, kind)[0] for kind in KINDS]
    curve = {weight: float(np.mean([each[weight].score.mean() for each in made])) for weight in WEIGHTS}
    best = max(curve, key=curve.__getitem__)
    rise = np.mean([each[best].score - each[0.0].score for each in made], axis=0)
    sure = mean_interval(rise, Clusters.of(chooses.people), seed=seed)
    chosen = best if sure.low > 0 else 0.0
    clusters = Clusters.of(tells.people)

    def told(one: Arm, base: Arm) -> dict[str, Any]:
        out: dict[str, Any] = {"threshold": one.threshold}
        for name in ("rank1", "passes"):
            values, before = getattr(one, name), getattr(base, name)
            called = "tar" if name == "passes" else name
            out[called] = float(values.mean())
            out[f"{called}_ci95"] = mean_interval(values, clusters, seed=seed).to_json()
            change = mean_interval(values - before, clusters, seed=seed)
            out[f"{called}_minus_sharp"] = {"mean": float((values - before).mean()), "ci95": change.to_json()}
        return out

    figures = []
    for kind in KINDS:
        weighted, ways = arms(tells, embed, teacher, seer, size, kind)
        named = {"sharp": weighted[0.0], **ways, "half": weighted[0.5], "chosen": weighted[chosen]}
        figures.append({"kind": kind, **{name: told(one, weighted[0.0]) for name, one in named.items()}})
    return {
        "size": size,
        "model": seer.card.name,
        "people": len(np.unique(tells.people)),
        "enrolled": len(tells.gallery),
        "probes": len(tells.probes),
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
    for row in figure["figures"]:
        values = [
            f"{100 * row['sharp'][name]:.1f} → {100 * row['chosen'][name]:.1f}" for name in ("rank1", "tar")
        ]
        parts.append(f"{row['kind']}: rank-1 {values[0]}, TAR {values[1]}")
    return f"{figure['size']} px, {figure['model']}, weight {figure['weight']}: {'; '.join(parts)}"


def sides(paths: Sequence[Path], embed_by: Encoder, count: int, seed: int) -> tuple[Set, Set, Embedder, bool]:
    """Who chooses the weights and of whom the figures are; what embeds them; whether the first were seen."""
    faces = load_faces(paths)
    embed, rng = Embedder(faces), np.random.default_rng(seed)
    wanted = np.flatnonzero(np.isin(faces.sources, SOURCES))
    held = held_out_here(student_cards(), faces, paths, embed_by)

    def some(members: NDArray[np.int64], people: int, most: int = PROBES) -> Set:
        return drawn(faces, members, embed(embed_by, members.tolist(), 0, ""), people, rng, most)

    if not len(held):
        found = some(wanted, count)
        half = len(found.gallery) // 2
        return found.first(half), found.after(half), embed, False
    apart = np.isin(wanted, held)
    tells = some(wanted[apart], count, HELD_OUT_PROBES)
    strangers = held[~np.isin(held, wanted)]
    return some(wanted[~apart], count), tells.among(strangers), embed, True


def main() -> int:
    """Measure and write the result."""
    parser = options(__doc__, *POOL, count=2000)
    parser.add_argument(
        "--larger", type=int, default=350, help=f"of the people, from {LARGER} px on, which take longer"
    )
    given = parser.parse_args()

    def measure() -> dict[str, Any]:
        teacher = open_encoder("teacher", runtime=given.runtime)
        encoder = open_encoder("auto", runtime=given.runtime)
        chooses, tells, embed, seen = sides(given.faces, teacher, given.count, given.seed)
        figures = []
        seers = [(encoder_for(encoder, size), size) for size in SIZES]
        for seer, size in seers:
            some = chooses if size < LARGER else chooses.first(given.larger)
            figures.append(of_size(some, tells, embed, teacher, seer, size, given.seed))
            print(line(figures[-1]), file=sys.stderr, flush=True)
        return {
            "question": "what is a gallery worth that keeps each photo at small sizes, too?",
            "data": {
                "sha256": chooses.faces.sha256,
                "sources": list(SOURCES),
                "choose": {"people": len(chooses.gallery), "probes": len(chooses.probes), "seen": seen},
                "people": len(np.unique(tells.people)),
                "enrolled": len(tells.gallery),
                "probes": len(tells.probes),
            },
            "models": {seer.card.name: model_facts(seer) for seer in {id(e): e for e, _ in seers}.values()},
            "settings": {
                "seed": given.seed,
                "same": SAME,
                "far": FAR,
                "kinds": list(KINDS),
                "held_out": "people (others chose the weight)",
            },
            "cost": cost(chooses, encoder),
            "figures": figures,
        }

    return run(given.out, measure, each(line))


if __name__ == "__main__":
    sys.exit(main())
