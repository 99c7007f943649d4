"""The guard: refuses an adaptation that cannot help, and says why."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.adapt.harm import Harm
from fewpix.adapt.people import People
from fewpix.counted import counted
from fewpix.errors import GuardError

MINIMUM_FACES = 32
"""Below this, batch statistics are noise (Schneider et al., NeurIPS 2020, figure 3)."""


def check_faces(faces: NDArray[np.generic], minimum: int = MINIMUM_FACES) -> None:
    """Refuse too few faces, and few faces repeated until they look like many.

    Args:
        faces: (N, ...) one row per face; rows of equal bytes count once.
        minimum: how many different faces it takes.

    Raises:
        GuardError: there are fewer.
    """
    if len(faces) < minimum:
        raise GuardError(
            f"{counted(len(faces), 'face')} {'is' if len(faces) == 1 else 'are'} too few to adapt to, "
            f"at least {minimum} are needed",
            fix="collect more faces of the target, or lower --minimum-faces",
        )
    different = len({hashlib.sha256(np.ascontiguousarray(face).tobytes()).digest() for face in faces})
    if different < minimum:
        raise GuardError(
            f"only {different} of {len(faces)} faces are different pictures, at least {minimum} are needed",
            fix="collect other faces of the target, or lower --minimum-faces",
        )


@dataclass(frozen=True)
class Verdict:
    """What the guard found out about an adaptation before it was allowed.

    Args:
        people: whether all faces are of one person; None for a single face, which cannot be anything else.
        harm: whether the adaptation does harm; None where there are too few faces to tell.
    """

    people: People | None
    harm: Harm | None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it refuses; empty when it does not."""
        found = (self.people.reason if self.people else "", self.harm.reason if self.harm else "")
        return tuple(reason for reason in found if reason)

    def check(self) -> None:
        """Refuse.

        Raises:
            GuardError: there is a reason.
        """
        if self.reasons:
            raise GuardError(
                "; and ".join(self.reasons), fix="collect faces of more people and times, or say --force"
            )

    def to_json(self) -> dict[str, Any]:
        """Both findings."""
        return {
            "people": self.people.to_json() if self.people else None,
            "harm": self.harm.to_json() if self.harm else None,
        }

    def __str__(self) -> str:
        """One line for people."""
        people = f"{100 * self.people.alike:.0f} % of pairs alike" if self.people else "one face only"
        harm = "harm not judged, too few faces"
        if self.harm:
            harm = f"d' {self.harm.before:.2f} to {self.harm.after:.2f} on {self.harm.faces} faces kept out"
        return f"guard: {people}; {harm}"
