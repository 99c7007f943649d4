"""The faces of a run with what the teacher says of them: held-out ones, views to learn from, their keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewpix.data.cache import Embed, TeacherCache
from fewpix.data.faces import FaceSet
from fewpix.data.split import components, hold_out
from fewpix.data.views import Views, make_views
from fewpix.train.heldout import MAX_FACES
from fewpix.train.recipe import Recipe

_SPLIT, _VIEWS = 0, 1  # name the random streams of the data


@dataclass(frozen=True)
class Material:
    """What a run learns from and is scored on.

    Args:
        views: to learn from.
        teacher: (M, D) unit embeddings of the views.
        keys: (M,) the face that each view shows; a mixed face has a key of its own.
        held_out: (H,) indices of the faces that are scored.
        held_teacher: (H, D) unit embeddings of these.
    """

    views: Views
    teacher: NDArray[np.float32]
    keys: NDArray[np.int64]
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
    """The split that a recipe and its seed stand for. Arguments and errors as `prepare`."""
    data, seed = recipe.data, recipe.run.seed
    plain = make_views(
        faces, np.arange(len(faces)), {}, flip=False, rng=np.random.default_rng([seed, _VIEWS])
    )
    teacher = store.embeddings(plain.keys, plain.render, embed, on_progress)
    component = components(teacher, data.component_similarity)
    members, held = hold_out(component, data.holdout, np.random.default_rng([seed, _SPLIT]))
    scored = [n for n in held if not data.holdout_sources or faces.sources[n] in data.holdout_sources]
    return Split(members, np.array(scored, dtype=np.int64), teacher, component)


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
    members = np.arange(len(faces))
    held = np.zeros(0, dtype=np.int64)
    held_teacher = np.zeros((0, store.dim), dtype=np.float32)
    if data.holdout:
        parts = split_faces(recipe, faces, store, embed, on_progress)
        members, held = parts.members, parts.scored[:MAX_FACES]
        held_teacher = parts.teacher[held]
    views = make_views(
        faces,
        members,
        data.weights,
        flip=data.flip,
        mixes=data.mixes,
        mix_weight=data.mix_weight,
        chips=data.chips,
        rng=np.random.default_rng([recipe.run.seed, _VIEWS]),
    )
    teacher = store.embeddings(views.keys, views.render, embed, on_progress)
    # A mixed face is nobody's: it gets a key of its own.
    keys = np.array(
        [view.first if view.second < 0 else len(faces) + n for n, view in enumerate(views.items)],
        dtype=np.int64,
    )
    return Material(views, teacher, keys, held, held_teacher)
