"""Who is on each face: by folders and by clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fewpix.data.faces import FaceSet
from fewpix.data.people import by_cluster, by_folder
from fewpix.errors import ConfigError


def faces(*keys: str) -> FaceSet:
    return FaceSet(keys, ("",) * len(keys), tuple(key.encode() for key in keys))


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_a_folder_is_a_person() -> None:
    """The whole folder and not only its name: two sets may each have a person 1."""
    assert by_folder(faces("a/1/x.png", "a/1/y.png", "b/1/x.png", "a/2/x.png")).tolist() == [0, 0, 2, 1]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (("ann/1.png", "2.png"), r"2\.png lies in no folder of a person"),
        (("ann/1.png", "ann/2.png"), r"all faces lie in ann, that is one person"),
    ],
)
def test_folders_that_name_nobody(keys: tuple[str, ...], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        by_folder(faces(*keys))


def test_clusters_are_found() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(6), 30)
    centres = unit(rng.normal(size=(6, 32)))
    embeddings = unit(centres[truth] + 0.05 * rng.normal(size=(180, 32)))
    for seed in range(5):
        labels = by_cluster(embeddings, 6, np.random.default_rng(seed))
        np.testing.assert_array_equal(labels, by_cluster(embeddings, 6, np.random.default_rng(seed)))
        # From random first centres, k-means may join two people and split a third, but mixes nobody.
        assert all(np.bincount(labels[truth == person]).max() >= 10 for person in range(6))
        assert sum(len(np.unique(labels[truth == person])) > 1 for person in range(6)) <= 2


@given(st.integers(2, 20), st.integers(0, 20), st.integers(0, 9))
def test_every_cluster_has_a_face(count: int, more: int, seed: int) -> None:
    """Also where many faces are equal, so that centres fall together."""
    rng = np.random.default_rng(seed)
    different = unit(rng.normal(size=(max(2, count // 2), 4)))
    embeddings = different[rng.integers(len(different), size=count + more)]
    labels = by_cluster(embeddings, count, rng)
    assert sorted(set(labels.tolist())) == list(range(count))
    assert labels.dtype == np.int64


def test_more_clusters_than_faces() -> None:
    with pytest.raises(ConfigError, match=r"data\.clusters is 3, but there are 2 faces"):
        by_cluster(unit(np.eye(2)), 3, np.random.default_rng(0))
