"""What `fewpix evaluate search` says: the figures, and all that they depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fewpix.evaluate.benchmark import Search
from fewpix.evaluate.compared import Compared
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.retrieval import Retrieval
from fewpix.evaluate.scores_file import digest, packed
from fewpix.evaluate.search_cell import SearchCell, unresolved_text
from fewpix.evaluate.search_record import SearchRecord
from fewpix.evaluate.statistics.bootstrap import LEVEL
from fewpix.evaluate.statistics.scores import far_key

SCHEMA = "search-1"
"""What its JSON says of itself; `schema.search` has the keys."""


@dataclass(frozen=True)
class Side:
    """The gallery or the probes of a search.

    Args:
        pictures: how many there are, failures to enrol included.
        people: on them.
        failed: pictures that could not be read or are below 8 px: failures to enrol.
        first_fault: why the first of them failed, "" for none.
        native: quantiles 0, 25, 50, 75 and 100 % of the shorter sides of the pictures in their files.
    """

    pictures: int
    people: int
    failed: int
    first_fault: str
    native: tuple[int, ...]

    def lines(self, name: str, more: str) -> list[str]:
        """What is known of it, for people."""
        low, first, middle, third, high = self.native
        said = [
            f"  {name}: {self.pictures:,} pictures of {self.people:,} people{more}",
            f"    shorter side in the file {middle} px, half of them {first} to {third}, all {low} to {high}",
        ]
        if self.failed:
            said.append(f"    {self.failed:,} failed to enrol, and count; the first: {self.first_fault}")
        return said

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        quantiles = dict(zip(("min", "p25", "median", "p75", "max"), self.native, strict=True))
        return {**vars(self), "native": quantiles}


@dataclass(frozen=True, eq=False)
class SearchResult:
    """Models on one benchmark that searches a gallery. Figures are 0 to 1.

    Args:
        benchmark: of `readers.registry.READERS`.
        data: what was searched.
        probes: that side.
        gallery: the other side.
        gallery_size: side in pixels that the gallery was made small to; None for its own.
        gallery_kept: its pictures smaller than that, which stayed as they were.
        gallery_rows: embeddings searched in.
        prototypes: whether each of them is the mean of a person's pictures.
        cells: in the order of sizes and models.
        differences: of every other model to the first, in the same order.
        models: by name what is known of each.
        galleries: of each model's gallery, who saw it: its `model`, and what is known of that.
        fit: how pictures that are not square became so.
        flip: whether mirrored pictures were added.
        degradation: how pictures got small.
        replicates: of the bootstrap.
        seed: of the bootstrap and of random families.
        data_sha256: over lists, names and pictures.
        unresolved: rates that the non-mated probes are too few to show.
    """

    benchmark: str
    data: Search
    probes: Side
    gallery: Side
    gallery_size: int | None
    gallery_kept: int
    gallery_rows: int
    prototypes: bool
    cells: tuple[SearchCell, ...]
    differences: tuple[Compared, ...]
    models: Mapping[str, Mapping[str, Any]]
    galleries: Mapping[str, Mapping[str, Any]]
    fit: str
    flip: bool
    degradation: Degradation
    replicates: int
    seed: int
    data_sha256: str
    unresolved: tuple[float, ...]

    @property
    def mated(self) -> int:
        """Probes whose person is in the gallery."""
        return int(self.cells[0].searched.mated.sum())

    @property
    def nonmated(self) -> int:
        """The others."""
        return len(self.cells[0].searched) - self.mated

    def __str__(self) -> str:
        lines = [f"{self.benchmark}: {self.mated:,} mated and {self.nonmated:,} non-mated searches"]
        if self.unresolved:
            lines.append(f"  {unresolved_text(self.unresolved, self.nonmated)}")
        lines += self.probes.lines("probes", "")
        rows = ", one row a person" if self.prototypes else ""
        own = "own size" if self.gallery_size is None else f"{self.gallery_size} px"
        lines += self.gallery.lines("gallery", f"{rows}, at {own}")
        lines.append(f"  {'; '.join(self._how())}")
        lines.append(f"  {self._found()}")
        for cell in self.cells:
            lines.append(f"{cell.label}, gallery by {self.galleries[cell.model]['model']}")
            if cell.kept:
                lines.append(f"  {cell.kept:,} were smaller already and stayed as they were")
            lines.append(f"  {cell.said()}")
        for one in self.differences:
            lines += one.lines()
        return "\n".join(lines)

    def _how(self) -> list[str]:
        """How pictures came to the models."""
        how = [f"squares by {self.fit}"]
        if self.gallery_size or any(cell.size for cell in self.cells):
            how.append(f"made small by {self.degradation.family}")
        return [*how, f"resampled {self.degradation.interpolation}", *(["flip"] if self.flip else [])]

    def _found(self) -> str:
        """What was there of the benchmark."""
        found = self.data.inventory
        missing = len(found.missing)
        gap = f"{missing:,} of {found.listed:,} listed pictures left out, " if missing else ""
        published = ""
        if any(count.published is not None for count in found.counts):
            published = f", {'as' if found.complete else 'not as'} published"
        return f"{gap}coverage {100 * found.coverage:.1f} %{published}; lists {found.sha256[:12]}"

    def to_json(self) -> dict[str, Any]:
        """The figures and all that decides them; no path of this machine."""
        found, sizes = self.data.inventory, [cell.size for cell in self.cells] + [self.gallery_size]
        small = list(dict.fromkeys(size for size in sizes if size is not None))
        return {
            "schema": SCHEMA,
            "benchmark": self.benchmark,
            "set": "closed" if isinstance(self.cells[0].figures, Retrieval) else "open",
            "fpirs_unresolved": [far_key(fpir) for fpir in self.unresolved],
            "mated": self.mated,
            "nonmated": self.nonmated,
            "gallery_rows": self.gallery_rows,
            "prototypes": self.prototypes,
            "probes": self.probes.to_json(),
            "gallery": {
                **self.gallery.to_json(),
                "size": self.gallery_size,
                "kept": self.gallery_kept,
            },
            "models": {name: dict(facts) for name, facts in self.models.items()},
            "galleries": {name: dict(facts) for name, facts in self.galleries.items()},
            "fit": self.fit,
            "flip": self.flip,
            "family": self.degradation.family,
            "steps": {str(size): self.degradation.describe(size) for size in small},
            "interpolation": self.degradation.interpolation,
            "interval": f"{100 * LEVEL:g} %, percentile bootstrap over people of the probes",
            "replicates": self.replicates,
            "seed": self.seed,
            "coverage": found.coverage,
            "listed": found.listed,
            "missing": len(found.missing),
            "as_published": found.complete,
            "counts": [
                {"what": count.what, "found": count.found, "published": count.published}
                for count in found.counts
            ],
            "lists_sha256": found.sha256,
            "data_sha256": self.data_sha256,
            "figures": [cell.to_json() for cell in self.cells],
            "differences": [one.to_json() for one in self.differences],
            "scores_sha256": digest(self.scores_file),
        }

    @cached_property
    def scores_file(self) -> bytes:
        """The content of the file with what became of every probe (see `scores_file`)."""
        searched = [cell.searched for cell in self.cells]
        people = np.asarray(self.data.probes.people)
        return packed(SearchRecord.of(self.data.probes.names, people, searched).arrays())
