"""The table of a long run of the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables.figures import markdown


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
