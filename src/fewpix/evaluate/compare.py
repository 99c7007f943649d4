"""Two results of the same benchmark, compared pair by pair or probe by probe from their files of scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fewpix.evaluate.compare_kinds import DIFFER
from fewpix.evaluate.compared import Compared
from fewpix.evaluate.measured import Measured, check_alike
from fewpix.evaluate.statistics.bootstrap import LEVEL, REPLICATES

SCHEMA = "comparison-1"
"""What its JSON says of itself; `schema.comparison` has the keys."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` found.

    Args:
        first: the result whose figures count positive.
        second: the other one.
        differences: in the order of sizes and models.
        replicates: of the bootstrap.
        seed: of the bootstrap.
    """

    first: Measured
    second: Measured
    differences: tuple[Compared, ...]
    replicates: int
    seed: int

    scores_file = None
    """There is none: everything can be had from the two results."""

    def __str__(self) -> str:
        what = self.first.payload.get("benchmark", "lfw")
        lines = [f"{what}: {self.first.name} against {self.second.name}"]
        for one, other in ((self.first, self.second), (self.second, self.first)):
            alone = [str(place) for place in one.places if place not in other.places]
            if alone:
                lines.append(f"  only in {one.name}, not compared: {'; '.join(alone)}")
        return "\n".join([*lines, *(line for one in self.differences for line in one.lines())])

    def to_json(self) -> dict[str, Any]:
        """The differences and all that decides them."""
        payload = self.first.payload
        data = payload.get("data_sha256") or payload["data"]["sha256"]
        return {
            "schema": SCHEMA,
            "of": self.first.kind,
            "benchmark": payload.get("benchmark", "lfw"),
            "protocol": payload.get("protocol") or payload.get("set") or payload.get("variant") or "",
            "data_sha256": payload["lists_sha256"] if self.first.kind == "uccs-1" else data,
            "first": _side(self.first, self.second),
            "second": _side(self.second, self.first),
            "interval": f"{100 * LEVEL:g} %, percentile bootstrap over people",
            "replicates": self.replicates,
            "seed": self.seed,
            "differences": [one.to_json() for one in self.differences],
        }


def compare(first: Measured, second: Measured, *, replicates: int = REPLICATES, seed: int = 0) -> Comparison:
    """Every model of the first result minus every model of the second, at every size that both have.

    Args:
        first: a result.
        second: another one of the same benchmark, protocol and treatment of pictures.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.

    Raises:
        InputError: they are of different things, and of which, or no size is in both.
    """
    check_alike(first, second)
    differ = DIFFER[first.kind](first, second, replicates, seed)
    found = []
    for place in (place for place in first.places if place in second.places):
        for model, a in first.rows(place):
            for minus, b in second.rows(place):
                for part, change in differ(a, b).items():
                    key = ("protocol", place.protocol) if place.protocol else ("gallery", part)
                    found.append(Compared(model, minus, place.size, change, key if key[1] else None))
    return Comparison(first, second, tuple(found), replicates, seed)


def _side(one: Measured, other: Measured) -> dict[str, Any]:
    settings = one.payload.get("settings", one.payload)
    return {
        "models": one.models,
        "flip": settings.get("flip"),
        "scores_sha256": one.payload["scores_sha256"],
        "sizes_alone": list(dict.fromkeys(place.size for place in one.places if place not in other.places)),
    }
