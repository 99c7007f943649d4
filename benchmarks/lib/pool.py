"""What benchmarks about a student's training share: the faces it was trained on, and how they were split."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.config import cache_dir
from fewpix.data.cache import TeacherCache
from fewpix.data.faces import FaceSet, load_faces
from fewpix.embed.open import STUDENTS, open_encoder
from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, InputError
from fewpix.files import atomic
from fewpix.image.resize import Crop
from fewpix.models.card import Card
from fewpix.train.material import split_faces
from fewpix.train.recipe import Recipe, load_recipe

SPLIT = Path(__file__).resolve().parents[2] / "recipes" / "fewpix-s-photo.toml"
"""The recipe whose split holds out faces that nobody was trained on."""

SAME_PEOPLE = {"celebt": "celeba"}
"""Sources whose people are also those of another one: who was trained on that has seen them, too."""


@dataclass(frozen=True)
class TrainingPool:
    """The faces that a student was trained on, and how.

    Args:
        recipe: of its training.
        faces: the pool.
        teacher: asked about faces that the cache does not know.
        cache: of its embeddings.
    """

    recipe: Recipe
    faces: FaceSet
    teacher: Encoder
    cache: TeacherCache


def training_pool(card: Card, shards: Sequence[Path], teacher: Encoder) -> TrainingPool:
    """The pool of a student with this card.

    Raises:
        InputError: the shards are not those that the student was trained on.
    """
    recipe = Recipe.model_validate(card.provenance["recipe"], strict=False)
    return pool_of(recipe, card.provenance["faces_sha256"], shards, teacher)


def pool_of(recipe: Recipe, faces_sha256: str, shards: Sequence[Path], teacher: Encoder) -> TrainingPool:
    """The pool of a run with this recipe on faces with this hash.

    Raises:
        InputError: the shards are not those faces.
    """
    faces = load_faces(shards).of_sources(recipe.data.sources)
    if faces.sha256 != faces_sha256:
        raise InputError("these are not the faces that the student was trained on", fix="name all its shards")
    cache = TeacherCache(cache_dir() / "teacher.db", teacher.card.sha256, teacher.card.space.dim)
    return TrainingPool(recipe, faces, teacher, cache)


@dataclass(frozen=True)
class HeldOutFaces:
    """Faces of the training pool that the student never saw.

    Args:
        faces: the pool.
        scored: (H,) indices of the held-out faces.
        teacher: (H, D) unit embeddings of them, sharp.
        component: (H,) the connected component of teacher similarity of each.
    """

    faces: FaceSet
    scored: NDArray[np.int64]
    teacher: NDArray[np.float32]
    component: NDArray[np.int64]

    def some(self, count: int, seed: int) -> NDArray[np.int64]:
        """(N,) rows of the held-out faces, rising: so many of them drawn by the seed, or all."""
        return np.sort(np.random.default_rng(seed).permutation(len(self.scored))[:count])

    def without(self, sources: Collection[str]) -> HeldOutFaces:
        """Those that are not of these sources."""
        return self.only(
            np.flatnonzero([self.faces.sources[n] not in sources for n in self.scored]).astype(np.int64)
        )

    def only(self, rows: NDArray[np.int64]) -> HeldOutFaces:
        """Those in these rows."""
        return replace(
            self, scored=self.scored[rows], teacher=self.teacher[rows], component=self.component[rows]
        )

    def crops(self, rows: NDArray[np.int64]) -> list[Crop]:
        """The faces in these rows."""
        return [self.faces.crop(int(self.scored[n])) for n in rows]

    def matched(
        self, made: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How embeddings (N, D) of the faces in these rows fare among the sharp ones.

        Returns:
            (N,) cosine with the face's own sharp embedding, and whether that is the most similar one, 0 or 1.
        """
        similar = (made @ self.teacher.T).astype(np.float64)
        return similar[np.arange(len(rows)), rows], (similar.argmax(axis=1) == rows).astype(np.float64)


def held_out(pool: TrainingPool) -> HeldOutFaces:
    """By the split that the student was trained with.

    Which faces are joined takes a minute to find out, so the split is kept beside the teacher's embeddings.
    """
    kept = pool.cache.path.parent / f"held-out-{_digest(pool)}.npz"
    if not kept.exists():
        parts = split_faces(pool.recipe, pool.faces, pool.cache, pool.teacher.embed, lambda done, total: None)
        held = parts.scored
        with atomic(kept) as part, part.open("wb") as file:
            np.savez(file, scored=held, teacher=parts.teacher[held], component=parts.component[held])
    with np.load(kept, allow_pickle=False) as split:
        return HeldOutFaces(pool.faces, split["scored"], split["teacher"], split["component"])


