"""Who is on each face: told by folders, or guessed by a teacher.

A student that learns from a teacher needs no labels. Margins between people, and the comparison with a
student that has no teacher, do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewpix.data.faces import FaceSet
from fewpix.errors import ConfigError

UNKNOWN = -1
"""The label of a face whose person nobody named."""

_ROUNDS = 20
_ROWS = 4096


def by_folder(faces: FaceSet) -> NDArray[np.int64]:
    """Labels by the folder that each face lies in: (N,) from 0, in the order of the folders' names.

    Raises:
        ConfigError: a face lies in no folder, or all lie in one.
    """
    folders = [key.rpartition("/")[0] for key in faces.keys]
    if "" in folders:
        raise ConfigError(
            f"data.people: {faces.keys[folders.index('')]} lies in no folder of a person",
            fix='name the folder above the people\'s folders, or set data.people to "unknown"',
        )
    names, labels = np.unique(folders, return_inverse=True)
    if len(names) < 2:
        raise ConfigError(
            f"data.people: all faces lie in {names[0]}, that is one person",
            fix="name the folder above the people's folders",
        )
    return labels.astype(np.int64)


def by_cluster(embeddings: NDArray[np.float32], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Pseudo-labels: `count` clusters by spherical k-means (Dhillon and Modha, Machine Learning 42, 2001).

    A cluster is people who look alike to the teacher, not a person. (Joining all pairs above a similarity
    instead makes one giant cluster of faces that each resemble some other.)

    Args:
        embeddings: (N, D) unit vectors.
        count: K, 2 to N.
        rng: picks the first centres.

    Returns:
        (N,) labels in 0..K − 1; every cluster has a member.

    Raises:
        ConfigError: there are fewer faces than clusters.
    """
    if count > len(embeddings):
        raise ConfigError(f"data.clusters is {count}, but there are {len(embeddings)} faces", fix="lower it")
    centres = embeddings[np.sort(rng.choice(len(embeddings), count, replace=False))]
    labels = np.full(len(embeddings), -1, dtype=np.int64)
    for _ in range(_ROUNDS):
        before = labels
        labels, cosine = _nearest(embeddings, centres)
        # A cluster that lost all its faces begins again with the face that fits its own cluster worst.
        sizes = np.bincount(labels, minlength=count)
        worst = iter(np.argsort(cosine, kind="stable"))
        for empty in np.flatnonzero(sizes == 0):
            face = next(n for n in worst if sizes[labels[n]] > 1)
            sizes[labels[face]] -= 1
            sizes[empty], labels[face] = 1, empty
        if np.array_equal(labels, before):
            break
        sums = np.zeros((count, embeddings.shape[1]), dtype=np.float64)
        np.add.at(sums, labels, embeddings)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres).astype(np.float32)
    return labels


def _nearest(
    embeddings: NDArray[np.float32], centres: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The nearest centre of each face, and the cosine to it."""
    labels, cosines = [], []
    for start in range(0, len(embeddings), _ROWS):
        similarity = embeddings[start : start + _ROWS] @ centres.T
        labels.append(similarity.argmax(axis=1))
        cosines.append(similarity.max(axis=1))
    return np.concatenate(labels).astype(np.int64), np.concatenate(cosines)
