"""Tables in README and docs, generated from `results/`: no figure in prose is typed by hand.

A table stands between `<!-- table: NAME -->` and `<!-- /table -->`, each on a line of its own; all between
them is replaced. NAME is a key of `TABLES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.errors import ConfigError, InputError
from fewpix.evaluate.results import read_result
from fewpix.files import write_text

_OPENING = re.compile(r"<!-- table: *(.*?) *-->")
_CLOSING = "<!-- /table -->"

DIRECT_FEED = "direct feed"
"""What tables call the teacher that is given small faces as they are."""


DEFAULT_WAY = "prior"
"""The way of adapting that `fewpix adapt` takes where none is named, as `facebn_shifts.py` calls it."""


def lfw(result: Mapping[str, Any], protocol: str) -> str:
    """One protocol of `results/lfw.json` as Markdown: a row per size, a column per model and difference."""
    settings = result["settings"]
    baseline = settings["baseline"]
    # the students first, what they are measured against last
    models = sorted(result["models"], key=lambda name: (name == baseline, name))
    against = DIRECT_FEED if baseline == "teacher" else baseline
    titles = ["px", *(against if name == baseline else name for name in models)]
    titles += [f"{name} − {against}" for name in models[:-1]]
    cells = {(f["model"], f["size"]): f for f in result["figures"] if f["protocol"] == protocol}
    if not cells:
        raise KeyError(protocol)
    rows = [
        [
            str(size),
            *(_figure(cells[name, size]) for name in models),
            *(_difference(cells[name, size]["minus_baseline"]) for name in models[:-1]),
        ]
        for size in sorted({size for _, size in cells})
    ]
    (far,) = result["figures"][0]["tar_at_far"]
    note = (
        f"Accuracy in % (95 % interval) / TAR in % at FAR {far}; {result['data']['pairs']:,} pairs of LFW, "
        f"{'with' if settings['flip'] else 'no'} flip; differences in points, bold where the paired 95 % "
        "interval lies above 0, in italics where it lies below."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def facebn_arms(result: Mapping[str, Any], metrics: Mapping[str, str]) -> str:
    """The ways of adapting in a result of `benchmarks/facebn_shifts.py`, over all families and sizes.

    Args:
        result: of the benchmark.
        metrics: key in the result to its title.
    """
    titles = ["way of adapting"]
    for title in metrics.values():
        titles += [f"{title}, points", "surely better / worse, of", "worst"]
    rows = []
    for arm, summary in result["summary"].items():
        row = [f"`{arm}`"]
        for metric in metrics:
            found = summary[metric]
            worst = found["worst"]
            row += [
                _points(found["change"], found["ci95"]),
                f"{found['helps']} / {found['hurts']}, of {found['cells']}",
                f"{100 * worst['mean']:+.1f} ({worst['family']}, {worst['size']} px)",
            ]
        rows.append(row)
    return markdown(titles, rows)


def facebn_shifts(result: Mapping[str, Any], arm: str, metric: str) -> str:
    """What one way of adapting changes in each family at each size, in a result of `facebn_shifts.py`."""
    cells = {(row["family"], row["size"]): row for row in result["figures"] if row["arm"] == arm}
    before = {(row["family"], row["size"]): row for row in result["figures"] if row["arm"] == "source"}
    sizes = sorted({size for _, size in cells})
    families = list(dict.fromkeys(family for family, _ in cells))

    def cell(family: str, size: int) -> str:
        change = cells[family, size][f"{metric}_change"]
        return f"{_percent(before[family, size][metric])} {_points(change['mean'], change['ci95'])}"

    rows = [[family, *(cell(family, size) for size in sizes)] for family in families]
    return markdown(["family", *(f"{size} px" for size in sizes)], rows)


def _points(mean: float, ci95: Sequence[float]) -> str:
    """A change in points with its interval, bold where that lies above 0, in italics where below."""
    low, high = ci95
    text = f"{100 * mean:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
    return f"**{text}**" if low > 0 else f"*{text}*" if high < 0 else text


def _figure(figure: Mapping[str, Any]) -> str:
    """Accuracy, its interval, and TAR."""
    low, high = figure["accuracy_ci95"]
    (tar,) = figure["tar_at_far"].values()
    return f"{_percent(figure['accuracy'])} ({_percent(low)}–{_percent(high)}) / {_percent(tar)}"


def _difference(change: Mapping[str, Any]) -> str:
    """Points of accuracy with their interval, bold where it lies above 0."""
    return _points(change["accuracy"], change["ci95"])


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column on the left, all others on the right."""
    lines = [titles, ["---", *["--:"] * (len(titles) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TABLES: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "lfw-hr-lr": ("lfw.json", lambda result: lfw(result, "hr-lr")),
    "lfw-lr-lr": ("lfw.json", lambda result: lfw(result, "lr-lr")),
    "router-hr-lr": ("lfw_router.json", lambda result: lfw(result, "hr-lr")),
    "router-lr-lr": ("lfw_router.json", lambda result: lfw(result, "lr-lr")),
    "facebn-pool": (
        "facebn_pool.json",
        lambda result: facebn_arms(result, {"rank1": "rank-1", "cosine": "100 × cosine"}),
    ),
    "facebn-lfw": (
        "facebn_lfw.json",
        lambda result: facebn_arms(result, {"hr-lr": "sharp against small", "lr-lr": "both small"}),
    ),
    "facebn-pool-shifts": ("facebn_pool.json", lambda result: facebn_shifts(result, DEFAULT_WAY, "rank1")),
    "facebn-lfw-shifts": ("facebn_lfw.json", lambda result: facebn_shifts(result, DEFAULT_WAY, "hr-lr")),
}
"""Name → (file in `results/`, how its content becomes Markdown)."""


def render(text: str, results: Path, origin: str) -> str:
    """A document with all its tables made anew.

    Args:
        text: the document.
        results: the folder of results.
        origin: the document's name, for messages.

    Raises:
        ConfigError: an unknown table, or one that is not closed.
        InputError: a result is missing or lacks something that its table shows.
    """
    lines = text.split("\n")
    out: list[str] = []
    place = 0
    while place < len(lines):
        out.append(lines[place])
        opening = _OPENING.fullmatch(lines[place].strip())
        if opening is not None:
            name = opening.group(1)
            try:
                end = lines.index(_CLOSING, place + 1)
            except ValueError:
                raise ConfigError(
                    f"{origin}, line {place + 1}: the table '{name}' is not closed", fix=f"add {_CLOSING}"
                ) from None
            out += ["", *_table(name, results, f"{origin}, line {place + 1}").split("\n"), "", _CLOSING]
            place = end
        place += 1
    return "\n".join(out)


def _table(name: str, results: Path, where: str) -> str:
    if name not in TABLES:
        raise ConfigError(f"{where}: unknown table '{name}'", fix=f"use one of {', '.join(TABLES)}")
    file, make = TABLES[name]
    try:
        return make(read_result(results / file))
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise InputError(
            f"{results / file} lacks what the table '{name}' shows: {error!r}", fix="measure it again"
        ) from error


@dataclass(frozen=True)
class Rendered:
    """What `update` did.

    Args:
        current: documents whose tables were up to date.
        written: documents whose tables were replaced.
    """

    current: tuple[str, ...]
    written: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{name}: tables replaced" for name in self.written]
        return "\n".join(lines + [f"{name}: up to date" for name in self.current])

    def to_json(self) -> dict[str, Any]:
        """The two lists."""
        return {"current": list(self.current), "written": list(self.written)}


def update(documents: Sequence[Path], results: Path, *, check: bool = False) -> Rendered:
    """Make the tables of documents anew.

    Args:
        documents: Markdown files.
        results: the folder of results.
        check: write nothing; refuse when a document is not what would be written.

    Raises:
        InputError: a document or result is missing, or with `check` a table is out of date.
        ConfigError: see `render`.
    """
    current, changed = [], []
    for path in documents:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"cannot read {path}: {error.strerror or error}", fix="check the path"
            ) from error
        made = render(text, results, path.name)
        if made == text:
            current.append(path.name)
            continue
        if check:
            raise InputError(
                f"the tables of {path} are not those of {results}", fix=f"run `fewpix evaluate tables {path}`"
            )
        write_text(path, made)
        changed.append(path.name)
    return Rendered(tuple(current), tuple(changed))
