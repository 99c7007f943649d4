"""A picture in, its faces with their candidates out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, InputError
from fewpix.gallery.search import Candidate
from fewpix.gallery.store import Gallery
from fewpix.identify.decide import check_threshold, decide
from fewpix.identify.faces import EmbeddedFace, Finder, align_faces, embed_faces, whole_crop
from fewpix.image.codec import Image
from fewpix.quality.assess import Quality


@dataclass(frozen=True)
class IdentifiedFace:
    """A face of a picture and who it may be.

    Args:
        box: x, y, width, height in picture pixels.
        pixels: side of the face in source pixels; how far a score can be trusted depends on it.
        quality: how good the face is, and why.
        candidates: best first.
        decision: a name, or None when nobody reaches the threshold or there is none.
    """

    box: tuple[float, float, float, float]
    pixels: float
    quality: Quality
    candidates: tuple[Candidate, ...]
    decision: str | None

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values; box and pixels to a hundredth, scores to a millionth."""
        return {
            "box": [round(value, 2) for value in self.box],
            "pixels": round(self.pixels, 2),
            **self.quality.to_json(),
            "candidates": [{"name": c.name, "score": round(c.score, 6)} for c in self.candidates],
            "decision": self.decision,
        }


@dataclass(frozen=True)
class IdentifiedPicture:
    """The faces of one picture file.

    Args:
        path: the file as it was named.
        faces: best detected first; empty when there is none.
        threshold: what the decisions were made with; None when none were made.
    """

    path: str
    faces: tuple[IdentifiedFace, ...]
    threshold: float | None

    def __str__(self) -> str:
        path = self.path.encode("utf-8", "backslashreplace").decode()  # file names need not be valid Unicode
        if not self.faces:
            return f"{path}: no face found"
        lines = [f"{path}: {len(self.faces)} {'face' if len(self.faces) == 1 else 'faces'}"]
        for n, face in enumerate(self.faces, 1):
            x, y = face.box[:2]
            names = ", ".join(str(candidate) for candidate in face.candidates) or "nobody is enrolled"
            verdict = "" if self.threshold is None else f"{face.decision or 'unknown'}   "
            lines.append(f"  {n:>3}  {face.pixels:4.0f} px at {x:.0f},{y:.0f}   {verdict}[{names}]")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """`path` and `faces` as JSON values."""
        return {"path": self.path, "faces": [face.to_json() for face in self.faces]}


class Identifier:
    """Finds faces and searches for them in a gallery.

    Args:
        detector: finds faces; None when pictures are aligned crops themselves.
        encoder: of the gallery's space; a router picks its encoder per face.
        gallery: the enrolled people.
        top: how many candidates per face, at least 1.
        threshold: least cosine of a decision; None decides nothing (see `decide`).
        templates: compare with each person's template, the weighted mean of their photos; else with every
            photo, of which the most similar counts.

    Raises:
        ConfigError: top or threshold is out of range.
    """

    def __init__(
        self,
        detector: Finder | None,
        encoder: Encoder,
        gallery: Gallery,
        *,
        top: int = 5,
        threshold: float | None = None,
        templates: bool = True,
    ) -> None:
        if top < 1:
            raise ConfigError(f"the number of candidates must be at least 1, not {top}")
        check_threshold(threshold)
        self.detector = detector
        self.encoder = encoder
        self.gallery = gallery
        self.top = top
        self.threshold = threshold
        self.templates = templates

    def identify(self, image: Image) -> list[IdentifiedFace]:
        """The faces of a picture, in the detector's order; none means none, nothing is embedded instead.

        Args:
            image: (H, W, 3) uint8 BGR; without a detector an aligned crop.

        Raises:
            InputError: a crop is not square, or smaller than 8 px.
        """
        if self.detector is None:
            return self.named(embed_faces([whole_crop(image, self.encoder)]))
        aligned = align_faces(image, self.detector.detect(image), self.encoder)
        return self.named(embed_faces(aligned))

    def identify_picture(self, image: Image, path: str) -> IdentifiedPicture:
        """As `identify`, with the picture's path and the threshold beside the faces.

        Args:
            image: (H, W, 3) uint8 BGR; without a detector an aligned crop.
            path: names the picture in the result and in messages.

        Raises:
            InputError: a crop is not square, or smaller than 8 px.
        """
        try:
            faces = self.identify(image)
        except InputError as error:
            raise type(error)(f"{path}: {error.what}", fix=error.fix) from error
        return IdentifiedPicture(path, tuple(faces), self.threshold)

    def named(self, faces: Sequence[EmbeddedFace]) -> list[IdentifiedFace]:
        """Candidates and decision for faces that are embedded already, in their order."""
        if not faces:
            return []
        # One more than is shown, since a tie at the first place must be seen even when one name is asked for.
        queries = np.stack([face.embedding for face in faces])
        found = self.gallery.search(queries, self.top + 1, templates=self.templates)
        return [
            IdentifiedFace(
                box=face.box,
                pixels=face.pixels,
                quality=face.quality,
                candidates=tuple(candidates[: self.top]),
                decision=decide(candidates, self.threshold),
            )
            for face, candidates in zip(faces, found, strict=True)
        ]
