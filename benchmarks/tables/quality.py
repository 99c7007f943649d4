"""How the results about a face's quality become Markdown tables; `tables` puts them into documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.tables.figures import change_in_points, markdown, marked, percent


def effective_resolution(result: Mapping[str, Any]) -> str:
    """What is estimated for faces of each size, by kernel: `benchmarks/resolution/effective.py`."""
    known = [row for row in result["figures"] if "near" in row]
    cells = {(row["kernel"], row["condition"], row["size"]): row for row in known}
    sizes = sorted({row["size"] for row in known})
    rows = [
        [f"{_way(kernel)}, {condition}", *(_spread(cells[kernel, condition, size]) for size in sizes)]
        for kernel, condition in dict.fromkeys((row["kernel"], row["condition"]) for row in known)
    ]
    sharp = [row for row in result["figures"] if "near" not in row and "sigma" not in row]
    blurred = [row for row in result["figures"] if "sigma" in row]
    near = sum(row["near"] for row in known) / len(known)
    untouched = "; ".join(f"{_spread(row)} ({row['condition']})" for row in sharp)
    smeared = "; ".join(f"{row['sigma']:g} → {_spread(row)}" for row in blurred)
    note = (
        f"Median of the estimate (10 to 90 %) in pixels, {result['data']['estimated']} held-out faces of the "
        f"pool in each cell; over all cells {percent(near)} % are off by less than a factor of "
        f"{result['settings']['within']:g}. Left as they are, the same faces are estimated at "
        f"{untouched}. Blurred with a Gaussian of so many of 112 px: {smeared}."
    )
    return f"{markdown(['', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def effective_routing(result: Mapping[str, Any]) -> str:
    """What the router gains by the estimate: `benchmarks/resolution/routing.py`."""
    sizes = sorted({row["size"] for row in result["figures"]})
    cells = {(row["picture"], row["size"]): row for row in result["figures"]}
    arms = [arm for arm in ("effective", "cautious") if arm in result["figures"][0]]

    def cell(row: Mapping[str, Any], arm: str) -> str:
        gain = row[arm]["cosine_gain"]
        (low, high), mean = gain["ci95"], gain["mean"]
        return (
            f"{row['nominal']['cosine']:.3f} {marked(f'{mean:+.3f}', low > 0, high < 0)}, "
            f"{percent(row['nominal']['rank1'])} → {percent(row[arm]['rank1'])}"
        )

    rows = [
        [picture, arm, *(cell(cells[picture, size], arm) for size in sizes)]
        for picture in dict.fromkeys(row["picture"] for row in result["figures"])
        for arm in arms
    ]
    note = (
        "Cosine with the sharp face's embedding when the router goes by the picture's size, and what the "
        "estimate changes (bold where the paired 95 % interval lies above 0, in italics where below); rank-1 "
        f"in % by the picture's size → by the estimate. {result['data']['routed']} of "
        f"{result['data']['held_out']} held-out faces; pictures were enlarged to "
        f"{result['settings']['picture']} px. `cautious` believes 1.25 times the estimate."
    )
    return f"{markdown(['picture', '', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def poor_enrolment(result: Mapping[str, Any]) -> str:
    """What a poor photograph in the gallery costs: `benchmarks/gallery/poor_enrolment.py`."""
    probes = sorted({row["probe"] for row in result["figures"]})
    cells = {(row["photograph"], row["routed_by"], row["probe"]): row for row in result["figures"]}

    def cell(row: Mapping[str, Any]) -> str:
        change, alarms = row["rank1_change"], row["false_match_change"]
        more = marked(percent(row["false_match_rate"]) + " %", alarms["ci95"][1] < 0, alarms["ci95"][0] > 0)
        return f"{change_in_points(change['mean'], change['ci95'])}, {more}"

    rows = []
    for kind, way in dict.fromkeys((row["photograph"], row["routed_by"]) for row in result["figures"]):
        some = [cells[kind, way, probe] for probe in probes]
        low, high = some[0]["deciles"]
        effective = f"{some[0]['effective']:.0f} ({low:.0f} to {high:.0f})"
        rows.append([kind, effective, way, *map(cell, some)])
    note = (
        "Points of rank-1 of the person's own probes (95 % interval), and how often the entry is a false "
        f"match where one in {round(1 / result['settings']['fmr']):,} comparisons is with sharp ones; in "
        f"italics what is surely worse. {result['data']['people']} held-out faces of the pool, of which one "
        "at a time is enrolled with the poor photograph."
    )
    titles = ["photograph", "effective px", "encoder by", *(f"probes of {probe} px" for probe in probes)]
    return f"{markdown(titles, rows)}\n\n{note}"


def template_weights(result: Mapping[str, Any]) -> str:
    """How photographs of a template should count: `benchmarks/gallery/template_quality.py`."""
    sizes = sorted({row["poor"] for row in result["figures"]})
    cells = {(row["probe"], row["weights"], row["poor"]): row for row in result["figures"]}

    def cell(row: Mapping[str, Any]) -> str:
        change = row["against_score"]
        text = f"{percent(row['rank1'])} {change_in_points(change['mean'], change['ci95'])}"
        return f"{text}, {row['lead']:.3f}"

    rows = [
        [f"{probe} px", name, *(cell(cells[probe, name, size]) for size in sizes)]
        for probe, name in dict.fromkeys((row["probe"], row["weights"]) for row in result["figures"])
    ]
    note = (
        "ORL against templates of one sharp photograph and one enlarged from so many pixels: rank-1 in %, in "
        "points what it is more than with weights by the detector's score (95 % interval), and how far the "
        "right template is ahead of the next."
    )
    return f"{markdown(['probes', 'weights', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def landmark_noise(result: Mapping[str, Any], model: str) -> str:
    """What landmarks that are off cost one model: `benchmarks/detection/landmark_noise.py`."""
    mine = [row for row in result["figures"] if row["model"] == model]
    if not mine:
        raise KeyError(model)
    sizes = sorted({row["size"] for row in mine})
    cells = {(row["noise"], row["way"], row["size"]): row for row in mine}
    ways: Sequence[tuple[float, str]] = list(dict.fromkeys((row["noise"], row["way"]) for row in mine))

    def cell(row: Mapping[str, Any]) -> str:
        text = f"{row['cosine']:.3f}"
        if "cosine_gain" in row:
            low, high = row["cosine_gain"]["ci95"]
            text = f"{row['cosine_gain']['mean']:+.3f}"
            text = marked(text, low > 0, high < 0)
        return f"{text}, {percent(row['rank1'])}"

    rows = [[f"{noise:g}", way, *(cell(cells[noise, way, size]) for size in sizes)] for noise, way in ways]
    note = (
        f"{model}: cosine with the sharp face's embedding, or what averaging changes in it (bold where the "
        "paired 95 % interval lies above 0, in italics where below), and rank-1 in %; noise as the standard "
        f"deviation of each coordinate in pixels of 112. {result['data']['probes']} of "
        f"{result['data']['held_out']} held-out faces of the pool."
    )
    return f"{markdown(['noise', 'way', *(f'{size} px' for size in sizes)], rows)}\n\n{note}"


def _way(kernel: str) -> str:
    return "not enlarged" if kernel == "none" else kernel


def _spread(row: Mapping[str, Any]) -> str:
    low, high = row["deciles"]
    return f"{row['median']:.0f} ({low:.0f}–{high:.0f})"
