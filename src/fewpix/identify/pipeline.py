"""A picture in, its faces with their candidates out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.rate import Rate
from fewpix.counted import counted
from fewpix.embed.protocol import Encoder
from fewpix.errors import ConfigError, InputError
from fewpix.gallery.matched import Match, Matching, shipped_matching
from fewpix.gallery.search import Candidate
from fewpix.gallery.store import Gallery
from fewpix.identify.faces import EmbeddedFace, Finder, embed_faces, find_faces
from fewpix.identify.rating import UNRATED, Rated, Rater, check_fpir, strangers
from fewpix.identify.rule import check_rule
from fewpix.identify.verdict import LISTED, Verdict, check_threshold, decide
from fewpix.image.codec import Image
from fewpix.quality.assess import Quality

log = logging.getLogger("fewpix")


@dataclass(frozen=True, eq=False)
class IdentifiedFace:
    """A face of a picture and who it may be.

    Args:
        box: x, y, width, height in picture pixels.
        pixels: side of the face in source pixels; how far a score can be trusted depends on it.
        quality: how good the face is, and why.
        candidates: best first.
        verdict: who it is, or why nobody is named.
        fmr: of each candidate, how often a stranger scores as high with one person.
        fpir: how often a stranger's best score in the whole gallery is as high as the best candidate's.
        points: (5, 2) x, y in picture pixels: eyes, nose, corners of the mouth, those at the picture's left
            first; None for a crop.
        matched: what it was compared with beside sharp photos; None for those alone.
    """

    box: tuple[float, float, float, float]
    pixels: float
    quality: Quality
    candidates: tuple[Candidate, ...]
    verdict: Verdict
    fmr: tuple[Rate, ...] = ()
    fpir: Rate = UNRATED
    points: NDArray[np.float32] | None = None
    matched: Match | None = None

    @property
    def decision(self) -> str | None:
        """The name; None where nobody is named."""
        return self.verdict.name

    def __str__(self) -> str:
        """The verdict, and how often strangers score so in this gallery, where that is not its reason."""
        said, rate = str(self.verdict), "" if self.fpir is UNRATED else strangers(self.fpir)
        if self.fpir.known is None and rate:
            rate = f"no rate: {rate}"
        return said if not rate or rate.removeprefix("no rate: ") in said else f"{said}; {rate}"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values: boxes to a hundredth, scores to a millionth, rates to 3 digits."""
        rates = self.fmr or (UNRATED,) * len(self.candidates)
        return {
            "box": [round(value, 2) for value in self.box],
            "points": points_json(self.points),
            "pixels": round(self.pixels, 2),
            **self.quality.to_json(),
            "candidates": [
                {"name": c.name, "score": round(c.score, 6), **rate_json("fmr", rate)}
                for c, rate in zip(self.candidates, rates, strict=True)
            ],
            **rate_json("fpir", self.fpir),
            **self.verdict.to_json(),
            "matched_px": None if self.matched is None else self.matched.pixels,
        }


def points_json(points: NDArray[np.float32] | None) -> list[list[float]] | None:
    """Five points as JSON values, to a hundredth of a pixel."""
    return None if points is None else [[round(float(x), 2), round(float(y), 2)] for x, y in points]


