"""The photographs of `photos.py` and its protocol: known faces, enrolled photographs, sizes, splits."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.detect.overlap import SAME, iou, suppress
from fewpix.detect.tiles import tiles
from fewpix.errors import InputError
from fewpix.image.align import align, pixels
from fewpix.image.codec import Image, decode_image, encode_image

SIZES = (32, 24, 16, 12, 8)
SEEDS = tuple(range(10))
ENROLLED = 0.7
"""Share of the people who are enrolled: 42 of 60."""

QUALITY = 75
KNOWN_SCALES = (0.5, 1.0, 2.0)
KNOWN_SCORE = 0.6

Rows: TypeAlias = NDArray[np.float32]
Find = Callable[[Image], Rows]


@dataclass(frozen=True, eq=False)
class Photos:
    """Photographs with one known face each.

    Args:
        names: N, `PERSON/FILE.jpg`, sorted.
        people: (N,) their persons.
        images: N pictures.
        contents: (N, 32) uint8 SHA-256 of each file.
        faces: (N, 15) the known face, as YuNet gives it.
        pixels: (N,) its size.
        unknown: photographs without a known face, which are left out.
        sha256: over names and contents.
    """

    names: tuple[str, ...]
    people: NDArray[np.str_]
    images: list[Image]
    contents: NDArray[np.uint8]
    faces: Rows
    pixels: NDArray[np.float64]
    unknown: tuple[str, ...]
    sha256: str

    @classmethod
    def read(cls, path: Path, find: Find, *, limit: int | None = None) -> Photos:
        """The photographs of a tar file with the members `FOLDER/PERSON/FILE.jpg`.

        Args:
            path: the file.
            find: YuNet on one picture at its own scale.
            limit: only so many people, the first by name.

        Raises:
            InputError: no such file, it is damaged or laid out otherwise, or a person has only one photograph
                with a face.
        """
        files = _members(path)
        chosen = sorted({name.split("/")[0] for name in files})[:limit]
        files = {name: data for name, data in files.items() if name.split("/")[0] in chosen}
        digest, kept, unknown = hashlib.sha256(), [], []
        for name, data in files.items():
            image, sha256 = decode_image(data, name), hashlib.sha256(data)
            digest.update(f"{name}\0{sha256.hexdigest()}\n".encode())
            face = known_face(image, find)
            if face is None:
                unknown.append(name)
            else:
                kept.append((name, image, np.frombuffer(sha256.digest(), dtype=np.uint8), face))
        names = [name for name, *_ in kept]
        people = np.array([name.split("/")[0] for name in names], dtype=np.str_)
        for person in chosen:
            if (people == person).sum() < 2:
                raise InputError(f"{path}: {person} has fewer than two photographs with a face")
        faces = np.array([face for *_, face in kept], dtype=np.float32)
        return cls(
            tuple(names),
            people,
            [image for _, image, _, _ in kept],
            np.array([sha256 for _, _, sha256, _ in kept]),
            faces,
            np.array([pixels(face[4:14].reshape(5, 2)) for face in faces]),
            tuple(unknown),
            digest.hexdigest(),
        )

    def factor(self, n: int, size: int | None) -> float:
        """What a photograph is shrunk by, so that its known face has `size` px; a smaller one stays."""
        return 1.0 if size is None else min(1.0, size / float(self.pixels[n]))

    def picture(self, n: int, size: int | None) -> Image:
        """The whole photograph shrunk so far; as it is where `size` is None."""
        return self.images[n] if size is None else shrink(self.images[n], self.factor(n, size))

    def box(self, n: int, picture: Image) -> NDArray[np.float64]:
        """(4,) x, y, width, height of the known face in a shrunk picture."""
        high, wide = self.images[n].shape[:2]
        ratio = np.array([picture.shape[1] / wide, picture.shape[0] / high])
        return np.asarray(self.faces[n, :4].astype(np.float64) * np.tile(ratio, 2))


def _members(path: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(path) as archive:
            found = {}
            for member in archive:
                parts = PurePosixPath(member.name).parts
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None and len(parts) >= 2:
                    found["/".join(parts[-2:])] = file.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise InputError(f"cannot read {path}: {error}", fix="check the path, or copy it again") from error
    if not found:
        raise InputError(f"{path} holds no PERSON/FILE.jpg", fix="name a tar file that does")
    return dict(sorted(found.items()))


def known_face(image: Image, find: Find) -> Rows | None:
    """The largest face that YuNet alone sees in the full picture, at half, its own or twice its scale.

    These are portraits, whose person is the largest face. The network belongs to every arm, the ways of
    searching with it do not; on full pictures they agree.

    Args:
        image: (H, W, 3) uint8 BGR.
        find: YuNet at one scale.

    Returns:
        (15,) or None where there is no face with five points that can be aligned.
    """
    found = np.concatenate(
        [
            tile.in_picture(tile.whole(find(tile.image)))
            for scale in KNOWN_SCALES
            for tile in tiles(image, scale)
        ]
    )
    found = found[found[:, 14] >= KNOWN_SCORE]
    for row in sorted(found[suppress(found)], key=lambda row: -float(row[2] * row[3])):
        try:
            pixels(row[4:14].reshape(5, 2))
        except InputError:
            continue
        return np.asarray(row, dtype=np.float32)
    return None


def overlapping(rows: Rows, box: NDArray[np.float64]) -> Rows | None:
    """The row (15,) that overlaps the known face best, if it is the same face; None for a miss."""
    if not len(rows):
        return None
    same = iou(box, rows[:, :4])
    return np.asarray(rows[same.argmax()]) if same.max() > SAME else None


def shrink(image: Image, factor: float) -> Image:
    """A whole picture made smaller by area averaging, and through JPEG, as a camera or a website does it."""
    if factor < 1:
        size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return decode_image(encode_image(image, ".jpg", QUALITY), "a shrunk photograph")


def sharpness(image: Image, face: Rows) -> float:
    """Variance of the Laplacian of the known face, aligned to 112 px, so that all are judged at one size."""
    crop = align(image, face[4:14].reshape(5, 2), 112)
    return float(cv2.Laplacian(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())


def sharpest(photos: Photos) -> NDArray[np.int64]:
    """The number of each person's sharpest photograph, people by name; of equals the first by name."""
    values = np.array([sharpness(*pair) for pair in zip(photos.images, photos.faces, strict=True)])
    return np.array(
        [
            members[values[members].argmax()]
            for person in np.unique(photos.people)
            for members in [np.flatnonzero(photos.people == person)]
        ],
        dtype=np.int64,
    )


def split(people: Sequence[str] | NDArray[np.str_], seed: int) -> NDArray[np.str_]:
    """The people who are enrolled under a seed, by name; the others are strangers."""
    names = np.unique(np.asarray(people))
    chosen = np.random.default_rng(seed).permutation(len(names))[: round(ENROLLED * len(names))]
    return np.asarray(names[np.sort(chosen)])
