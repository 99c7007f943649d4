"""Fusing pictures into templates, against loops over templates and media."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fewpix.embed import fusion
from fewpix.errors import InputError
from fewpix.evaluate.embedding.fuse import fuse

Array = NDArray[Any]


def unit(rows: Array) -> Array:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def slow(x: Array, templates: Array, media: Array | None, quality: Array | None) -> dict[int, Array]:
    """As the definitions read: template by template, medium by medium."""
    found = {}
    q = np.ones(len(x)) if quality is None else quality
    for template in sorted(set(templates.tolist())):
        total = np.zeros(x.shape[1])
        inside = [i for i in range(len(x)) if templates[i] == template]
        if media is not None:
            for medium in sorted({int(media[i]) for i in inside}):
                shared = [i for i in inside if media[i] == medium]
                total += sum(q[i] * x[i].astype(float) for i in shared) / len(shared)
        for i in inside if media is None else []:
            total += q[i] * x[i].astype(float)
        found[template] = total / np.sqrt((total**2).sum())
    return found


@given(
    rows=st.lists(st.tuples(st.integers(-2, 4), st.integers(0, 3)), min_size=1, max_size=30),
    by_media=st.booleans(),
    weighted=st.booleans(),
    seed=st.integers(0, 10_000),
    block=st.sampled_from([1, 7, 40, 4_000_000]),
)
def test_every_fusion_equals_its_definition(
    rows: list[tuple[int, int]], by_media: bool, weighted: bool, seed: int, block: int
) -> None:
    rng = np.random.default_rng(seed)
    templates, shared = (np.array(column) for column in zip(*rows, strict=True))
    media = shared if by_media else None
    x = unit(rng.normal(size=(len(rows), 5)))
    quality = rng.uniform(0.1, 2, len(rows)) if weighted else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fusion, "_BLOCK", block)
        ids, found = fuse(x, templates, media, quality)
    expected = slow(x, templates, media, quality)
    assert ids.tolist() == sorted(expected)
    np.testing.assert_allclose(found, np.stack(list(expected.values())), atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_a_long_video_counts_as_much_as_a_picture() -> None:
    """By hand: three frames of one video along x, one picture along y."""
    x = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]], dtype=np.float32)
    templates, media = np.array([7, 7, 7, 7]), np.array([1, 1, 1, 2])
    half = np.sqrt(0.5)
    np.testing.assert_allclose(fuse(x, templates, media)[1], [[half, half]], atol=1e-7)
    mean = fuse(x, templates)[1]
    np.testing.assert_allclose(mean, [[3 / np.sqrt(10), 1 / np.sqrt(10)]], atol=1e-7)
    quality = fuse(x, templates, quality=np.array([1, 0, 0, 1.0]))[1]
    np.testing.assert_allclose(quality, [[half, half]], atol=1e-7)
    scored = fuse(x, templates, media, np.array([0, 0, 1.5, 1.0]))[1]
    np.testing.assert_allclose(scored, [[1 / np.sqrt(5), 2 / np.sqrt(5)]], atol=1e-7)


def test_one_medium_in_two_templates_is_counted_in_each() -> None:
    x = np.array([[1.0, 0], [0, 1], [0, 1]], dtype=np.float32)
    _, found = fuse(x, np.array([1, 2, 2]), np.array([5, 5, 6]))
    np.testing.assert_allclose(found, [[1, 0], [0, 1]], atol=1e-7)


def test_the_order_of_rows_and_the_size_of_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    x = unit(rng.normal(size=(500, 8)))
    templates, media = rng.integers(0, 60, 500) * 3, rng.integers(0, 4, 500)
    _, whole = fuse(x, templates, media)
    shuffled = rng.permutation(500)
    _, other = fuse(x[shuffled], templates[shuffled], media[shuffled])
    np.testing.assert_allclose(other, whole, atol=1e-6)
    monkeypatch.setattr(fusion, "_BLOCK", 80)
    assert (fuse(x, templates, media)[1] == whole).all()
    # half precision goes in, and nothing is written to
    half = x.astype(np.float16)
    half.setflags(write=False)
    assert fuse(half, templates, media)[1].dtype == np.float32


def test_templates_come_in_the_order_of_their_ids() -> None:
    ids, fused = fuse(np.eye(3, dtype=np.float32), np.array([9, 2, 5]), np.zeros(3, dtype=np.int64))
    assert ids.tolist() == [2, 5, 9]
    np.testing.assert_array_equal(fused, np.eye(3, dtype=np.float32)[[1, 2, 0]])


def test_names_do_as_well_as_numbers() -> None:
    """As of a gallery with one row a person, the mean of their rows."""
    rows = np.array([(1.0, 0.0), (0.0, 1.0), (0.6, 0.8), (0.0, 1.0)])
    people, means = fuse(rows, np.array(["b", "b", "a", "b"]))
    assert people.tolist() == ["a", "b"]
    assert means.dtype == np.float32
    np.testing.assert_allclose(means, [(0.6, 0.8), (1 / np.sqrt(5), 2 / np.sqrt(5))], rtol=1e-6)
    with pytest.raises(InputError, match="template ann add up to nothing"):
        fuse(np.array([(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0)]), np.array(["ann", "ann", "bob"]))


def test_what_cannot_be_fused_is_refused() -> None:
    x = unit(np.ones((3, 2)))
    ids, q = np.array([1, 1, 2]), np.ones(3)
    with pytest.raises(InputError, match="do not fit"):
        fuse(x, ids[:2], ids)
    with pytest.raises(InputError, match="do not fit"):
        fuse(x[:0], ids[:0], ids[:0])
    with pytest.raises(InputError, match="do not fit"):
        fuse(x, ids, ids, quality=q[:2])
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="quality of picture 1"):
            fuse(x, ids, ids, quality=np.array([1, bad, 1]))
    with pytest.raises(InputError, match="embedding 2 is not finite"):
        fuse(np.array([[1, 1], [1, 1], [1, np.nan]]), ids, ids)
    with pytest.raises(InputError, match="template 1 add up to nothing"):
        fuse(np.array([[1.0, 0], [-1, 0], [1, 1]]), ids, ids)
    with pytest.raises(InputError, match="template 2 add up to nothing"):
        fuse(x, ids, ids, quality=np.array([1.0, 1, 0]))
