"""The tables of what large protocols, a large gallery and a video cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables.figures import markdown

_STEPS = {
    "read": "read the list of pairs",
    "fuse": "pictures to templates",
    "verify": "the listed pairs, TAR at FAR, EER",
    "cross": "every template with every other",
    "search": "probes in a gallery, CMC, TPIR at FPIR",
}
_OTHERS = {
    "loadtxt": "`numpy.loadtxt`",
    "loop": "a loop over templates",
    "public": "float64, then `roc_curve`",
    "matrix": "all scores as one matrix",
}


def scale(result: Mapping[str, Any]) -> str:
    """Time and memory of each step by fewpix, beside those of other ways.

    Args:
        result: of `benchmarks/speed/scale.py`.
    """
    rows = []
    for step, title in _STEPS.items():
        ways = result["figures"].get(step)
        if ways is None:
            continue
        ours = ways["fewpix"]
        for way, found in ways.items():
            if way != "fewpix":
                rows.append([title, _cost(ours), _OTHERS[way], _cost(found), _ratio(found)])
    return markdown(["step", "fewpix", "beside", "it takes", "times the time / memory"], rows)


def _cost(found: Mapping[str, Any]) -> str:
    if "skipped" in found:
        return "does not fit"
    return f"{found['seconds']:.1f} s, {found['peak_mb']:,.0f} MB"


def _ratio(found: Mapping[str, Any]) -> str:
    return "–" if "skipped" in found else f"{found['times_seconds']:.1f} / {found['times_memory']:.1f}"


def gallery_search(result: Mapping[str, Any]) -> str:
    """Time of a query in a large gallery.

    Args:
        result: of `benchmarks/gallery/search.py`.
    """
    settings = result["settings"]
    cells = {(row["way"], row["at_a_time"]): row["ms"] for row in result["times"]}
    batches = [row["at_a_time"] for row in result["figures"]]
    read = next(iter(cells.values()))
    rows = []
    for way in dict.fromkeys(way for way, _ in cells):
        found = [cells.get((way, batch)) for batch in batches]
        told = ["–" if ms is None else f"{ms:.1f}, {ms / read:.1f} ×" for ms in found]
        rows.append([way, *told])
    titles = ["", *("one query at a time" if batch == 1 else f"{batch} at a time" for batch in batches)]
    differ, widened = (sum(row[key] for row in result["figures"]) for key in ("differ", "widened"))
    note = (
        f"ms per query, and how many times one read of the rows in 8 bits that is; {settings['rows']:,} "
        f"embeddings of {settings['dim']} numbers, the {settings['k']} best. "
        f"Of {len(batches)} times {settings['queries']:,} queries {differ} found other people, another order "
        f"or other scores than products of all rows. {widened} were widened: 8 bits left open who belongs to "
        "these, so that all who may were scored exactly."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


def video_stages(result: Mapping[str, Any]) -> str:
    """Where the time of a video goes.

    Args:
        result: of `benchmarks/detection/video_stages.py`.
    """
    figures, settings = result["figures"], result["settings"]
    stages = figures["ms_per_frame"]
    rows = [[f"{value:.1f}" for value in (*stages.values(), figures["ms_per_frame_whole"])]]
    note = (
        f"ms per frame of 1280 × 720 px, {settings['frames']} frames, {figures['faces_per_frame']:.1f} faces "
        f"in each, {figures['tracks']} tracks, {settings['threads']} threads."
    )
    return f"{markdown([*stages, 'whole'], rows)}\n\n{note}"


def real_time(result: Mapping[str, Any]) -> str:
    """What a frame costs with every pixel searched and by attention, and what is missed.

    Args:
        result: of `benchmarks/video/real_time.py`.
    """
    settings, rows = result["settings"], []
    for row in result["figures"]:
        ms = row["ms"]
        rows.append(
            [
                f"{_RUNTIMES[row['runtime']]}, {row['way']}",
                *(f"{ms[key]:.0f}" for key in ("mean", "p95", "cpu_mean")),
                f"{row['of_every_pixel']['cpu_mean']:.2f}" if "of_every_pixel" in row else "1",
                f"{row['tracks_found']} of {row['people']}",
                f"{100 * row['sights_in_a_track']:.1f}",
                str(row["switches"]),
                f"{row['longest_wait_of_new_s']:.2f}",
            ]
        )
    titles = ["", "ms", "95 %", "CPU ms", "of every pixel", "people with a track", "their sights, %"]
    titles += ["switches", "longest wait, s"]
    note = (
        f"Per frame of 1280 × 720 px, decoding, following and naming included; {settings['seconds']:g} s at "
        f"{settings['rate']:g} frames a second, {settings['threads']} threads, a wait of "
        f"{settings['wait']:g} s; the longest wait is of people who enter later."
    )
    return f"{markdown(titles, rows)}\n\n{note}"


_RUNTIMES = {"onnxruntime": "onnxruntime", "openvino": "OpenVINO"}


def embed_speed(result: Mapping[str, Any]) -> str:
    """Faces a second of every encoder in every runtime, and how many times the teacher's that is.

    Args:
        result: of `benchmarks/speed/embed.py`.
    """
    figures, settings = result["figures"], result["settings"]
    models = dict.fromkeys(model for found in figures.values() for model in found)

    def cell(row: Mapping[str, float] | None) -> str:
        return f"{row['faces_per_second']:,.0f}, {row['times_plain_teacher']:.1f} ×" if row else "–"

    rows = [[model, *(cell(found.get(model)) for found in figures.values())] for model in models]
    note = (
        f"Faces a second on {settings['threads']} cores, faces of {settings['side']} px, resizing included; "
        "× beside the teacher as its file is, which is how OpenVINO gets it."
    )
    return f"{markdown(['', *(_RUNTIMES[name] for name in figures)], rows)}\n\n{note}"


def spread_prelu(result: Mapping[str, Any]) -> str:
    """What spreading the PReLUs brings in onnxruntime.

    Args:
        result: of `benchmarks/speed/prelu.py`.
    """
    rows = []
    for model, row in result["figures"].items():
        low, high = row["times_quartiles"]
        rates = [f"{value:,.0f}" for value in row["faces_per_second"].values()]
        rows.append([model, *rates, f"{row['times']:.2f} ({low:.2f}–{high:.2f})"])
    note = (
        f"Faces a second in onnxruntime on {result['settings']['threads']} cores; ratio with its quartiles."
    )
    return f"{markdown(['', 'as the file is', 'spread', 'times'], rows)}\n\n{note}"
