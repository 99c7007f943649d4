"""How reports write numbers, and the tables that several of them have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fewpix.evaluate.report.blocks import Table
from fewpix.evaluate.schema.parts import Count, Histogram, Model

Span = tuple[float, float]


def share(value: float | None, ci95: Span | None) -> str:
    """A share in percent with its interval; a dash where there is none."""
    if value is None:
        return "–"
    return f"{100 * value:.2f} ({100 * ci95[0]:.1f} to {100 * ci95[1]:.1f})" if ci95 else f"{100 * value:.2f}"


def points(value: float, ci95: Span) -> str:
    """A difference in points with its interval."""
    return f"{100 * value:+.2f} ({100 * ci95[0]:+.1f} to {100 * ci95[1]:+.1f})"


def at(size: int | None) -> str:
    """A size in words."""
    return "as they are" if size is None else f"{size} px"


def label(model: str, size: int | None) -> str:
    """A model at a size."""
    return model if size is None else f"{model}, {size} px"


def by_size(steps: Mapping[str, str]) -> list[tuple[str, str]]:
    """The steps down to each size, the smallest first; keys of JSON are sorted as texts."""
    return sorted(steps.items(), key=lambda item: int(item[0]))


def facts(rows: Sequence[tuple[str, str]]) -> Table:
    """What was measured, a line each."""
    return Table("What was measured", ("", ""), tuple(rows))


def models(found: Mapping[str, Model], others: Mapping[str, tuple[str, Model]], side: str) -> Table:
    """The models with their hashes.

    Args:
        found: by name.
        others: by the same names who saw the other side, by name; may be empty.
        side: what the others saw.
    """
    rows = [(name, "", *_facts(model)) for name, model in found.items()]
    rows += [(other, f"{side} of {name}", *_facts(model)) for name, (other, model) in others.items()]
    return Table("Models", ("model", "sees", "weights (SHA-256)", "runtime", "input", "state"), tuple(rows))


def _facts(model: Model) -> tuple[str, str, str, str]:
    return model.sha256, model.runtime, f"{model.side} px", model.state_id or "–"


def counts(found: Sequence[Count]) -> Table:
    """What is there of a benchmark."""
    rows = (
        (one.what, f"{one.found:,}", "–" if one.published is None else f"{one.published:,}") for one in found
    )
    return Table("What is there of the benchmark", ("", "found", "published"), tuple(rows))


def histogram(name: str, counted: Histogram) -> Table:
    """The bins that are not empty."""
    width = (counted.high - counted.low) / len(counted.mated)
    rows = tuple(
        (f"{counted.low + n * width:.3f}", f"{mated:,}", f"{nonmated:,}")
        for n, (mated, nonmated) in enumerate(zip(counted.mated, counted.nonmated, strict=True))
        if mated or nonmated
    )
    return Table(f"Scores, {name}", ("score from", "one person", "two people"), rows)