def rate_json(name: str, rate: Rate) -> dict[str, Any]:
    """A rate under its name with its interval; null, with the reason beside it, where nothing is known.

    `_kind` says what the number is: "measured", or "at most" where the score is rarer than can be shown, and
    where the number is a bound. `_basis` says how it follows from what was measured, where that was something
    else.
    """
    ends = [None if end is None else float(f"{end:.3g}") for end in (rate.known, rate.low, rate.high)]
    kind = "at most" if rate.value is None or rate.bound else "measured"
    return {
        name: ends[0],
        f"{name}_kind": None if rate.known is None else kind,
        f"{name}_range": None if None in ends[1:] else ends[1:],
        f"{name}_reason": rate.reason or None,
        f"{name}_basis": rate.basis or None,
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

    def __str__(self) -> str:
        path = self.path.encode("utf-8", "backslashreplace").decode()  # file names need not be valid Unicode
        if not self.faces:
            return f"{path}: no face found"
        lines = [f"{path}: {counted(len(self.faces), 'face')}"]
        for n, face in enumerate(self.faces, 1):
            x, y = face.box[:2]
            names = ", ".join(str(candidate) for candidate in face.candidates) or "nobody is enrolled"
            beside = "" if face.matched is None else f"; photos at {face.matched.pixels} px, too"
            lines.append(f"  {n:>3}  {face.pixels:4.0f} px at {x:.0f},{y:.0f}   {face}   [{names}{beside}]")
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
        matched: compare small faces with photos shrunk to their size, too, see `fewpix.gallery.matched`;
            scores are other ones then, which a threshold or a calibration has to be of. None does so where
            no threshold decides, `calibrated` is of such scores, and every photo has the row that a face asks
            for.
        matching: sizes and weights of that; the shipped ones if None.

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
        matched: bool | None = None,
        matching: Matching | None = None,
    ) -> None:
        if top < 1:
            raise ConfigError(f"the number of candidates must be at least 1, not {top}")
        check_rule(threshold, fpir)
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
        self._insist = matched is True
        sizes = shipped_matching() if matching is None else matching
        if matched is None:
            # A threshold was measured on scores with sharp photos alone, as far as anybody knows.
            matched = threshold is None and calibrated is not None and calibrated.fits(sizes, encoder)
        self.matching = sizes if matched else Matching(())
        self._parts = {taken.card.sha256: part for taken, part in self.matching.parts(encoder)}

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
        if scales is not None:
            log.info(
                "%s: faces were looked for at the scales %s", path, ", ".join(f"{s:.3g}" for s in scales)
            )
        return IdentifiedPicture(path, tuple(faces), self.threshold, scales, self.fpir)

    def _identify(self, image: Image) -> tuple[list[IdentifiedFace], tuple[float, ...] | None]:
        """The faces, and the scales at which they were looked for."""
        faces, scales = find_faces(image, self.detector, self.encoder)
        return self.named(embed_faces(faces)), scales

    def keeps(self, face: EmbeddedFace, share: float) -> bool:
        """Whether so small a share of the rate can be kept with such a face; always where no rate is."""
        if self.fpir is None or self._rater is None:
            return True
        rarest = self._rater.rarest(face, self._match(face))
        return rarest is not None and rarest <= share * self.fpir * (1 + 1e-6)

    def named(self, faces: Sequence[EmbeddedFace], *, share: float = 1.0) -> list[IdentifiedFace]:
        """Candidates and decision for faces that are embedded already, in their order.

        Args:
            faces: as they were embedded.
            share: of the rate that is to be kept, where it is kept over several decisions about one face.
        """
        if not faces:
            return []
        fpir = None if self.fpir is None else share * self.fpir
        matches = [self._match(face) for face in faces]
        # One more than is shown: a second one who passes must be seen even when one name is asked for.
        found = self._search(faces, matches, self.top + 1)
        shown = [tuple(candidates[: self.top]) for candidates in found]
        if self._rater is None:
            rates = [Rated((UNRATED,) * len(candidates), UNRATED, None) for candidates in shown]
        else:
            rates = self._rater.rate(faces, shown, fpir, matches)
        named = []
        for n, (face, candidates, rated) in enumerate(zip(faces, shown, rates, strict=True)):
            threshold = self.threshold if fpir is None else rated.threshold
            all_of_them = found[n]
            if threshold is not None and len(all_of_them) > self.top and all_of_them[-1].score >= threshold:
                (all_of_them,) = self._search([face], [matches[n]], LISTED)
            named.append(
                IdentifiedFace(
                    box=face.box,
                    pixels=face.pixels,
                    quality=face.quality,
                    candidates=candidates,
                    verdict=decide(all_of_them, threshold, reason=rated.reason, fix=rated.fix),
                    fmr=rated.fmr,
                    fpir=rated.fpir,
                    points=face.points,
                    matched=matches[n],
                )
            )
        return named

    def _match(self, face: EmbeddedFace) -> Match | None:
        """What a face is compared with beside sharp photos."""
        part = self._parts.get(face.encoder_sha256)
        match = None if part is None else part.match(face.encoder_sha256, face.routed_pixels)
        if match is None or self._insist or (self._rater is not None and self._rater.complete(match)):
            return match
        return None

    def _search(
        self, faces: Sequence[EmbeddedFace], matches: Sequence[Match | None], k: int
    ) -> list[list[Candidate]]:
        """The k best of each face, those that are compared alike together."""
        found: dict[int, list[Candidate]] = {}
        for match in dict.fromkeys(matches):
            members = [n for n, each in enumerate(matches) if each == match]
            queries = np.stack([faces[n].embedding for n in members])
            best = self.gallery.search(queries, k, templates=self.templates, match=match)
            found |= dict(zip(members, best, strict=True))
        return [found[n] for n in range(len(faces))]
