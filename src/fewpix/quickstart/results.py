"""What the evaluation of the quickstart found: one cell per model, adaptation and size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.evaluate.identification import Identification
from fewpix.evaluate.statistics.bootstrap import Interval

FAR = "1e-2"
"""The false accept rate at which true accepts are reported."""


@dataclass(frozen=True)
class Contender:
    """One way to embed the small faces.

    Args:
        key: in JSON.
        title: for people.
        adapted: whether FaceBN is on.
    """

    key: str
    title: str
    adapted: bool = False


CONTENDERS: tuple[Contender, ...] = (
    Contender("teacher", "teacher, fed directly"),
    Contender("shipped", "shipped student"),
    Contender("shipped+facebn", "shipped student + FaceBN", adapted=True),
    Contender("distilled", "distilled student"),
    Contender("distilled+facebn", "distilled student + FaceBN", adapted=True),
)
"""In the order of tables and plots."""


@dataclass(frozen=True, eq=False)
class Cell:
    """One contender at one size.

    Args:
        contender: a key of `CONTENDERS`.
        size: of the probes in pixels.
        found: rank-1 and TAR with intervals.
        scores: (probes, people) cosine of each probe with each person's enrolled picture.
        same: (probes, people) whether it is their own.
    """

    contender: str
    size: int
    found: Identification
    scores: NDArray[np.float32]
    same: NDArray[np.bool_]

    @property
    def rank1(self) -> tuple[float, Interval]:
        """Share of the probes whose best candidate is right, with its interval."""
        return self.found.cmc[1], self.found.cmc_ci95[1]

    @property
    def tar(self) -> tuple[float, Interval]:
        """TAR at FAR 1e-2, with its interval."""
        return self.found.tar_at_far[FAR], self.found.tar_at_far_ci95[FAR]


@dataclass(frozen=True, eq=False)
class Table:
    """All cells.

    Args:
        cells: every contender at every size.
        sizes: in pixels, falling.
    """

    cells: tuple[Cell, ...]
    sizes: tuple[int, ...]

    def cell(self, contender: str, size: int) -> Cell:
        """One of them."""
        return next(cell for cell in self.cells if (cell.contender, cell.size) == (contender, size))

    def to_json(self) -> list[dict[str, Any]]:
        """A list of cells."""
        return [
            {"model": cell.contender, "size": cell.size, **cell.found.to_json()}
            for size in self.sizes
            for cell in self.cells
            if cell.size == size
        ]

    def __str__(self) -> str:
        """Two blocks of text, rank-1 and TAR, percent with 95 % intervals."""
        blocks = []
        for title, name in (("rank-1 in %", "rank1"), (f"TAR in % at FAR {FAR}", "tar")):
            wide = max(len(c.title) for c in CONTENDERS)
            lines = [f"{title:<{wide}}" + "".join(f"{f'{size} px':>18}" for size in self.sizes)]
            for contender in CONTENDERS:
                row = f"{contender.title:<{wide}}"
                for size in self.sizes:
                    value, interval = getattr(self.cell(contender.key, size), name)
                    span = f"({100 * interval.low:.0f}-{100 * interval.high:.0f})"
                    row += f"{100 * value:>9.1f} {span:<8}"
                lines.append(row.rstrip())
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)
