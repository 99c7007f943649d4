"""What new photos are compared with: a gallery that is read once, and again only when others changed it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fewpix.gallery import Gallery
from fewpix.gallery.photos import Photos
from fewpix.identify.resemblance import Resemblance
from gallery_stores import PROVENANCE, SPACE, unit


def face(seed: int) -> Any:
    return SimpleNamespace(embedding=unit(seed), encoder_sha256="e" * 64, state_id="", routed_pixels=60.0)


def add(gallery: Gallery, resemblance: Resemblance, name: str, seed: int) -> tuple[str, ...]:
    found = resemblance.doubts(face(seed), name)
    added = gallery.add(name, unit(seed), **PROVENANCE)
    resemblance.add(face(seed), name, new=added.new)
    return found


def test_a_gallery_is_read_again_only_when_others_changed_it(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = Photos.read

    def counted(gallery: Gallery) -> Photos:
        reads.append(gallery)
        return read(gallery)

    monkeypatch.setattr(Photos, "read", counted)
    with Gallery.open(location, SPACE) as gallery, Gallery.open(location, SPACE) as other:
        known = Resemblance(gallery)
        for n in range(3):
            known.refresh()
            assert add(gallery, known, f"p{n}", n) == ()
        known.refresh()
        assert add(gallery, known, "p0", 0) == ()  # it is there already
        known.refresh()
        assert add(gallery, known, "q", 1) == ("the face is the same photograph as one of p1 (cosine 1.000)",)
        assert len(reads) == 1
        other.add("Ana", unit(9), **PROVENANCE)
        known.refresh()
        assert len(reads) == 2
        assert add(gallery, known, "Bo", 9) == (
            "the face is the same photograph as one of Ana (cosine 1.000)",
        )
        other.add("Cy", unit(10), **PROVENANCE)
        add(gallery, known, "Di", 11)  # after a change that was not seen
        known.refresh()
        assert len(reads) == 3
        assert add(gallery, known, "Ed", 10) == (
            "the face is the same photograph as one of Cy (cosine 1.000)",
        )
        gallery.add("Flo", unit(12), **PROVENANCE)  # past the comparison
        known.refresh()
        assert len(reads) == 4
