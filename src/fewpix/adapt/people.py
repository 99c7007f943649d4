"""Are all faces of one person? Judged by how similar the student, as it is, finds them to each other.

One person's faces would teach the statistics that person's look instead of the place's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import ConfigError

SAME = 0.2
"""Cosine of the student's embeddings from which on a pair counts as alike, at any size of face.

`results/facebn/guard.json`, of benchmarks/facebn/guard.py, says how often that errs with `fewpix-s`. It holds
for students whose head centres the space, so that two people are at a cosine of about 0, as distillation
leaves them; not for random weights.
"""

SHARE = 0.75
"""When so many of the pairs are alike, it is one person; of two people in equal parts, half would be."""

MAX_FACES = 512
"""More faces than these say nothing new; every k-th of them is looked at."""


@dataclass(frozen=True)
class People:
    """What the pairs of faces say.

    Args:
        faces: how many were compared with each other.
        alike: the share of pairs that are alike, 0 to 1.
        same: the cosine from which on they are.
    """

    faces: int
    alike: float
    same: float

    @property
    def one(self) -> bool:
        """Whether it looks like one person."""
        return self.alike >= SHARE

    @property
    def reason(self) -> str:
        """Why the guard refuses; empty when it does not."""
        if not self.one:
            return ""
        return (
            f"the faces seem to be of one person, or the student cannot tell them apart "
            f"({100 * self.alike:.0f} % of their pairs have a cosine of {self.same} or more)"
        )

    def to_json(self) -> dict[str, Any]:
        """The fields, and the verdict."""
        return {"faces": self.faces, "alike": self.alike, "same": self.same, "one": self.one}


def judge_people(embeddings: NDArray[np.floating], same: float = SAME) -> People:
    """Compare all faces with each other.

    Args:
        embeddings: (N, D) unit rows under the student's own statistics, N at least 2.
        same: the cosine from which on a pair counts as alike.

    Raises:
        ConfigError: fewer than two faces.
    """
    if len(embeddings) < 2:
        raise ConfigError(f"it takes two faces to compare, not {len(embeddings)}")
    step = -(-len(embeddings) // MAX_FACES)
    looked = np.asarray(embeddings[::step], dtype=np.float64)
    pairs = (looked @ looked.T)[np.triu_indices(len(looked), 1)]
    return People(len(looked), float((pairs >= same).mean()), same)
