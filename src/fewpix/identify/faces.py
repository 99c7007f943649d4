"""The way from a picture to embeddings that enrolling and identifying share: detect, align, embed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fewpix.detect.face import Face
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import InputError
from fewpix.image.align import align
from fewpix.image.array import picture
from fewpix.image.codec import Image
from fewpix.image.resize import Crop
from fewpix.quality.assess import Quality, assess_crop, assess_face

SMALLEST_CROP = 8
"""Side in pixels below which a crop is refused: nothing was measured there."""


TRUSTED = 1.25
"""Pixels that a router believes a face to have, at most, beside its effective ones: what the estimate may be
short by."""


class Found(Protocol):
    """A detected face; `fewpix.detect.Face` is one."""

    @property
    def box(self) -> tuple[float, float, float, float]: ...  # noqa: D102

    @property
    def points(self) -> NDArray[np.float32]: ...  # noqa: D102

    @property
    def score(self) -> float: ...  # noqa: D102

    @property
    def pixels(self) -> float: ...  # noqa: D102


class Finder(Protocol):
    """What finds faces; `fewpix.detect.Detector` does."""

    def detect(self, image: Image) -> Sequence[Found]:
        """Faces of a picture (H, W, 3) uint8 BGR, box and points in its pixels."""
        ...


class Searched(Protocol):
    """Faces, and the scales at which they were looked for; `fewpix.detect.Search` is one."""

    @property
    def faces(self) -> Sequence[Found]: ...  # noqa: D102

    @property
    def scales(self) -> tuple[float, ...]: ...  # noqa: D102


@runtime_checkable
class Searcher(Finder, Protocol):
    """A finder that says at which scales it looked."""

    def search(self, image: Image) -> Searched:
        """As `detect`, with the scales."""
        ...


@dataclass(frozen=True)
class AlignedFace:
    """A face cut out for one encoder.

    Args:
        box: x, y, width, height in picture pixels.
        pixels: side of the face in source pixels.
        quality: how good it is, and why.
        crop: upright, at the side of the encoder's input, or the crop as it was given.
        encoder: the one that is to embed it.
        points: (5, 2) x, y in picture pixels; None for a crop.
    """

    box: tuple[float, float, float, float]
    pixels: float
    quality: Quality
    crop: Crop
    encoder: Encoder
    points: NDArray[np.float32] | None = None

    @property
    def routed_pixels(self) -> float:
        """The size by which its encoder is chosen; see the function of this name."""
        return routed_pixels(self.pixels, self.quality)

    def encoder_of(self, encoder: Encoder) -> Encoder:
        """The one that a router takes for this face, or the encoder itself."""
        return encoder_for(encoder, self.routed_pixels)


@dataclass(frozen=True, eq=False)
class EmbeddedFace:
    """A face's embedding and how it came about.

    Args:
        box: as in `AlignedFace`.
        pixels: as in `AlignedFace`.
        quality: as in `AlignedFace`.
        embedding: (D,) float32 of unit length.
        encoder_sha256: digest of the encoder that made it.
        state_id: the NormState it was made under; empty for none.
        routed_pixels: the size that this encoder was chosen for, so that rates are looked up at it.
        points: as in `AlignedFace`.
        sights: how many independent ones it is made of; 1 for a picture, see `embed.fusion.independent`.
    """

    box: tuple[float, float, float, float]
    pixels: float
    quality: Quality
    embedding: NDArray[np.float32]
    encoder_sha256: str
    state_id: str
    routed_pixels: float
    points: NDArray[np.float32] | None = None
    sights: float = 1.0


def routed_pixels(pixels: float, quality: Quality) -> float:
    """The size by which a router chooses: that of the face, or of the detail it has where that is much less.

    A face of 12 px that was enlarged to 100 is better off with the encoder for 12 px, and one that was not
    enlarged is no worse off: results/resolution/routing.json, which docs/small_faces.md shows.

    Args:
        pixels: side of the face in source pixels.
        quality: of the face.
    """
    return min(pixels, TRUSTED * quality.effective_pixels)


def align_faces(image: Image, faces: Sequence[Found], encoder: Encoder) -> list[AlignedFace]:
    """Cut detected faces out, each straight to the input side of the encoder that takes it.

    Straight, because a crop at the face's own resolution, enlarged afterwards, is resampled twice, and few
    pixels do not stand that.
    """
    aligned = []
    for face in faces:
        x, y, width, height = (float(value) for value in face.box)
        box, pixels = (x, y, width, height), float(face.pixels)
        alignment = face.alignment if isinstance(face, Face) else None
        quality = assess_face(
            image,
            box,
            face.points,
            pixels=pixels,
            score=float(face.score),
            alignment_error=None if alignment is None else alignment.error,
        )
        chosen = encoder_for(encoder, routed_pixels(pixels, quality))
        crop = align(image, face.points, chosen.card.preprocess.side)
        aligned.append(AlignedFace(box, pixels, quality, crop, chosen, face.points))
    return aligned


def find_faces(
    image: Image, detector: Finder | None, encoder: Encoder, origin: str = ""
) -> tuple[list[AlignedFace], tuple[float, ...] | None]:
    """Find the faces of a picture and cut them out; none means none.

    Args:
        image: (H, W, 3) uint8 BGR.
        detector: finds faces; None when the picture is an aligned crop itself.
        encoder: the one that is to embed them, or a router.
        origin: as in `whole_crop`.

    Returns:
        The faces in the detector's order, and the scales at which they were looked for; None for a crop, or
        when the detector does not say.

    Raises:
        InputError: as `whole_crop`.
    """
    if detector is None:
        return [whole_crop(image, encoder, origin)], None
    if isinstance(detector, Searcher):
        search = detector.search(image)
        return align_faces(image, search.faces, encoder), search.scales
    return align_faces(image, detector.detect(image), encoder), None


def whole_crop(crop: Image, encoder: Encoder, origin: str = "") -> AlignedFace:
    """A picture that is an aligned face already; its side is its size in pixels.

    Args:
        crop: (s, s, 3) uint8 BGR.
        encoder: the one that is to embed it, or a router.
        origin: the picture's name, for messages; empty where the caller names it.

    Raises:
        InputError: it is not square, or smaller than 8 px.
    """
    height, width = picture(crop, origin or "a crop").shape[:2]
    named = f"{origin}: " if origin else ""
    if width != height:
        raise InputError(
            f"{named}an aligned crop must be square, not {width} x {height} px",
            fix="leave out --crops for photos",
        )
    if width < SMALLEST_CROP:
        raise InputError(
            f"{named}a crop of {width} px is too small",
            fix=f"crops of at least {SMALLEST_CROP} px are embedded",
        )
    box, quality = (0.0, 0.0, float(width), float(height)), assess_crop(crop)
    chosen = encoder_for(encoder, routed_pixels(width, quality))
    return AlignedFace(box, float(width), quality, crop, chosen)


def embed_faces(faces: Sequence[AlignedFace]) -> list[EmbeddedFace]:
    """Embed faces, those of one encoder together; the order stays."""
    groups: dict[int, list[int]] = {}
    for n, face in enumerate(faces):
        groups.setdefault(id(face.encoder), []).append(n)
    embedded: dict[int, EmbeddedFace] = {}
    for members in groups.values():
        encoder = faces[members[0]].encoder
        rows = encoder.embed([faces[n].crop for n in members])
        for n, row in zip(members, rows, strict=True):
            face = faces[n]
            embedded[n] = EmbeddedFace(
                box=face.box,
                pixels=face.pixels,
                quality=face.quality,
                embedding=row,
                encoder_sha256=encoder.card.sha256,
                state_id=encoder.state_id,
                routed_pixels=face.routed_pixels,
                points=face.points,
            )
    return [embedded[n] for n in range(len(faces))]
