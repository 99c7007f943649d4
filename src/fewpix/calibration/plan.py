"""What is going to be measured: whose faces, seen by whom, at which sizes, in how large galleries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.calibration.impostors import SHARP, Strangers
from fewpix.calibration.lookup import LARGEST
from fewpix.calibration.motion import Motion
from fewpix.calibration.rate import one_in
from fewpix.counted import counted
from fewpix.degrade.degradation import Degradation, check_size
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import Router, encoder_for
from fewpix.errors import ConfigError, InputError
from fewpix.gallery.matched import Matching

SIZES = (8, 12, 16, 24, 32, 48, 112)
GALLERIES = (10, 100, 1000, 5000)
SAME = 0.55
"""Sharp faces from this cosine of SFace on are taken for one person; see `decisions.md`."""

FEWEST = 20
"""People on either side, below which a calibration would only be able to say very little."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that decides what comes out.

    Args:
        model: what is calibrated, as the user named it.
        by_size: encoders of the probes, each with the sizes in pixels at which it sees them.
        gallery_encoder: of the gallery's sharp faces.
        probes: strangers to search for.
        sides: (N,) side in pixels of each probe's picture.
        gallery: people to search among, one face each.
        galleries: sizes of galleries, rising, above 1; only those of which two without a common person exist.
        same: sharp faces from this cosine on are not compared.
        degradation: how probes are made small.
        note: what else should be known of the faces.
        matched: likewise encoders and sizes where the gallery's faces are mixed with themselves shrunk, with
            the encoder's part of the sizes at which they are kept; measured beside scores without.
        motion: how probes are made templates of several sights, instead of small pictures; None for pictures.
    """

    model: str
    by_size: tuple[tuple[Encoder, tuple[int, ...]], ...]
    gallery_encoder: Encoder
    probes: Strangers
    sides: NDArray[np.int64]
    gallery: Strangers
    galleries: tuple[int, ...]
    same: float
    degradation: Degradation
    note: str = ""
    matched: tuple[tuple[Encoder, Matching, tuple[int, ...]], ...] = ()
    motion: Motion | None = None

    @property
    def family(self) -> str:
        """How probes are made small, in a word."""
        return self.degradation.family if self.motion is None else self.motion.family

    @property
    def independent_pairs(self) -> int:
        """How many pairs can be formed of which no two share a person.

        Before anything is embedded this is an upper bound where every picture was taken for another person.
        """
        return min(self.probes.count, self.gallery.count)

    def __str__(self) -> str:
        sizes = "; ".join(
            f"{encoder.card.name} at {', '.join(str(size) for size in sizes)} px"
            for encoder, sizes in self.by_size
        )
        small = "; ".join(
            f"{encoder.card.name} at {', '.join(str(size) for size in sizes)} px"
            for encoder, _, sizes in self.matched
        )
        galleries = ", ".join(f"{people:,}" for people in (1, *self.galleries))
        return "\n".join(
            (
                f"probes: {_words(self.probes)}",
                f"gallery: {_words(self.gallery)}, by {self.gallery_encoder.card.name}",
                f"probes by {sizes}; made small by the family {self.family}",
                *([str(self.motion)] if self.motion is not None else []),
                *([f"beside that, with a matched gallery, probes by {small}"] if small else []),
                f"galleries of {galleries}; one person from a cosine of {self.same:g} of the sharp faces on",
                f"{len(self.probes) * len(self.gallery):,} pairs, at most {self.independent_pairs:,} of them "
                f"independent: no false match rate below {one_in(1 / self.independent_pairs)}; at most "
                f"{self.probes.count:,} people searched for: no FPIR below {one_in(1 / self.probes.count)}",
            )
        )

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {
            "model": self.model,
            "probes": _facts(self.probes),
            "gallery": _facts(self.gallery),
            "note": self.note,
            "encoders": [{"name": e.card.name, "sizes": list(sizes)} for e, sizes in self.by_size],
            "matched": [
                {"name": e.card.name, "sizes": list(sizes), "kept": list(part.kept)}
                for e, part, sizes in self.matched
            ],
            "gallery_encoder": self.gallery_encoder.card.name,
            "galleries": [1, *self.galleries],
            "same": self.same,
            "degradation": self.family,
            "seed": self.degradation.seed,
            "pairs": len(self.probes) * len(self.gallery),
            "independent_pairs": self.independent_pairs,
            "independent_searches": self.probes.count,
        }


def plan(
    model: str,
    encoder: Encoder,
    probes: Strangers,
    gallery: Strangers | None,
    *,
    sizes: Sequence[int] = SIZES,
    galleries: Sequence[int] = GALLERIES,
    same: float = SAME,
    degradation: Degradation | None = None,
    note: str = "",
    matching: Matching | None = None,
    motion: Motion | None = None,
) -> Plan:
    """Fill in what follows from what was asked for.

    Args:
        model: its name.
        encoder: an encoder or a router.
        probes: strangers to search for.
        gallery: people to search among; None splits the people of `probes` into halves.
        sizes: of the probes' faces, each 8 to 112 px; a router's bands add their ends.
        galleries: sizes of galleries; those that the people do not suffice for are left out.
        same: see `Plan`.
        degradation: area averaging if None.
        note: see `Plan`.
        matching: measure scores with a matched gallery of these sizes and weights, too.
        motion: measure templates of strangers in motion; None for pictures.

    Raises:
        ConfigError: a size or `same` is out of range.
        InputError: too few people, or no face is as large as the largest size.
    """
    wanted = sorted({check_size(size) for size in sizes})
    if not wanted:
        raise ConfigError("no size to calibrate at", fix="name one, such as --sizes 16")
    if not 0 < same <= 1:
        raise ConfigError(f"--same must be a cosine above 0, up to 1, not {same:g}")
    if any(people < 2 for people in galleries):
        raise ConfigError("a gallery has at least 2 people; false match rates are measured anyway")
    how = degradation or Degradation()
    rng = np.random.default_rng(how.seed)
    if gallery is None:
        probes, gallery = probes.halves(rng)
    alone = gallery.one_each(rng)
    for side, count in (("probes", probes.count), ("gallery", alone.count)):
        if count < FEWEST:
            raise InputError(
                f"{count} people as {side} are too few to calibrate with",
                fix=f"name faces of at least {FEWEST}",
            )
    sides = _sides(probes)
    large = len(np.unique(probes.people[sides >= wanted[-1]]))
    if large < FEWEST:
        raise InputError(
            f"{probes.name} has too few faces of {wanted[-1]} px and more: of "
            f"{counted(large, 'person', 'people')}",
            fix="leave out the largest of --sizes, or name sharper faces",
        )
    dull = int((_sides(alone) < SHARP).sum())
    if dull:
        raise InputError(
            f"{dull:,} of {len(alone):,} faces of {alone.name} as gallery have fewer than {SHARP} px",
            fix=f"a gallery is sharp: name faces of at least {SHARP} px",
        )
    return Plan(
        model,
        by_size(encoder, wanted),
        encoder_for(encoder, LARGEST),
        probes,
        sides,
        alone,
        tuple(people for people in sorted(set(galleries)) if 2 * people <= alone.count),
        same,
        how,
        note,
        () if matching is None else matched_by_size(encoder, matching, wanted),
        motion,
    )


def _sides(side: Strangers) -> NDArray[np.int64]:
    """(N,) side in pixels of each picture."""
    return np.array([len(side.faces.crop(int(n))) for n in side.members], dtype=np.int64)


def by_size(encoder: Encoder, sizes: Sequence[int]) -> tuple[tuple[Encoder, tuple[int, ...]], ...]:
    """Who sees which sizes. Of a router's bands the two ends are added, as nothing may be read across them.

    Args:
        encoder: an encoder or a router.
        sizes: in pixels, rising, at least one.
    """
    if not isinstance(encoder, Router):
        return ((encoder, tuple(sizes)),)
    found = []
    for (start, end), taken in zip(pairwise((*encoder.starts, np.inf)), encoder.encoders, strict=True):
        ends = {int(np.ceil(start)), int(np.ceil(end)) - 1 if end < np.inf else sizes[-1]}
        inside = {size for size in (*sizes, *ends) if start <= size < end and sizes[0] <= size <= sizes[-1]}
        if inside:
            found.append((taken, tuple(sorted(inside))))
    return tuple(found)


def matched_by_size(
    encoder: Encoder, matching: Matching, sizes: Sequence[int]
) -> tuple[tuple[Encoder, Matching, tuple[int, ...]], ...]:
    """Who sees which sizes beside photos shrunk to them; the ends of what each so sees are among them.

    Args:
        encoder: an encoder or a router.
        matching: the sizes at which photos are kept.
        sizes: of the probes in pixels, rising, at least one.
    """
    found = []
    for taken, part in matching.parts(encoder):
        inside = [
            size
            for size in range(sizes[0], sizes[-1] + 1)
            if encoder_for(encoder, size) is taken and part.match(taken.card.sha256, size) is not None
        ]
        if inside:
            chosen = {inside[0], inside[-1], *(set(inside) & {*sizes, *part.kept})}
            found.append((taken, part, tuple(sorted(chosen))))
    return tuple(found)


def _words(side: Strangers) -> str:
    kind = "a folder each" if side.labels == "folders" else "each picture taken for another"
    return f"{len(side):,} faces of {side.count:,} people ({kind}) of {side.name}, sha256 {side.sha256[:12]}"


def _facts(side: Strangers) -> dict[str, Any]:
    return {
        "name": side.name,
        "sha256": side.sha256,
        "faces": len(side),
        "people": side.count,
        "labels": side.labels,
    }
