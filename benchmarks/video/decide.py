"""From what was seen in films to figures: five ways to decide, and strangers at the thresholds of rates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.photos.figures import FPIR, Measured, Trial, over_trials
from benchmarks.video.film import Film
from benchmarks.video.seen import KEPT, Seen
from fewpix.calibration.lookup import Calibrated
from fewpix.embed.fusion import fuse
from fewpix.evaluate.statistics.bootstrap import Clusters, exact, mean_interval, percentiles

FRAME, BEST, MEAN, TRACK = "frame", "best frame", "mean of scores", "track"
PEER = "yunet + sface, vote"
ARMS = (FRAME, BEST, MEAN, TRACK, PEER)
RATES = (0.1, 0.03, 0.01)
ENROLLED = 42
_MISSED = -2.0

__all__ = ["ARMS", "FPIR", "PEER", "Judged", "judged", "observed"]


@dataclass(frozen=True, eq=False)
class Judged:
    """All A appearances of people in the films of one kind.

    Args:
        people: (A,) number of the person.
        names: P, by number.
        seen: what was seen in each film, in the order of the appearances.
        frames: of each film.
    """

    people: NDArray[np.int64]
    names: NDArray[np.str_]
    seen: tuple[Seen, ...]
    frames: tuple[int, ...]

    @classmethod
    def of(cls, pairs: Sequence[tuple[Film, Seen]], names: NDArray[np.str_]) -> Judged:
        """From the films and what was seen in them."""
        people = np.array([np.searchsorted(names, each.person) for film, _ in pairs for each in film.cast])
        return cls(people, names, tuple(seen for _, seen in pairs), tuple(len(f.times) for f, _ in pairs))

    def all(self, name: str) -> NDArray[Any]:
        """(A, …) of all films."""
        return np.concatenate([getattr(seen, name) for seen in self.seen])

    def facts(self) -> dict[str, Any]:
        """What the tracker did."""
        found, sights = self.all("found"), self.all("sights")
        return {
            "appearances": len(self.people),
            "found": float(found.mean()),
            "frames_found": float(self.all("frames").mean()),
            "switches": int(self.all("switches").sum()),
            "nobody": int(sum(int(seen.others) for seen in self.seen)),
            "sights": float(sights[found].mean()) if found.any() else 0.0,
        }


def scores_of(side: Judged, gallery: NDArray[np.float32], arm: str) -> Iterator[NDArray[np.float64]]:
    """Of each appearance the scores (K, P) with everybody: a row for each decision, or each frame of a vote.

    Nothing, (0, P), where no face was found.
    """
    if arm == PEER:
        for seen in side.seen:
            for rows in seen.peer:
                yield (rows[np.abs(rows).sum(axis=1) > 0] @ gallery.T).astype(np.float64)
        return
    for rows, weights in zip(side.all("rows"), side.all("weights"), strict=True):
        there = weights > 0
        rows, weights = rows[there], weights[there]
        if not len(rows):
            yield np.zeros((0, len(gallery)))
        elif arm == FRAME:
            # As many of everybody, so that people count alike.
            yield (rows[np.arange(KEPT) % len(rows)] @ gallery.T).astype(np.float64)
        elif arm == BEST:
            yield (rows[:1] @ gallery.T).astype(np.float64)
        elif arm == MEAN:
            yield (rows @ gallery.T).astype(np.float64).mean(axis=0, keepdims=True)
        else:
            yield (fuse(rows, np.zeros(1, np.int64), weights).embeddings @ gallery.T).astype(np.float64)


def trial(
    side: Judged, scores: Sequence[NDArray[np.float64]], enrolled: NDArray[np.int64], arm: str
) -> tuple[Trial, NDArray[np.int64], NDArray[np.bool_]]:
    """One seed's searches among the people who are enrolled; with who is searched for, and whether found."""
    each = KEPT if arm == FRAME else 1
    owners = np.repeat(side.people, each)
    best, names = np.full(len(owners), _MISSED), np.full(len(owners), -1)
    for n, rows in enumerate(scores):
        part = slice(n * each, (n + 1) * each)
        if not len(rows):
            continue
        mine = rows[:, enrolled]
        if arm == PEER:
            votes = np.bincount(mine.argmax(axis=1), minlength=len(enrolled))
            winner = int(np.lexsort((mine.mean(axis=0), votes))[-1])
            best[part], names[part] = mine[:, winner].mean(), enrolled[winner]
        else:
            best[part], names[part] = mine.max(axis=1), enrolled[mine.argmax(axis=1)]
    mated, right = np.isin(owners, enrolled), names == owners
    return Trial(mated, right, np.where(mated & ~right, _MISSED, best)), owners, names >= 0


