"""What `fewpix evaluate search` says: the figures, and all that they depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fewpix.evaluate.bootstrap import LEVEL
from fewpix.evaluate.metrics import far_key
from fewpix.evaluate.readers.benchmark import Inventory
from fewpix.evaluate.retrieval import Retrieval, WatchList


@dataclass(frozen=True)
class Side:
    """The gallery or the probes of a search.

    Args:
        model: who sees it; a file's name without its folder.
        model_sha256: from its card.
        state_id: of the NormState it ran under, "" for none.
        size: side in pixels that pictures were made small to; None for their own.
        pictures: how many there are, failures to enrol included.
        people: on them.
        failed: pictures that could not be read or are below 8 px: failures to enrol.
        first_fault: why the first of them failed, "" for none.
        kept: pictures smaller than `size`, which stayed as they were.
        native: quantiles 0, 25, 50, 75 and 100 % of the shorter sides of the pictures in their files.
    """

    model: str
    model_sha256: str
    state_id: str
    size: int | None
    pictures: int
    people: int
    failed: int
    first_fault: str
    kept: int
    native: tuple[int, ...]

    @property
    def how(self) -> str:
        """The size that it was seen at, in words."""
        return "own size" if self.size is None else f"{self.size} px"

    def lines(self, name: str, rows: str = "") -> list[str]:
        """What is known of it, for people."""
        low, first, middle, third, high = self.native
        counted = f"{self.pictures:,} pictures of {self.people:,} people{rows}"
        said = [
            f"  {name}: {counted}, by {self.model} at {self.how}",
            f"    shorter side in the file {middle} px, half of them {first} to {third}, all {low} to {high}",
        ]
        if self.kept:
            said.append(f"    {self.kept:,} were smaller already and stayed as they were")
        if self.failed:
            said.append(f"    {self.failed:,} failed to enrol, and count; the first: {self.first_fault}")
        return said

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        quantiles = dict(zip(("min", "p25", "median", "p75", "max"), self.native, strict=True))
        return {**vars(self), "native": quantiles}


@dataclass(frozen=True, eq=False)
class SearchResult:
    """One model on one benchmark that searches a gallery. Figures are 0 to 1.

    Args:
        benchmark: of `readers.searches.PROTOCOLS`.
        probes: that side.
        gallery: the other side.
        mated: probes whose person is in the gallery.
        nonmated: the others.
        gallery_rows: embeddings searched in.
        prototypes: whether each of them is the mean of a person's pictures.
        fit: how pictures that are not square became so.
        flip: whether mirrored pictures were added.
        family: how pictures got small.
        interpolation: how pictures were resampled.
        replicates: of the bootstrap.
        seed: of the bootstrap and of random families.
        inventory: what was found of the benchmark.
        data_sha256: over lists, names and pictures.
        figures: of a closed or of an open set.
        unresolved: rates that the non-mated probes are too few to show.
    """

    benchmark: str
    probes: Side
    gallery: Side
    mated: int
    nonmated: int
    gallery_rows: int
    prototypes: bool
    fit: str
    flip: bool
    family: str
    interpolation: str
    replicates: int
    seed: int
    inventory: Inventory
    data_sha256: str
    figures: Retrieval | WatchList
    unresolved: tuple[float, ...]

    def __str__(self) -> str:
        how = [f"squares by {self.fit}"]
        if self.probes.size or self.gallery.size:
            how.append(f"made small by {self.family}")
        how += [f"resampled {self.interpolation}", *(["flip"] if self.flip else [])]
        rows = ", one row a person" if self.prototypes else ""
        lines = [f"{self.benchmark}: {self._figures()}"]
        if self.unresolved:
            rates = ", ".join(far_key(fpir) for fpir in self.unresolved)
            lines.append(f"  FPIR {rates}: unresolved, {self.nonmated:,} non-mated searches cannot show it")
        lines += self.probes.lines("probes", f" ({self.mated:,} mated, {self.nonmated:,} not)")
        lines += self.gallery.lines("gallery", rows)
        lines.append(f"  {'; '.join(how)}")
        missing = len(self.inventory.missing)
        gap = f"{missing:,} of {self.inventory.listed:,} listed pictures left out, " if missing else ""
        published = ""
        if any(count.published is not None for count in self.inventory.counts):
            published = f", {'as' if self.inventory.complete else 'not as'} published"
        lines.append(
            f"  {gap}coverage {100 * self.inventory.coverage:.1f} %{published}; "
            f"lists {self.inventory.sha256[:12]}"
        )
        return "\n".join(lines)

    def _figures(self) -> str:
        """The figures without counts, which stand in lines of their own."""
        figures = self.figures
        if isinstance(figures, Retrieval):
            return ", ".join(
                [f"rank-{k} {100 * v:.1f} % ({figures.cmc_ci95[k]})" for k, v in figures.cmc.items()]
                + (
                    []
                    if figures.mean_average_precision is None
                    else [
                        f"mAP {100 * figures.mean_average_precision:.1f} % "
                        f"({figures.mean_average_precision_ci95})"
                    ]
                )
            )
        rates = figures.open_set
        return ", ".join(
            [
                f"TPIR{rates.rank} {100 * v:.1f} % at FPIR {k} ({rates.tpir_at_fpir_ci95[k]})"
                for k, v in rates.tpir_at_fpir.items()
            ]
            + [f"AUC {100 * figures.auc:.1f} %"]
        )

    def to_json(self) -> dict[str, Any]:
        """The figures and all that decides them; no path of this machine."""
        found = self.inventory
        return {
            "benchmark": self.benchmark,
            "set": "closed" if isinstance(self.figures, Retrieval) else "open",
            "figures": self.figures.to_json(),
            "fpirs_unresolved": [far_key(fpir) for fpir in self.unresolved],
            "mated": self.mated,
            "nonmated": self.nonmated,
            "gallery_rows": self.gallery_rows,
            "prototypes": self.prototypes,
            "probes": self.probes.to_json(),
            "gallery": self.gallery.to_json(),
            "fit": self.fit,
            "flip": self.flip,
            "family": self.family,
            "interpolation": self.interpolation,
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
        }
