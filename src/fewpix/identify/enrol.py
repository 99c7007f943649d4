"""Photos of known people into a gallery: one transaction each, a reason for each that is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from fewpix.calibration.lookup import Calibrated
from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError, NoFaceError
from fewpix.gallery.matched import Matching, shipped_matching
from fewpix.gallery.names import person_name
from fewpix.gallery.rows import Original, Shrunk
from fewpix.gallery.store import Gallery
from fewpix.identify.admission import admit
from fewpix.identify.enrolled import Enrolled, EnrolReport, Photo, Refused
from fewpix.identify.faceless import is_faceless
from fewpix.identify.faces import AlignedFace, EmbeddedFace, Finder, align_faces, embed_faces, whole_crop
from fewpix.identify.original import keep_original
from fewpix.identify.resemblance import Resemblance
from fewpix.identify.shrinking import sharp_crop, shrink
from fewpix.image.codec import Image, read_image
from fewpix.image.mark import is_marked
from fewpix.image.resize import Crop

BATCH = 16
"""Photos that are embedded together; at most so many are lost, unacknowledged, when the process is killed."""


def one_face(
    image: Image, origin: str, *, detector: Finder | None, encoder: Encoder, largest: bool = False
) -> AlignedFace:
    """The only face of a photo, cut out; nothing else is ever taken for a face.

    Args:
        image: (H, W, 3) uint8 BGR.
        origin: the photo's name, for messages.
        detector: finds faces; None when the picture is an aligned crop itself.
        encoder: the one that is to embed it, or a router.
        largest: of several faces take the one with the most pixels.

    Raises:
        NoFaceError: there is none.
        InputError: there are several, or the crop is not square or too small.
    """
    if detector is None:
        return whole_crop(image, encoder, origin)
    found = detector.detect(image)
    if not found:
        raise _no_face(image, origin, detector)
    if len(found) > 1 and not largest:
        raise InputError(
            f"{origin}: {len(found)} faces found",
            fix="cut it to one person, or take the largest with --largest",
        )
    return align_faces(image, [max(found, key=lambda face: face.pixels)], encoder)[0]


def _no_face(image: Image, origin: str, detector: Finder) -> NoFaceError:
    """The error, with the angle when there is a face in the turned picture: nobody knows which way is up."""
    for turns, angle in ((1, 90), (3, 270), (2, 180)):
        if detector.detect(np.ascontiguousarray(np.rot90(image, -turns))):
            return NoFaceError(
                f"{origin}: no face found, but one when the picture is turned by {angle} degrees clockwise",
                fix="turn it in a program for pictures and save it",
            )
    return NoFaceError(
        f"{origin}: no face found",
        fix="turned, or cut too tightly? Leave space around the head; or use a sharper photo",
    )


def enrol_photo(
    image: Image,
    name: str,
    source: str,
    *,
    detector: Finder | None,
    encoder: Encoder,
    gallery: Gallery,
    largest: bool = False,
    keep: bool = False,
    accept_poor: bool = False,
    calibrated: Calibrated | None = None,
    matching: Matching | None = None,
) -> Enrolled:
    """Enrol the face of one photo; on return it is on the disk. Arguments and errors as `one_face`.

    Args:
        image: (H, W, 3) uint8 BGR.
        name: the person.
        source: where the photo came from; kept in the gallery.
        detector: finds faces; None when the picture is an aligned crop itself.
        encoder: of the gallery's space.
        gallery: where it goes.
        largest: of several faces take the one with the most pixels.
        keep: keep the face's pixels in the gallery, so that another model can embed them.
        accept_poor: take a face that `admit` would refuse, with a warning.
        calibrated: tells how alike strangers are, to warn of a face that looks like somebody else.
        matching: at which small sizes the face is kept, too; the shipped ones if None, `Matching(())` for
            none.

    Raises:
        InputError: also when the face is too poor; see `admit`.
        ConfigError: the name cannot be stored.
        StorageError: the gallery cannot be written; it is as it was.
    """
    face = one_face(image, source, detector=detector, encoder=encoder, largest=largest)
    admitted = _admitted(image, Photo(Path(source), name), face, keep=keep, accept_poor=accept_poor)
    return store(_embedded([admitted], encoder, matching), gallery, Resemblance(gallery, calibrated))[0]


def enrol_photos(
    photos: Sequence[Photo],
    *,
    detector: Finder | None,
    encoder: Encoder,
    gallery: Gallery,
    largest: bool = False,
    keep: bool = False,
    accept_poor: bool = False,
    calibrated: Calibrated | None = None,
    matching: Matching | None = None,
    resemblance: Resemblance | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> EnrolReport:
    """Enrol the face of each photo file, one transaction per photo; a refused photo does not stop the others.

    Args:
        photos: files with the names of those on them.
        detector: finds faces; None when the pictures are aligned crops.
        encoder: of the gallery's space.
        gallery: where they go.
        largest: of several faces in a photo take the one with the most pixels.
        keep: keep the faces' pixels in the gallery, so that another model can embed them.
        accept_poor: take faces that `admit` would refuse, with a warning.
        calibrated: tells how alike strangers are, to warn of faces that look like somebody else.
        matching: at which small sizes faces are kept, too; the shipped ones if None, `Matching(())` for none.
        resemblance: of the gallery, kept from one call to the next so that the gallery is read once; in place
            of `calibrated`. None makes one.
        progress: called with the number of photos done.

    Raises:
        ConfigError: a name cannot be stored; nothing was written.
        StorageError: the gallery cannot be written; the photos before this one are in it.
    """
    for photo in photos:
        person_name(photo.name)
    enrolled: list[Enrolled] = []
    refused: list[Refused] = []
    known = Resemblance(gallery, calibrated) if resemblance is None else resemblance
    for start in range(0, len(photos), BATCH):
        ready, others = prepare(
            photos[start : start + BATCH],
            detector=detector,
            encoder=encoder,
            largest=largest,
            keep=keep,
            accept_poor=accept_poor,
            matching=matching,
            progress=partial(_further, progress, start),
        )
        refused += others
        enrolled += store(ready, gallery, known)
    there = gallery.people()
    total = sum(person.faces for person in there)
    return EnrolReport(gallery.location, tuple(enrolled), tuple(refused), total, len(there))


def _further(progress: Callable[[int], None], before: int, done: int) -> None:
    progress(before + done)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A photo that is looked at and embedded, and needs only to be written into a gallery.

    Args:
        photo: as it was given.
        face: its face.
        shrunk: the same face at small sizes, see `fewpix.gallery.matched`.
        original: its pixels, where they are to be kept.
        warnings: what is wrong with it though it is taken.
    """

    photo: Photo
    face: EmbeddedFace
    shrunk: tuple[Shrunk, ...] = ()
    original: Original | None = None
    warnings: tuple[str, ...] = ()


