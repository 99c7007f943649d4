"""Whose tracks belong together: of one name, or unknown, alike and never there at one time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from fewpix.video.report.clip import Scene
from fewpix.video.result import IdentifiedTrack

AlikeFrom = Callable[[IdentifiedTrack], float | None]
"""From which similarity on another track may be of the same stranger; None where that is not known."""


@dataclass(frozen=True)
class Alikeness:
    """When two unknown tracks count as one person's.

    Args:
        from_score: the least cosine of their templates, by track; the higher one of the two counts.
        words: where it comes from.
    """

    from_score: AlikeFrom
    words: str


@dataclass(frozen=True, eq=False)
class Person:
    """Tracks of somebody.

    Args:
        label: the name, or what is said instead.
        kind: of the verdicts: "named", "ambiguous", "unknown" or "undecided".
        scenes: in the order of their first frames; at least one.
    """

    label: str
    kind: str
    scenes: tuple[Scene, ...]

    @property
    def seconds(self) -> float:
        """How long the tracks are together."""
        return sum(scene.track.last - scene.track.first for scene in self.scenes)


def people(scenes: Sequence[Scene], alikeness: Alikeness | None) -> list[Person]:
    """The people of a film: the named by their first frames, then the others.

    Unknown people who came several times are one person with a letter.

    Args:
        scenes: in the order of their first frames.
        alikeness: when two unknown tracks are one person's; None for never.
    """
    named: dict[str, list[Scene]] = {}
    others: list[Scene] = []
    for scene in scenes:
        name = scene.track.verdict.name
        if name is None:
            others.append(scene)
        else:
            named.setdefault(name, []).append(scene)
    found = [Person(name, "named", tuple(own)) for name, own in named.items()]
    strangers = [scene for scene in others if scene.track.verdict.kind in ("unknown", "undecided")]
    groups = grouped(strangers, alikeness)
    letters = _letters()
    rest = [
        Person(f"unknown {next(letters)}" if len(group) > 1 else _alone(group[0]), _kind(group), tuple(group))
        for group in groups
    ]
    rest += [
        Person(f"{_alone(scene)} {', '.join(scene.track.verdict.ambiguous[:3])}", "ambiguous", (scene,))
        for scene in others
        if scene.track.verdict.kind == "ambiguous"
    ]
    return found + sorted(rest, key=lambda person: (-len(person.scenes), person.scenes[0].track.first))


def grouped(scenes: Iterable[Scene], alikeness: Alikeness | None) -> list[list[Scene]]:
    """Tracks that may be of one person: each like each of the others, and no two of them at one time.

    Each track joins the group whose least alike member it is most alike to; in the order of the frames, so
    that groups do not depend on how many follow.
    """
    groups: list[list[Scene]] = []
    for scene in scenes:
        best: tuple[float, list[Scene]] | None = None
        for group in groups if alikeness is not None else ():
            scores = [_alike(scene.track, other.track, alikeness) for other in group]
            least = min((score for score in scores if score is not None), default=0.0)
            if None not in scores and (best is None or least > best[0]):
                best = least, group
        if best is None:
            groups.append([scene])
        else:
            best[1].append(scene)
    return groups


def _alike(one: IdentifiedTrack, other: IdentifiedTrack, alikeness: Alikeness | None) -> float | None:
    """How alike two tracks are, if that is enough and they are not seen at one time."""
    if alikeness is None or one.template is None or other.template is None:
        return None
    if one.first <= other.last and other.first <= one.last:
        return None
    ends = alikeness.from_score(one), alikeness.from_score(other)
    score = float(one.template.embedding @ other.template.embedding)
    enough = all(end is not None and score >= end for end in ends)
    return score if enough else None


def _alone(scene: Scene) -> str:
    kind = scene.track.verdict.kind
    return {"unknown": "unknown", "ambiguous": "one of"}.get(kind, "not decided")


def _kind(group: Sequence[Scene]) -> str:
    return group[0].track.verdict.kind


def _letters() -> Iterator[str]:
    """A, B, ... Z, AA, AB, ..."""
    number = 0
    while True:
        text, rest = "", number
        while rest >= 0:
            text = ascii_uppercase[rest % 26] + text
            rest = rest // 26 - 1
        yield text
        number += 1
