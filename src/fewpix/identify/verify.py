"""Two pictures with a face each: one person, or two?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fewpix.calibration.lookup import LARGEST, Calibrated
from fewpix.calibration.rate import Rate, one_of
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.errors import ConfigError, InputError, NoFaceError
from fewpix.identify.faces import AlignedFace, EmbeddedFace, Finder, align_faces, embed_faces, whole_crop
from fewpix.identify.pipeline import rate_json
from fewpix.identify.rating import UNRATED
from fewpix.image.codec import Image

Decision = Literal["same", "different", "undecided"]

BOTH_SMALL = Rate(
    reason="not measured for two small faces: the larger one must be sharp enough for the calibration's "
    "gallery",
    fix="take a sharper or larger picture of one of them",
)
OTHER_GALLERY = (
    "not measured for this model alone: the calibration is of sharp faces that {} embedded, as `auto` does"
)
OTHER_GALLERY_FIX = "use --model auto, or calibrate this model: docs/cli/calibrating.md"
HOLDS_FIX = "take a sharper or larger picture, or decide by another --fmr"


@dataclass(frozen=True)
class Verified:
    """What two pictures say of each other.

    Args:
        paths: of the pictures.
        pixels: side of either face in source pixels.
        routed_pixels: side by which either face's encoder was chosen; less where there is less detail.
        score: cosine of the two.
        fmr: how often two people score so when the smaller face is of this size.
        wanted: the false match rate to decide by.
        decision: "same" where `fmr` is surely at or below `wanted`, "different" where it is surely above,
            "undecided" where its interval holds `wanted`, or there is none.
        reason: why it is undecided; empty where it is not.
        fix: what helps.
    """

    paths: tuple[str, str]
    pixels: tuple[float, float]
    routed_pixels: tuple[float, float]
    score: float
    fmr: Rate
    wanted: float
    decision: Decision
    reason: str = ""
    fix: str = ""

    def __str__(self) -> str:
        rate = ""
        if self.fmr.known is not None:
            interval = f" ({self.fmr.interval})" if self.fmr.interval else ""
            often = self.fmr.of("comparisons")
            rate = f"two people score so in {often}{interval} at {min(self.routed_pixels):.0f} px   "
        sizes = " and ".join(f"{value:.0f} px" for value in self.pixels)
        why = f": {self.reason}" if self.reason else ""
        asked = f"(faces of {sizes}; same is at most {one_of(self.wanted, 'comparisons')})"
        return f"{self.decision}{why}   score {self.score:.3f}   {rate}{asked}"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values; pixels to a hundredth, the score to a millionth, rates to 3 digits."""
        return {
            "paths": list(self.paths),
            "pixels": [round(value, 2) for value in self.pixels],
            "routed_pixels": [round(value, 2) for value in self.routed_pixels],
            "score": round(self.score, 6),
            **rate_json("fmr", self.fmr),
            "wanted": self.wanted,
            "decision": self.decision,
            "reason": self.reason or None,
            "fix": self.fix or None,
        }


def verify(
    first: tuple[str, Image],
    second: tuple[str, Image],
    *,
    detector: Finder | None,
    encoder: Encoder,
    calibrated: Calibrated | None,
    fmr: float,
) -> Verified:
    """Compare the face of one picture with that of another.

    Args:
        first: path and pixels (H, W, 3) uint8 BGR; without a detector an aligned crop.
        second: the other one.
        detector: finds faces; None when both are aligned crops.
        encoder: an encoder or a router.
        calibrated: what scores are worth; None decides nothing.
        fmr: the false match rate to decide by.

    Raises:
        ConfigError: `fmr` is out of range, or below what the calibration can resolve.
        NoFaceError: a picture has no face.
        InputError: a picture has several, or a crop is not square or too small.
    """
    if not 0 < fmr < 1:
        raise ConfigError(f"--fmr must be above 0 and below 1, not {fmr:g}", fix="0.001 is one in a thousand")
    if calibrated is not None and fmr < (rarest := calibrated.rarest(1)) * (1 - 1e-9):
        pairs = calibrated.calibration.independent_pairs
        raise ConfigError(
            f"a false match rate of {fmr:g} is not resolvable with {pairs:,} independent pairs",
            fix=f"ask for at least {rarest:g}, or calibrate with more people",
        )
    for pair in (first, second):
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise InputError(f"a name and a picture are compared, not {type(pair).__name__}", fix="give both")
    faces = embed_faces([only_face(image, path, detector, encoder) for path, image in (first, second)])
    score = float(np.float32(faces[0].embedding.astype(np.float64) @ faces[1].embedding.astype(np.float64)))
    rate = UNRATED if calibrated is None else _rate(calibrated, encoder, faces, score)
    decision = _decided(rate, fmr)
    reason = fix = ""
    if decision == "undecided":
        holds = f"the rate's interval holds {one_of(fmr, 'comparisons')}"
        reason, fix = (holds, HOLDS_FIX) if rate.known is not None else (rate.reason, rate.fix)
    return Verified(
        (first[0], second[0]),
        (faces[0].pixels, faces[1].pixels),
        (faces[0].routed_pixels, faces[1].routed_pixels),
        score,
        rate,
        fmr,
        decision,
        reason,
        fix,
    )


def only_face(image: Image, path: str, detector: Finder | None, encoder: Encoder) -> AlignedFace:
    """The one face of a picture.

    Args:
        image: (H, W, 3) uint8 BGR; without a detector an aligned crop.
        path: for messages.
        detector: finds faces.
        encoder: that is going to embed it, or a router.

    Raises:
        NoFaceError: there is none.
        InputError: there are several, or the crop is not one.
    """
    if detector is None:
        return whole_crop(image, encoder, path)
    found = detector.detect(image)
    if not found:
        raise NoFaceError(f"{path} holds no face", fix="use a photograph with a visible face")
    if len(found) > 1:
        raise InputError(
            f"{path} holds {len(found)} faces", fix="cut the one that is meant out, with some surroundings"
        )
    return align_faces(image, found, encoder)[0]


def _rate(calibrated: Calibrated, encoder: Encoder, faces: list[EmbeddedFace], score: float) -> Rate:
    """The false match rate with the smaller face as the probe."""
    small, large = sorted(faces, key=lambda face: face.routed_pixels)
    gallery = calibrated.calibration.gallery_encoder
    if (large.encoder_sha256, large.state_id) != (gallery.sha256, gallery.state_id):
        sharp = encoder_for(encoder, LARGEST)
        takes = (sharp.card.sha256, sharp.state_id) == (gallery.sha256, gallery.state_id)
        return BOTH_SMALL if takes else Rate(reason=OTHER_GALLERY.format(gallery.name), fix=OTHER_GALLERY_FIX)
    return calibrated.curve(small.encoder_sha256, small.state_id, small.routed_pixels).at(score)


def _decided(rate: Rate, wanted: float) -> Decision:
    if rate.at_most(wanted) and (rate.high is None or rate.high <= wanted):
        return "same"
    if rate.low is not None and rate.low > wanted:
        return "different"
    return "undecided"
