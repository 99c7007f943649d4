"""What a calibration says of faces that are searched for in one gallery."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from fewpix.errors import ConfigError
from fewpix.gallery.calibrated import Calibrated, Rate, RateCurve
from fewpix.gallery.census import Census, census
from fewpix.gallery.search import Candidate
from fewpix.gallery.store import Gallery
from fewpix.identify.faces import EmbeddedFace

UNRATED = Rate(reason="no calibration is in use")
OTHER_PHOTO = (
    "a photo of this person was embedded by another model, or under another state, than was calibrated"
)


@dataclass(frozen=True, eq=False)
class Rated:
    """The rates of one face.

    Args:
        fmr: how often a stranger scores as high with one person, by candidate.
        fpir: how often a stranger's best score in this gallery is as high as the best candidate's.
        threshold: the score from which on the best candidate is named; None for never.
    """

    fmr: tuple[Rate, ...]
    fpir: Rate
    threshold: float | None


def check_fpir(fpir: float | None, calibrated: Calibrated | None) -> None:
    """Refuse a rate that a calibration cannot be asked for.

    Raises:
        ConfigError: out of range, below what the calibration can resolve, or there is none.
    """
    if fpir is None:
        return
    if not 0 < fpir < 1:
        raise ConfigError(f"FPIR must be above 0 and below 1, not {fpir:g}", fix="0.01 is one in a hundred")
    if calibrated is None:
        raise ConfigError("FPIR needs a calibration", fix="name one with --calibration")
    rarest = calibrated.rarest(calibrated.largest)
    if fpir < rarest * (1 - 1e-9):
        searches = calibrated.calibration.independent_searches
        raise ConfigError(
            f"FPIR {fpir:g} is not resolvable: the calibration has {searches:,} people searched for",
            fix=f"ask for at least {rarest:g}, or calibrate with more people",
        )


class Rater:
    """Looks faces up in a calibration, for the gallery as it is now.

    Args:
        calibrated: the calibration.
        gallery: where faces are searched for.
        templates: whether people are compared as templates; else each photo is one more that can be like a
            stranger, and so they are counted.
    """

    def __init__(self, calibrated: Calibrated, gallery: Gallery, *, templates: bool) -> None:
        self.calibrated, self.gallery, self._templates = calibrated, gallery, templates
        self._known: tuple[Hashable, Census] | None = None

    def rate(
        self,
        faces: Sequence[EmbeddedFace],
        candidates: Sequence[Sequence[Candidate]],
        fpir: float | None,
    ) -> list[Rated]:
        """The rates of faces, and the thresholds that keep `fpir`; without one, no thresholds.

        Args:
            faces: as they were embedded.
            candidates: of each face, best first.
            fpir: the false positive identification rate to keep.
        """
        known = self._census()
        return [self._rated(*of, fpir, known) for of in zip(faces, candidates, strict=True)]

    def _rated(
        self, face: EmbeddedFace, candidates: Sequence[Candidate], fpir: float | None, known: Census
    ) -> Rated:
        people = known.people if self._templates else known.rows

        def curve(count: int) -> RateCurve:
            return self.calibrated.curve(face.encoder_sha256, face.state_id, face.routed_pixels, count)

        # Where each photo is compared, a person with several is as often like a stranger as several are.
        counts = [1 if self._templates else known.photos.get(each.name, 1) for each in candidates]
        curves = {count: curve(count) for count in set(counts)}
        fmr = tuple(
            self._at(curves[count], each, known) for count, each in zip(counts, candidates, strict=True)
        )
        all_of_them = curve(people)
        if not candidates:
            return Rated((), Rate(reason="nobody is enrolled"), None)
        best = self._at(all_of_them, candidates[0], known)
        names = best.value is not None or best.below is not None
        threshold = all_of_them.threshold(fpir) if fpir is not None and names else None
        return Rated(fmr, best, threshold)

    @staticmethod
    def _at(curve: RateCurve, candidate: Candidate, known: Census) -> Rate:
        return Rate(reason=OTHER_PHOTO) if candidate.name in known.others else curve.at(candidate.score)

    def _census(self) -> Census:
        # Read before the rows, as in the gallery itself.
        version = self.gallery.database.version()
        if self._known is None or self._known[0] != version:
            encoder = self.calibrated.calibration.gallery_encoder
            self._known = (version, census(self.gallery, encoder.sha256, encoder.state_id))
        return self._known[1]
