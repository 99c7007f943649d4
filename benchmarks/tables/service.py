"""Tables of what the service stands: many clients, and a long run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables.figures import markdown


def load(result: Mapping[str, Any]) -> str:
    """What the service costs beside the embedder that is in it.

    Args:
        result: of `benchmarks/serve/load.py`.
    """
    figures, settings = result["figures"], result["settings"]
    memory = figures["resident_mb"]
    ways = ("bare", "one client", f"{settings['clients']} clients")
    rows = [
        [
            way,
            f"{row['faces_per_second']:.0f}",
            f"{100 * row['cost']:+.0f} %" if "cost" in row else "",
            *(f"{row[key]:,.0f}" for key in ("p50_ms", "p95_ms")),
            str(row.get("errors", "")),
        ]
        for way in ways
        for row in [figures["rates"][way]]
    ]
    titles = ["", "faces a second", "cost", "ms, median", "ms, 95 %", "errors"]
    note = (
        f"{settings['crops']} crops of {settings['side']} px as PNG in a request, {settings['model']}, "
        f"{settings['seconds']:g} s in {settings['rounds']} turns; the clients are on the same machine. "
        f"Memory of the service: {memory['after_first_turn']:.0f} MB after the first turn, "
        f"{memory['at_end']:.0f} MB at the end."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def bulk(result: Mapping[str, Any]) -> str:
    """How fast embedding in parts is, here and on a cluster.

    Args:
        result: of `benchmarks/speed/bulk.py`.
    """
    rows = [
        [way, *(f"{row[key]:,.2f}" for key in ("times_here", "times_one_worker")), f"{row['start_s']:.0f}"]
        for way, row in result["figures"].items()
    ]
    settings = result["settings"]
    (model,) = result["models"]
    note = (
        "Crops a second as shares of this process on all cores and of one worker, and seconds until the "
        f"first part; {settings['crops']:,} crops in parts of {settings['part']}, {model}, medians of "
        f"{settings['rounds']} rounds."
    )
    return f"{markdown(['', 'times here', 'times one worker', 'start, s'], rows)}\n\n{note}"


def soak(result: Mapping[str, Any]) -> str:
    """Whether it stays as it is.

    Args:
        result: of `benchmarks/serve/soak.py`.
    """
    figures, settings = result["figures"], result["settings"]
    growth, answers = figures["resident_mb_per_hour"], figures["answers"]
    low, high = growth["ci95"]
    files, threads = figures["open_files"], figures["threads"]
    rows = [
        [
            "memory by tenths of the time, MB",
            ", ".join(f"{each:,.0f}" for each in figures["resident_mb_by_tenth"]),
        ],
        ["growth in the second half, MB an hour", f"{growth['value']:.0f} ({low:.0f} to {high:.0f})"],
        ["open files and connections", f"{files['least']} to {files['most']}, {files['last']} at the end"],
        ["threads", f"{threads['least']} to {threads['most']}, {threads['last']} at the end"],
        ["frames sent, looked at", f"{answers['frame']:,}, {figures['frames_looked_at']:,}"],
        ["enrolled, identified, deleted", ", ".join(str(answers[key]) for key in _ASKED)],
        ["events, each told and in the file", f"{figures['events']:,}"],
    ]
    refused = {kind: count for kind, count in answers.items() if ":" in kind}
    told = ", ".join(f"{kind} {count}" for kind, count in refused.items()) or "none"
    note = (
        f"{settings['minutes']:g} minutes, {settings['cameras']} cameras, each with {settings['fps']:g} "
        f"frames a second. Refused: {told}. The command fails where the files differ from what was answered: "
        f"{'; '.join(figures['compared'])}."
    )
    return f"{markdown(['', ''], rows)}\n\n{note}"


_ASKED = ("enrolled", "identified", "deleted")
