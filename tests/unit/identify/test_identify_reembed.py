"""Galleries change their model: from kept originals, with the same result as enrolling the photos anew."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fewpix.embed.router import Router
from fewpix.errors import InputError
from fewpix.gallery import Gallery
from fewpix.gallery.history import history
from fewpix.identify import enrol_photo
from fewpix.identify.faces import align_faces
from fewpix.identify.original import align_original, keep_original
from fewpix.identify.reembed import reembed
from fewpix.image.codec import Image, decode_image
from fewpix.models.space import Space
from places_made import SPACE, KnownPlaces, MeanColor, Place

OTHER = Space("b" * 64, 3)


class Corner(MeanColor):
    """Another model of another space: looks at the upper half of a crop only."""

    def __init__(self, side: int, space: Space = OTHER) -> None:
        super().__init__(side, f"corner {side}")
        self.card = dataclasses.replace(self.card, space=space)
        self.state_id = ""

    def embed(self, crops):
        return super().embed([crop[: crop.shape[0] // 2] for crop in crops])


def photo(seed: int, height: int = 150, width: int = 210) -> Image:
    """Smooth, as photographs are."""
    small = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    import cv2

    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


PLACES = {
    "Ana": Place((30, 20), 90.0, 0.8),
    "Bo": Place((120.5, 70.25), 24.0, 0.6),
    "Cy": Place((-8, -5), 60.0, 0.9),
}


def enrol(gallery: Gallery, encoder: MeanColor, keep: bool = True) -> None:
    for n, (name, place) in enumerate(PLACES.items()):
        enrol_photo(
            photo(n),
            name,
            f"{name}.jpg",
            detector=KnownPlaces(place),
            encoder=encoder,
            gallery=gallery,
            keep=keep,
            accept_poor=True,  # a picture of noise is no face
        )  # type: ignore[arg-type]
    crop = np.ascontiguousarray(photo(9)[:40, :40])
    enrol_photo(
        crop, "Di", "di.png", detector=None, encoder=encoder, gallery=gallery, keep=keep, accept_poor=True
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("side", [8, 24, 112])
@pytest.mark.parametrize("place", PLACES.values())
def test_an_original_gives_the_crop_that_the_photo_gave(place: Place, side: int):
    image, encoder = photo(0), MeanColor(side)
    (face,) = align_faces(image, [place], encoder)  # type: ignore[list-item]
    original = keep_original(image, face)
    kept = decode_image(original.png, "kept")
    again, _ = align_original(original, encoder, pixels=place.pixels, origin="kept")  # type: ignore[arg-type]
    assert again.crop.shape == face.crop.shape
    # Whole numbers of pixels apart, but cv2 rounds its coefficients to a 32nd of a pixel.
    assert np.abs(again.crop.astype(int) - face.crop.astype(int)).max() <= 3
    assert (
        kept.shape[0] * kept.shape[1] < (2 * 0.9 * place.pixels + 16) ** 2
    )  # no more of the photo than that


def test_a_new_space_takes_the_whole_gallery_over(tmp_path: Path):
    path, encoder = tmp_path / "g.db", Corner(24)
    with Gallery.open(path, SPACE) as gallery:
        enrol(gallery, MeanColor(24))
        before = [(r.name, r.source, r.pixels, r.quality, r.face) for r in gallery.rows()]
        seen: list[tuple[int, int]] = []
        trial = reembed(gallery, encoder, dry_run=True)
        assert (trial.again, gallery.space) == (4, SPACE)
        done = reembed(gallery, encoder, progress=lambda n, total: seen.append((n, total)))
        assert (done.again, done.current, done.left, done.dropped) == (4, 0, 0, 0)
        assert seen == [(4, 4)]
        assert gallery.space == OTHER
        assert [(e.action, e.detail) for e in history(gallery, "Ana")] == [
            ("embedded again", f"1 photo by {encoder.card.name}")
        ]
        assert [(r.name, r.source, r.pixels, r.quality, r.face) for r in gallery.rows()] == before
        again = reembed(gallery, encoder)
        assert (again.again, again.current) == (0, 4)
    with Gallery.open(tmp_path / "fresh.db", OTHER) as fresh, Gallery.open(path, OTHER) as gallery:
        enrol(fresh, encoder)
        for one, two in zip(fresh.rows(), gallery.rows(), strict=True):
            assert (one.name, one.encoder_sha256, one.state_id) == (
                two.name,
                two.encoder_sha256,
                two.state_id,
            )
            assert one.embedding @ two.embedding > 0.9999


def test_photos_without_originals_are_not_lost_unasked(tmp_path: Path):
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        enrol(gallery, MeanColor(24))
        gallery.add(
            "Ana", np.eye(3, dtype=np.float32)[0], pixels=9, encoder_sha256="e", state_id="", source="old.jpg"
        )
        gallery.add(
            "Eve", np.eye(3, dtype=np.float32)[1], pixels=9, encoder_sha256="e", state_id="", source="e.jpg"
        )
        before = [row.embedding.tobytes() for row in gallery.rows()]
        with pytest.raises(InputError, match=r"2 of 6 photos .*the first: old\.jpg of Ana.*--keep-crops"):
            reembed(gallery, Corner(24))
        assert (gallery.space, [row.embedding.tobytes() for row in gallery.rows()]) == (SPACE, before)
        done = reembed(gallery, Corner(24), drop_lost=True)
        assert (done.again, done.dropped) == (4, 2)
        assert [(p.name, p.faces) for p in gallery.people()] == [("Ana", 1), ("Bo", 1), ("Cy", 1), ("Di", 1)]


def test_within_a_space_only_what_is_not_current_changes(tmp_path: Path):
    small, large = Corner(8, SPACE), MeanColor(24)
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        enrol(gallery, large)
        gallery.add(
            "Eve", np.eye(3, dtype=np.float32)[1], pixels=9, encoder_sha256="e", state_id="", source="e.jpg"
        )
        # Faces from 30 px on stay with their encoder; Bo's 24 px belong to the new one.
        done = reembed(gallery, Router([(0, small), (30, large)]))  # type: ignore[list-item]
        assert (done.again, done.current, done.left) == (1, 3, 1)
        made = {row.name: row.encoder_sha256 for row in gallery.rows()}
        assert made["Bo"] == small.card.sha256
        assert made["Ana"] == made["Cy"] == made["Di"] == large.card.sha256
        assert made["Eve"] == "e"


def test_a_gallery_that_changed_meanwhile_is_left_alone(tmp_path: Path):
    path = tmp_path / "g.db"
    with Gallery.open(path, SPACE) as gallery, Gallery.open(path, SPACE) as other:
        enrol(gallery, MeanColor(24))

        def interfere(done: int, total: int) -> None:
            enrol_photo(
                photo(5),
                "Flo",
                "f.jpg",
                detector=KnownPlaces(PLACES["Ana"]),
                encoder=MeanColor(24),
                gallery=other,
                accept_poor=True,
            )  # type: ignore[arg-type]

        with pytest.raises(InputError, match="changed by another process meanwhile"):
            reembed(gallery, Corner(24), progress=interfere)
        assert gallery.space == SPACE
        assert len(gallery.people()) == 5
