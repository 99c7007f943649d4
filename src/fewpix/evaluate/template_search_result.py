"""What `fewpix evaluate template-search` measured, and all that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fewpix.evaluate.benchmark import TemplateSearchData
from fewpix.evaluate.compared import Compared
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.scores_file import digest, packed
from fewpix.evaluate.search_difference import search_difference
from fewpix.evaluate.statistics.bootstrap import LEVEL
from fewpix.evaluate.template_embedding import Seen, alignment
from fewpix.evaluate.template_search import GallerySearch, JoinedSearch
from fewpix.evaluate.template_search_record import TemplateSearchRecord
from fewpix.evaluate.templates import Fusing

SCHEMA = "template-search-1"
"""What its JSON says of itself; `schema.template_search` has the keys."""


@dataclass(frozen=True, eq=False)
class TemplateSearchCell:
    """One model at one size.

    Args:
        model: its name.
        size: side of the probes' pictures in pixels; None where they were left as they are.
        gallery_model: who saw the galleries.
        probes: as the model saw them.
        gallery: both galleries, as that model saw them.
        galleries: the figures by gallery.
        joined: the galleries as one, by the definitions of public code; None where that cannot be had.
        not_joined: why not; "" where it is.
    """

    model: str
    size: int | None
    gallery_model: str
    probes: Seen
    gallery: Seen
    galleries: Mapping[str, GallerySearch]
    joined: JoinedSearch | None
    not_joined: str

    def lines(self) -> list[str]:
        """The figures in words."""
        said = [self.model + (f" at {self.size} px" if self.size else "")]
        said += [f"  probes: {line}" for line in self.probes.lines()]
        said += [f"  galleries, by {self.gallery_model}: {line}" for line in self.gallery.lines()]
        for name, found in self.galleries.items():
            said += [f"  {name}: {line}" for line in found.lines()]
        if self.joined is None:
            said.append(f"  joined: {self.not_joined}")
        else:
            ranks = ", ".join(f"rank-{k} {100 * v:.1f} %" for k, v in self.joined.rank.items())
            recall = ", ".join(f"{100 * v:.1f} % at {key}" for key, v in self.joined.recall.items())
            said.append(f"  joined, as public code: {ranks}; found by wrong comparisons a probe: {recall}")
        return said

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {
            "model": self.model,
            "size": self.size,
            "gallery_model": self.gallery_model,
            "probes": self.probes.to_json(),
            "gallery": self.gallery.to_json(),
            "galleries": {name: found.to_json() for name, found in self.galleries.items()},
            "joined": None if self.joined is None else self.joined.to_json(),
            "not_joined": self.not_joined,
        }


@dataclass(frozen=True, eq=False)
class TemplateSearchResult:
    """What `evaluate_template_search` measured.

    Args:
        data: the benchmark.
        fusion: how templates were made.
        gallery_size: side of the galleries' pictures in pixels; None for their own.
        degradation: how pictures got small.
        fit: how crops that are not square became so.
        flip: whether mirrored pictures were added.
        cells: in the order of sizes and models.
        ranks: the k of rank-k.
        fpirs: the false positive identification rates.
        models: by name what is known of each, the galleries' too.
        data_sha256: over the benchmark's lists and the pictures used.
        replicates: of the bootstrap over people.
        seed: of the bootstrap.
    """

    data: TemplateSearchData
    fusion: Fusing
    gallery_size: int | None
    degradation: Degradation
    fit: str
    flip: bool
    cells: tuple[TemplateSearchCell, ...]
    ranks: tuple[int, ...]
    fpirs: tuple[float, ...]
    models: Mapping[str, Mapping[str, Any]]
    data_sha256: str
    replicates: int
    seed: int

    def __str__(self) -> str:
        data, inventory = self.data, self.data.inventory
        what = f"{data.kind} ({data.variant})" if data.variant else data.kind
        sides = ", ".join(f"{len(part):,} in {name}" for name, part in data.galleries.items())
        lines = [
            f"{what}: {len(data.probes):,} probe templates searched among {sides}",
            f"coverage {100 * data.coverage:.1f} %"
            + (f", {data.missing:,} templates left out for want of a picture" if data.missing else "")
            + f"; lists {inventory.sha256[:12]}"
            + ("" if inventory.complete else ", not as published"),
            f"fused: {self.fusion.words}; {alignment(data.pictures.points is not None)}; "
            + self.degradation.interpolation
            + ("; mirrored pictures added" if self.flip else ""),
        ]
        if self.gallery_size is not None:
            lines.append(f"galleries made small by {self.degradation.describe(self.gallery_size)}")
        lines += [f"probes made small by {self.degradation.describe(size)}" for size in self._sizes()]
        for cell in self.cells:
            lines += cell.lines()
        for one in self.differences:
            lines += one.lines()
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """What was measured and all that decides it; no path of this machine."""
        inventory = self.data.inventory.to_json()
        del inventory["folder"]
        sizes = [*self._sizes(), *([self.gallery_size] if self.gallery_size else [])]
        return {
            "schema": SCHEMA,
            "benchmark": self.data.kind,
            "variant": self.data.variant,
            "gallery_size": self.gallery_size,
            "family": self.degradation.family,
            "steps": {str(size): self.degradation.describe(size) for size in sizes},
            "interpolation": self.degradation.interpolation,
            "fit": self.fit,
            "alignment": alignment(self.data.pictures.points is not None),
            "fusion": self.fusion.words,
            "flip": self.flip,
            "n_probes": len(self.data.probes),
            "n_missing": self.data.missing,
            "coverage": self.data.coverage,
            "inventory": inventory,
            "data_sha256": self.data_sha256,
            "models": {name: dict(facts) for name, facts in self.models.items()},
            "interval": f"{100 * LEVEL:g} %, percentile bootstrap over people of the probes",
            "replicates": self.replicates,
            "seed": self.seed,
            "figures": [cell.to_json() for cell in self.cells],
            "differences": [one.to_json() for one in self.differences],
            "scores_sha256": digest(self.scores_file),
        }

    @cached_property
    def differences(self) -> tuple[Compared, ...]:
        """Of every other model to the first, at each size in each gallery."""
        found, base = [], dict[int | None, TemplateSearchCell]()
        for cell in self.cells:
            first = base.setdefault(cell.size, cell)
            if first is cell:
                continue
            for name, figures in cell.galleries.items():
                other = first.galleries[name]
                change = search_difference(
                    figures.searched,
                    other.searched,
                    self.data.probes.people,
                    ranks=self.ranks,
                    fpirs=self.fpirs,
                    drawn=(figures.watch.drawn, other.watch.drawn),
                    replicates=self.replicates,
                    seed=self.seed,
                )
                found.append(Compared(cell.model, first.model, cell.size, change, ("gallery", name)))
        return tuple(found)

    @cached_property
    def scores_file(self) -> bytes:
        """The content of the file with what became of every probe (see `scores_file`)."""
        searched = [{name: found.searched for name, found in cell.galleries.items()} for cell in self.cells]
        return packed(TemplateSearchRecord.of(self.data.probes, searched).arrays())

    def _sizes(self) -> list[int]:
        """Those that probes were made small to."""
        return list(dict.fromkeys(cell.size for cell in self.cells if cell.size is not None))
