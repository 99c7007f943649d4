"""A calibration from a place's own footage: strangers' tracks as its camera shows them.

Nothing is made up here: sizes, light, compression and movement are those of the film, and templates are those
that `identify` makes. But a film shows few people, so that only frequent rates can be told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.calibration.file import Calibration, Curve, Encoded, EncoderId, Impostors, Size
from fewpix.calibration.impostors import Strangers
from fewpix.calibration.lookup import LARGEST
from fewpix.calibration.measure import curves_of, id_of, one_person, rounded, side_of
from fewpix.calibration.plan import FEWEST
from fewpix.data.cache import TeacherCache
from fewpix.data.split import components
from fewpix.embed.protocol import Encoder
from fewpix.embed.router import Router, encoder_for
from fewpix.errors import InputError
from fewpix.evaluate.statistics.scores import curve_targets
from fewpix.progress import Advance

FAMILY = "footage"
ENDS = (0.05, 0.95)
"""Shares of the tracks between whose sizes rates are told."""


@dataclass(frozen=True, eq=False)
class Template:
    """What so many sights of a stranger's track became; `fewpix.identify.faces.EmbeddedFace` has these.

    Args:
        embedding: (D,) float32 of unit length.
        encoder_sha256: digest of its encoder.
        pixels: the size that the encoder was chosen for.
        sights: how many independent ones it is made of.
    """

    embedding: NDArray[np.float32]
    encoder_sha256: str
    pixels: float
    sights: float


def of_footage(
    tracks: Sequence[Sequence[Template]],
    encoder: Encoder,
    gallery: Strangers,
    *,
    model: str,
    name: str,
    galleries: Sequence[int],
    same: float,
    cache: Path,
    note: str = "",
    advance: Advance | None = None,
) -> Calibration:
    """Count how often strangers' tracks score as high.

    Tracks of one encoder are taken together, whatever their size: rates hold between the sizes that most of
    them have. Templates that are alike count as one person's, and so does everybody in between.

    Args:
        tracks: of each, templates of one sight, of two and so on, as far as it has so many.
        encoder: that made them, or a router.
        gallery: people to search among, who are not in the footage; of each one face is taken.
        model: the name of what is calibrated.
        name: where the footage comes from, in words.
        galleries: sizes of galleries, rising, above 1; those that there are too few people for are left out.
        same: from this cosine on two templates, or a template and a face, are one person's.
        cache: the file with embeddings of the gallery.
        note: what else should be known.
        advance: told of the faces of the gallery that are embedded.

    Raises:
        InputError: too few people on one side, or too few tracks of any encoder.
        StorageError: the cache cannot be written.
    """
    rng, teacher = np.random.default_rng(0), encoder_for(encoder, LARGEST)
    gallery = gallery.one_each(rng)
    store = TeacherCache(cache, teacher.card.sha256 + teacher.state_id, teacher.card.space.dim)
    keys = [f"{digest}:" for digest in gallery.digests]
    sharp = store.embeddings(
        keys, lambda n: gallery.faces.crop(int(gallery.members[n])), teacher.embed, advance
    )
    enrolled = sharp[rng.permutation(len(sharp))]
    known = gallery.merged(sharp, same)
    kept = [track for track in tracks if track]
    people = _people(kept, same)
    _enough(int(people.max()) + 1 if len(people) else 0, "tracks of strangers in the footage")
    _enough(known.count, f"people of {gallery.name}")
    independent = min(int(people.max()) + 1, known.count)
    sizes = tuple(count for count in sorted(set(galleries)) if 2 * count <= known.count)
    encoders, left_out = [], 0
    for each in encoder.encoders if isinstance(encoder, Router) else (encoder,):
        mine = [n for n, track in enumerate(kept) if track[0].encoder_sha256 == each.card.sha256]
        found: dict[float, tuple[Curve, ...]] = {}
        for level in range(max((len(kept[n]) for n in mine), default=0)):
            of_level = [n for n in mine if len(kept[n]) > level]
            persons = np.unique(people[of_level])
            if len(persons) < FEWEST:
                break
            templates = [kept[n][level] for n in of_level]
            rows = np.stack([template.embedding for template in templates])
            pairs = one_person(rows, enrolled, same)
            left_out += len(pairs) if not level else 0
            sights = float(f"{np.mean([template.sights for template in templates]):.3g}")
            worth = min(independent, len(persons))
            found[sights] = curves_of(sizes, people[of_level], rows, enrolled, pairs, worth)
        if found:
            ends = np.quantile([kept[n][-1].pixels for n in mine], ENDS)
            places = dict.fromkeys((int(np.floor(ends[0])), int(np.ceil(ends[1]))))
            encoders.append(
                Encoded(
                    **id_of(each),
                    sizes=tuple(
                        Size(pixels=pixels, sights=sights, curves=curves)
                        for pixels in places
                        for sights, curves in found.items()
                    ),
                )
            )
    if not encoders:
        raise InputError(
            f"no encoder of {encoder.card.name} saw tracks of {FEWEST} people",
            fix="name more footage, or calibrate one model with --model",
        )
    count = int(people.max()) + 1
    return Calibration(
        model=model,
        space=teacher.card.space.fingerprint,
        encoders=tuple(encoders),
        gallery_encoder=EncoderId(**id_of(teacher)),
        probes=Impostors(
            name=name,
            sha256=_digest(kept),
            faces=len(kept),
            people=count,
            largest=int(np.bincount(people).max()),
            labels="one each",
        ),
        gallery=side_of(known),
        note=note,
        independent_pairs=independent,
        independent_searches=count,
        same=same,
        left_out=left_out,
        degradation=FAMILY,
        seed=0,
        rates=rounded(curve_targets(count)),
    )


def _people(tracks: Sequence[Sequence[Template]], same: float) -> NDArray[np.int64]:
    """(N,) who is in each track, by the looks of its longest template."""
    if not tracks:
        return np.zeros(0, dtype=np.int64)
    rows = np.stack([track[-1].embedding for track in tracks])
    return np.unique(components(rows, same), return_inverse=True)[1].astype(np.int64)


def _enough(count: int, what: str) -> None:
    """Refuse fewer than can be calibrated with."""
    if count < FEWEST:
        raise InputError(
            f"{count} {what} are too few to calibrate with",
            fix=f"at least {FEWEST} are needed, and a hundred for a rate of 1 in 100",
        )


def _digest(tracks: Sequence[Sequence[Template]]) -> str:
    """Over the templates, in order."""
    state = hashlib.sha256()
    for track in tracks:
        for template in track:
            state.update(template.embedding.astype("<f4").tobytes())
    return state.hexdigest()
