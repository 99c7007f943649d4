"""How often strangers really reach the scores that a calibration states a rate for, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.calibration.counting import Block, shares
from fewpix.calibration.lookup import LARGEST, Calibrated
from fewpix.config import cache_dir
from fewpix.data.cache import TeacherCache
from fewpix.data.faces import FaceSet
from fewpix.degrade.degradation import Degradation
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import encoder_for
from fewpix.image.resize import Crop

ROWS = 256
SIZES = (8, 12, 16, 24, 32)
FMRS = (1e-1, 1e-2, 1e-3)
FPIRS = (1e-1, 3e-2, 1e-2)

Mask = NDArray[np.bool_]


def embedded(
    encoder: Encoder, faces: FaceSet, members: NDArray[np.int64], pixels: int | None, how: Degradation
) -> NDArray[np.float32]:
    """(N, D) faces of a set as they are, or made small, by the encoder that takes them; kept in the cache."""
    chosen = encoder_for(encoder, pixels or LARGEST)
    store = TeacherCache(
        cache_dir() / "teacher.db", chosen.card.sha256 + chosen.state_id, chosen.card.space.dim
    )
    view = "" if pixels is None else f"{how.family}:{pixels}:{how.seed}"
    digests = [faces.digests[n] for n in members]

    def render(n: int) -> Crop:
        crop = faces.crop(int(members[n]))
        return crop if pixels is None else how.apply(crop, digests[n], pixels)

    return store.embeddings([f"{digest}:{view}" for digest in digests], render, chosen.embed)


def observed(
    known: Calibrated,
    seer: Encoder,
    pixels: int,
    probes: NDArray[np.float32],
    probe_people: NDArray[np.int64],
    gallery: NDArray[np.float32],
    mated: Callable[[slice], Mask],
    galleries: Sequence[int],
    sights: float = 1.0,
) -> list[dict[str, Any]]:
    """Stated and observed rates at one size.

    Args:
        known: the calibration.
        seer: who embedded the probes.
        pixels: their size.
        probes: (N, D).
        probe_people: (N,) numbers from 0, each taken.
        gallery: (M, D) one row a person, in an order of no meaning; neighbours are one gallery.
        mated: (rows, M) for some rows of the probes, who is the person of the gallery.
        galleries: sizes.
        sights: how many each probe is made of.

    Returns:
        An entry for each size of gallery and rate: what is stated, and what was seen at its threshold;
        whether the two agree among people like those of the calibration, and over all that it spans.
    """
    found = []
    for people in (1, *galleries):
        curve = known.curve(seer.card.sha256, seer.state_id, pixels, people, sights=sights)
        rates = [rate for rate in (FMRS if people == 1 else FPIRS) if curve.threshold(rate) is not None]
        count = len(gallery) // people
        if not count:
            continue
        thresholds = [float(curve.threshold(rate) or 0.0) for rate in rates]

        def blocks(people: int = people, count: int = count) -> Iterator[Block]:
            for first in range(0, len(probes), ROWS):
                part = slice(first, first + ROWS)
                scores, own = probes[part] @ gallery.T, mated(part)
                if people > 1:
                    starts = np.arange(0, count * people, people)
                    scores = np.maximum.reduceat(scores[:, : count * people], starts, axis=1)
                    own = np.logical_or.reduceat(own[:, : count * people], starts, axis=1)
                yield Block(first, scores, own)  # a gallery with the person in it is no stranger's search

        seen = shares(blocks, probe_people, count, thresholds)
        for rate, threshold, (share, ci95) in zip(rates, thresholds, seen, strict=True):
            stated, here = curve.at(threshold), replace(curve, span=(0.0, 0.0)).at(threshold)
            found.append(
                {
                    "pixels": pixels,
                    "people": people,
                    "galleries": count,
                    "stated": rate,
                    "stated_ci95": [here.low, here.high],
                    "stated_range": [stated.low, stated.high],
                    "threshold": threshold,
                    "observed": share,
                    "observed_ci95": ci95.to_json(),
                    "agrees": agree(rate, (here.low, here.high), share, (ci95.low, ci95.high)),
                    "in_range": agree(rate, (stated.low, stated.high), share, (ci95.low, ci95.high)),
                }
            )
    return found


def agree(
    stated: float, stated_ci95: tuple[float | None, float | None], seen: float, seen_ci95: tuple[float, float]
) -> bool:
    """Whether the difference of the two rates lies within its 95 % interval.

    Newcombe's interval of a difference of independent shares (Statistics in Medicine 17, 1998, method 10):
    the distances to the facing ends of the two intervals, added in squares.
    """
    low, high = stated_ci95[0] or 0.0, stated_ci95[1] or 1.0
    if seen >= stated:
        return seen - stated <= float(np.hypot(seen - seen_ci95[0], high - stated))
    return stated - seen <= float(np.hypot(seen_ci95[1] - seen, stated - low))


def facts(known: Calibrated) -> Mapping[str, Any]:
    """What a result says of the calibration that it judges."""
    made = known.calibration
    return {
        "model": made.model,
        "probes": made.probes.model_dump(),
        "gallery": made.gallery.model_dump(),
        "independent_pairs": made.independent_pairs,
        "independent_searches": made.independent_searches,
        "degradation": made.degradation,
        "encoders": {encoder.name: encoder.sha256 for encoder in made.encoders},
        "populations": [each.model_dump() for each in made.populations],
    }


def agreeing(result: Mapping[str, Any]) -> Iterator[str]:
    """Says in how many `figures` of `observed` the two agree."""
    figures = result["figures"]
    agree, spanned = (sum(figure[key] for figure in figures) for key in ("agrees", "in_range"))
    yield f"of {len(figures)} stated rates {agree} agree with what was seen, {spanned} within their range"
