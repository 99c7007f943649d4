"""Fusing embeddings: weights by hand, cancelling rows, and one photo that stays what it is."""

from __future__ import annotations

import numpy as np
import pytest

from fewpix.embed.fusion import by_media, by_quality, fuse, heaviest
from fewpix.errors import InputError


def test_weights():
    assert by_quality(None) == 1
    assert by_quality(0.5) == 0.5
    assert by_quality(0.0) == 1e-3
    shares = by_media(np.array([7, 8, 7, 7, 8]), np.array([1, 1, 2, 1, 3]))
    np.testing.assert_array_equal(shares, [0.5, 1, 1, 0.5, 1])


def test_rows_are_averaged_by_weight_and_brought_to_unit_length():
    rows = np.array([[1, 0], [0, 1], [0, 1], [-1, 0], [1, 0]], dtype=np.float32)
    fused = fuse(rows, np.array([0, 2, 3]), np.array([3.0, 4.0, 7.0, 2.0, 2.0]))
    np.testing.assert_allclose(fused.embeddings, [[0.6, 0.8], [0, 1], [-1, 0]], atol=1e-7)
    assert fused.embeddings.dtype == np.float32
    assert fused.cancelled.tolist() == [False, False, True]
    assert fuse(rows[:0], np.empty(0, np.int64), np.empty(0)).embeddings.shape == (0, 2)


def test_rows_may_lie_in_any_order():
    rows = np.array([[0, 1], [1, 0], [0, 1], [1, 0]], dtype=np.float32)
    fused = fuse(rows, np.array([0, 3]), np.array([4.0, 9.0, 4.0, 6.0]), np.array([0, 3, 2, 1]))
    np.testing.assert_allclose(fused.embeddings, [[0.6, 0.8], [1, 0]], atol=1e-7)


def test_what_is_not_finite_is_refused():
    rows = np.array([[1, 0], [0, np.nan], [0, 1]], dtype=np.float32)
    with pytest.raises(InputError, match="embedding 1 is not finite"):
        fuse(rows, np.array([0, 1]), np.ones(3))
    with pytest.raises(InputError, match="embedding 1 is not finite"):
        fuse(rows, np.array([0, 1]), np.ones(3), np.array([2, 0, 1]))


def test_a_template_is_of_the_encoder_whose_photos_count_the_most():
    a, b = ("a" * 64, ""), ("b" * 64, "")
    assert heaviest([a, b, a], [0.4, 0.9, 0.4]) == b
    assert heaviest([a, b, a], [0.5, 0.9, 0.5]) == a
    assert heaviest([b, a], [1.0, 1.0]) == b  # of equals who came first
    rows = np.array([[1, 0], [0, 1], [0, -1]], dtype=np.float32)
    fused = fuse(rows, np.array([0]), np.array([0.0, 2.0, 0.0]))
    np.testing.assert_allclose(fused.embeddings, [[0, 1]])


def test_one_photo_is_its_template_to_the_last_bit():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((500, 128)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    fused = fuse(rows, np.arange(500), rng.random(500) + 0.01, keep_single=True)
    assert fused.embeddings.tobytes() == rows.tobytes()
