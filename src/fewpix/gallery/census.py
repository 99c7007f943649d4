"""How many people a gallery holds, and who of them a calibration says nothing about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fewpix.gallery.store import Gallery


@dataclass(frozen=True)
class Census:
    """Who is enrolled.

    Args:
        photos: how many embeddings each has, by name.
        others: names of those with an embedding that another encoder made, or another state.
    """

    photos: Mapping[str, int]
    others: frozenset[str]

    @property
    def people(self) -> int:
        """How many."""
        return len(self.photos)

    @property
    def rows(self) -> int:
        """How many embeddings of their photos."""
        return sum(self.photos.values())


def census(gallery: Gallery, encoder_sha256: str, state_id: str) -> Census:
    """Count the people of a gallery.

    Args:
        gallery: an open one.
        encoder_sha256: the encoder that is expected to have made every embedding.
        state_id: the FaceBN state likewise; empty for none.
    """
    rows = list(
        gallery.database.select(
            "SELECT p.name, count(*),"
            " sum(CASE WHEN e.encoder_sha256 = ? AND e.state_id = ? THEN 0 ELSE 1 END)"
            " FROM embeddings e JOIN faces f ON e.face = f.id JOIN people p ON f.person = p.id"
            " GROUP BY p.name",
            encoder_sha256,
            state_id,
        )
    )
    return Census({row[0]: int(row[1]) for row in rows}, frozenset(row[0] for row in rows if row[2]))
