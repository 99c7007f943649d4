"""How a result of `results/` becomes a Markdown table; `tables` puts it into documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fewpix.evaluate.result.model import Cell, Change, Result
from fewpix.evaluate.result.read import parsed

DIRECT_FEED = "direct feed"
"""What tables call the teacher that is given small faces as they are."""


DEFAULT_WAY = "excess"
"""What `fewpix adapt` does with a shipped student where nothing is said, as `facebn_shifts.py` calls it."""


def lfw(payload: Mapping[str, Any], protocol: str) -> str:
    """One protocol of `results/lfw/table.json` in Markdown: sizes by models and differences."""
    result = parsed(payload)
    assert isinstance(result, Result)
    alone = result.treatment.protocols if len(result.treatment.protocols) == 1 else [""]
    cells = {
        (cell.model, cell.size or 0): cell
        for cell in result.cells
        if cell.part.get("protocol", alone[0]) == protocol
    }
    if not cells:
        raise KeyError(protocol)
    changes = {
        (one.model, one.size or 0): one.changes
        for one in result.differences
        if one.part.get("protocol", alone[0]) == protocol
    }
    baseline = next((one.minus for one in result.differences), next(iter(result.models)))
    # the students first, what they are measured against last
    models = sorted(result.models, key=lambda name: (name == baseline, name))
    against = DIRECT_FEED if baseline == "teacher" else baseline
    titles = ["px", *(against if name == baseline else name for name in models)]
    titles += [f"{name} − {against}" for name in models[:-1]]
    rows = [
        [
            str(size),
            *(_accuracy_and_tar(cells[name, size]) for name in models),
            *(_accuracy_change(changes[name, size]) for name in models[:-1]),
        ]
        for size in sorted({size for _, size in cells})
    ]
    (far,) = (one.at for one in next(iter(cells.values())).figures if one.measure == "tar")
    note = (
        f"Accuracy in % (95 % interval) / TAR in % at FAR {far}; "
        f"{sum(result.benchmark.comparisons.values()):,} pairs of LFW, "
        f"{'with' if result.treatment.flip else 'no'} flip; differences in points, bold where the paired "
        "95 % interval lies above 0, in italics where it lies below."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def _accuracy_and_tar(cell: Cell) -> str:
    """Of a cell with one false accept rate."""
    accuracy = next(one for one in cell.figures if (one.measure, one.at) == ("accuracy", ""))
    rates = {one.at: one.value for one in cell.figures if one.measure == "tar"}
    return accuracy_and_tar({"accuracy": accuracy.value, "accuracy_ci95": accuracy.ci95, "tar_at_far": rates})


def _accuracy_change(changes: Sequence[Change]) -> str:
    """Points of accuracy with their interval, bold where it lies above 0."""
    one = next(change for change in changes if (change.measure, change.at) == ("accuracy", ""))
    return change_in_points(one.difference, one.ci95)


def facebn_arms(result: Mapping[str, Any], metrics: Mapping[str, str]) -> str:
    """The ways of adapting in a result of `benchmarks/facebn/shifts.py`, over all families and sizes.

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
                change_in_points(found["change"], found["ci95"]),
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
        return f"{percent(before[family, size][metric])} {change_in_points(change['mean'], change['ci95'])}"

    rows = [[family, *(cell(family, size) for size in sizes)] for family in families]
    return markdown(["family", *(f"{size} px" for size in sizes)], rows)


def families(result: Mapping[str, Any], model: str) -> str:
    """Rank-1 of one model in each family at each size beside the baseline, from `resolution/families.py`."""
    baseline = result["settings"]["baseline"]
    cells = {(row["family"], row["size"], row["model"]): row for row in result["figures"]}
    sizes = sorted({size for _, size, name in cells if name == model})
    unseen = set(result["settings"]["unseen"])

    def cell(family: str, size: int) -> str:
        ours, other = cells[family, size, model], cells[family, size, baseline]
        low, high = ours["minus_baseline"]["ci95"]
        return f"{marked(percent(ours['rank1']), low > 0, high < 0)} / {percent(other['rank1'])}"

    rows = [
        [family + (" †" if family in unseen else ""), *(cell(family, size) for size in sizes)]
        for family in dict.fromkeys(row["family"] for row in result["figures"])
    ]
    overall = {(row["model"], row["size"]): row for row in result["summary"]}
    means = [f"{percent(overall[model, n]['mean'])} / {percent(overall[baseline, n]['mean'])}" for n in sizes]
    worst = [overall[model, n]["worst"] for n in sizes]
    rows.append(["mean", *means])
    rows.append([f"worst of {model}", *(f"{w['family']}, {percent(w['rank1'])}" for w in worst)])
    against = DIRECT_FEED if baseline == "teacher" else baseline
    note = (
        f"Rank-1 in % of {model} / {against}, among {result['data']['held_out']} held-out faces of the pool; "
        "bold where the paired 95 % interval of the difference lies above 0, in italics where it lies below. "
        "† holds an operation that no training mixture has."
    )
    return f"{markdown(['family', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def norm_quality(result: Mapping[str, Any]) -> str:
    """How well the length of an embedding tells found faces from others: `gallery/norm_quality.py`."""
    cells = {(row["family"], row["model"], row["size"]): row for row in result["figures"]}
    sizes = sorted({size for _, _, size in cells})

    def cell(row: Mapping[str, Any]) -> str:
        (low, high), kept = row["length"]["auc_ci95"], row["length"]["rank1_of_kept"]
        auc = marked(f"{row['length']['auc']:.2f} ({low:.2f} to {high:.2f})", low > 0.5, high < 0.5)
        return f"{auc}, {percent(row['rank1'])} → {percent(kept)}"

    rows = [
        [family, model, *(cell(cells[family, model, size]) for size in sizes)]
        for family, model in dict.fromkeys((row["family"], row["model"]) for row in result["figures"])
    ]
    note = (
        "AUC of the length, 0.5 by chance (95 % interval; bold above 0.5, in italics below), and rank-1 in % "
        f"of all → of the longest four fifths; {result['data']['held_out']} held-out faces of the pool."
    )
    return f"{markdown(['family', 'model', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


