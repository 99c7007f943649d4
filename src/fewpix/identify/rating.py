"""What a calibration says of faces that are searched for in one gallery."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from fewpix.calibration.curve import RateCurve
from fewpix.calibration.lookup import Calibrated
from fewpix.calibration.rate import Rate, one_in, one_of
from fewpix.errors import ConfigError
from fewpix.gallery.census import Census, census
from fewpix.gallery.matched import Match
from fewpix.gallery.search import Candidate
from fewpix.gallery.store import Gallery
from fewpix.identify.faces import EmbeddedFace

UNRATED = Rate(
    reason="no calibration is in use",
    fix="give one: `Calibrated(read_calibration(SHIPPED))`, or --calibration",
)
OTHER_PHOTO = Rate(
    reason="not measured: this person's photos were embedded by another model, or under another state, than "
    "was calibrated",
    fix="enrol photos of these people that are sharp and large, or decide by --threshold",
)
UNMATCHED = Rate(
    reason="not measured: of this person a photo has no row of this small size",
    fix="`fewpix gallery reembed` makes them where originals were kept; else enrol the photos again, or leave"
    " out --matched",
)
NOBODY = Rate(reason="nobody is enrolled", fix="enrol people with `fewpix enrol`")
UNRESOLVED_FIX = "ask for a higher --fpir, calibrate with more people, or decide by --threshold"
CAUTIOUS_FIX = "leave out --cautious, or ask for a higher --fpir"


@dataclass(frozen=True, eq=False)
class Rated:
    """The rates of one face.

    Args:
        fmr: how often a stranger scores as high with one person, by candidate.
        fpir: how often a stranger's best score in this gallery is as high as the best candidate's.
        threshold: the score from which on the best candidate is named; None for never.
        reason: why there is no threshold, or why the best score does not reach it; empty where it does, and
            where no rate was to be kept.
        fix: what helps.
    """

    fmr: tuple[Rate, ...]
    fpir: Rate
    threshold: float | None
    reason: str = ""
    fix: str = ""


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


def curve_of(
    calibrated: Calibrated, face: EmbeddedFace, people: int, match: Match | None = None
) -> RateCurve:
    """How often strangers score so with such a face, among so many people; see `Calibrated.curve`."""
    seen = (face.encoder_sha256, face.state_id, face.routed_pixels)
    return calibrated.curve(*seen, people, match, sights=face.sights)


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
        self._known: tuple[Hashable, dict[Match | None, Census]] | None = None

    def rate(
        self,
        faces: Sequence[EmbeddedFace],
        candidates: Sequence[Sequence[Candidate]],
        fpir: float | None,
        matches: Sequence[Match | None] | None = None,
    ) -> list[Rated]:
        """The rates of faces, and the thresholds that keep `fpir`; without one, no thresholds.

        Args:
            faces: as they were embedded.
            candidates: of each face, best first.
            fpir: the false positive identification rate to keep.
            matches: what each face was compared with beside sharp photos; nothing if None.
        """
        beside = matches or [None] * len(faces)
        return [self._rated(*of, fpir) for of in zip(faces, candidates, beside, strict=True)]

    def rarest(self, face: EmbeddedFace, match: Match | None) -> float | None:
        """The rarest rate that can be kept with such a face in the gallery as it is; None where none can."""
        known = self._census(match)
        people = known.people if self._templates else known.rows
        return curve_of(self.calibrated, face, people, match).rarest

    def complete(self, match: Match) -> bool:
        """Whether every photo that counts has the row that it is to be mixed with."""
        return not self._census(match).unmatched

    def _rated(
        self,
        face: EmbeddedFace,
        candidates: Sequence[Candidate],
        match: Match | None,
        fpir: float | None,
    ) -> Rated:
        known = self._census(match)
        people = known.people if self._templates else known.rows
        # Where each photo is compared, a person with several is as often like a stranger as several are.
        counts = [1 if self._templates else known.photos.get(each.name, 1) for each in candidates]
        curves = {count: curve_of(self.calibrated, face, count, match) for count in set(counts)}
        fmr = tuple(
            self._at(curves[count], each, known) for count, each in zip(counts, candidates, strict=True)
        )
        all_of_them = curve_of(self.calibrated, face, people, match)
        if not candidates:
            return Rated((), NOBODY, None, NOBODY.reason if fpir is not None else "", NOBODY.fix)
        best = self._at(all_of_them, candidates[0], known)
        if fpir is None:
            return Rated(fmr, best, None)
        if best.known is None:
            return Rated(fmr, best, None, best.reason, best.fix)
        return _by_rate(all_of_them, fmr, best, candidates[0].score, fpir)

    @staticmethod
    def _at(curve: RateCurve, candidate: Candidate, known: Census) -> Rate:
        if candidate.name in known.others:
            return OTHER_PHOTO
        return UNMATCHED if candidate.name in known.unmatched else curve.at(candidate.score)

    def _census(self, match: Match | None) -> Census:
        # Read before the rows, as in the gallery itself.
        version = self.gallery.database.version()
        if self._known is None or self._known[0] != version:
            self._known = (version, {})
        counted = self._known[1]
        if match not in counted:
            encoder = self.calibrated.calibration.gallery_encoder
            counted[match] = census(
                self.gallery, encoder.sha256, encoder.state_id, templates=self._templates, match=match
            )
        return counted[match]


def _by_rate(curve: RateCurve, fmr: tuple[Rate, ...], best: Rate, score: float, fpir: float) -> Rated:
    """The threshold that keeps a rate, or why there is none, or why the best score is below it."""
    threshold = curve.threshold(fpir)
    if threshold is None:
        rarest = 1.0 if curve.rarest is None else curve.rarest
        of = f" ({curve.basis})" if curve.basis else ""
        return Rated(
            fmr,
            best,
            None,
            f"{one_in(fpir)} cannot be kept here, {one_in(rarest)} at the rarest{of}",
            UNRESOLVED_FIX,
        )
    if score >= threshold:
        return Rated(fmr, best, threshold)
    if curve.cautious and best.at_most(fpir) and best.high is not None:
        often = f"strangers of other kinds score so in up to {one_of(best.high, 'searches')}"
        return Rated(fmr, best, threshold, often, CAUTIOUS_FIX)
    return Rated(fmr, best, threshold, strangers(best))


def strangers(rate: Rate) -> str:
    """How often strangers score so, in a few words; the reason where that is not known."""
    return rate.reason if rate.known is None else f"strangers score so in {rate.of('searches')}"
