"""How many people a gallery holds, and who of them a calibration says nothing about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fewpix.gallery.template import heaviest, weight

if TYPE_CHECKING:
    from fewpix.gallery.store import Gallery


@dataclass(frozen=True)
class Census:
    """Who is enrolled.

    Args:
        photos: how many embeddings each has, by name.
        others: names of those whom another encoder saw, or another state: in their template, or in any of
            their photos, as was asked.
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


def census(gallery: Gallery, encoder_sha256: str, state_id: str, *, templates: bool) -> Census:
    """Count the people of a gallery.

    Args:
        gallery: an open one.
        encoder_sha256: the encoder that is expected to have made every embedding.
        state_id: the FaceBN state likewise; empty for none.
        templates: ask of people's templates only, which are of one encoder's photos; else of every photo.
    """
    expected = (encoder_sha256, state_id)
    makers: dict[str, list[tuple[str, str]]] = {}
    weights: dict[str, list[float]] = {}
    for name, sha256, state, quality in gallery.database.select(
        "SELECT p.name, e.encoder_sha256, e.state_id, f.quality"
        " FROM embeddings e JOIN faces f ON e.face = f.id JOIN people p ON f.person = p.id ORDER BY e.id"
    ):
        makers.setdefault(name, []).append((sha256, state))
        weights.setdefault(name, []).append(weight(quality))

    def other(name: str) -> bool:
        made = makers[name]
        if set(made) == {expected}:
            return False
        return not templates or heaviest(made, weights[name]) != expected

    return Census(
        {name: len(made) for name, made in makers.items()}, frozenset(name for name in makers if other(name))
    )
