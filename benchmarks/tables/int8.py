"""The tables of what students lose in int8, and how fast they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables.figures import markdown

_RUNTIMES = {"onnxruntime": "onnxruntime", "openvino": "OpenVINO"}
_MEASURES = {"rank1": "rank-1", "tar": "TAR"}


def int8_loss(*results: Mapping[str, Any]) -> str:
    """Rank-1 and TAR in float32, and what is lost of them in int8 in each runtime.

    Args:
        results: of `benchmarks/speed/int8.py`, one for each student.
    """
    limit = results[0]["settings"]["limit"]
    runtimes = list(dict.fromkeys(row["runtime"] for row in results[0]["figures"]))
    titles = ["student", "px"]
    for title in _MEASURES.values():
        titles += [title, *(f"lost in {_RUNTIMES[runtime]}" for runtime in runtimes)]
    rows = []
    for result in results:
        found = {(row["size"], row["runtime"]): row for row in result["figures"]}
        for size in dict.fromkeys(size for size, _ in found):
            rows.append([next(iter(result["models"])), str(size)])
            for measure in _MEASURES:
                cells = [found[size, runtime][measure] for runtime in runtimes]
                rows[-1] += [
                    f"{100 * cells[0]['float32']:.1f}",
                    *(_lost(cell["loss"], limit) for cell in cells),
                ]
    settings = results[0]["settings"]
    faces = ", ".join(f"{each['data']['held_out']:,} for {next(iter(each['models']))}" for each in results)
    note = (
        f"In % and points (95 % interval) of held-out faces of the pool: {faces}, among as many sharp ones. "
        f"TAR at FAR {settings['far']}. In italics where more than {100 * limit:.1f} points may be lost; "
        "0.00 to 0.00 where no face was won or lost. Measured on a processor with "
        f"{', '.join(settings['instructions'])}."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def int8_speed(result: Mapping[str, Any]) -> str:
    """Faces a second of each student in float32 and int8, beside SFace in the same runtime.

    Args:
        result: of `benchmarks/speed/int8_speed.py`.
    """
    figures = result["figures"]

    def cell(row: Mapping[str, Any]) -> str:
        return f"{row['faces_per_second']:,.0f}, {row['times_sface']['median']:.1f} ×"

    rows = [[name, *(cell(figures[runtime][name]) for runtime in figures)] for name in figures["onnxruntime"]]
    settings = result["settings"]
    note = (
        f"Faces a second on {settings['threads']} cores, faces of {settings['side']} px, resizing included; "
        "× beside SFace as its file is, in float32 in the same runtime. Medians of "
        f"{settings['rounds']} rounds in turns, on a processor with {', '.join(settings['instructions'])}."
    )
    return f"{markdown(['', *(_RUNTIMES[runtime] for runtime in figures)], rows)}\n\n{note}"


def _lost(loss: Mapping[str, Any], limit: float) -> str:
    """Points with their interval; a gain is negative."""
    low, high = loss["ci95"]
    text = f"{100 * loss['mean']:.2f} ({100 * low:.2f} to {100 * high:.2f})"
    return f"*{text}*" if high >= limit else text
