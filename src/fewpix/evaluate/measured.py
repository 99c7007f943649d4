"""Results with their single scores, and whether two of them are of the same comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.errors import InputError
from fewpix.evaluate.results import read_result
from fewpix.evaluate.schema.parsed import kind_of, parsed
from fewpix.evaluate.scores_file import Arrays, read_scores

SAME: dict[str, tuple[str, ...]] = {
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
        "gallery.size",
    ),
    "lfw-1": ("protocol", "family", "interpolation", "seed", "n_pairs", "data_sha256"),
    "lfw-table-1": (
        "settings.family",
        "settings.interpolation",
        "settings.seed",
        "data.pairs",
        "data.sha256",
    ),
    "template-pairs-1": (
        "benchmark",
        "protocol",
        "degraded",
        "interpolation",
        "alignment",
        "fusion",
        "n_pairs",
        "data_sha256",
    ),
    "template-search-1": (
        "benchmark",
        "variant",
        "interpolation",
        "fit",
        "family",
        "alignment",
        "fusion",
        "n_probes",
        "data_sha256",
        "gallery_size",
    ),
    "uccs-1": ("iou", "images", "lists_sha256"),
}
"""What two results must have in common, besides their sizes; the keys are those that can be compared."""

_NO_SCORES = {
    "comparison-1": "is a comparison",
    "uccs-scores-1": "says how a score file was made, and judges nothing",
}


@dataclass(frozen=True)
class Place:
    """Where one model was measured.

    Args:
        size: in pixels; None for pictures at their own size.
        protocol: of a table with several; else "".
    """

    size: int | None
    protocol: str = ""

    def __str__(self) -> str:
        size = "as they are" if self.size is None else f"{self.size} px"
        return f"{size}, {self.protocol}" if self.protocol else size


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
            InputError: one is missing, is not as it should be, or does not belong to the other; or there are
                no single scores of such a result.
        """
        payload = read_result(path)
        parsed(payload, str(path))
        kind = str(kind_of(payload))
        if kind not in SAME:
            raise InputError(
                f"{path} {_NO_SCORES[kind]}", fix="name results of evaluate that have single scores"
            )
        sha256 = payload.get("scores_sha256")
        if sha256 is None:
            raise InputError(f"{path} has no single scores: {_why_none(kind, payload)}", fix=_FIX[kind])
        return cls(path.name, kind, payload, read_scores(path, sha256))

    @property
    def figures(self) -> list[Mapping[str, Any]]:
        """One for each row of scores, with its `model` and `size`."""
        if self.kind == "lfw-1":
            return [self.payload]
        if self.kind == "uccs-1":
            return [{"model": self.name, "size": None}]
        return list(self.payload["figures"])

    @property
    def models(self) -> dict[str, Any]:
        """By name what is known of each; of a score file, whoever made it, nothing is."""
        if self.kind == "lfw-1":
            keys = {"sha256": "model_sha256", "runtime": "runtime", "state_id": "state_id", "side": "side"}
            return {self.payload["model"]: {key: self.payload[theirs] for key, theirs in keys.items()}}
        return dict(self.payload.get("models", {}))

    @property
    def places(self) -> list[Place]:
        """Of its figures, in their order."""
        return list(dict.fromkeys(self._place(cell) for cell in self.figures))

    def rows(self, place: Place) -> list[tuple[str, int]]:
        """The models measured at a place, and where their scores are."""
        return [(cell["model"], n) for n, cell in enumerate(self.figures) if self._place(cell) == place]

    def _place(self, cell: Mapping[str, Any]) -> Place:
        return Place(cell["size"], cell["protocol"] if self.kind == "lfw-table-1" else "")


_FIX = {
    "lfw-table-1": "measure it again with --out",
    "template-pairs-1": "compare its intervals, or measure both models in lists that are smaller",
}


def _why_none(kind: str, payload: Mapping[str, Any]) -> str:
    """Why a result is without."""
    if kind == "lfw-table-1":
        return "it was written before tables of LFW kept them"
    return f"its {payload['n_same']:,} pairs of one person are more than are kept"


def check_alike(first: Measured, second: Measured) -> None:
    """Refuse two results that are not of the same comparisons; what differs is named."""
    if first.kind != second.kind:
        raise InputError(
            f"{first.name} is of {first.kind}, {second.name} of {second.kind}",
            fix="compare two results of one verb",
        )
    keys = SAME[first.kind]
    if first.payload.get("steps"):
        keys = (*keys, "seed")  # of what is random in the family
    for key in keys:
        one, other = (_comparable(side.payload, key) for side in (first, second))
        if one != other:
            if key in ("gallery.size", "gallery_size"):
                raise InputError(
                    f"the galleries of {first.name} and {second.name} were seen {Place(one)} and "
                    f"{Place(other)}",
                    fix="measure both with the same --gallery-size",
                )
            raise InputError(
                f"{first.name} and {second.name} differ in {key}: {_short(one)} and {_short(other)}",
                fix="measure both on the same benchmark in the same way",
            )
    if not set(first.places) & set(second.places):
        sizes = [", ".join(map(str, side.places)) for side in (first, second)]
        raise InputError(
            f"no size is in both: {first.name} has {sizes[0]}, {second.name} {sizes[1]}",
            fix="measure both at a size in common",
        )


def _comparable(payload: Mapping[str, Any], key: str) -> Any:
    """A value that has to be the same in both; the steps to single sizes need not be there in both."""
    value: Any = payload
    for part in key.split("."):
        value = value[part]
    return {k: v for k, v in value.items() if k != "steps"} if isinstance(value, dict) else value


def in_both(first: Mapping[str, Any], second: Mapping[str, Any], key: str) -> list[str]:
    """The rates or ranks that both figures report, in the order of the first."""
    return [name for name in first[key] if name in second[key]]


def _short(value: Any) -> str:
    """A value for a message; of a hash its beginning."""
    text = str(value)
    return text[:12] if len(text) == 64 else text
