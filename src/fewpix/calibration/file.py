"""A calibration on disk: which score how many strangers reach, by encoder, size of face and size of gallery.

It is one JSON file. `lookup` looks rates up in it; `plan` and `measure` make it from impostors.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from fewpix.errors import InputError
from fewpix.files import PathLike, path_of, write_text
from fewpix.foreign import json_file
from fewpix.gallery.matched import Match, Matching
from fewpix.models.shipped import WEIGHTS

SHIPPED = WEIGHTS / "calibration.json"
"""Of the shipped models and the router."""

SHIPPED_TRACKS = WEIGHTS / "tracks.json"
"""Likewise, of templates of several sights, as videos have them."""

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Cosine = Annotated[float, Field(ge=-1, le=1)]
Shift = Annotated[float, Field(ge=-2, le=2)]


class _Part(BaseModel):
    """An object with these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Impostors(_Part):
    """The faces of one side of the comparisons."""

    name: str = Field(description="where they come from, in words")
    sha256: Sha256 = Field(description="over their keys, sources and contents")
    faces: int = Field(ge=1, description="how many were used")
    people: int = Field(ge=1, description="how many people they show")
    largest: int = Field(ge=1, description="the most faces that count as one person")
    labels: Literal["folders", "one each"] = Field(
        description="whether a folder named the person, or every picture was taken for another one"
    )


class Curve(_Part):
    """Thresholds for a gallery of one size; lists are as long as the rates that can be resolved."""

    people: int = Field(ge=1, description="in the gallery; 1 is the false match rate of two faces")
    galleries: int = Field(ge=1, description="different galleries of this size that were searched")
    threshold: tuple[Cosine, ...] = Field(
        description="the smallest score that strangers reach at most this often, by rate"
    )
    low: tuple[Share, ...] = Field(description="lower ends of the 95 % intervals of the rates there")
    high: tuple[Share, ...] = Field(description="upper ends")
    independence: tuple[Share | None, ...] | None = Field(
        description="1 - (1 - FMR)^people at these thresholds, to compare; null where FMR is not resolvable"
    )

    @model_validator(mode="after")
    def _is_a_curve(self) -> Self:
        length = len(self.threshold)
        lists = (self.low, self.high, self.independence or self.threshold)
        if not length or any(len(values) != length for values in lists):
            raise ValueError("threshold, low, high and independence must be of one length")
        if any(b < a for a, b in zip(self.threshold, self.threshold[1:], strict=False)):
            raise ValueError("thresholds must not fall")
        if any(a > b for a, b in zip(self.low, self.high, strict=True)):
            raise ValueError("an interval ends before it begins")
        return self


class Size(_Part):
    """Strangers whose faces have one size."""

    pixels: int = Field(ge=1, description="side of the probes' faces")
    sights: float = Field(
        1.0, ge=1, description="in the mean, of a probe; 1 of a picture, more of a track; see `embed.fusion`"
    )
    curves: tuple[Curve, ...] = Field(min_length=1, description="by size of the gallery, rising from 1")
    shifts: tuple[Shift, ...] = Field(
        (), description="by population, how far above the one here the score lies that 1 in 100 pairs reach"
    )

    @model_validator(mode="after")
    def _rises_from_one(self) -> Self:
        people = [curve.people for curve in self.curves]
        if people[0] != 1 or people != sorted(set(people)):
            raise ValueError(f"galleries must rise from 1, not {people}")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        return values if self.sights != 1 else {key: values[key] for key in values if key != "sights"}


class Population(_Part):
    """Other strangers, of whom the same was measured with the same encoders."""

    probes: Impostors = Field(description="the strangers who are searched for")
    gallery: Impostors = Field(description="the people among whom they are searched")
    left_out: int = Field(ge=0, description="pairs that look like one person, and were not compared")


class EncoderId(_Part):
    """Which weights made embeddings, and under which FaceBN state."""

    name: str = Field(description="of the model")
    sha256: Sha256 = Field(description="digest of its weights")
    state_id: str = Field(description='of the state, `""` for none')


class MatchedSize(_Part):
    """A size at which a gallery keeps its photos, too."""

    pixels: int = Field(ge=1, description="side to which photos were shrunk")
    weight: Share = Field(description="of the small row in the mix with the sharp one")


