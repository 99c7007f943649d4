"""What a report consists of, before it becomes HTML or Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Table:
    """Figures; the first column names the rows.

    Args:
        caption: what they are.
        head: of the columns.
        rows: of the same length each.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, caption: str, rows: Iterable[Mapping[str, str]]) -> Table:
        """Rows by the heads of their columns; what a row has not is a dash."""
        found = list(rows)
        head = tuple(dict.fromkeys(key for row in found for key in row))
        return cls(caption, head, tuple(tuple(row.get(key, "–") for key in head) for row in found))


@dataclass(frozen=True)
class Plot:
    """One picture of figures.

    Args:
        name: of its file, without an ending; unique in a report.
        svg: as matplotlib writes it, in the stand-in colours of `svg`.
        alt: what it shows, in words.
    """

    name: str
    svg: str
    alt: str


@dataclass(frozen=True)
class Plots:
    """Plots side by side, as far as the page is wide, and the same figures as tables, folded."""

    plots: tuple[Plot, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Tile:
    """One face.

    Args:
        file: its name, from its content; "" where the picture is gone.
        data: the file's content.
        alt: whose picture it is.
    """

    file: str
    data: bytes
    alt: str


@dataclass(frozen=True)
class FacePair:
    """A comparison.

    Args:
        seen: both faces as the encoders saw them.
        sharp: the same before they were made small; empty where none was.
        verdict: "right" or "wrong".
        caption: score, threshold, verdict.
        names: of the pictures.
    """

    seen: tuple[Tile, ...]
    sharp: tuple[Tile, ...]
    verdict: str
    caption: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class FacePairs:
    """Comparisons side by side, with what they have in common."""

    caption: str
    pairs: tuple[FacePair, ...]


Block: TypeAlias = str | Table | Plots | FacePairs
"""A text is a paragraph."""

Section: TypeAlias = tuple[str, tuple[Block, ...]]
"""A heading, and what stands under it."""


@dataclass(frozen=True)
class Report:
    """The whole.

    Args:
        title: of the page.
        lead: the figure that people look for first, in a sentence.
        sections: in their order.
    """

    title: str
    lead: str
    sections: tuple[Section, ...]
