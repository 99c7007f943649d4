"""How many people a gallery holds, and who of them a calibration says nothing about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fewpix.gallery.store import Gallery


@dataclass(frozen=True)
class Census:
    """Who is enrolled.

    Args:
        people: how many.
        rows: how many embeddings of their photos.
        others: names of those with an embedding that another encoder made, or another state.
    """

    people: int
    rows: int
    others: frozenset[str]


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
    return Census(len(rows), sum(row[1] for row in rows), frozenset(row[0] for row in rows if row[2]))