def judged(
    side: Judged,
    gallery: NDArray[np.float32],
    people: NDArray[np.str_],
    splits: Sequence[NDArray[np.str_]],
    arms: Sequence[str],
    *,
    replicates: int,
    seed: int,
) -> Iterator[dict[str, Any]]:
    """Every arm's rank-1 and TPIR with intervals, and how many times that of single frames they are.

    Args:
        side: the appearances.
        gallery: (P, D) the photograph of each person.
        people: P names.
        splits: who is enrolled under each seed.
        arms: some of `ARMS`, `frame` first.
        replicates: of the bootstrap.
        seed: of its draws.
    """
    base: Measured | None = None
    for arm in arms:
        scores = list(scores_of(side, gallery, arm))
        made = [trial(side, scores, np.flatnonzero(np.isin(people, each)), arm) for each in splits]
        (_, owners, found), *_ = made
        measured = over_trials(
            [each for each, _, _ in made], people[owners], found, replicates=replicates, seed=seed
        )
        base = base or measured
        row: dict[str, Any] = {"arm": arm, "sees": float(found.mean())}
        for name in ("rank1", "tpir"):
            row[name], row[f"{name}_ci95"] = measured.values[name], measured.interval(name).to_json()
            row[f"{name}_times"] = times(measured, base, name)
        yield row


def times(arm: Measured, base: Measured, name: str) -> Mapping[str, Any] | None:
    """How many times the other's figure, with the interval over the same people and seeds; None of 0."""
    if not base.values[name]:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = arm.replicates[name] / base.replicates[name]
    drawn = drawn[np.isfinite(drawn)]
    return {"value": arm.values[name] / base.values[name], "ci95": percentiles(drawn).to_json()}


def observed(
    sides: Sequence[Judged],
    gallery: NDArray[np.float32],
    people: NDArray[np.str_],
    known: Calibrated,
    *,
    seed: int,
) -> list[dict[str, Any]]:
    """How often tracks of people who are not enrolled reach the thresholds of stated rates.

    Args:
        sides: all appearances.
        gallery: (P, D) the photograph of each person.
        people: P names.
        known: the calibration of tracks.
        seed: of who is enrolled when somebody is searched for.
    """
    rng = np.random.default_rng(seed)
    count = min(ENROLLED, len(people) - 1)
    others = [rng.permutation(np.setdiff1d(np.arange(len(people)), n))[:count] for n in range(len(people))]
    hits: dict[float, list[bool]] = {rate: [] for rate in RATES}
    owners: list[int] = []
    unknown = 0
    for side in sides:
        facts = (side.all("makers"), side.all("pixels"), side.all("sights"), side.all("found"))
        for n, (maker, pixels, sights, found) in enumerate(zip(*facts, strict=True)):
            if not found:
                continue
            curve = known.curve(str(maker), "", float(pixels), count, sights=float(sights))
            if curve.reason:
                unknown += 1
                continue
            place = int(side.people[n])
            rows, weights = side.all("rows")[n], side.all("weights")[n]
            used = weights > 0
            fused = fuse(rows[used], np.zeros(1, np.int64), weights[used]).embeddings[0]
            best = float((gallery[others[place]] @ fused).max())
            owners.append(place)
            for rate in RATES:
                threshold = curve.threshold(rate)
                hits[rate].append(threshold is not None and best >= threshold)
    if not owners:
        return []
    clusters, out = Clusters.of(np.array(owners)), []
    for rate, reached in hits.items():
        values = np.array(reached, dtype=np.float64)
        plain = not 0 < values.mean() < 1
        interval = (
            exact(bool(values[0]), clusters.people) if plain else mean_interval(values, clusters, seed=seed)
        )
        out.append(
            {
                "stated": rate,
                "observed": float(values.mean()),
                "observed_ci95": interval.to_json(),
                "tracks": len(owners),
                "people": clusters.people,
                "enrolled": count,
                "not_measured": unknown,
            }
        )
    return out
