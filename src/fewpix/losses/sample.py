"""What the terms of the objective see of one training step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fewpix.errors import ConfigError


@dataclass(frozen=True)
class Sample:
    """What a term sees of one step.

    Args:
        student: (B, D) unit embeddings of the degraded faces, with gradient.
        teacher: (B, D) unit embeddings of their sharp originals.
        candidates: (B + K, D) the batch's teacher embeddings, then those of the queue.
        blocked: (B, B + K) bool, True where a candidate shows the anchor's own face.
        keys: (B,) int64, the face that each belongs to; two views of one face share it.
        norms: (B,) lengths of the student's embeddings before they were made unit vectors; no gradient.
        same: a teacher cosine of at least this counts as the same person.
        labels: (B,) int64, the person on each face from 0, or -1 where unknown; None when no face has one.
    """

    student: Tensor
    teacher: Tensor
    candidates: Tensor
    blocked: Tensor
    keys: Tensor
    norms: Tensor
    same: float
    labels: Tensor | None = None

    @property
    def people(self) -> Tensor:
        """(B,) who is on each face, as far as it is known; see `people_of`."""
        return people_of(self.keys, self.labels)

    def labels_for(self, term: str) -> Tensor:
        """The labels.

        Raises:
            ConfigError: there are none; `term` names who needs them.
        """
        if self.labels is None:
            raise unlabelled(term)
        return self.labels


def unlabelled(term: str) -> ConfigError:
    """The error of a term that needs labels, when the faces have none."""
    return ConfigError(
        f"objective.{term} needs faces with labels, and these have none",
        fix="take a term without labels, such as infonce",
    )


def people_of(keys: Tensor, labels: Tensor | None) -> Tensor:
    """Numbers that are equal where the person is known to be: by label, else by face.

    Args:
        keys: (B,) int64 >= 0, the face that each belongs to.
        labels: (B,) int64, the person from 0 or -1 where unknown; None for none at all.

    Returns:
        (B,) int64: the keys when there are no labels; otherwise the label, or a number below -1 made of the
        key where the label is unknown, so that faces and people are never mistaken for one another.

    Example:
        >>> people_of(torch.tensor([4, 5, 6]), torch.tensor([0, 0, -1])).tolist()
        [0, 0, -8]
    """
    if labels is None:
        return keys
    return torch.where(labels >= 0, labels, -2 - keys)
