"""How many people a gallery holds, and who of them a calibration says nothing about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fewpix.embed.fusion import by_quality, heaviest
from fewpix.gallery.matched import Match

if TYPE_CHECKING:
    from fewpix.gallery.store import Gallery


@dataclass(frozen=True)
class Census:
    """Who is enrolled.

    Args:
        photos: how many embeddings each has, by name.
        others: names of those whom another encoder saw, or another state: in their template, or in any of
            their photos, as was asked.
        unmatched: names of those of whom a photo that counts has no row of the small size that was asked for.
    """

    photos: Mapping[str, int]
    others: frozenset[str]
    unmatched: frozenset[str] = frozenset()

    @property
    def people(self) -> int:
        """How many."""
        return len(self.photos)

    @property
    def rows(self) -> int:
        """How many embeddings of their photos."""
        return sum(self.photos.values())


def census(
    gallery: Gallery,
    encoder_sha256: str,
    state_id: str,
    *,
    templates: bool,
    match: Match | None = None,
) -> Census:
    """Count the people of a gallery.

    Args:
        gallery: an open one.
        encoder_sha256: the encoder that is expected to have made every embedding.
        state_id: the FaceBN state likewise; empty for none.
        templates: ask of people's templates only, which are of one encoder's photos; else of every photo.
        match: the small size that photos are mixed with; None for sharp photos alone.
    """
    expected = (encoder_sha256, state_id)
    makers: dict[str, list[tuple[str, str]]] = {}
    weights: dict[str, list[float]] = {}
    shrunk = _shrunk(gallery, match)
    unmatched = set()
    for name, face, sha256, state, quality in gallery.database.select(
        "SELECT p.name, f.id, e.encoder_sha256, e.state_id, f.quality"
        " FROM embeddings e JOIN faces f ON e.face = f.id JOIN people p ON f.person = p.id ORDER BY e.id"
    ):
        makers.setdefault(name, []).append((sha256, state))
        weights.setdefault(name, []).append(by_quality(quality))
        if match is not None and face not in shrunk and (sha256, state) == expected:
            unmatched.add(name)

    def other(name: str) -> bool:
        made = makers[name]
        if set(made) == {expected}:
            return False
        return not templates or heaviest(made, weights[name]) != expected

    return Census(
        {name: len(made) for name, made in makers.items()},
        frozenset(name for name in makers if other(name)),
        frozenset(unmatched),
    )


def _shrunk(gallery: Gallery, match: Match | None) -> frozenset[int]:
    """Photos that have a row of this small size."""
    if match is None or not gallery.database.keeps_matched():
        return frozenset()
    return frozenset(
        int(face)
        for (face,) in gallery.database.select(
            "SELECT face FROM matched WHERE encoder_sha256 = ? AND pixels = ?",
            *(match.encoder_sha256, match.pixels),
        )
    )