class Encoded(EncoderId):
    """What was measured of the probes of one encoder."""

    sizes: tuple[Size, ...] = Field(min_length=1, description="rising, and of each by sights, rising")
    matched: tuple[MatchedSize, ...] = Field(
        (), description="sizes of a matched gallery, rising, if these are scores with such a one"
    )

    @model_validator(mode="after")
    def _sizes_rise(self) -> Self:
        places = [(size.pixels, size.sights) for size in self.sizes]
        if places != sorted(set(places)):
            raise ValueError(f"sizes must rise, not {places}")
        small = [each.pixels for each in self.matched]
        if small != sorted(set(small)):
            raise ValueError(f"sizes of a matched gallery must rise, not {small}")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        return values if self.matched else {key: values[key] for key in values if key != "matched"}

    @property
    def pixels(self) -> tuple[int, ...]:
        """The sides of the probes' faces, rising."""
        return tuple(dict.fromkeys(size.pixels for size in self.sizes))

    @property
    def matching(self) -> Matching | None:
        """The sizes and weights of a matched gallery; None where photos are compared as they are."""
        if not self.matched:
            return None
        return Matching(tuple((each.pixels, each.weight) for each in self.matched))

    def match(self, pixels: float) -> Match | None:
        """What probes of this size were compared with beside sharp photos; None for those alone."""
        return None if self.matching is None else self.matching.match(self.sha256, pixels)


class Calibration(_Part):
    """Everything that was measured, and of whom."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True, validate_by_name=True)

    form: Literal["calibration-1"] = Field("calibration-1", alias="schema", description="of this file")
    model: str = Field(description="that was calibrated; `auto` for the router")
    space: str = Field(description="fingerprint of the embedding space")
    encoders: tuple[Encoded, ...] = Field(min_length=1, description="who saw the probes")
    gallery_encoder: EncoderId = Field(description="who saw the gallery, whose faces are sharp")
    probes: Impostors = Field(description="the strangers who are searched for")
    gallery: Impostors = Field(description="the people among whom they are searched, one photo each")
    note: str = Field("", description="what else should be known of the faces")
    independent_pairs: int = Field(
        ge=1, description="pairs of which no two share a person; no false match rate below one over it"
    )
    independent_searches: int = Field(
        ge=1, description="people searched for; no false positive identification rate below one over it"
    )
    same: float = Field(
        description="sharp faces from this cosine on were taken for one person, and not compared"
    )
    left_out: int = Field(ge=0, description="how many pairs these were")
    degradation: str = Field(description="how probes were made small, in words")
    seed: int = Field(ge=0, description="of what is random in it, and of who is in which gallery")
    rates: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        min_length=1, description="that thresholds are given for, falling"
    )
    populations: tuple[Population, ...] = Field(
        (), description="other strangers, by whom intervals are widened; see `Size.shifts`"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if any(b >= a for a, b in zip(self.rates, self.rates[1:], strict=False)):
            raise ValueError("rates must fall")
        for encoder in self.encoders:
            for size in encoder.sizes:
                if len(size.shifts) != len(self.populations):
                    raise ValueError(f"{size.pixels} px: shifts of {len(size.shifts)} populations")
                for curve in size.curves:
                    units = self.independent_pairs if curve.people == 1 else self.independent_searches
                    if len(curve.threshold) > len(self.rates):
                        raise ValueError(f"{size.pixels} px: more thresholds than rates")
                    # a little less will do, since a rate in the file is rounded
                    if self.rates[len(curve.threshold) - 1] * units < 1 - 1e-4:
                        raise ValueError(f"{size.pixels} px: a rate below one in {units} is not resolvable")
        return self

    @property
    def of_tracks(self) -> bool:
        """Whether templates of several sights were measured, too."""
        return any(size.sights > 1 for encoder in self.encoders for size in encoder.sizes)

    def to_text(self) -> str:
        """JSON: equal calibrations give equal bytes."""
        return json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_calibration(path: PathLike) -> Calibration:
    """Read a calibration.

    Raises:
        InputError: missing, or not a calibration; what is wrong is named.
    """
    path = path_of(path)
    try:
        return Calibration.model_validate(json_file(path))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(
            f"{path} is not a calibration: {key}: {first['msg']}", fix="make one with `fewpix calibrate`"
        ) from error
    except ValueError as error:
        raise InputError(
            f"{path} is not a calibration: {error}", fix="make one with `fewpix calibrate`"
        ) from error
    except OSError as error:
        raise InputError(
            f"cannot read the calibration {path}: {error}", fix="make one with `fewpix calibrate`"
        ) from error


def write_calibration(path: PathLike, calibration: Calibration) -> None:
    """Write it, atomically.

    Raises:
        StorageError: it cannot be written; what was there before is still there.
    """
    path = path_of(path)
    write_text(path, calibration.to_text())