def prepare(
    photos: Sequence[Photo],
    *,
    detector: Finder | None,
    encoder: Encoder,
    largest: bool = False,
    keep: bool = False,
    accept_poor: bool = False,
    matching: Matching | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[list[Prepared], list[Refused]]:
    """All of an enrolment that needs no gallery; `store` does the rest. Arguments as `enrol_photos`.

    Returns:
        The photos that are ready, embedded together, and those that are refused, both in their order.
    """
    admitted: list[_Admitted] = []
    refused: list[Refused] = []
    for n, photo in enumerate(photos, 1):
        try:
            image = _unmarked(photo.path) if photo.image is None else photo.image
            face = one_face(image, str(photo.path), detector=detector, encoder=encoder, largest=largest)
            admitted.append(_admitted(image, photo, face, keep=keep, accept_poor=accept_poor))
        except InputError as error:
            refused.append(Refused(str(photo.path), photo.name, error))
        progress(n)
    return _embedded(admitted, encoder, matching), refused


def store(prepared: Sequence[Prepared], gallery: Gallery, resemblance: Resemblance) -> list[Enrolled]:
    """Write photos into a gallery, each in a transaction of its own; on return they are on the disk.

    Args:
        prepared: by `prepare`, with an encoder of the gallery's space.
        gallery: where they go.
        resemblance: of the gallery.

    Raises:
        ConfigError: a name cannot be stored.
        StorageError: the gallery cannot be written; the photos before this one are in it.
    """
    resemblance.refresh()
    enrolled = []
    for item in prepared:
        face, quality = item.face, item.face.quality
        source, name = str(item.photo.path), person_name(item.photo.name)
        doubts = resemblance.doubts(face, name)
        added = gallery.add(
            name,
            face.embedding,
            pixels=face.pixels,
            encoder_sha256=face.encoder_sha256,
            state_id=face.state_id,
            source=source,
            quality=quality.value,
            original=item.original,
            shrunk=item.shrunk,
        )
        resemblance.add(face, name, new=added.new)
        kept = tuple(sorted(each.pixels for each in item.shrunk))
        warnings = (*item.warnings, *doubts)
        enrolled.append(Enrolled(source, name, face.pixels, added.new, quality, warnings, kept, added.face))
    return enrolled


def _unmarked(path: Path) -> Image:
    """Read a photo; InputError for a picture that fewpix has drawn names on."""
    if is_marked(path):
        raise InputError(f"{path} was drawn by fewpix", fix="enrol the photograph itself")
    return read_image(path)


@dataclass(frozen=True, eq=False)
class _Admitted:
    """A face that is to be enrolled, with what it was admitted with."""

    photo: Photo
    face: AlignedFace
    sharp: Crop
    original: Original | None
    warnings: tuple[str, ...]


def _admitted(image: Image, photo: Photo, face: AlignedFace, *, keep: bool, accept_poor: bool) -> _Admitted:
    """Errors as `admit`."""
    warnings = admit(face, str(photo.path), accept_poor=accept_poor)
    if face.points is None and is_faceless(image):
        warnings = (*warnings, "the detector sees no face in this crop")
    original = keep_original(image, face) if keep else None
    return _Admitted(photo, face, sharp_crop(image, face), original, warnings)


def _embedded(admitted: Sequence[_Admitted], encoder: Encoder, matching: Matching | None) -> list[Prepared]:
    """Embed the faces together."""
    faces = embed_faces([item.face for item in admitted])
    sizes = shipped_matching() if matching is None else matching
    small = shrink([item.sharp for item in admitted], encoder, sizes)
    return [
        Prepared(item.photo, face, shrunk, item.original, item.warnings)
        for item, face, shrunk in zip(admitted, faces, small, strict=True)
    ]
