"""Results with their single scores, and whether two of them are of the same comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.errors import InputError
from fewpix.evaluate.results import read_result
from fewpix.evaluate.schema.pairs import PairsResult
from fewpix.evaluate.schema.parsed import parsed
from fewpix.evaluate.schema.search import SearchResult
from fewpix.evaluate.scores_file import Arrays, read_scores

_SAME: dict[str, tuple[str, ...]] = {
    "pairs-1": (
        "benchmark",
        "variant",
        "protocol",
        "degraded",
        "interpolation",
        "fit",
        "n_pairs",
        "folds",
        "data_sha256",
    ),
    "search-1": (
        "benchmark",
        "set",
        "interpolation",
        "fit",
        "family",
        "prototypes",
        "mated",
        "nonmated",
        "data_sha256",
    ),
}
"""What two results must have in common, besides their sizes."""


@dataclass(frozen=True, eq=False)
class Measured:
    """One result with its single scores.

    Args:
        name: of the file.
        kind: what it says of itself.
        payload: its JSON values.
        arrays: of its file of scores.
    """

    name: str
    kind: str
    payload: Mapping[str, Any]
    arrays: Arrays

    @classmethod
    def read(cls, path: Path) -> Measured:
        """From `X.json` and `X.scores.npz`.

        Raises:
            InputError: one is missing, is not as it should be, or does not belong to the other.
        """
        payload = read_result(path)
        found = parsed(payload, str(path))
        if not isinstance(found, PairsResult | SearchResult):
            raise InputError(f"{path} is a comparison", fix="name results of evaluate pairs or search")
        return cls(path.name, payload["schema"], payload, read_scores(path, found.scores_sha256))

    @property
    def sizes(self) -> list[int | None]:
        """Of its figures, in their order."""
        return list(dict.fromkeys(cell["size"] for cell in self.payload["figures"]))

    def rows(self, size: int | None) -> list[tuple[str, int]]:
        """The models measured at a size, and the places of their scores."""
        cells = enumerate(self.payload["figures"])
        return [(cell["model"], n) for n, cell in cells if cell["size"] == size]


def check_alike(first: Measured, second: Measured) -> None:
    """Refuse two results that are not of the same comparisons; what differs is named."""
    if first.kind != second.kind:
        raise InputError(
            f"{first.name} is of {first.kind}, {second.name} of {second.kind}",
            fix="compare two results of one verb",
        )
    keys = _SAME[first.kind]
    if first.kind == "search-1" and first.payload["steps"]:
        keys = (*keys, "seed")  # of what is random in the family
    for key in keys:
        one, other = (_comparable(side.payload, key) for side in (first, second))
        if one != other:
            raise InputError(
                f"{first.name} and {second.name} differ in {key}: {_short(one)} and {_short(other)}",
                fix="measure both on the same benchmark in the same way",
            )
    if first.kind == "search-1" and first.payload["gallery"]["size"] != second.payload["gallery"]["size"]:
        sizes = [size_text(side.payload["gallery"]["size"]) for side in (first, second)]
        raise InputError(
            f"the galleries of {first.name} and {second.name} were seen {sizes[0]} and {sizes[1]}",
            fix="measure both with the same --gallery-size",
        )
    if not set(first.sizes) & set(second.sizes):
        sizes = [", ".join(size_text(size) for size in side.sizes) for side in (first, second)]
        raise InputError(
            f"no size is in both: {first.name} has {sizes[0]}, {second.name} {sizes[1]}",
            fix="measure both at a size in common",
        )


def _comparable(payload: Mapping[str, Any], key: str) -> Any:
    """A value that has to be the same in both; the steps to single sizes need not be there in both."""
    value = payload[key]
    return {k: v for k, v in value.items() if k != "steps"} if isinstance(value, dict) else value


def in_both(first: Measured, second: Measured, key: str) -> list[str]:
    """The rates or ranks that both report, in the order of the first."""
    one, other = (side.payload["figures"][0][key] for side in (first, second))
    return [name for name in one if name in other]


def size_text(size: int | None) -> str:
    """A size in words."""
    return "as they are" if size is None else f"{size} px"


def _short(value: Any) -> str:
    """A value for a message; of a hash its beginning."""
    text = str(value)
    return text[:12] if len(text) == 64 else text
