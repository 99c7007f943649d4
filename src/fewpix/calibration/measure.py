"""Measuring a plan: strangers made small, embedded, and searched for among people who are somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.calibration.counting import Block, Point, tail
from fewpix.calibration.file import Calibration, Curve, Encoded, EncoderId, Impostors, MatchedSize, Size
from fewpix.calibration.impostors import Strangers
from fewpix.calibration.motion import Motion
from fewpix.calibration.plan import FEWEST, Plan
from fewpix.data.cache import TeacherCache
from fewpix.detect.aligner import Aligner
from fewpix.embed.protocol import Encoder
from fewpix.errors import InputError
from fewpix.evaluate.statistics.scores import curve_targets
from fewpix.files import PathLike, path_of
from fewpix.gallery.matched import mixed
from fewpix.image.resize import resize_square
from fewpix.progress import Advance, Parts, Told

_ROWS = 256  # of one block of comparisons
_MOST_GALLERIES = 500  # of one size; more of them would not make the people more


@dataclass(frozen=True)
class Suspects:
    """Pairs that look like one person.

    Args:
        left_out: pairs of a probe and a person of the gallery that were not compared.
        probes: probes that are in such a pair.
        examples: names of the most similar pairs, with their cosines.
    """

    left_out: int
    probes: int
    examples: tuple[tuple[str, str, float], ...]


def measure(plan: Plan, cache: PathLike, advance: Told | None = None) -> tuple[Calibration, Suspects]:
    """Embed and count.

    Embeddings are kept in a cache as they are made, so that an interrupted run goes on where it was.

    Args:
        plan: what to measure.
        cache: the file with the embeddings; made when absent.
        advance: told of the faces that are done, part by part.

    Raises:
        InputError: a picture cannot be read, or the pictures show too few people.
        StorageError: the cache cannot be written.
    """
    cache = path_of(cache)
    work = _Work(plan, cache, advance)
    # Galleries are neighbours in this order.
    order = np.random.default_rng([plan.degradation.seed, 1]).permutation(len(plan.gallery))
    enrolled, sharp = work.sharp(plan.gallery)[order], work.sharp(plan.probes)
    # Who looks like one person is one when it comes to how much the comparisons are worth.
    probes = plan.probes.merged(sharp, plan.same)
    gallery = plan.gallery.merged(enrolled, plan.same)
    independent = min(probes.count, gallery.count)
    if independent < FEWEST:
        raise InputError(
            f"by their looks the faces show {probes.count} people as probes and {gallery.count} as gallery, "
            f"too few to calibrate with",
            fix=f"name faces of at least {FEWEST} people, in folders if the same people come back",
        )
    pairs = one_person(sharp, enrolled, plan.same)
    encoders = []
    for encoder, sizes in plan.by_size:
        found = []
        for pixels in sizes:
            for sights, rows, embeddings in work.probes(encoder, pixels):
                people, mine = probes.people[rows], _of(pairs, rows)
                curves = curves_of(plan.galleries, people, embeddings, enrolled, mine, independent)
                found.append(Size(pixels=pixels, sights=sights, curves=curves))
        encoders.append(Encoded(**id_of(encoder), sizes=tuple(found)))
    for encoder, matching, sizes in plan.matched:
        kept = {pixels: work.shrunk(encoder, pixels)[order] for pixels in matching.kept}
        found = []
        for pixels in sizes:
            rows, embeddings = work.small(encoder, pixels)
            match = matching.match(encoder.card.sha256, pixels)
            assert match is not None  # by how the plan was made
            beside = mixed(enrolled, kept[match.pixels], match.weight)
            people, mine = probes.people[rows], _of(pairs, rows)
            curves = curves_of(plan.galleries, people, embeddings, beside, mine, independent)
            found.append(Size(pixels=pixels, curves=curves))
        weights = tuple(MatchedSize(pixels=pixels, weight=weight) for pixels, weight in matching.sizes)
        encoders.append(Encoded(**id_of(encoder), sizes=tuple(found), matched=weights))
    calibration = Calibration(
        model=plan.model,
        space=plan.gallery_encoder.card.space.fingerprint,
        encoders=tuple(encoders),
        gallery_encoder=EncoderId(**id_of(plan.gallery_encoder)),
        probes=side_of(probes),
        gallery=side_of(gallery),
        note=plan.note,
        independent_pairs=independent,
        independent_searches=probes.count,
        same=plan.same,
        left_out=len(pairs),
        degradation=plan.family,
        seed=plan.degradation.seed,
        rates=rounded(curve_targets(probes.count)),
    )
    return calibration, _suspects(plan, pairs, order, sharp, enrolled)


class _Work:
    """Embeds through the cache, and tells of every call as a part."""

    def __init__(self, plan: Plan, cache: Path, advance: Told | None) -> None:
        self._plan, self._cache = plan, cache
        small = sum(len(sizes) for _, sizes in plan.by_size)
        matched = sum(len(part.kept) + len(sizes) for _, part, sizes in plan.matched)
        self._parts = Parts(2 + small + matched, advance)

    def sharp(self, side: Strangers) -> NDArray[np.float32]:
        """(N, D) of faces as they are, by the gallery's encoder."""
        keys = [f"{digest}:" for digest in side.digests]  # as the views of training are called

        def render(n: int) -> NDArray[np.uint8]:
            return side.faces.crop(int(side.members[n]))

        return self._embed(self._plan.gallery_encoder, keys, render)

    def probes(
        self, encoder: Encoder, pixels: int
    ) -> Iterator[tuple[float, NDArray[np.int64], NDArray[np.float32]]]:
        """How many sights probes of this size are made of, which probes, and their embeddings (N, D)."""
        if self._plan.motion is None:
            yield (1.0, *self.small(encoder, pixels))
            return
        rows, embeddings, sights = self.tracks(encoder, pixels, self._plan.motion)
        for level in range(sights.shape[1]):
            there = sights[:, level] > 0
            count = float(f"{sights[there, level].mean():.3g}") if level else 1.0
            yield count, rows[there], np.ascontiguousarray(embeddings[there, level])

    def tracks(
        self, encoder: Encoder, pixels: int, motion: Motion
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """Which probes are large enough, (N, L, D) their templates of each number of sights, and (N, L) how
        many independent ones these are; 0 where so many were not found.
        """
        rows = np.flatnonzero(self._plan.sides >= pixels)
        made = templates_of(self._plan.probes, rows, encoder, pixels, motion, self._cache, self._parts.part())
        return rows, made[:, :, :-1], made[:, :, -1]

    def small(self, encoder: Encoder, pixels: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Which probes are large enough, and their embeddings (N, D) at this size."""
        probes, how = self._plan.probes, self._plan.degradation
        rows = np.flatnonzero(self._plan.sides >= pixels)
        digests = probes.digests
        keys = [f"{digests[n]}:{how.family}:{pixels}:{how.seed}" for n in rows]

        def render(n: int) -> NDArray[np.uint8]:
            row = int(rows[n])
            return how.apply(probes.faces.crop(int(probes.members[row])), digests[row], pixels)

        return rows, self._embed(encoder, keys, render)

    def shrunk(self, encoder: Encoder, pixels: int) -> NDArray[np.float32]:
        """(M, D) of the gallery's faces shrunk to this size."""
        side = self._plan.gallery
        keys = [f"{digest}:shrunk:{pixels}" for digest in side.digests]

        def render(n: int) -> NDArray[np.uint8]:
            return resize_square(side.faces.crop(int(side.members[n])), pixels)

        return self._embed(encoder, keys, render)

    def _embed(
        self, encoder: Encoder, keys: Sequence[str], render: Callable[[int], NDArray[np.uint8]]
    ) -> NDArray[np.float32]:
        store = TeacherCache(self._cache, encoder.card.sha256 + encoder.state_id, encoder.card.space.dim)
        return store.embeddings(keys, render, encoder.embed, self._parts.part())


def templates_of(
    side: Strangers,
    rows: NDArray[np.int64],
    encoder: Encoder,
    pixels: int,
    motion: Motion,
    cache: Path,
    advance: Advance | None = None,
) -> NDArray[np.float32]:
    """Faces in motion as templates, see `Motion.templates`; kept in the cache.

    Args:
        side: whose faces.
        rows: (N,) which of them.
        encoder: of the sights.
        pixels: side of the small faces.
        motion: how they move.
        cache: the file.
        advance: told of the faces that are done.

    Returns:
        (N, L, D + 1) float32.
    """
    digests, aligner = side.digests, Aligner()

    def make(chosen: Sequence[int]) -> NDArray[np.float32]:
        seen = [
            motion.sights(
                side.faces.crop(int(side.members[rows[n]])),
                digests[rows[n]],
                pixels,
                encoder.card.preprocess.side,
                aligner,
            )
            for n in chosen
        ]
        return motion.templates(seen, encoder).reshape(len(chosen), -1)

    levels, width = len(motion.counts), encoder.card.space.dim + 1
    store = TeacherCache(cache, encoder.card.sha256 + encoder.state_id, levels * width)
    made = store.rows([f"{digests[n]}:{motion.key}:{pixels}" for n in rows], make, advance)
    return made.reshape(len(rows), levels, width)


def _of(pairs: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """(K, 2) those of the pairs whose probe is in `rows`, with the probe's place there."""
    mine = pairs[np.isin(pairs[:, 0], rows)]
    return np.stack((np.searchsorted(rows, mine[:, 0]), mine[:, 1]), axis=1)


def curves_of(
    galleries: Sequence[int],
    people: NDArray[np.int64],
    probes: NDArray[np.float32],
    enrolled: NDArray[np.float32],
    pairs: NDArray[np.int64],
    independent: int,
) -> tuple[Curve, ...]:
    """FMR, and FPIR by size of gallery.

    Args:
        galleries: their sizes, rising.
        people: (N,) who is on each probe.
        probes: (N, D).
        enrolled: (M, D), one of each person, in an order of no meaning.
        pairs: (K, 2) probes and people who are not to be compared.
        independent: how many pairs there are of which no two share a person.
    """
    people = np.unique(people, return_inverse=True)[1].astype(np.int64)
    searches = int(people.max()) + 1

    def faces() -> Iterator[Block]:
        for first in range(0, len(probes), _ROWS):
            scores = probes[first : first + _ROWS] @ enrolled.T
            left_out = np.zeros(scores.shape, dtype=np.bool_)
            here = (pairs[:, 0] >= first) & (pairs[:, 0] < first + _ROWS)
            left_out[pairs[here, 0] - first, pairs[here, 1]] = True
            yield Block(first, scores, left_out)

    fmr = tail(faces, people, len(enrolled), curve_targets(min(independent, searches)))
    curves = [_curve(1, 1, fmr, None)]
    best = _best(faces, galleries, len(enrolled))
    for size, scores in best.items():
        searched = tail(_stored(scores), people, scores.shape[1], curve_targets(searches))
        curves.append(_curve(size, scores.shape[1], searched, fmr))
    return tuple(curves)


def _best(
    faces: Callable[[], Iterator[Block]], galleries: Sequence[int], people: int
) -> dict[int, NDArray[np.float32]]:
    """By size of gallery, (N, galleries) the best score of each probe in each; no two share a person."""
    found: dict[int, list[NDArray[np.float32]]] = {size: [] for size in galleries}
    for block in faces():
        scores = np.where(block.left_out, np.float32(-1), block.scores)
        for size, parts in found.items():
            count = min(people // size, _MOST_GALLERIES)
            starts = np.arange(0, count * size, size)
            parts.append(np.maximum.reduceat(scores[:, : count * size], starts, axis=1))
    return {size: np.concatenate(parts) for size, parts in found.items()}


def _stored(scores: NDArray[np.float32]) -> Callable[[], Iterator[Block]]:
    def blocks() -> Iterator[Block]:
        for first in range(0, len(scores), _ROWS):
            part = scores[first : first + _ROWS]
            yield Block(first, part, np.zeros(part.shape, dtype=np.bool_))

    return blocks


def _curve(people: int, galleries: int, points: Sequence[Point], fmr: Sequence[Point] | None) -> Curve:
    independence = None
    if fmr is not None:
        independence = tuple(_independent(point.threshold, people, fmr) for point in points)
    return Curve(
        people=people,
        galleries=galleries,
        threshold=rounded([point.threshold for point in points]),
        low=rounded([point.ci95.low for point in points]),
        high=rounded([point.ci95.high for point in points]),
        independence=independence,
    )


def _independent(threshold: float, people: int, fmr: Sequence[Point]) -> float | None:
    """What FPIR would be if the people of a gallery were independent; None where FMR is not resolvable."""
    if threshold > fmr[-1].threshold:
        return None
    places, logs = [point.threshold for point in fmr], [np.log(point.share) for point in fmr]
    rate = float(np.exp(np.interp(threshold, (-1.0, *places), (0.0, *logs))))
    return _digits(1 - (1 - rate) ** people)


def one_person(sharp: NDArray[np.float32], enrolled: NDArray[np.float32], same: float) -> NDArray[np.int64]:
    """(K, 2) probes and people of the gallery whose sharp faces are too alike to be two people's."""
    found = [np.empty((0, 2), dtype=np.int64)]
    for first in range(0, len(sharp), _ROWS):
        places = np.argwhere(sharp[first : first + _ROWS] @ enrolled.T >= same)
        found.append(places + np.array([first, 0]))
    return np.concatenate(found)


def _suspects(
    plan: Plan,
    pairs: NDArray[np.int64],
    order: NDArray[np.int64],
    sharp: NDArray[np.float32],
    enrolled: NDArray[np.float32],
) -> Suspects:
    scores = np.einsum("nd,nd->n", sharp[pairs[:, 0]], enrolled[pairs[:, 1]])
    names = plan.probes.faces.keys, plan.gallery.faces.keys
    examples = []
    for n in np.argsort(-scores, kind="stable")[:3]:
        first = names[0][plan.probes.members[pairs[n, 0]]]
        second = names[1][plan.gallery.members[order[pairs[n, 1]]]]
        examples.append((first, second, float(scores[n])))
    return Suspects(len(pairs), len(np.unique(pairs[:, 0])), tuple(examples))


def id_of(encoder: Encoder) -> dict[str, str]:
    """Who it is, as `EncoderId` has it."""
    return {"name": encoder.card.name, "sha256": encoder.card.sha256, "state_id": encoder.state_id}


def side_of(side: Strangers) -> Impostors:
    """One side of the comparisons, for the file."""
    return Impostors(
        name=side.name,
        sha256=side.sha256,
        faces=len(side),
        people=side.count,
        largest=int(np.bincount(side.people).max()),
        labels=side.labels,
    )


def rounded(values: Sequence[float]) -> tuple[float, ...]:
    """To five significant digits each."""
    return tuple(_digits(value) for value in values)


def _digits(value: float) -> float:
    """To five significant digits: what was measured has fewer, and the file stays small."""
    return float(f"{value:.5g}")
