"""The worst comparisons as pictures, drawn from the benchmark again: as the encoders saw them, and sharp."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PureWindowsPath

import cv2
import numpy as np

from fewpix.degrade.degradation import Degradation
from fewpix.errors import InputError
from fewpix.evaluate.benchmark import PictureFiles, PictureSource
from fewpix.evaluate.report.blocks import Block, FacePair, FacePairs, Section, Tile
from fewpix.evaluate.report.words import named, of_the_first
from fewpix.evaluate.result.model import Cell, Failure, Result
from fewpix.evaluate.view import Look, fitted
from fewpix.image.codec import Image, decode_image, encode_image
from fewpix.image.resize import resize_square

SHOWN_SIDE = 112
"""Of a face in a report, in pixels."""

_HOW = (
    "Above, the faces as the encoders saw them, enlarged by nearest neighbour; below, where any was "
    "made small, the pictures themselves. Under them the score, the threshold that judged it, and the "
    "pictures' names in the benchmark. They are chosen by their scores alone, so some may have been "
    "answered rightly."
)


ReadPicture = Callable[[str], bytes]
"""Gives the encoded picture of a name; an InputError where it cannot be read."""


def by_name(pictures: PictureSource) -> ReadPicture:
    """The pictures of a benchmark by their names in it."""
    numbers = {name: n for n, name in enumerate(pictures.names)}

    def read(name: str) -> bytes:
        if name not in numbers:
            raise InputError(f"the benchmark has no picture {name}", fix="name the benchmark of the result")
        return pictures.read(numbers[name])

    return read


def nowhere(name: str) -> bytes:
    """Pictures where nobody said where they are.

    Raises:
        InputError: always.
    """
    raise InputError("nothing was said of where the pictures are", fix="name their folder")


def in_folder(folder: Path) -> ReadPicture:
    """Pictures whose names are paths relative to a folder, and do not lead out of it."""

    def read(name: str) -> bytes:
        path = PureWindowsPath(name)  # both kinds of slash
        if path.anchor or ".." in path.parts:  # a result may be a stranger's
            raise InputError(f"{name} is no picture of a benchmark", fix="name the benchmark of the result")
        return PictureFiles(folder, (name,)).read(0)

    return read


class Faces:
    """Draws faces and counts those that are gone.

    Args:
        read: the pictures of the benchmark by their names.
    """

    def __init__(self, read: ReadPicture) -> None:
        self._read = read
        self.wanted: set[str] = set()
        self.gone: dict[str, str] = {}
        """Names of pictures that cannot be shown, and why."""

    def pairs(self, caption: str, failures: Sequence[Failure], looks: tuple[Look, Look]) -> FacePairs:
        """Comparisons side by side.

        Args:
            caption: what they have in common.
            failures: what to draw.
            looks: how the first and the second picture of each came to the encoders.
        """
        return FacePairs(caption, tuple(self._pair(failure, looks) for failure in failures))

    def _pair(self, failure: Failure, looks: tuple[Look, Look]) -> FacePair:
        names = (failure.first, failure.second)
        tiles = [self._tiles(name, look) for name, look in zip(names, looks, strict=True)]
        verdict = "wrong" if failure.wrong else "right"
        score = f"{round(failure.score, 3) + 0.0:.3f}"  # no minus before zeros
        caption = f"{score}, {verdict}"
        if failure.threshold is not None:
            sign = "at or above" if failure.score >= failure.threshold else "below"
            caption = f"{score}, {sign} {failure.threshold:.3f}: {verdict}"
        small = any(look.size is not None for look in looks)
        return FacePair(
            tuple(seen for seen, _ in tiles),
            tuple(sharp for _, sharp in tiles) if small else (),
            verdict,
            caption,
            names,
        )

    def _tiles(self, name: str, look: Look) -> tuple[Tile, Tile]:
        """A picture as it was seen, and as it is."""
        self.wanted.add(name)
        try:
            picture = decode_image(self._read(name), name)
        except InputError as error:
            self.gone[name] = error.what
            return _gone(name), _gone(name)
        square = fitted(look.fit)(picture, name)
        crop, _ = look.apply(picture, name)
        side = len(crop)
        alt = f"{name} as the encoder saw it, {side}×{side} pixels"
        # nearest neighbour shows every pixel, and nothing that the encoder did not get
        seen = _tile(resize_square(crop, SHOWN_SIDE), ".jpg", alt)
        if side < SHOWN_SIDE:
            enlarged = cv2.resize(crop, (SHOWN_SIDE, SHOWN_SIDE), interpolation=cv2.INTER_NEAREST_EXACT)
            seen = _tile(np.asarray(enlarged, dtype=np.uint8), ".png", alt)
        return seen, _tile(resize_square(square, SHOWN_SIDE), ".jpg", name)


def worst(result: Result, faces: Faces) -> Iterator[Section]:
    """The worst comparisons of every model at every size; nothing where items are no single pictures."""
    blocks: list[Block] = []
    known = [
        (cell, cell.worst)
        for cell in result.cells
        if cell.worst and (cell.worst.mated or cell.worst.nonmated)
    ]
    drawn, limit = of_the_first(known)
    for cell, failures in drawn:
        name = named(cell.model, cell.size, cell.part)
        for kind, found in (
            ("two people, the highest scores", failures.nonmated),
            ("one person, the lowest scores", failures.mated),
        ):
            if found:
                blocks.append(faces.pairs(f"{name}: {kind}", found, _looks(result, cell)))
    said = [f"{_HOW} {limit}".rstrip()]
    if faces.gone:
        first, why = next(iter(faces.gone.items()))
        share = f"{len(faces.gone)} of {len(faces.wanted)} pictures"
        said.append(f"{share} cannot be shown; the first, {first}: {why}.")
    if blocks:
        yield "Worst failures", (*said, *blocks)


def _looks(result: Result, cell: Cell) -> tuple[Look, Look]:
    """How the first and the second picture of a comparison came to the encoders."""
    how = result.treatment
    protocols = cell.part.get("protocol", "".join(how.protocols))
    small, other = _look(result, cell.size), _look(result, how.other_size)
    if how.small == "both" or protocols == "lr-lr":
        return small, small
    return (other, small) if how.small == "second" else (small, other)


def _look(result: Result, size: int | None) -> Look:
    """Those made small to a size, or as they are."""
    how = result.treatment
    return Look(None, how.fit) if size is None else Look(size, how.fit, Degradation(how.family, how.seed))


def _tile(image: Image, suffix: str, alt: str) -> Tile:
    data = encode_image(image, suffix, 90)
    return Tile(f"face-{hashlib.sha256(data).hexdigest()[:12]}{suffix}", data, alt)


def _gone(name: str) -> Tile:
    return Tile("", b"", f"{name} is not there")
