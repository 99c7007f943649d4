"""The faces of a run with what is known of them: held-out ones, views to learn from, keys, labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.data.cache import Embed, TeacherCache
from fewpix.data.faces import FaceSet
from fewpix.data.people import UNKNOWN, by_cluster, by_folder
from fewpix.data.split import components, hold_out
from fewpix.data.views import Views, make_views
from fewpix.errors import ConfigError
from fewpix.train.heldout import MAX_FACES
from fewpix.train.recipe import Recipe

_SPLIT, _VIEWS, _PEOPLE = 0, 1, 3  # name the random streams of the data; 2 is the start's


@dataclass(frozen=True)
class Material:
    """What a run learns from and is scored on.

    Args:
        views: to learn from.
        teacher: (M, D) unit embeddings of the views.
        keys: (M,) the face that each view shows; a mixed face has a key of its own.
        labels: (M,) the person in each view from 0, or −1 where unknown; None where `data.people` names none.
        held_out: (H,) indices of the faces that are scored.
        held_teacher: (H, D) unit embeddings of these.
    """

    views: Views
    teacher: NDArray[np.float32]
    keys: NDArray[np.int64]
    labels: NDArray[np.int64] | None
    held_out: NDArray[np.int64]
    held_teacher: NDArray[np.float32]


@dataclass(frozen=True)
class Split:
    """Faces to learn from and faces kept out, by connected components of teacher similarity.

    Args:
        members: (n,) indices of the faces to learn from.
        scored: (h,) indices of the held-out faces of `holdout_sources`.
        teacher: (N, D) unit embeddings of all faces.
        component: (N,) the component of each face.
    """

    members: NDArray[np.int64]
    scored: NDArray[np.int64]
    teacher: NDArray[np.float32]
    component: NDArray[np.int64]


def split_faces(
    recipe: Recipe,
    faces: FaceSet,
    store: TeacherCache,
    embed: Embed,
    on_progress: Callable[[int, int], None],
) -> Split:
    """The split that a recipe stands for. Arguments and errors as `prepare`."""
    data = recipe.data
    teacher = _plain(faces, store, embed, on_progress)
    component = components(teacher, data.component_similarity)
    members, held = hold_out(component, data.holdout, np.random.default_rng([recipe.split, _SPLIT]))
    scored = [n for n in held if not data.holdout_sources or faces.sources[n] in data.holdout_sources]
    return Split(members, np.array(scored, dtype=np.int64), teacher, component)


def count_people(recipe: Recipe, faces: FaceSet) -> int:
    """How many people the labels name, those held out included; 0 without labels.

    Raises:
        ConfigError: the labels that the recipe asks for cannot be had.
    """
    data = recipe.data
    if data.people == "folders":
        return int(by_folder(faces).max()) + 1
    if data.people == "clusters":
        drawn = sum(data.weights.get(source, 1.0) > 0 for source in faces.sources)
        if data.clusters > drawn:
            raise ConfigError(
                f"data.clusters is {data.clusters}, but there are {drawn} faces", fix="lower it"
            )
        return data.clusters
    return 0


def _plain(
    faces: FaceSet, store: TeacherCache, embed: Embed, on_progress: Callable[[int, int], None]
) -> NDArray[np.float32]:
    """(N, D) the teacher's embeddings of all faces as they are."""
    views = make_views(faces, np.arange(len(faces)), {}, flip=False, rng=np.random.default_rng(0))
    return store.embeddings(views.keys, views.render, embed, on_progress)


def prepare(
    recipe: Recipe,
    faces: FaceSet,
    store: TeacherCache,
    embed: Embed,
    on_progress: Callable[[int, int], None],
) -> Material:
    """Split the faces, make the views, and ask the teacher once about each.

    Args:
        recipe: its `data` and its seed.
        faces: all of them.
        store: where the teacher's embeddings are kept.
        embed: the teacher.
        on_progress: called with (pictures done, pictures in all), for the split and then for the views.

    Raises:
        ConfigError: the faces do not fit the recipe.
        InputError: a picture is unreadable or not square.
        StorageError: the cache cannot be written.
    """
    data = recipe.data
    members, plain = np.arange(len(faces)), None
    held = np.zeros(0, dtype=np.int64)
    held_teacher = np.zeros((0, store.dim), dtype=np.float32)
    if data.holdout:
        parts = split_faces(recipe, faces, store, embed, on_progress)
        members, held, plain = parts.members, parts.scored[:MAX_FACES], parts.teacher
        held_teacher = parts.teacher[held]
    views = make_views(
        faces,
        members,
        data.weights,
        flip=data.flip,
        mixes=data.mixes,
        mix_weight=data.mix_weight,
        chips=data.chips,
        varied=data.varied,
        warp=data.warp,
        colour=data.colour,
        rng=np.random.default_rng([recipe.run.seed, _VIEWS]),
    )
    teacher = store.embeddings(views.keys, views.render, embed, on_progress)
    # A mixed or varied face is nobody's: it gets a key of its own.
    keys = np.array(
        [len(faces) + n if view.nobody else view.first for n, view in enumerate(views.items)],
        dtype=np.int64,
    )
    labels: NDArray[np.int64] | None = None
    if data.people != "unknown":
        alone = np.unique([view.first for view in views.items if not view.nobody]).astype(np.int64)
        people = np.full(len(faces), UNKNOWN, dtype=np.int64)
        if data.people == "folders":
            people[alone] = by_folder(faces)[alone]
        else:
            seen = _plain(faces, store, embed, on_progress) if plain is None else plain
            rng = np.random.default_rng([recipe.run.seed, _PEOPLE])
            people[alone] = by_cluster(seen[alone], data.clusters, rng)
        labels = np.array([UNKNOWN if view.nobody else people[view.first] for view in views.items])
    return Material(views, teacher, keys, labels, held, held_teacher)
