"""How `results/lfw/study.json`, of `benchmarks/lfw/study.py`, becomes Markdown tables.

A cell that was not measured shows as –. Means over families say so where a family is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.tables.figures import (
    DIRECT_FEED,
    accuracy_and_tar,
    change_in_points,
    markdown,
    marked,
    percent,
    with_interval,
)

NOTHING = "–"
CLEAN = "area"
Row = Mapping[str, Any]
_VERDICT = "bold where the paired 95 % interval lies above 0, in italics where it lies below"


def clean(result: Row) -> str:
    """The clean family: a row per protocol and size, a column per model and difference."""
    baseline, others = _models(result)
    cells = {(f["protocol"], f["size"], f["model"]): f for f in result["figures"] if f["family"] == CLEAN}
    rows = []
    for protocol, size in sorted({key[:2] for key in cells}):
        own = {model: cells.get((protocol, size, model)) for model in (*others, baseline)}
        rows.append(
            [
                protocol,
                str(size),
                *(_figure(own[model]) for model in (*others, baseline)),
                *(_change(own[model], "minus_baseline") for model in others),
            ]
        )
    titles = ["protocol", "px", *others, DIRECT_FEED, *(f"{name} − {DIRECT_FEED}" for name in others)]
    (far,) = result["figures"][0]["tar_at_far"]
    note = (
        f"Accuracy in % (95 % interval) / TAR in % at FAR {far}; {result['data']['pairs']:,} pairs of LFW, "
        f"made small by area averaging, no flip; differences in points of accuracy, {_VERDICT}."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def over_families(result: Row, protocol: str) -> str:
    """Mean over the families and the worst one: a row per size, for every model, with differences."""
    baseline, others = _models(result)
    cells = {(r["size"], r["model"]): r for r in result["summary"] if r["protocol"] == protocol}
    if not cells:
        raise KeyError(protocol)
    most = len(result["settings"]["families"])
    rows = []
    for size in sorted({size for size, _ in cells}):
        own = {model: cells.get((size, model)) for model in (*others, baseline)}
        rows.append(
            [
                str(size),
                *(_mean(own[model], most) for model in (*others, baseline)),
                *(_change(own[model], "minus_baseline") for model in others),
                *(_worst(own[model]) for model in (*others, baseline)),
            ]
        )
    titles = ["px", *(f"{name}, mean" for name in (*others, DIRECT_FEED))]
    titles += [f"{name} − {DIRECT_FEED}" for name in others]
    titles += [f"{name}, worst" for name in (*others, DIRECT_FEED)]
    note = (
        f"Accuracy in % over {most} families of degradations, and in the worst of them; differences of the "
        f"means in points, {_VERDICT}; people are resampled for all families together."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def by_family(result: Row, protocol: str, model: str) -> str:
    """Accuracy of one model in each family at each size beside the direct feed."""
    baseline, _ = _models(result)
    cells = {(f["family"], f["size"], f["model"]): f for f in result["figures"] if f["protocol"] == protocol}
    sizes = sorted({size for _, size, name in cells if name == model})
    if not sizes:
        raise KeyError(model)

    def cell(family: str, size: int) -> str:
        ours, other = cells.get((family, size, model)), cells.get((family, size, baseline))
        if ours is None or other is None:
            return NOTHING
        low, high = ours["minus_baseline"]["ci95"]
        return f"{marked(percent(ours['accuracy']), low > 0, high < 0)} / {percent(other['accuracy'])}"

    rows = [
        [_title(result, family), *(cell(family, size) for size in sizes)]
        for family in result["settings"]["families"]
        if any((family, size, model) in cells for size in sizes)
    ]
    note = (
        f"Accuracy in % of {model} / {DIRECT_FEED}, {protocol}; {_VERDICT}. "
        "† holds an operation that no training mixture has."
    )
    return f"{markdown(['family', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def matched(result: Row) -> str:
    """A gallery as small as the probes against a sharp one: a row per size, for every model."""
    baseline, others = _models(result)
    means = {(r["protocol"], r["size"], r["model"]): r for r in result["summary"]}
    figures = [f for f in result["figures"] if f["protocol"] == "matched"]
    sizes = sorted({f["size"] for f in figures})
    if not sizes:
        raise KeyError("matched")
    most = len(result["settings"]["families"]) - 1
    rows = []
    for size in sizes:
        row = [str(size)]
        for model in (*others, baseline):
            found = means.get(("matched", size, model))
            ends = [
                f["minus_sharp_gallery"]["ci95"]
                for f in figures
                if (f["size"], f["model"]) == (size, model) and f["minus_sharp_gallery"]
            ]
            row += [_mean(found, most), _change(found, "minus_sharp_gallery")]
            row.append(
                f"{sum(low > 0 for low, _ in ends)} / {sum(high < 0 for _, high in ends)}, of {len(ends)}"
                if ends
                else NOTHING
            )
        rows.append(row)
    titles = ["px"]
    for name in (*others, DIRECT_FEED):
        titles += [f"{name}, matched", "− sharp gallery", "surely better / worse"]
    note = (
        f"Mean accuracy in % over the {most} families that are not clean, with the first picture of a pair "
        "made as small as the second by area averaging alone and embedded by the same model; difference in "
        f"points to the sharp first picture, embedded by the teacher (hr-lr), {_VERDICT}; in how many "
        "families it is so."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def facebn(result: Row, protocol: str) -> str:
    """What FaceBN changes in each family at each size; the student as it is comes out as the difference."""
    found = result["facebn"]
    cells = {(f["family"], f["size"]): f for f in found["figures"] if f["protocol"] == protocol}
    refused = {(s["family"], s["size"]) for s in found["states"] if s["guard"]["reasons"]}
    sizes = sorted({size for _, size in cells})
    if not sizes:
        raise KeyError(protocol)

    def cell(family: str, size: int) -> str:
        if (family, size) not in cells:
            return NOTHING
        ours = cells[family, size]
        change = ours["minus_unadapted"]
        sign = " ‡" if (family, size) in refused else ""
        before = NOTHING if change is None else percent(ours["accuracy"] - change["accuracy"])
        return f"{before} {_change(ours, 'minus_unadapted')}{sign}"

    rows = [
        [_title(result, family), *(cell(family, size) for size in sizes)]
        for family in result["settings"]["families"]
        if any((family, size) in cells for size in sizes)
    ]
    note = (
        f"Accuracy in % of {found['model']} as it is, and what `{found['arm']}` changes, in points, "
        f"{protocol}; {_VERDICT}. Statistics from {found['adapting']} pictures of one fold, "
        f"{found['pairs']:,} pairs of the others, whose people are others. ‡ the guard refuses the state. "
        "† holds an operation that no training mixture has."
    )
    return f"{markdown(['family', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def _models(result: Row) -> tuple[str, list[str]]:
    """The baseline, and the other models that have a figure."""
    baseline = result["settings"]["baseline"]
    return baseline, sorted({f["model"] for f in result["figures"]} - {baseline})


def _title(result: Row, family: str) -> str:
    return family + (" †" if family in result["settings"]["unseen"] else "")


def _figure(figure: Row | None) -> str:
    return NOTHING if figure is None else accuracy_and_tar(figure)


def _change(row: Row | None, name: str) -> str:
    change = None if row is None else row.get(name)
    return NOTHING if change is None else change_in_points(change["accuracy"], change["ci95"])


def _mean(row: Row | None, most: int) -> str:
    if row is None:
        return NOTHING
    families: Sequence[str] = row["families"]
    few = f" [{len(families)} of {most} families]" if len(families) < most else ""
    return with_interval(row["mean"]["accuracy"], row["mean"]["ci95"]) + few


def _worst(row: Row | None) -> str:
    return NOTHING if row is None else f"{row['worst']['family']}, {percent(row['worst']['accuracy'])}"
