"""Photos of known people into a gallery: one transaction each, a reason for each that is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError, NoFaceError
from fewpix.gallery.names import person_name
from fewpix.gallery.rows import Original
from fewpix.gallery.store import Gallery
from fewpix.identify.enrolled import Enrolled, EnrolReport, Photo, Refused
from fewpix.identify.faces import AlignedFace, Finder, align_faces, embed_faces, whole_crop
from fewpix.identify.original import keep_original
from fewpix.image.codec import Image, read_image

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
        try:
            return whole_crop(image, encoder)
        except InputError as error:
            raise InputError(f"{origin}: {error.what}", fix=error.fix) from error
    found = detector.detect(image)
    if not found:
        raise NoFaceError(f"{origin}: no face found", fix="use a sharper or closer photo")
    if len(found) > 1 and not largest:
        raise InputError(
            f"{origin}: {len(found)} faces found",
            fix="cut it to one person, or take the largest with --largest",
        )
    return align_faces(image, [max(found, key=lambda face: face.pixels)], encoder)[0]


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

    Raises:
        ConfigError: the name cannot be stored.
        StorageError: the gallery cannot be written; it is as it was.
    """
    face = one_face(image, source, detector=detector, encoder=encoder, largest=largest)
    original = keep_original(image, face) if keep else None
    return _add([face], [original], [Photo(Path(source), name)], gallery)[0]


def enrol_photos(
    photos: Sequence[Photo],
    *,
    detector: Finder | None,
    encoder: Encoder,
    gallery: Gallery,
    largest: bool = False,
    keep: bool = False,
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
        progress: called with the number of photos done.

    Raises:
        ConfigError: a name cannot be stored; nothing was written.
        StorageError: the gallery cannot be written; the photos before this one are in it.
    """
    for photo in photos:
        person_name(photo.name)
    enrolled: list[Enrolled] = []
    refused: list[Refused] = []
    for start in range(0, len(photos), BATCH):
        faces, originals, kept = [], [], []
        for n, photo in enumerate(photos[start : start + BATCH], start + 1):
            try:
                image = read_image(photo.path)
                face = one_face(image, str(photo.path), detector=detector, encoder=encoder, largest=largest)
                originals.append(keep_original(image, face) if keep else None)
                faces.append(face)
                kept.append(photo)
            except InputError as error:
                refused.append(Refused(str(photo.path), photo.name, error))
            progress(n)
        enrolled += _add(faces, originals, kept, gallery)
    return EnrolReport(gallery.location, tuple(enrolled), tuple(refused))


def _add(
    faces: Sequence[AlignedFace],
    originals: Sequence[Original | None],
    photos: Sequence[Photo],
    gallery: Gallery,
) -> list[Enrolled]:
    """Embed the faces together and add each in a transaction of its own."""
    enrolled = []
    for face, original, photo in zip(embed_faces(faces), originals, photos, strict=True):
        added = gallery.add(
            photo.name,
            face.embedding,
            pixels=face.pixels,
            encoder_sha256=face.encoder_sha256,
            state_id=face.state_id,
            source=str(photo.path),
            quality=face.quality.value,
            original=original,
        )
        enrolled.append(Enrolled(str(photo.path), person_name(photo.name), face.pixels, added.new))
    return enrolled