ABLATED = {
    "rank1": "rank-1",
    "tar": "TAR",
    "tpir": "TPIR",
    "cosine": "100 × cosine",
    "spearman": "100 × Spearman",
}


POOL = "pool"
"""The ablation's test set without names: the mate of a probe is the picture that it was made from."""

_OWN_PICTURES = (
    "Arms trained with labels are left out: they are searched in their own embeddings, and here the gallery "
    "would hold the very pictures that the probes were made from."
)


def _fair(row: Mapping[str, Any]) -> bool:
    """Whether an arm's gallery is not by itself of the very pictures that it searches for."""
    return row["set"] != POOL or "cosine" in row


def ablation(result: Mapping[str, Any], tests: str, family: str, size: int) -> str:
    """Every arm of `benchmarks/training/ablation.py` on one test set in one family at one size."""
    rows = []
    for row in result["figures"]:
        if (row["set"], row["family"], row["size"]) == (tests, family, size) and _fair(row):
            line = [row["arm"]]
            for metric in ABLATED:
                found = row.get(metric)
                spread = (
                    f" ({min(found['seeds']) * 100:.1f}–{max(found['seeds']) * 100:.1f})" if found else ""
                )
                line.append(f"{percent(found['mean'])}{spread}" if found else "–")
            rows.append(line)
    if not rows:
        raise KeyError((tests, family, size))
    settings = result["settings"]
    space = (
        _OWN_PICTURES
        if tests == POOL
        else "What does not write into the teacher's space has no cosine to it."
    )
    note = (
        f"In %, mean over {len(settings['seeds'])} seeds (lowest to highest); {tests}, {family}, {size} px; "
        f"`{settings['arch']}`, {settings['steps']:,} steps of {settings['batch']}. "
        f"TPIR at FPIR {settings['fpir']}. {space}"
    )
    return f"{markdown(['arm', *ABLATED.values()], rows)}\n\n{note}"


def ablation_differences(result: Mapping[str, Any], tests: str, family: str, metric: str) -> str:
    """What each arm brings against another, size by size, with its interval."""
    unfair = {(row["set"], row["arm"]) for row in result["figures"] if not _fair(row)}
    found = [
        row
        for row in result["differences"]
        if (row["set"], row["family"]) == (tests, family)
        and not {(tests, row["arm"]), (tests, row["against"])} & unfair
    ]
    sizes = sorted({row["size"] for row in found})
    cells = {(row["arm"], row["against"], row["size"]): row.get(metric) for row in found}
    rows = []
    for arm, against in dict.fromkeys((row["arm"], row["against"]) for row in found):
        differences = [cells[arm, against, size] for size in sizes]
        if all(differences):
            rows.append([f"{arm} − {against}", *(_verdict(change) for change in differences)])
    note = (
        "Points with the paired 95 % interval over all seeds; bold where it and the mean of every seed lie "
        "above 0, in italics where below. Everything else brings nothing that was shown."
    )
    return f"{markdown(['difference', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def _verdict(change: Mapping[str, Any]) -> str:
    text, verdict = _change(change["mean"], change["ci95"]), change["verdict"]
    return marked(text, verdict == "better", verdict == "worse")


def change_in_points(mean: float, ci95: Sequence[float]) -> str:
    """A change in points with its interval, bold where that lies above 0, in italics where below."""
    low, high = ci95
    return marked(_change(mean, ci95), low > 0, high < 0)


def _change(mean: float, ci95: Sequence[float]) -> str:
    low, high = ci95
    return f"{100 * mean:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def marked(text: str, better: bool, worse: bool) -> str:
    """Bold for what is better, in italics for what is worse."""
    return f"**{text}**" if better else f"*{text}*" if worse else text


def accuracy_and_tar(figure: Mapping[str, Any]) -> str:
    """Accuracy, its interval, and TAR."""
    (tar,) = figure["tar_at_far"].values()
    return f"{with_interval(figure['accuracy'], figure['accuracy_ci95'])} / {percent(tar)}"


def percent(value: float | None) -> str:
    """A fraction in % with one digit behind the point; a dash for one that cannot be shown."""
    return "–" if value is None else f"{100 * value:.1f}"


def with_interval(value: float, ci95: Sequence[float]) -> str:
    """A fraction in % with its interval behind it."""
    low, high = ci95
    return f"{percent(value)} ({percent(low)}–{percent(high)})"


def markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column on the left, all others on the right."""
    lines = [titles, ["---", *["--:"] * (len(titles) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
