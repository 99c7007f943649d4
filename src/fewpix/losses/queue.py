"""A first-in-first-out queue of teacher embeddings: more faces to compare with than fit into a batch."""

from __future__ import annotations

import torch
from torch import Tensor


class TeacherQueue:
    """The last `size` teacher embeddings with the key of the face each belongs to.

    Args:
        size: capacity; 0 for none.
        dim: D.
    """

    def __init__(self, size: int, dim: int) -> None:
        self.vectors = torch.zeros(size, dim)
        self.keys = torch.full((size,), -1, dtype=torch.int64)
        self.added = 0

    def contents(self) -> tuple[Tensor, Tensor]:
        """(n, D) embeddings and (n,) keys, n up to `size`."""
        filled = min(self.added, len(self.keys))
        return self.vectors[:filled], self.keys[:filled]

    def push(self, vectors: Tensor, keys: Tensor) -> None:
        """Add (B, D) embeddings with (B,) keys; the oldest give way. Of more than `size` the last stay."""
        size = len(self.keys)
        if size == 0:
            return
        skipped = max(0, len(keys) - size)
        count = torch.arange(len(keys) - skipped, device=self.keys.device)
        places = (self.added + skipped + count) % size
        self.vectors[places] = vectors.detach()[skipped:].to(self.vectors)
        self.keys[places] = keys[skipped:]
        self.added += len(keys)


def blocked_candidates(
    teacher: Tensor, keys: Tensor, candidates: Tensor, candidate_keys: Tensor, same: float
) -> Tensor:
    """Which candidates show the anchor's own face and are therefore no negatives.

    Args:
        teacher: (B, D) unit teacher embeddings of the anchors.
        keys: (B,) the face that each anchor belongs to, or the person on it (`losses.sample.people_of`).
        candidates: (C, D) unit teacher embeddings.
        candidate_keys: (C,) likewise of these.
        same: a teacher cosine of at least this counts as the same person; near-duplicates without a label.

    Returns:
        (B, C) bool.
    """
    return (keys[:, None] == candidate_keys[None, :]) | (teacher @ candidates.T >= same)
