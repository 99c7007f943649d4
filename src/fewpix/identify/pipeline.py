"""A picture in, its faces with their candidates out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, InputError
from fewpix.gallery.calibrated import Calibrated, Rate
from fewpix.gallery.search import Candidate
from fewpix.gallery.store import Gallery
from fewpix.identify.decide import check_threshold, decide
from fewpix.identify.faces import EmbeddedFace, Finder, Searcher, align_faces, embed_faces, whole_crop
from fewpix.identify.rating import UNRATED, Rated, Rater, check_fpir
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
        fmr: of each candidate, how often a stranger scores as high with one person.
        fpir: how often a stranger's best score in the whole gallery is as high as the best candidate's.
    """

    box: tuple[float, float, float, float]
    pixels: float
    quality: Quality
    candidates: tuple[Candidate, ...]
    decision: str | None
    fmr: tuple[Rate, ...] = ()
    fpir: Rate = UNRATED

    @property
    def verdict(self) -> str:
        """The name or "unknown", with how often a stranger would score so in the whole gallery."""
        rate = "" if self.fpir is UNRATED else f", {self.fpir}"
        return (self.decision or "unknown") + rate

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values: boxes to a hundredth, scores to a millionth, rates to 3 digits."""
        rates = self.fmr or (UNRATED,) * len(self.candidates)
        return {
            "box": [round(value, 2) for value in self.box],
            "pixels": round(self.pixels, 2),
            **self.quality.to_json(),
            "candidates": [
                {"name": c.name, "score": round(c.score, 6), **rate_json("fmr", rate)}
                for c, rate in zip(self.candidates, rates, strict=True)
            ],
            **rate_json("fpir", self.fpir),
            "decision": self.decision,
        }


def rate_json(name: str, rate: Rate) -> dict[str, Any]:
    """A rate under its name with its interval, null with the reason beside it where there is none."""
    ends = [None if end is None else float(f"{end:.3g}") for end in (rate.value, rate.low, rate.high)]
    return {
        name: ends[0],
        f"{name}_range": None if None in ends[1:] else ends[1:],
        f"{name}_reason": rate.reason or None,
    }


@dataclass(frozen=True)
class IdentifiedPicture:
    """The faces of one picture file.

    Args:
        path: the file as it was named.
        faces: best detected first; empty when there is none.
        threshold: what the decisions were made with, if it was one threshold for all.
        scales: at which faces were looked for, coarse to fine, scaled pixels per picture pixel; None for a
            crop, or when the detector does not say.
        fpir: what they were made with, if it was a false positive identification rate.
    """

    path: str
    faces: tuple[IdentifiedFace, ...]
    threshold: float | None
    scales: tuple[float, ...] | None = None
    fpir: float | None = None

    @property
    def decides(self) -> bool:
        """Whether decisions were made."""
        return self.threshold is not None or self.fpir is not None

    def __str__(self) -> str:
        path = self.path.encode("utf-8", "backslashreplace").decode()  # file names need not be valid Unicode
        if not self.faces:
            return f"{path}: no face found"
        lines = [f"{path}: {len(self.faces)} {'face' if len(self.faces) == 1 else 'faces'}"]
        for n, face in enumerate(self.faces, 1):
            x, y = face.box[:2]
            names = ", ".join(str(candidate) for candidate in face.candidates) or "nobody is enrolled"
            verdict = f"{face.verdict}   " if self.decides else ""
            lines.append(f"  {n:>3}  {face.pixels:4.0f} px at {x:.0f},{y:.0f}   {verdict}[{names}]")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """`path`, `faces` and `scales` as JSON values."""
        scales = None if self.scales is None else [round(scale, 4) for scale in self.scales]
        return {"path": self.path, "faces": [face.to_json() for face in self.faces], "scales": scales}


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
        calibrated: what scores are worth; None leaves faces without rates.
        fpir: name a face whose best score strangers reach at most so often in a gallery of this size.

    Raises:
        ConfigError: top, threshold or `fpir` is out of range; the latter two are both given, or `fpir` is
            without a calibration.
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
        calibrated: Calibrated | None = None,
        fpir: float | None = None,
    ) -> None:
        if top < 1:
            raise ConfigError(f"the number of candidates must be at least 1, not {top}")
        if threshold is not None and fpir is not None:
            raise ConfigError("a threshold and an FPIR both decide", fix="give one of them")
        check_threshold(threshold)
        check_fpir(fpir, calibrated)
        self.detector = detector
        self.encoder = encoder
        self.gallery = gallery
        self.top = top
        self.threshold = threshold
        self.fpir = fpir
        self.templates = templates
        self._rater = Rater(calibrated, gallery, templates=templates) if calibrated is not None else None

    def identify(self, image: Image) -> list[IdentifiedFace]:
        """The faces of a picture, in the detector's order; none means none, nothing is embedded instead.

        Args:
            image: (H, W, 3) uint8 BGR; without a detector an aligned crop.

        Raises:
            InputError: a crop is not square, or smaller than 8 px.
        """
        return self._identify(image)[0]

    def identify_picture(self, image: Image, path: str) -> IdentifiedPicture:
        """As `identify`, with the picture's path and the threshold beside the faces.

        Args:
            image: (H, W, 3) uint8 BGR; without a detector an aligned crop.
            path: names the picture in the result and in messages.

        Raises:
            InputError: a crop is not square, or smaller than 8 px.
        """
        try:
            faces, scales = self._identify(image)
        except InputError as error:
            raise type(error)(f"{path}: {error.what}", fix=error.fix) from error
        return IdentifiedPicture(path, tuple(faces), self.threshold, scales, self.fpir)

    def _identify(self, image: Image) -> tuple[list[IdentifiedFace], tuple[float, ...] | None]:
        """The faces, and the scales at which they were looked for."""
        if self.detector is None:
            return self.named(embed_faces([whole_crop(image, self.encoder)])), None
        if isinstance(self.detector, Searcher):
            search = self.detector.search(image)
            found, scales = search.faces, search.scales
        else:
            found, scales = self.detector.detect(image), None
        return self.named(embed_faces(align_faces(image, found, self.encoder))), scales

    def named(self, faces: Sequence[EmbeddedFace]) -> list[IdentifiedFace]:
        """Candidates and decision for faces that are embedded already, in their order."""
        if not faces:
            return []
        # One more than is shown, since a tie at the first place must be seen even when one name is asked for.
        queries = np.stack([face.embedding for face in faces])
        found = self.gallery.search(queries, self.top + 1, templates=self.templates)
        shown = [tuple(candidates[: self.top]) for candidates in found]
        if self._rater is None:
            rates = [Rated((UNRATED,) * len(candidates), UNRATED, None) for candidates in shown]
        else:
            rates = self._rater.rate(faces, shown, self.fpir)
        return [
            IdentifiedFace(
                box=face.box,
                pixels=face.pixels,
                quality=face.quality,
                candidates=candidates,
                decision=decide(all_of_them, self.threshold if self.fpir is None else rated.threshold),
                fmr=rated.fmr,
                fpir=rated.fpir,
            )
            for face, all_of_them, candidates, rated in zip(faces, found, shown, rates, strict=True)
        ]
