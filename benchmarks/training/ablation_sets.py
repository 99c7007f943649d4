"""What the ablation is scored on: held-out faces of the pool, which nobody labelled, and people of ORL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from benchmarks.lib.open_search import identify_open
from fewpix.data.cache import TeacherCache
from fewpix.data.faces import FaceSet
from fewpix.data.split import hold_out
from fewpix.degrade.degradation import Degradation
from fewpix.detect import default_detector
from fewpix.embed.protocol import Encoder
from fewpix.evaluate.identification import identify
from fewpix.image.resize import Crop
from fewpix.quickstart.faces import SampleFaces, align_samples, split
from fewpix.train.material import split_faces
from fewpix.train.recipe import Recipe

Embed = Callable[[Sequence[Crop]], NDArray[np.float32]]
FPIR = 0.1
LEARN, GALLERY, ADAPT = 20, 1, 4
"""People of ORL to learn from; of each other person, pictures enrolled and pictures for FaceBN."""


@dataclass(frozen=True)
class Scores:
    """One model on one test set.

    Args:
        items: by metric, a value per probe, whose mean is the figure.
        people: (P,) who is on each probe; probes of one person are resampled together.
        figures: metrics that are no means: TAR, TPIR, Spearman's correlation.
    """

    items: Mapping[str, NDArray[np.float64]]
    people: NDArray[np.int64]
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Sharp:
    """What the teacher says of the sharp faces.

    Args:
        gallery: (G, D).
        probes: (P, D), before they are made small.
    """

    gallery: NDArray[np.float32]
    probes: NDArray[np.float32]


@dataclass(frozen=True)
class TestSet:
    """Sharp faces to enrol, others to search for, and some for FaceBN that are neither.

    Args:
        name: "pool" or "orl".
        gallery: sharp.
        gallery_people: (G,).
        probes: sharp; they are made small.
        probe_names: of the pictures, for the degradation's draws.
        probe_people: (P,).
        adapting: sharp; they are made small.
        adapting_names: of the pictures.
        far: of the verification.
    """

    name: str
    gallery: tuple[Crop, ...]
    gallery_people: NDArray[np.int64]
    probes: tuple[Crop, ...]
    probe_names: tuple[str, ...]
    probe_people: NDArray[np.int64]
    adapting: tuple[Crop, ...]
    adapting_names: tuple[str, ...]
    far: float

    def sharp(self, embed: Embed) -> Sharp:
        """The sharp faces by the teacher."""
        return Sharp(embed(self.gallery), embed(self.probes))

    def small(self, family: str, size: int, which: str = "probes") -> list[Crop]:
        """The "probes", the "gallery", or the faces for "adapting", made small."""
        made = Degradation(family)
        crops, names = {
            "probes": (self.probes, self.probe_names),
            "gallery": (self.gallery, tuple(f"gallery {n}" for n in range(len(self.gallery)))),
            "adapting": (self.adapting, self.adapting_names),
        }[which]
        return [made.apply(crop, name, size) for crop, name in zip(crops, names, strict=True)]

    def score(
        self, probes: NDArray[np.float32], sharp: Sharp, own_gallery: NDArray[np.float32] | None = None
    ) -> Scores:
        """Score embeddings of the small probes against those of the sharp gallery.

        Args:
            probes: (P, D).
            sharp: by the teacher.
            own_gallery: (G, D) by the model itself, if it does not write into the teacher's space.
        """
        gallery = sharp.gallery if own_gallery is None else own_gallery
        order = np.unique(self.gallery_people)
        closed = identify(
            *(probes, self.probe_people, gallery, self.gallery_people),
            ranks=(1,),
            fars=(self.far,),
            replicates=1,
        )
        # Every second person is a stranger.
        enrolled = np.isin(self.gallery_people, order[::2])
        opened = identify_open(
            *(probes, self.probe_people, gallery[enrolled], self.gallery_people[enrolled]),
            fpirs=(FPIR,),
            replicates=1,
        )
        items = {"rank1": (closed.ranks == 1).astype(np.float64)}
        if own_gallery is None:
            items["cosine"] = (probes.astype(np.float64) * sharp.probes).sum(axis=1)
        (tar,), (tpir,) = closed.tar_at_far.values(), opened.tpir_at_fpir.values()
        return Scores(
            items,
            self.probe_people,
            {"tar": tar, "tpir": tpir, "spearman": relations(probes, sharp.probes)},
        )


def relations(student: NDArray[np.float32], teacher: NDArray[np.float32]) -> float:
    """Spearman's correlation of the pairwise similarities of small faces with those of the sharp ones.

    That is what the relation level aims at, and it needs no common space.
    """
    pairs = np.triu_indices(len(student), 1)
    ours, theirs = ((rows.astype(np.float64) @ rows.T)[pairs] for rows in (student, teacher))
    return float(spearmanr(ours, theirs).statistic)


def pool_set(recipe: Recipe, faces: FaceSet, cache: TeacherCache, teacher: Encoder) -> TestSet:
    """Held-out faces: half of them to adapt to, of the others each is its own and only mate, sharp.

    Of a component of teacher similarity, which may well be one person, one face is searched for.
    """
    parts = split_faces(recipe, faces, cache, teacher.embed, lambda done, total: None)
    held = parts.scored
    rng = np.random.default_rng([recipe.run.seed, 7])
    adapting, others = hold_out(parts.component[held], 0.5, rng)
    scored = others[np.unique(parts.component[held][others], return_index=True)[1]]
    crops = {int(n): faces.crop(int(n)) for n in held}

    def of(places: NDArray[np.int64]) -> tuple[tuple[Crop, ...], tuple[str, ...]]:
        chosen = [int(held[n]) for n in places]
        return tuple(crops[n] for n in chosen), tuple(faces.keys[n] for n in chosen)

    probes, names = of(scored)
    people = held[scored].astype(np.int64)
    return TestSet("pool", probes, people, probes, names, people, *of(adapting), far=1e-3)


def orl_set(faces: SampleFaces, seed: int) -> tuple[TestSet, FaceSet]:
    """People of ORL that nobody learns from, and the faces of the others."""
    parts = split(faces.people, learn=LEARN, gallery=GALLERY, adapt=ADAPT, seed=seed)

    def of(places: NDArray[np.int64]) -> tuple[tuple[Crop, ...], tuple[str, ...]]:
        return tuple(faces.crops[n] for n in places), tuple(faces.names[n] for n in places)

    made = TestSet(
        "orl",
        of(parts.gallery)[0],
        faces.people[parts.gallery],
        *of(parts.probes),
        faces.people[parts.probes],
        *of(parts.adapt),
        far=1e-2,
    )
    return made, faces.face_set(parts.learn)


def orl_faces() -> SampleFaces:
    """ORL, aligned."""
    return align_samples(default_detector(), _ignore)


def _ignore(*_: Any) -> None:
    """No progress: it takes seconds."""