def _digest(pool: TrainingPool) -> str:
    """Names all that a split depends on."""
    facts = [
        pool.recipe.data.model_dump(mode="json"),
        pool.recipe.split,
        pool.faces.sha256,
        pool.cache.model,
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def held_out_from_all(cards: Sequence[Card], shards: Sequence[Path], teacher: Encoder) -> HeldOutFaces:
    """The faces that none of several students ever saw.

    Of the faces that a student was trained on, those that it held out. Of other faces, the part that `SPLIT`
    holds out, of sources which no student's recipe names, nor a source of the same people.

    Raises:
        ConfigError: two students were trained on these faces, and held out others.
        InputError: there is no such face, or the recipe of a student that was trained on other faces does not
            say of which sources these were.
    """
    faces = load_faces(shards)
    recipes = [Recipe.model_validate(card.provenance["recipe"], strict=False) for card in cards]
    is_own = [card.provenance["faces_sha256"] == faces.sha256 for card in cards]
    own = [recipe for recipe, here in zip(recipes, is_own, strict=True) if here]
    others = [sources_of(recipe) for recipe, here in zip(recipes, is_own, strict=True) if not here]
    if not all(others):
        raise InputError("these are not the faces that the student was trained on", fix="name all its shards")
    parts = [held_out(pool_of(recipe, faces.sha256, shards, teacher)) for recipe in own or [_split()]]
    if any(not np.array_equal(part.scored, parts[0].scored) for part in parts):
        raise ConfigError("the students were not shown the same faces", fix="measure them one by one")
    seen = set[str]().union(*others)
    seen |= {source for source, same in SAME_PEOPLE.items() if same in seen}
    kept = parts[0].without(seen)
    if not len(kept.scored):
        raise InputError(
            f"the students were trained on faces of {', '.join(sorted(seen))}, and there are no others",
            fix="name shards with other sources",
        )
    return kept


def _split() -> Recipe:
    """`SPLIT` for faces of any source."""
    recipe = load_recipe(SPLIT)
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"holdout_sources": ()})})


def never_seen(card: Card, shards: Sequence[Path], teacher: Encoder) -> HeldOutFaces:
    """All faces that one student never saw: of those it was trained on, what it held out; of other faces, all
    of sources that its recipe does not name.

    Raises:
        InputError: the recipe of a student that was trained on other faces does not say of which sources
            these were.
    """
    faces = load_faces(shards)
    recipe = Recipe.model_validate(card.provenance["recipe"], strict=False)
    if card.provenance["faces_sha256"] == faces.sha256:
        return held_out(pool_of(recipe, faces.sha256, shards, teacher))
    seen = sources_of(recipe)
    if not seen:
        raise InputError("these are not the faces that the student was trained on", fix="name all its shards")
    pool = pool_of(load_recipe(SPLIT), faces.sha256, shards, teacher)
    parts = split_faces(pool.recipe, pool.faces, pool.cache, teacher.embed, lambda done, total: None)
    return HeldOutFaces(pool.faces, np.arange(len(faces)), parts.teacher, parts.component).without(seen)


def held_out_here(
    cards: Sequence[Card], faces: FaceSet, shards: Sequence[Path], teacher: Encoder
) -> NDArray[np.int64]:
    """(H,) the faces that each student which was trained on these held out; none where no student was."""
    parts = [
        held_out(pool_of(recipe, faces.sha256, shards, teacher)).scored
        for recipe in (
            Recipe.model_validate(card.provenance["recipe"], strict=False)
            for card in cards
            if card.provenance["faces_sha256"] == faces.sha256
        )
    ]
    return reduce(np.intersect1d, parts) if parts else np.empty(0, dtype=np.int64)


def student_cards() -> list[Card]:
    """Of the students that `auto` chooses from."""
    return [open_encoder(name).card for name in ("fewpix-s", "fewpix-l")]


def sources_of(recipe: Recipe) -> set[str]:
    """The sources that a recipe names."""
    data = recipe.data
    return {*data.weights, *data.chips, *data.sources, *data.holdout_sources}


def held_out_from_shipped(
    shards: Sequence[Path], runtime: str, threads: int = 0
) -> tuple[dict[str, Encoder], HeldOutFaces]:
    """The students of the package and their teacher, by name, and the faces that no student ever saw.

    Raises:
        ConfigError: the students were not shown the same faces.
        InputError: the shards are not those that they were trained on.
    """
    encoders = {name: open_encoder(name, runtime=runtime, threads=threads) for name in (*STUDENTS, "teacher")}
    cards = [encoders[name].card for name in STUDENTS]
    return encoders, held_out_from_all(cards, shards, encoders["teacher"])
